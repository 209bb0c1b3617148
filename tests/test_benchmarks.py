"""The benchmarks count rightly: every figure on cases small enough to check by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks import speech_inputs
from benchmarks.confidence import Bin, added_bins, calibration_error, reliability
from benchmarks.long_run import Look, grows, growth
from benchmarks.memory import peak_memory_mb
from benchmarks.nonspeech import RATE_HZ, SOUNDS, non_speech
from benchmarks.scoring import (
    Edits,
    Scores,
    character_edits,
    plain_words,
    score,
    texts_of_turns,
    word_edits,
)
from benchmarks.speech_figures import (
    confidence_figures,
    non_speech_figures,
    overall_figures,
    panel_figures,
    speaker_figures,
    word_time_figures,
)
from benchmarks.speech_inputs import Input, first_minute, long_input, read_rttm, read_sound, write_sound
from benchmarks.speech_report import markdown, reliability_plot, show
from benchmarks.speech_systems import PEERS, SYSTEMS, Output
from benchmarks.speech_targets import TARGETS, checks
from benchmarks.times import Clip, clip_times, diarization_error, loud_spans
from flows.demo import ReferenceTurn
from transcripts.records import Gap, Segment, Span, Turn, Word


def turn(start_s: float, end_s: float, language: str, text: str, speaker: str = "A") -> ReferenceTurn:
    return ReferenceTurn(Span(start_s, end_s), speaker, language, text, frozenset())


def segment(
    start_s: float, end_s: float, language: str, text: str, words: Sequence[tuple[str, float, float]] = ()
) -> Segment:
    spoken = tuple(Word(word, Span(start, end), 0.9) for word, start, end in words)
    return Segment("", "", Span(start_s, end_s), language, 1.0, text, spoken)


TURNS = [turn(0, 4, "en", "One, two."), turn(5, 9, "ja", "三四五六。")]
SPEECH = [Span(0, 4), Span(5, 9)]


class TestText:
    def test_characters_are_letters_and_digits_of_any_width_and_case(self) -> None:
        assert character_edits("ＡＢ-c １!", "ab c1").rate == 0

    def test_each_operation_is_counted(self) -> None:
        assert character_edits("abcd", "axc") == Edits(1, 1, 0, 4)
        assert character_edits("abcd", "abcdef") == Edits(0, 0, 2, 4)

    def test_nothing_heard_is_all_deleted(self) -> None:
        assert character_edits("abc", "...") == Edits(0, 3, 0, 3)
        assert word_edits("one two", "") == Edits(0, 2, 0, 2)

    def test_without_a_reference_there_is_no_rate_but_insertions_count(self) -> None:
        assert character_edits("", "ab") == Edits(0, 0, 2, 0)
        assert Edits(0, 0, 2, 0).rate is None

    def test_words_are_not_parted_inside(self) -> None:
        assert plain_words("Don’t — می\u200cخوام, well-known!") == ["dont", "میخوام", "well", "known"]

    def test_word_errors(self) -> None:
        assert word_edits("We won't go.", "we wont go now") == Edits(0, 0, 1, 3)

    def test_edits_add_up(self) -> None:
        assert sum([Edits(1, 2, 3, 4), Edits(1, 0, 0, 6)], Edits()) == Edits(2, 2, 3, 10)


class TestOutputByTurn:
    def test_words_go_to_the_turn_that_holds_their_middle(self) -> None:
        heard = segment(0, 9, "en", "one two 三四", [("one", 0, 1), (" two", 3, 4.8), ("三四", 4.7, 6)])
        assert texts_of_turns(TURNS, [heard]) == [" one two", " 三四"]

    def test_a_segment_without_words_goes_whole_to_where_it_is_longest(self) -> None:
        assert texts_of_turns(TURNS, [segment(3, 9, "", "all of it")]) == ["", " all of it"]

    def test_text_outside_every_turn_is_not_lost(self) -> None:
        assert texts_of_turns(TURNS, [segment(20, 21, "", "late")]) == ["", " late"]
        assert texts_of_turns(TURNS, [segment(4.1, 4.3, "", "gap")]) == [" gap", ""]

    def test_segments_count_in_the_order_of_time(self) -> None:
        unordered = [segment(2, 3, "", "two"), segment(0, 1, "", "one")]
        assert texts_of_turns(TURNS, unordered)[0].split() == ["one", "two"]


class TestScores:
    def test_a_perfect_transcript(self) -> None:
        found = score(TURNS, SPEECH, [segment(0, 4, "en", "one two"), segment(5, 9, "ja", "三四五六")])
        assert found.joined == found.by_turn == Edits(0, 0, 0, 10)
        assert found.words == {"en": Edits(0, 0, 0, 2)}  # no words in Japanese
        assert (found.speech_s, found.covered_s, found.right_language_s) == (8, 8, 8)
        assert (found.dropped_s, found.invented_s, found.lost_turns) == (0, 0, 0)

    def test_text_in_the_wrong_turn_is_an_error_by_turn_alone(self) -> None:
        found = score(TURNS, SPEECH, [segment(0, 9, "en", "one two 三四五六")])
        assert found.joined.rate == 0
        assert found.by_turn == Edits(0, 4, 4, 10)
        assert found.lost_turns == 1

    def test_language_time_is_that_of_what_was_transcribed(self) -> None:
        found = score(TURNS, SPEECH, [segment(0, 4, "en", "one two"), segment(5, 7, "ko", "삼사")])
        assert (found.covered_s, found.labelled_s, found.right_language_s) == (6, 6, 4)

    def test_a_system_that_tells_no_language_has_no_accuracy(self) -> None:
        assert score(TURNS, SPEECH, [segment(0, 4, "", "one two")]).labelled_s == 0

    def test_speech_without_text_is_dropped_unless_it_is_listed(self) -> None:
        heard = [segment(0, 4, "en", "one two")]
        assert score(TURNS, SPEECH, heard).dropped_s == 4
        assert score(TURNS, SPEECH, heard).lost_turns == 1
        listed = score(TURNS, SPEECH, heard, [Gap(Span(5, 9), "nothing was recognised")])
        assert (listed.dropped_s, listed.lost_turns) == (0, 0)

    def test_a_segment_without_letters_covers_nothing(self) -> None:
        assert score(TURNS, SPEECH, [segment(0, 4, "en", "...")]).covered_s == 0

    def test_words_show_what_a_segment_hides(self) -> None:
        words = [("one", 0, 0.5), (" two", 0.5, 4)]  # the last one cannot be 3.5 s long
        whole = segment(0, 4, "en", "one two", words)
        assert score(TURNS[:1], SPEECH[:1], [whole]).dropped_s == pytest.approx(1.25)
        assert score(TURNS[:1], SPEECH[:1], [replace(whole, words=())]).dropped_s == 0

    def test_imprecise_time_is_not_lost_text(self) -> None:
        assert score(TURNS[:1], SPEECH[:1], [segment(0.3, 3.6, "en", "one two")]).dropped_s == 0

    def test_pauses_inside_a_turn_need_no_text(self) -> None:
        assert score(TURNS[:1], [Span(0, 1)], [segment(0, 1, "en", "one two")]).dropped_s == 0

    def test_text_far_from_every_turn_is_invented(self) -> None:
        heard = [segment(0, 9, "en", "one two"), segment(12, 15, "en", "Thank you for watching")]
        assert score(TURNS, SPEECH, heard).invented_s == 3

    def test_turns_without_a_known_text_are_left_out_of_error_rates(self) -> None:
        turns = [*TURNS, turn(10, 14, "ko", "")]
        heard = [
            segment(0, 4, "en", "one two"),
            segment(5, 9, "ja", "三四五六"),
            segment(10, 14, "ko", "칠팔"),
        ]
        found = score(turns, [*SPEECH, Span(10, 14)], heard)
        assert found.joined == Edits(0, 0, 0, 10)
        assert set(found.characters) == {"en", "ja"}
        assert (found.right_language_s, found.lost_turns) == (12, 0)

    def test_no_output_at_all(self) -> None:
        found = score(TURNS, SPEECH, [])
        assert (found.joined.rate, found.dropped_s, found.lost_turns) == (1, 8, 2)

    def test_scores_add_up(self) -> None:
        one = score(TURNS[:1], SPEECH[:1], [segment(0, 4, "en", "one")])
        other = score(TURNS[1:], SPEECH[1:], [])
        both = one + other
        assert both.joined == Edits(0, 7, 0, 10)
        assert both.characters == {"en": Edits(0, 3, 0, 6), "ja": Edits(0, 4, 0, 4)}
        assert (both.turns, both.speech_s, both.dropped_s) == (2, 8, 4)
        assert Scores() + one == one


class TestConfidence:
    def words(self, *given: tuple[str, float]) -> list[Segment]:
        spoken = tuple(
            Word(text, Span(number, number + 1), sure) for number, (text, sure) in enumerate(given)
        )
        return [Segment("", "", Span(0, 4), "en", 1.0, "".join(text for text, _ in given), spoken)]

    def test_a_word_is_right_when_all_of_it_matches(self) -> None:
        bins = reliability(TURNS[:1], self.words((" One", 1.0), (" tow", 0.35), (" !", 0.2)))
        assert bins[9] == Bin(1, 1.0, 1.0)
        assert bins[3] == Bin(1, 0.35, 0.0)
        assert sum(each.words for each in bins) == 2  # a mark is no word

    def test_expected_error_weighs_bins_by_their_words(self) -> None:
        bins = [Bin(3, 0.9, 1.0), Bin(1, 0.5, 0.0), Bin(0, 0.0, 0.0)]
        assert calibration_error(bins) == pytest.approx((3 * 0.1 + 1 * 0.5) / 4)
        assert calibration_error([Bin(0, 0.0, 0.0)]) is None

    def test_bins_of_two_recordings_are_one_curve(self) -> None:
        (both,) = added_bins([Bin(1, 0.8, 1.0)], [Bin(3, 0.84, 0.0)])
        assert both.words == 4
        assert both.confidence == pytest.approx(0.83)
        assert both.right == pytest.approx(0.25)
        assert added_bins([Bin(0, 0.0, 0.0)], [Bin(0, 0.0, 0.0)]) == [Bin(0, 0.0, 0.0)]

    def test_words_of_a_turn_without_text_do_not_count(self) -> None:
        bins = reliability(
            [turn(0, 1, "en", "one"), turn(1, 2, "en", "")], self.words(("one", 0.5), (" x", 0.5))
        )
        assert sum(each.words for each in bins) == 1


class TestTimes:
    CLIPS = (Clip(Span(1, 3), True), Clip(Span(3.15, 5), False))

    def test_first_and_last_words_are_held_against_the_bounds(self) -> None:
        heard = segment(1, 5, "en", "", [("a", 1.1, 2), (" b", 2, 3.05), (" c", 3.05, 4), (" .", 4, 9)])
        first, second = clip_times(self.CLIPS, [heard])
        assert first.start_s == pytest.approx(0.1)
        assert first.end_s == pytest.approx(0.05)
        assert second.start_s == pytest.approx(-0.1)
        assert second.end_s == pytest.approx(-1.0)

    def test_a_clip_without_words_has_no_error(self) -> None:
        assert [each.start_s for each in clip_times(self.CLIPS, [])] == [None, None]

    def test_diarization_errors_are_those_of_the_one_to_one_labels(self) -> None:
        said = [Turn("r", Span(0, 10), "A"), Turn("r", Span(10, 20), "B")]
        assert (
            diarization_error([(said, [replace(each, label="x" + each.label) for each in said], 20)], 0) == 0
        )
        assert diarization_error([(said, [Turn("r", Span(0, 20), "S1")], 20)], 0) == pytest.approx(0.5)
        assert diarization_error([(said, [], 20)], 0) == 1

    def test_overlapped_speech_is_scored(self) -> None:
        said = [Turn("r", Span(0, 10), "A"), Turn("r", Span(0, 10), "B")]
        assert diarization_error([(said, said[:1], 10)], 0) == pytest.approx(0.5)

    def test_the_collar_forgives_half_on_either_side(self) -> None:
        said = [Turn("r", Span(0, 10), "A"), Turn("r", Span(10, 20), "B")]
        late = [Turn("r", Span(0, 10.2), "S1"), Turn("r", Span(10.2, 20), "S2")]
        assert diarization_error([(said, late, 20)], 0.5) == 0
        assert diarization_error([(said, late, 20)], 0.25) > 0

    def test_recordings_weigh_by_their_speech(self) -> None:
        short, long = [Turn("s", Span(0, 1), "A")], [Turn("l", Span(0, 9), "A")]
        assert diarization_error([(short, [], 1), (long, long, 9)], 0) == pytest.approx(0.1)

    def test_loud_spans_are_found_to_a_frame(self) -> None:
        random = np.random.default_rng(0)
        sound = (random.standard_normal(16_000 * 4) * 1e-4).astype(np.float32)
        for start_s, end_s in ((1.0, 1.5), (1.65, 2.0), (3.0, 3.5)):  # the first pause is bridged
            sound[int(start_s * 16_000) : int(end_s * 16_000)] *= 1e3
        sound[int(2.5 * 16_000) : int(2.55 * 16_000)] *= 1e3  # a click
        assert loud_spans(sound, 16_000) == [Span(1.0, 2.0), Span(3.0, 3.5)]

    def test_silence_and_nothing_are_not_loud(self) -> None:
        assert loud_spans(np.zeros(16_000, dtype=np.float32), 16_000) == []
        assert loud_spans(np.zeros(0, dtype=np.float32), 16_000) == []


class TestNonSpeech:
    def test_the_same_sounds_every_time(self) -> None:
        sound, spans = non_speech(0.05)
        again, _ = non_speech(0.05)
        assert np.array_equal(sound, again)
        assert list(spans) == list(SOUNDS)
        assert len(sound) == 30 * RATE_HZ
        assert np.abs(sound).max() <= 1

    def test_ten_minutes_in_all(self) -> None:
        assert sum(seconds for _, seconds in SOUNDS.values()) == 600

    def test_only_silence_is_silent(self) -> None:
        sound, spans = non_speech(0.05)
        for name, span in spans.items():
            piece = sound[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)]
            assert bool(np.abs(piece).max() > 0.01) == (name != "silence"), name

    def test_characters_are_told_by_sound(self) -> None:
        given = Input("n", Path(), 20, ("en",), sounds=(("hum", Span(0, 10)), ("band", Span(10, 20))))
        found = non_speech_figures(given, Output((segment(11, 13, "en", " Thank you."),)))
        assert found == {"characters": 9, "by_sound": {"hum": 0, "band": 9}}


class TestInputs:
    def test_rttm_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.rttm"
        path.write_text("SPKR-INFO a 1 <NA>\nSPEAKER a 1 1.5 2.0 <NA> <NA> MÉO <NA> <NA>\n\n", "utf-8")
        assert read_rttm(path) == [Turn("a", Span(1.5, 3.5), "MÉO")]

    def test_sound_is_written_as_it_is(self, tmp_path: Path) -> None:
        sound = np.linspace(-0.9, 0.9, 40_000, dtype=np.float32)
        write_sound(tmp_path / "a.flac", [sound[:10_000], sound[10_000:]])
        assert read_sound(tmp_path / "a.flac") == pytest.approx(sound, abs=1e-4)

    def test_a_long_recording_repeats_the_panels(self, tmp_path: Path) -> None:
        write_sound(tmp_path / "a.flac", [np.full(16_000, 0.5, dtype=np.float32)])
        panel = Input("a", tmp_path / "a.flac", 1.0, ("ja", "en"))
        given = long_input(tmp_path, [panel], 2.5 / 3600)
        assert given.languages == ("en", "ja")
        assert len(read_sound(given.path)) == 40_000

    def test_the_first_minute_is_of_whole_turns(self, tmp_path: Path) -> None:
        write_sound(tmp_path / "a.flac", [np.zeros(16_000 * 70, dtype=np.float32)])
        turns = (turn(1, 20, "en", "x"), turn(30, 61, "en", "y"))
        given = Input("a", tmp_path / "a.flac", 70.0, ("en",), turns, (Span(1, 20), Span(30, 61)))
        (tmp_path / "made").mkdir()
        short = first_minute(given, tmp_path / "made")
        assert (short.duration_s, short.turns, short.speech) == (20, turns[:1], (Span(1, 20),))
        assert len(read_sound(short.path)) == 20 * 16_000

    def test_without_recordings_the_demo_is_measured_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(speech_inputs, "RECORDED", tmp_path / "nowhere")
        assert speech_inputs.panel_names() == ["demo"]
        assert list(speech_inputs.recorded_meetings()) == []
        given = speech_inputs.word_times(tmp_path)
        assert len(given.clips) >= 3
        assert len(read_sound(given.path)) / 16_000 == pytest.approx(given.clips[-1].span.end_s, abs=1e-3)

    def test_the_demo_is_read_with_its_reference(self) -> None:
        demo = speech_inputs.load_panel("demo")
        assert len(demo.turns) == len(demo.voices) == 20
        assert 0.7 < sum(span.duration_s for span in demo.speech) / demo.duration_s < 1


def output(segments: Sequence[Segment], speech_s: float = 1.0) -> Output:
    return Output(tuple(segments), speech_s=speech_s, speech_processor_s=speech_s)


def document() -> dict[str, Any]:
    """A small document as a measurement writes it."""
    panel = Input("small", Path(), 10.0, ("en", "ja"), tuple(TURNS), tuple(SPEECH))
    right = [
        segment(0, 4, "en", "one two", [("one", 0, 2), (" two", 2, 4)]),
        segment(5, 9, "ja", "三四五六", [("三四", 5, 7), ("五六", 7, 9)]),
    ]
    outputs = {
        "symposia": [replace(output(right, 1.0), speakers_s=0.25, memory_mb=600.0)] * 3,
        "sequential": [output([segment(0, 9, "", "one two")], seconds) for seconds in (9.0, 4.0, 2.0)],
        "oracle": [output(right, 2.0)] * 3,
    }
    clips = Input("t", Path(), 4.0, ("en",), clips=(Clip(Span(0.1, 4), True), Clip(Span(20, 21), False)))
    voices = Input("v", Path(), 10.0, ("en",), voices=(Turn("v", Span(0, 9), "A"),))
    sounds = Input("n", Path(), 10.0, ("en",), sounds=(("hum", Span(0, 10)),))
    hardware = {"processor": "P", "cores": 2, "memory_gb": 8.0, "load_average_at_start": 0.9}
    held = {
        "made": {
            "command": "python -m benchmarks.speech",
            "date": "2025-11-24T10:00:00+00:00",
            "commit": "0123456789abcdef",
            "hardware": hardware,
            "systems": {name: {"label": SYSTEMS[name].label} for name in outputs},
        },
        "panels": {"small": panel_figures(panel, outputs)},
        "overall": overall_figures({"small": (panel, outputs), "again": (panel, outputs)}),
        "confidence": confidence_figures([(panel, outputs["symposia"][0])] * 2),
        "speakers": {"panels": speaker_figures([(voices, Output(turns=voices.voices))])},
        "word_times": {"symposia": word_time_figures(clips, Output(tuple(right[:1])))},
        "non_speech": {"symposia": non_speech_figures(sounds, Output())},
    }
    return held | {"checks": checks(held)}


class TestDocument:
    def test_speed_is_that_of_the_median_run(self) -> None:
        systems = document()["panels"]["small"]["systems"]
        assert systems["sequential"]["speed_x"] == 2.5
        assert systems["sequential"]["runs"]["speech_s"] == [9, 4, 2]
        assert systems["sequential"]["symposia_speed_ratio"] == 4.0
        assert systems["symposia"]["speed_with_speakers_x"] == 8.0
        assert systems["sequential"]["speed_with_speakers_x"] is None

    def test_error_ratios_and_what_a_peer_does_not_tell(self) -> None:
        sequential = document()["overall"]["sequential"]
        assert sequential["cer"] == 0.4
        assert sequential["symposia_cer_ratio"] == 0
        assert sequential["language_time_accuracy"] is None
        assert document()["overall"]["oracle"]["symposia_cer_ratio"] is None  # nothing to divide by

    def test_panels_add_up(self) -> None:
        held = document()
        assert held["overall"]["symposia"]["reference_characters"] == 20
        assert held["overall"]["sequential"]["speed_x"] == 2.5

    def test_a_system_that_failed_somewhere_has_no_overall_figure(self) -> None:
        panel = Input("small", Path(), 10.0, ("en", "ja"), tuple(TURNS), tuple(SPEECH))
        outputs = {"symposia": [output([])], "default": [output([])]}
        found = overall_figures({"a": (panel, outputs), "b": (panel, {"symposia": [output([])]})})
        assert list(found) == ["symposia"]
        assert overall_figures({}) == {}

    def test_targets_are_reached_missed_or_not_measured(self) -> None:
        held = document()
        verdicts = {each["figure"]: each["passes"] for each in held["checks"]}
        assert verdicts["language time accuracy"] is True
        assert verdicts["speed by batched, chunk_length=10"] is None
        held["overall"]["symposia"]["language_time_accuracy"] = 0.98
        held["non_speech"]["symposia"]["characters"] = 1
        again = {each["figure"]: each["passes"] for each in checks(held)}
        assert again["language time accuracy"] is False
        assert again["characters where nobody speaks"] is False
        assert {each["passes"] for each in checks({})} == {None}

    def test_the_best_peer_is_the_one_with_fewest_errors_and_never_the_oracle(self) -> None:
        held = {"overall": {"symposia": {"cer": 0.2}, "oracle": {"cer": 0.1}}}
        value = next(each for each in TARGETS if "best peer" in each.figure).value
        assert value(held) is None
        held["overall"] |= {"batched": {"cer": 0.8}, "default": {"cer": 0.5}}
        assert value(held) == pytest.approx(0.4)
        assert set(PEERS) == set(SYSTEMS) - {"symposia", "oracle"}

    def test_it_is_json_and_holds_no_text_of_the_recordings(self) -> None:
        text = json.dumps(document(), ensure_ascii=False)
        assert "one two" not in text
        assert "三四" not in text

    def test_it_is_shown_whole(self) -> None:
        console = Console(record=True, width=200)
        show(document() | {"long": {"recordings": {}, "memory_ratio": None}}, console)
        shown = console.export_text()
        for wanted in (
            "small: 10 s",
            "All panels",
            "not told",
            "reached",
            "not measured",
            "Word times",
            "busy",
        ):
            assert wanted in shown
        assert "To repeat: python -m benchmarks.speech" in shown

    def test_as_markdown_every_row_has_all_columns(self) -> None:
        lines = [line for line in markdown(document()).splitlines() if line.startswith("|")]
        widths = [line.count("|") for line in lines]
        starts = [number for number, line in enumerate(lines) if set(line) <= set("|- ")]
        for start in starts:
            end = next((each - 1 for each in starts if each > start), len(lines))
            assert set(widths[start - 1 : end]) == {widths[start]}

    def test_the_reliability_curve_has_a_bar_a_bin(self) -> None:
        plot = reliability_plot(document())
        assert plot.count("\n") == 1
        assert "1.00 of 8" in plot
        assert reliability_plot({}) == ""


def test_peak_memory_grows_with_what_is_held() -> None:
    held = np.ones(40_000_000)
    peak_mb = peak_memory_mb()
    assert peak_mb >= held.nbytes / 1e6
    del held
    assert peak_memory_mb() > 0.99 * peak_mb  # the system counts pages a little late


def test_memory_that_goes_up_and_down_is_told_from_memory_that_grows() -> None:
    def looks(sizes_mb: Sequence[float]) -> list[Look]:
        return [Look(f"hour-{n:02d}", 300.0 * n, size_mb, 22, 17) for n, size_mb in enumerate(sizes_mb)]

    steady = growth(looks([2153, 2177, 2150, 2197, 2153, 2191, 2168, 2172]), 0.25)
    assert grows(steady) == []
    rising = growth(looks([3515, 3580, 3582, 3705, 3756, 3879, 3885, 3928]), 0.25)
    assert grows(rising) == ["resident_mb"]
    assert growth(looks([1, 2]), 0.25) == {}
