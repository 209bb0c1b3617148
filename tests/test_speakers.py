"""Speakers: voices clustered, named only when clear, segments cut where they change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.speakers import (
    SpeakerOptions,
    Voice,
    attribute,
    diarize,
    embed_regions,
    enrol,
    name_turns,
    spoken_languages,
    windows_of,
)
from nlp.voices import Vectors, unit
from transcripts.records import Segment, Signature, Span, Turn, Word

OPTIONS = SpeakerOptions()


class LoudnessEncoder:
    """A fake voice encoder: the voice is how loud a window is."""

    signature = Signature("fake")

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        angles = np.array([float(np.abs(window).mean()) * np.pi / 2 for window in windows])
        return unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def sound(*parts: tuple[float, float]) -> Samples:
    """Stretches of (seconds, loudness)."""
    return np.concatenate([np.full(int(s * SAMPLE_RATE_HZ), level, dtype=np.float32) for s, level in parts])


def turns_of(*parts: tuple[float, float], declared: int = 0, options: SpeakerOptions = OPTIONS) -> list[Turn]:
    samples = sound(*parts)
    region = Span(0.0, len(samples) / SAMPLE_RATE_HZ)
    vectors = list(embed_regions([region], [samples], LoudnessEncoder(), OPTIONS))
    return list(diarize("r", [region], vectors, declared, options).turns)


def test_a_change_of_voice_inside_a_region_makes_two_turns() -> None:
    turns = turns_of((6, 0.1), (6, 0.9))
    assert [turn.label for turn in turns] == ["S1", "S2"]
    assert turns[0].span.end_s == pytest.approx(6.0, abs=0.5)


def test_a_voice_that_returns_keeps_its_label() -> None:
    assert [turn.label for turn in turns_of((5, 0.1), (5, 0.9), (5, 0.1))] == ["S1", "S2", "S1"]


def test_there_are_no_more_voices_than_declared_and_some_guests() -> None:
    strict = SpeakerOptions(same_speaker_below=0.01)
    turns = turns_of(*[(5, level) for level in (0.0, 0.3, 0.5, 0.7, 1.0)], declared=1, options=strict)
    assert len({turn.label for turn in turns}) == 1 + OPTIONS.guests


def test_windows_stay_inside_their_region() -> None:
    region = Span(10.0, 14.3)
    assert all(
        region.start_s <= w.start_s and w.end_s <= region.end_s + 1e-9 for w in windows_of(region, OPTIONS)
    )
    assert windows_of(Span(1.0, 1.5), OPTIONS) == [Span(1.0, 1.5)]


def test_a_name_is_given_to_the_nearest_voice_only() -> None:
    region = Span(0.0, 10.0)
    samples = sound((5, 0.1), (5, 0.9))
    vectors = list(embed_regions([region], [samples], LoudnessEncoder(), OPTIONS))
    found = diarize("r", [region], vectors, 0, OPTIONS)
    enrolled = [Voice("director", enrol(sound((4, 0.1)), LoudnessEncoder(), OPTIONS))]
    assert [turn.speaker_id for turn in name_turns(found, enrolled, {}, OPTIONS)] == ["director", None]


def test_an_unclear_or_foreign_voice_stays_unnamed() -> None:
    region = Span(0.0, 5.0)
    vectors = list(embed_regions([region], [sound((5, 0.5))], LoudnessEncoder(), OPTIONS))
    found = diarize("r", [region], vectors, 0, OPTIONS)
    near = enrol(sound((4, 0.5)), LoudnessEncoder(), OPTIONS)
    far = enrol(sound((4, 1.0)), LoudnessEncoder(), OPTIONS)

    def name(*voices: Voice) -> str | None:
        return name_turns(found, voices, {"S1": "ja"}, OPTIONS)[0].speaker_id

    assert name(Voice("a", near)) == "a"
    assert name(Voice("a", near), Voice("b", near)) is None  # nobody leads
    assert name(Voice("a", far)) is None
    assert name(Voice("a", near, ("es",))) is None  # speaks another language


def test_segments_are_cut_between_words_where_the_speaker_changes() -> None:
    words = tuple(Word(f" w{i}", Span(i, i + 0.8), 0.5 + i / 10) for i in range(4))
    segment = Segment("s", "r", Span(0, 4), "en", 0.9, "w0 w1 w2 w3", words, 0.8)
    turns = [Turn("r", Span(0, 2), "S1"), Turn("r", Span(2, 4), "S2")]
    first, second = attribute([segment], turns)
    assert (first.speaker, first.text, second.speaker, second.text) == ("S1", "w0 w1", "S2", "w2 w3")
    assert first.id != second.id
    assert first.words + second.words == words


def test_a_segment_without_turns_stays_whole() -> None:
    segment = Segment("s", "r", Span(0, 4), "en", 0.9, "hello")
    assert attribute([segment], []) == [segment]


def test_spoken_languages_go_by_time() -> None:
    segments = [
        Segment("a", "r", Span(0, 4), "ja", 0.9, "x"),
        Segment("b", "r", Span(4, 5), "en", 0.9, "y"),
    ]
    assert spoken_languages(segments, [Turn("r", Span(0, 5), "S1")]) == {"S1": "ja"}
