"""Long recordings in parts: the same result as in one piece, and only what is missing is made again."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import faster_whisper.vad
import numpy as np
import pytest
from fakes import FakeModels
from fakes_speech import PitchVoices, hum, loud_stretches, said
from hypothesis import given
from hypothesis import strategies as st
from sounds import Sound, babble, heard, write_sound

from flows.conference import conference_record
from flows.config import Conference, load_conference
from flows.jobs import Step
from flows.layers import Layer, layer_bytes, layer_from
from flows.profiles import load_profile
from flows.work import bring_up_to_date, job_for
from flows.yamlfile import configs_dir
from nlp.asr import Decoded, Piece
from nlp.audio import SAMPLE_RATE_HZ, Samples, stream
from nlp.cutting import cut
from nlp.impressions import Part
from nlp.parts import PartOptions, is_parted, parts_of
from transcripts.archive import Archive
from transcripts.records import Span, covered_s

CONFERENCE = """
id: talks
title: Talks
target_language: ko
panels:
  - {id: opening, title: Opening, languages: [en, es], recording: opening.wav}
"""
PIECE = PartOptions(part_s=10_000.0)
PARTS = PartOptions(part_s=30.0)


# Where a recording is parted


@given(
    st.lists(st.tuples(st.floats(0.0, 400.0), st.floats(0.1, 20.0)), min_size=1, max_size=60),
    st.floats(100.0, 2000.0),
)
def test_every_region_starts_in_one_part(gaps: list[tuple[float, float]], part_s: float) -> None:
    speech, at_s = [], 0.0
    for silent_s, spoken_s in gaps:
        speech.append(Span(at_s + silent_s, at_s + silent_s + spoken_s))
        at_s = speech[-1].end_s
    duration_s = at_s + 1.0
    parts = parts_of(speech, duration_s, PartOptions(part_s))
    assert parts[0].start_s == 0.0
    assert parts[-1].end_s == duration_s
    assert all(before.end_s == after.start_s for before, after in itertools.pairwise(parts))
    assert [span for part in parts for span in speech if part.start_s <= span.start_s < part.end_s] == speech
    assert all(any(part.start_s <= span.start_s < part.end_s for span in speech) for part in parts)
    if not is_parted(duration_s, PartOptions(part_s)):
        assert len(parts) == 1
    for bound_s in [part.start_s for part in parts[1:]]:
        assert not any(span.start_s < bound_s < span.end_s for span in speech)


def test_a_part_ends_in_the_longest_silence_near_its_mark() -> None:
    speech = [Span(at_s, at_s + 9.5) for at_s in np.arange(0.0, 3600.0, 10.0).tolist()]
    del speech[130]  # 1300 s to 1310 s: the longest silence near 1200 s,
    del speech[165:170]  # and 1660 to 1710 s, too far from any mark
    first, second, third = parts_of(speech, 3600.0, PartOptions(1200.0))
    assert first.end_s == pytest.approx(1304.75)
    assert second.end_s == pytest.approx(2399.75)
    assert third.end_s == 3600.0


def test_where_nobody_pauses_a_part_ends_where_speech_starts() -> None:
    speech = [Span(at_s, at_s + 20.0) for at_s in np.arange(0.0, 3600.0, 20.0).tolist()]
    assert [part.end_s for part in parts_of(speech, 3600.0, PartOptions(1200.0))] == [1200.0, 2400.0, 3600.0]
    overlapping = [Span(0.0, 3600.0), Span(0.0, 3500.0)]  # of two microphones
    assert parts_of(overlapping, 3600.0, PartOptions(1200.0)) == (Span(0.0, 3600.0),)


def test_what_is_shorter_than_one_and_a_half_parts_is_one() -> None:
    assert not is_parted(1799.0, PartOptions())
    assert is_parted(1801.0, PartOptions())


# Reading on


def test_a_file_is_read_on_where_the_part_before_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_sound(tmp_path / "long.wav", babble(100, 1)[None])
    whole = heard(path)
    opened: list[Path] = []

    def counted(path: Path, channel: int | None) -> Iterator[Samples]:
        opened.append(path)
        return stream(path, channel=channel)

    monkeypatch.setattr("nlp.cutting.stream", counted)

    def read(*spans: Span, read_on: bool = True) -> None:
        for span, samples in zip(spans, cut(path, spans, read_on=read_on), strict=True):
            first, last = (round(at_s * SAMPLE_RATE_HZ) for at_s in (span.start_s, span.end_s))
            assert np.array_equal(samples, whole[first:last])

    read(Span(5, 10), Span(20, 41))
    read(Span(45, 50), Span(61, 62))
    read(Span(70, 71), read_on=False)
    assert len(opened) == 1
    read(Span(80, 81))  # nothing was left open
    assert len(opened) == 2
    read(Span(10, 12))  # what lies before is read from the start
    assert len(opened) == 3
    write_sound(path, babble(100, 2)[None])
    whole = heard(path)
    read(Span(50, 52))  # of another file
    assert len(opened) == 4


# The same result


class ByEar:
    """Hears Spanish in high sounds, English in low ones, and words that depend on the sound alone."""

    def __init__(self) -> None:
        self.decoded_s = 0.0

    def check_languages(self, codes: Sequence[str]) -> None:
        pass

    def listen(self, sounds: Sequence[Samples]) -> Heard:
        return Heard(sounds)

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        return [self._heard(piece) for piece in pieces]

    def _heard(self, piece: Piece) -> Decoded:
        self.decoded_s += piece.duration_s
        rng = np.random.default_rng(zlib.crc32(piece.samples.tobytes()))
        words = rng.choice(["mirad", "ahora"] if piece.language == "es" else ["look", "here"], 6)
        bounds = np.linspace(0, piece.duration_s, 7).tolist()
        timed = zip([f" {word}" for word in words], bounds, bounds[1:], strict=False)
        return said(*timed, log_probability=float(rng.choice([-0.2, -0.5])))


class Heard:
    """Languages by the pitch of each part."""

    def __init__(self, sounds: Sequence[Samples]) -> None:
        self._sounds = sounds

    def languages(self, parts: Sequence[Part]) -> list[dict[str, float]]:
        return [self._posteriors(part) for part in parts]

    def _posteriors(self, part: Part) -> dict[str, float]:
        sounds = [
            self._sounds[index][round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
            for index, start_s, end_s in part
        ]
        sound = np.concatenate(sounds)
        crossings = float(np.mean(np.diff(np.signbit(sound)))) * SAMPLE_RATE_HZ / 2
        spanish = float(np.clip((crossings - 150) / 300, 0.05, 0.95))
        return {"es": spanish, "en": 1 - spanish}


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech is what is loud."""
    monkeypatch.setattr(faster_whisper.vad, "get_speech_timestamps", loud_stretches)


def talk(seed: int, minutes: float) -> Samples:
    """People with different voices, who hum one after the other; every third time, they pause."""
    rng = np.random.default_rng(seed)
    sound: list[Samples] = []
    while sum(map(len, sound)) < minutes * 60 * SAMPLE_RATE_HZ:
        turn_s, pitch_hz = float(rng.uniform(0.6, 4.0)), float(rng.choice([110.0, 240.0, 450.0]))
        pause_s = float(rng.choice([1.4, 2.5] if len(sound) % 6 == 4 else [0.0, 0.3, 0.8]))
        sound += [hum(turn_s, pitch_hz), np.zeros(round(pause_s * SAMPLE_RATE_HZ), dtype=np.float32)]
    return np.concatenate(sound)


def conference_of(folder: Path, *channels: Samples) -> Conference:
    sound: Sound = np.stack(channels).astype(np.float32)
    write_sound(folder / "opening.wav", sound)
    (folder / "talks.yaml").write_text(CONFERENCE, encoding="utf-8")
    return load_conference(folder / "talks.yaml")


def models(parts: PartOptions) -> FakeModels:
    made_with = FakeModels(load_profile("embedded"), configs_dir() / "themes.yaml", print)
    made_with.part_options = parts
    made_with.recogniser = ByEar()  # type: ignore[assignment]
    made_with.voice_encoder = PitchVoices()
    return made_with


class Performer:
    """Makes steps, and keeps their results as a run does; may be told how many it lives to make."""

    def __init__(self, lives_for: int = 1_000) -> None:
        self.kept: dict[str, bytes] = {}
        self.made: list[str] = []
        self.lives_for = lives_for

    def __call__(self, steps: Sequence[Step]) -> list[Layer]:
        return [self._layer(step) for step in steps]

    def _layer(self, step: Step) -> Layer:
        if step.key not in self.kept:
            if len(self.made) == self.lives_for:
                raise KeyboardInterrupt
            layer = step.make(lambda reached_s: None)
            self.kept[step.key] = layer_bytes(layer)
            self.made.append(step.name)
            assert layer_from(layer_bytes(layer)) == layer
        return layer_from(self.kept[step.key])


def work(conference: Conference, archive: Archive, parts: PartOptions, performer: Performer) -> None:
    archive.set_conference(conference_record(conference))
    (source,) = conference.sources
    made_with = models(parts)
    bring_up_to_date(job_for(source, conference, made_with, archive), archive, performer)


def dump_of(conference: Conference, parts: PartOptions, performer: Performer) -> dict[str, Any]:
    with Archive.in_memory() as archive:
        work(conference, archive, parts, performer)
        return archive.dump()


def test_parts_give_the_same_archive_as_one_piece(tmp_path: Path) -> None:
    conference = conference_of(tmp_path, talk(1, 2.0))
    whole, parted = Performer(), Performer()
    assert dump_of(conference, PARTS, parted) == dump_of(conference, PIECE, whole)
    assert not any(":" in name for name in whole.made)  # nothing is added to what a short one costs
    for what in ("runs: stretches", "transcript: decoded", "speakers: voices", "translation: translated"):
        assert parted.made.count(what) == 4
    assert parted.made.count("runs: regions") == 1


def test_microphones_are_heard_in_parts_as_in_one_piece(tmp_path: Path) -> None:
    first, second = talk(1, 2.0), talk(2, 2.0)
    length = min(len(first), len(second))
    turn = np.arange(length) // (20 * SAMPLE_RATE_HZ) % 2 == 0
    mine, others = first[:length] * turn, second[:length] * ~turn
    bleed = np.float32(0.1)
    conference = conference_of(tmp_path, mine + bleed * others, others + bleed * mine)
    parted, whole = Performer(), Performer()
    found = dump_of(conference, PARTS, parted)
    assert found == dump_of(conference, PIECE, whole)
    assert {segment["channel"] for segment in found["recordings"][0]["segments"]} == {0, 1}
    assert parted.made.count("transcript: decoded") == 4


def test_where_nobody_pauses_little_differs(tmp_path: Path) -> None:
    sound = np.concatenate([hum(4.0, [110.0, 450.0][number // 2 % 2]) for number in range(30)])
    conference = conference_of(tmp_path, sound)
    parted = dump_of(conference, PARTS, Performer())["recordings"][0]
    whole = dump_of(conference, PIECE, Performer())["recordings"][0]
    assert [each["language"] for each in parted["passages"]] == [
        each["language"] for each in whole["passages"]
    ]
    assert covered(parted["segments"]) == pytest.approx(covered(whole["segments"]), abs=0.1)


def covered(segments: Sequence[Mapping[str, Any]]) -> float:
    return covered_s([Span(each["start_s"], each["end_s"]) for each in segments])


def test_what_was_made_before_a_kill_is_not_made_again(tmp_path: Path) -> None:
    conference = conference_of(tmp_path, talk(5, 2.0))
    undisturbed = Performer()
    dump = dump_of(conference, PARTS, undisturbed)
    performer = Performer()
    for lives_for in range(1, len(undisturbed.made), 4):  # steps until it is killed
        performer.lives_for = lives_for
        with Archive.in_memory() as archive:
            with pytest.raises(KeyboardInterrupt):
                work(conference, archive, PARTS, performer)
            assert archive.recordings() == ()
    performer.lives_for = 1_000
    assert dump_of(conference, PARTS, performer) == dump
    assert performer.made == undisturbed.made


def test_captions_of_hours_are_translated_in_parts(tmp_path: Path) -> None:
    cues = [
        f"0{at // 60}:{at % 60:02}:01.000 --> 0{at // 60}:{at % 60:02}:04.000\nPart {at}.\n"
        for at in range(90)
    ]
    (tmp_path / "hall.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    (tmp_path / "talks.yaml").write_text(
        "{id: t, title: T, target_language: ko, panels: [{id: hall, title: H, "
        "captions: [{path: hall.vtt, language: en}]}]}",
        encoding="utf-8",
    )
    conference = load_conference(tmp_path / "talks.yaml")
    parted, whole = Performer(), Performer()
    assert dump_of(conference, PartOptions(), parted) == dump_of(conference, PIECE, whole)
    assert parted.made.count("translation: translated") == 4
