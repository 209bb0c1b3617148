"""Speakers: voices told apart, by sound and by microphone, and segments cut where they change."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp import clusters
from nlp.audio import SAMPLE_RATE_HZ, Samples, stream
from nlp.clusters import VoiceSpread, likeliest_path, merged, pieces_of
from nlp.regions import RegionOptions, speech_regions
from nlp.speakers import (
    Diarization,
    Microphones,
    SpeakerOptions,
    attribute,
    diarize,
    embed_regions,
    spoken_languages,
    windows_of,
    with_overlaps,
)
from nlp.voices import Ge2eEncoder, Vectors, unit
from nlp.weights import resolve
from transcripts.records import Segment, Signature, Span, Turn, Word

OPTIONS = SpeakerOptions()
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
DIM = 64


class LoudnessEncoder:
    """A fake voice encoder: the voice is how loud a window is."""

    signature = Signature("fake")

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        angles = np.array([float(np.abs(window).mean()) * np.pi / 2 for window in windows])
        return unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def sound(*parts: tuple[float, float]) -> Samples:
    """Stretches of (seconds, loudness)."""
    return np.concatenate([np.full(int(s * SAMPLE_RATE_HZ), level, dtype=np.float32) for s, level in parts])


def turns_of(*parts: tuple[float, float]) -> list[Turn]:
    samples = sound(*parts)
    region = Span(0.0, len(samples) / SAMPLE_RATE_HZ)
    vectors = list(embed_regions([region], [samples], LoudnessEncoder(), OPTIONS))
    return list(diarize("r", [region], vectors, 0, OPTIONS).turns)


def people(count: int, alike: float, seed: int = 0) -> Vectors:
    """Unit vectors of `count` voices with the cosine `alike` between any two."""
    axes, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(DIM, count + 1)))
    return unit(np.sqrt(alike) * axes[:, :1].T + np.sqrt(1 - alike) * axes[:, 1:].T)


def talk(
    voices: Vectors, said: Sequence[tuple[int, float]], seed: int = 0, gap_s: float = 1.0
) -> tuple[list[Span], list[Vectors]]:
    """Regions and vectors of (voice, seconds), as far from their voices as those of real speech are."""
    random, spread, at_s = np.random.default_rng(seed), VoiceSpread(), 0.0
    regions, vectors = [], []
    for voice, seconds in said:
        region = Span(at_s, at_s + seconds)
        count = len(windows_of(region, OPTIONS))
        noise = random.normal(size=(count + 3, DIM)) * np.sqrt(spread.within / DIM)
        # a window shares three quarters of its sound with the next
        sound_of = sum(noise[shift : shift + count] for shift in range(4)) / 2
        mood = random.normal(size=DIM) * np.sqrt(spread.drift / 2 / DIM)
        regions.append(region)
        vectors.append(unit(voices[voice] + mood + sound_of / 2))
        at_s = region.end_s + gap_s
    return regions, vectors


def heard(found: Diarization, regions: Sequence[Span]) -> list[str]:
    """The label at the middle of each region."""
    return [
        next(turn.label for turn in found.turns if turn.span.overlap_s(Span(at, at + 0.01)))
        for at in (region.middle_s for region in regions)
    ]


def test_a_change_of_voice_inside_a_region_makes_two_turns() -> None:
    turns = turns_of((6, 0.1), (6, 0.9))
    assert [turn.label for turn in turns] == ["S1", "S2"]
    assert turns[0].span.end_s == pytest.approx(6.0, abs=0.5)


def test_a_voice_that_returns_keeps_its_label() -> None:
    assert [turn.label for turn in turns_of((5, 0.1), (5, 0.9), (5, 0.1))] == ["S1", "S2", "S1"]


def test_there_are_no_more_voices_than_declared_and_some_guests() -> None:
    regions, vectors = talk(people(5, 0.5), [(number % 5, 4.0) for number in range(20)])
    assert len(diarize("r", regions, vectors, 5, OPTIONS).voices) == 5
    assert len(diarize("r", regions, vectors, 1, OPTIONS).voices) == 1 + OPTIONS.guests


def test_nobody_speaks_where_there_is_no_speech() -> None:
    assert diarize("r", [], [], 3, OPTIONS) == Diarization((), {})


@pytest.mark.parametrize("count", [2, 5, 9])
def test_the_number_of_speakers_comes_out_by_itself(count: int) -> None:
    random = np.random.default_rng(count)
    said = [(number % count, float(random.uniform(1.2, 8))) for number in range(count * 6)]
    regions, vectors = talk(people(count, 0.55), said, seed=count)
    found = diarize("r", regions, vectors, 0, OPTIONS)
    assert heard(found, regions) == [f"S{voice + 1}" for voice, _ in said]


def test_one_voice_stays_one_however_long_it_speaks() -> None:
    regions, vectors = talk(people(1, 0.5), [(0, 6.0)] * 200)
    assert list(diarize("r", regions, vectors, 0, OPTIONS).voices) == ["S1"]


def test_the_same_recording_gets_the_same_labels() -> None:
    regions, vectors = talk(people(4, 0.6), [(number % 4, 3.0) for number in range(24)], gap_s=0.3)
    assert diarize("r", regions, vectors, 0, OPTIONS) == diarize("r", regions, vectors, 0, OPTIONS)


def test_much_speech_tells_voices_apart_that_a_word_does_not() -> None:
    means = np.repeat(people(2, 0.75), 2, axis=0)
    spread = VoiceSpread()

    def voices(windows: float) -> int:
        return len(set(merged(means, spread.variances(np.full(4, windows)), 9, spread)))

    assert (voices(0.5), voices(20.0)) == (1, 2)


def test_a_microphone_tells_voices_apart_that_sound_alike() -> None:
    said = [(0, 4.0)] * 12
    regions, vectors = talk(people(1, 0.5), said)
    shares = [[0.8, 0.2] if number % 3 else [0.3, 0.7] for number in range(len(said))]
    cues = [
        np.tile(np.array(share, dtype=np.float32), (len(own), 1))
        for share, own in zip(shares, vectors, strict=True)
    ]
    assert set(heard(diarize("r", regions, vectors, 0, OPTIONS), regions)) == {"S1"}
    found = diarize("r", regions, vectors, 0, OPTIONS, Microphones([None] * len(regions), cues))
    assert heard(found, regions) == ["S2" if number % 3 else "S1" for number in range(len(said))]
    assert len(found.voices["S1"]) == DIM


def test_microphones_that_hear_everybody_alike_change_nothing() -> None:
    regions, vectors = talk(people(3, 0.55), [(number % 3, 4.0) for number in range(15)])
    cues = [np.full((len(own), 2), 0.5, dtype=np.float32) for own in vectors]
    mono = diarize("r", regions, vectors, 0, OPTIONS)
    assert (
        diarize("r", regions, vectors, 0, OPTIONS, Microphones([None] * len(regions), cues)).turns
        == mono.turns
    )


def test_two_who_speak_at_once_into_their_microphones_keep_their_words() -> None:
    voices = people(2, alike=0.3)
    regions = [Span(0.0, 10.0), Span(4.0, 6.0), Span(10.5, 14.0)]
    vectors = [np.repeat(voices[[who]], count, axis=0) for who, count in ((0, 25), (1, 5), (1, 8))]
    shares = [
        np.tile(np.array([0.9, 0.1] if who == 0 else [0.1, 0.9], dtype=np.float32), (len(own), 1))
        for who, own in zip((0, 1, 1), vectors, strict=True)
    ]
    found = diarize("r", regions, vectors, 2, OPTIONS, Microphones([0, 1, 1], shares))
    assert [(turn.label, turn.channel) for turn in found.turns] == [("S1", 0), ("S2", 1), ("S2", 1)]
    said = [
        Segment(str(at), "r", region, "en", 0.9, "...", (Word("...", region, 0.9),), channel=channel)
        for at, (region, channel) in enumerate(zip(regions, (0, 1, 1), strict=True))
    ]
    told = attribute(said, found.turns)
    assert [each.speaker for each in told] == ["S1", "S2", "S2"]
    assert [each.flags for each in with_overlaps(told, found.overlaps)] == [("overlap",), ("overlap",), ()]


@pytest.mark.parametrize(
    ("second", "same_voice", "marked"),
    [
        (Span(4.0, 7.0), False, [(4.0, 6.0)]),
        (Span(5.3, 9.0), False, [(5.3, 6.0)]),
        (Span(5.7, 9.0), False, []),  # what is kept around speech, and no more
        (Span(4.0, 7.0), True, []),  # one voice, heard by both
    ],
)
def test_two_microphones_at_once_are_an_overlap_of_two_voices(
    second: Span, same_voice: bool, marked: list[tuple[float, float]]
) -> None:
    voices = people(2, alike=0.3)
    regions = [Span(0.0, 6.0), second]
    vectors = [np.repeat(voices[[who]], 15, axis=0) for who in (0, 0 if same_voice else 1)]
    even = [np.full((15, 2), 0.5, dtype=np.float32)] * 2
    found = diarize("r", regions, vectors, 2, OPTIONS, Microphones([0, 1], even)).overlaps
    assert [at_s for each in found for at_s in (each.start_s, each.end_s)] == pytest.approx(
        [at_s for each in marked for at_s in each], abs=OPTIONS.reach_s + 0.01
    )


def test_a_recording_of_many_hours_is_told_apart_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    said = [(number % 5, 3.0) for number in range(300)]
    regions, vectors = talk(people(5, 0.55), said)
    monkeypatch.setattr(clusters, "AT_ONCE", 40)
    found = diarize("r", regions, vectors, 0, OPTIONS)
    assert heard(found, regions) == [f"S{voice + 1}" for voice, _ in said]


def test_a_short_pause_does_not_end_a_turn_and_a_long_one_does() -> None:
    voice = people(1, 0.5)
    for gap_s, count in ((0.8, 1), (3.0, 2)):
        regions, vectors = talk(voice, [(0, 4.0), (0, 4.0)], gap_s=gap_s)
        assert len(diarize("r", regions, vectors, 0, OPTIONS).turns) == count


def test_turns_reach_into_silence_and_never_into_each_other() -> None:
    regions, vectors = talk(people(2, 0.3), [(0, 4.0), (1, 4.0), (0, 4.0)], gap_s=0.2)
    later = [Span(region.start_s + 3, region.end_s + 3) for region in regions]
    first, second, third = diarize("r", later, vectors, 0, OPTIONS).turns
    assert first.span.start_s == pytest.approx(3 - OPTIONS.reach_s)
    assert first.span.end_s == pytest.approx(second.span.start_s) == pytest.approx(7.1)
    assert third.span.end_s == pytest.approx(later[-1].end_s)  # the recording may end here
    at_once = diarize("r", regions, vectors, 0, OPTIONS).turns
    assert at_once[0].span.start_s == 0.0


def test_a_stretch_between_two_voices_is_marked_as_an_overlap() -> None:
    voices = people(2, alike=0.3)
    both = unit(voices.sum(axis=0, keepdims=True))
    parts = [np.repeat(voices[:1], 10, axis=0), np.repeat(voices[1:], 10, axis=0), np.repeat(both, 2, axis=0)]
    regions = [Span(0.0, 4.0), Span(5.0, 9.0), Span(10.0, 10.8)]
    (marked,) = diarize("r", regions, parts, 2, OPTIONS).overlaps
    assert (marked.start_s, marked.end_s) == pytest.approx((10.0, 10.8))
    said = [Segment(str(at), "r", each, "en", 0.9, "...") for at, each in enumerate(regions)]
    assert [each.flags for each in with_overlaps(said, [marked])] == [(), (), ("overlap",)]


def test_windows_stay_inside_their_region() -> None:
    region = Span(10.0, 14.3)
    assert all(
        region.start_s <= w.start_s and w.end_s <= region.end_s + 1e-9 for w in windows_of(region, OPTIONS)
    )
    assert windows_of(Span(1.0, 1.5), OPTIONS) == [Span(1.0, 1.5)]


def test_pieces_end_where_the_voice_changes() -> None:
    one, other = people(2, 0.4)
    assert pieces_of(np.stack([one] * 5 + [other] * 3), 0.4) == [slice(0, 5), slice(5, 8)]
    assert pieces_of(one[None], 0.4) == [slice(0, 1)]


def test_the_likeliest_path_is_the_best_of_all_paths() -> None:
    scores = np.random.default_rng(3).normal(size=(6, 3)).astype(np.float32)
    for cost in (0.0, 0.4, 5.0):

        def total(path: Sequence[int], cost: float = cost) -> float:
            changes = sum(left != right for left, right in itertools.pairwise(path))
            return float(scores[np.arange(6), list(path)].sum()) - cost * changes

        best = max(itertools.product(range(3), repeat=6), key=total)
        assert tuple(likeliest_path(scores, cost)) == best


def test_segments_are_cut_between_words_where_the_speaker_changes() -> None:
    words = tuple(Word(f" w{i}", Span(i, i + 0.8), 0.5 + i / 10) for i in range(4))
    segment = Segment("s", "r", Span(0, 4), "en", 0.9, "w0 w1 w2 w3", words, 0.8)
    turns = [Turn("r", Span(0, 2), "S1"), Turn("r", Span(2, 4), "S2")]
    first, second = attribute([segment], turns)
    assert (first.speaker, first.text, second.speaker, second.text) == ("S1", "w0 w1", "S2", "w2 w3")
    assert first.id != second.id
    assert first.words + second.words == words


def test_a_segment_without_words_goes_to_whoever_speaks_most_in_it() -> None:
    segment = Segment("s", "r", Span(10, 20), "en", 0.9, "hello")
    turns = [
        Turn("r", Span(8, 12), "S1"),
        Turn("r", Span(11, 16), "S2"),
        Turn("r", Span(16, 19.5), "S1"),
        Turn("r", Span(20, 29), "S3"),
    ]
    assert attribute([segment], turns) == [replace(segment, speaker="S1")]


def test_a_segment_without_turns_stays_whole() -> None:
    segment = Segment("s", "r", Span(0, 4), "en", 0.9, "hello")
    assert attribute([segment], []) == [segment]


def test_a_short_turn_inside_a_long_one_is_not_lost() -> None:
    words = tuple(Word(f" w{i}", Span(i, i + 0.8), 0.9) for i in range(20, 26))
    segment = Segment("s", "r", Span(20, 26), "en", 0.9, "x", words, 0.9)
    turns = [Turn("r", Span(0, 24), "S1"), Turn("r", Span(2, 3), "S2"), Turn("r", Span(24, 26), "S3")]
    assert [each.speaker for each in attribute([segment], turns)] == ["S1", "S3"]


def test_spoken_languages_go_by_time() -> None:
    segments = [
        Segment("a", "r", Span(0, 4), "ja", 0.9, "x"),
        Segment("b", "r", Span(4, 5), "en", 0.9, "y"),
    ]
    assert spoken_languages(segments, [Turn("r", Span(0, 5), "S1")]) == {"S1": "ja"}


# Figures on real speech, with the embedded weights.

Reference = list[tuple[float, float, str]]


@pytest.fixture(scope="module")
def encoder() -> Ge2eEncoder:
    weights = resolve(OPTIONS.model, lambda line: None)
    return Ge2eEncoder(weights.path, weights.revision)


def rttm(path: Path) -> Reference:
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows if row]


def error_rate(
    encoder: Ge2eEncoder, recordings: Iterator[tuple[Samples, Reference]], declared: bool = False
) -> float:
    """The diarization error rate over recordings (collar 0.25 s, overlap scored)."""
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(spans: Reference) -> Annotation:
        found = Annotation()
        for number, (start_s, end_s, label) in enumerate(spans):
            found[Segment(start_s, end_s), number] = label
        return found

    metric = DiarizationErrorRate(collar=0.25, skip_overlap=False)
    for samples, reference in recordings:
        found = list(speech_regions([samples], RegionOptions()))
        spans = [span for span, _ in found]
        vectors = list(embed_regions(spans, (each for _, each in found), encoder, OPTIONS))
        most = len({label for *_, label in reference}) if declared else 0
        turns = diarize("r", spans, vectors, most, OPTIONS).turns
        hypothesis = [(turn.span.start_s, turn.span.end_s, turn.label) for turn in turns]
        whole = Timeline([Segment(0, len(samples) / SAMPLE_RATE_HZ)])
        metric(annotation(reference), annotation(hypothesis), uem=whole)
    rate = float(abs(metric))
    print(f"diarization error rate {rate:.3f}")  # shown with -s
    return rate


def whole(path: Path) -> Samples:
    return np.concatenate(list(stream(path)))


def spoken_panel(speakers: int, seed: int) -> tuple[Samples, Reference]:
    """Recorded sentences of people who have at least two of them, 0.1 to 0.6 s apart, none heard twice."""
    random = np.random.default_rng(seed)
    clips: dict[str, list[Path]] = {}
    for clip in json.loads((SHARED / "audio/manifest.json").read_text(encoding="utf-8")):
        if clip.get("speaker"):
            clips.setdefault(clip["speaker"], []).append(SHARED / "audio" / clip["file"])
    several = sorted(name for name, held in clips.items() if len(held) > 1)
    queue = [(name, path) for name in random.permutation(several)[:speakers] for path in clips[name][:4]]
    random.shuffle(queue)
    pieces: list[Samples] = []
    reference: Reference = []
    at = 0
    for name, path in queue:
        samples = whole(path)
        loud = np.flatnonzero(np.abs(samples) > 0.1 * np.abs(samples).max())
        spoken = samples[loud[0] : loud[-1]]
        pieces += [spoken, np.zeros(int(random.uniform(0.1, 0.6) * SAMPLE_RATE_HZ), dtype=np.float32)]
        reference.append((at / SAMPLE_RATE_HZ, (at + len(spoken)) / SAMPLE_RATE_HZ, str(name)))
        at += sum(map(len, pieces[-2:]))
    return np.concatenate(pieces), reference


needs_shared = pytest.mark.skipif(not SHARED.exists(), reason="the shared recordings are not here")


@pytest.mark.model
@needs_shared
def test_speakers_of_four_languages_are_told_apart(encoder: Ge2eEncoder) -> None:
    path = SHARED / "audio/panels/speakers_dev_1"
    recording = whole(path.with_suffix(".flac")), rttm(path.with_suffix(".rttm"))
    assert error_rate(encoder, iter([recording])) <= 0.06
    assert error_rate(encoder, iter([recording]), declared=True) <= 0.06


@pytest.mark.model
@needs_shared
def test_meetings_with_far_microphones_and_overlap(encoder: Ge2eEncoder) -> None:
    """One voice at a time, in the speech that is detected, could at best reach 0.27."""
    excerpts = sorted((SHARED / "audio/rttm").glob("en_ami_*.rttm"))
    recordings = ((whole(SHARED / "audio/clips" / f"{each.stem}.flac"), rttm(each)) for each in excerpts)
    assert error_rate(encoder, recordings) <= 0.30


@pytest.mark.model
@needs_shared
@pytest.mark.parametrize(("speakers", "seed"), [(4, 1), (8, 2)])
def test_sentences_of_several_people_one_after_another(
    encoder: Ge2eEncoder, speakers: int, seed: int
) -> None:
    assert error_rate(encoder, iter([spoken_panel(speakers, seed)])) <= 0.15
