"""Names of voices: given where one known voice is clearly the nearest, and to nobody else."""

from __future__ import annotations

import itertools
import json
import wave
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from nlp import naming
from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.naming import Voice, doubted, enrol, name_turns
from nlp.speakers import Diarization, SpeakerOptions
from nlp.voices import Ge2eEncoder, Vectors, unit
from nlp.weights import resolve
from transcripts.errors import MediaError
from transcripts.records import Segment, Signature, Span, Turn

OPTIONS = SpeakerOptions()
SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


def voice_at(degrees: float) -> tuple[float, ...]:
    """A unit vector; 30 degrees from another are a distance of 0.13, 45 degrees one of 0.29."""
    return float(np.cos(np.radians(degrees))), float(np.sin(np.radians(degrees)))


def names(
    labels: Sequence[float], known: Sequence[Voice], spoken: dict[str, str] | None = None
) -> list[str | None]:
    """The names of labels S1, S2, ... whose voices lie at these angles."""
    voices = {f"S{number}": voice_at(degrees) for number, degrees in enumerate(labels, 1)}
    turns = tuple(Turn("r", Span(number, number + 1), label) for number, label in enumerate(voices))
    found = name_turns(Diarization(turns, voices), known, spoken or {}, OPTIONS)
    return [turn.speaker_id for turn in found]


def test_a_name_is_given_to_the_nearest_voice_only() -> None:
    assert names([0, 80], [Voice("director", voice_at(5))]) == ["director", None]


def test_two_labels_near_one_voice_do_not_share_its_name() -> None:
    assert names([0, 12], [Voice("director", voice_at(5))]) == ["director", None]


def test_a_voice_that_is_far_or_not_alone_stays_unnamed() -> None:
    assert names([0], [Voice("a", voice_at(32))]) == [None]
    assert names([0], [Voice("a", voice_at(10)), Voice("b", voice_at(-12))]) == [None]  # nobody leads
    assert names([0], [Voice("a", voice_at(10)), Voice("b", voice_at(-40))]) == ["a"]


def test_a_voice_in_a_language_that_its_speaker_does_not_speak_gets_nobodys_name() -> None:
    known = [Voice("kim", voice_at(3), ("ko",)), Voice("ann", voice_at(25), ("en", "ja"))]
    assert names([0], known, {"S1": "ko"}) == ["kim"]
    assert names([0], known, {"S1": "en"}) == [None]
    assert names([0], known[1:], {"S1": "en"}) == ["ann"]


def test_voices_alike_are_not_told_apart_by_language() -> None:
    known = [Voice("a", voice_at(2), ("es",)), Voice("b", voice_at(8), ("ja", "en"))]
    assert names([0], known, {"S1": "ja"}) == [None]


def test_of_several_voices_of_a_speaker_the_nearest_counts() -> None:
    clip, confirmed = Voice("a", voice_at(60)), Voice("a", voice_at(4))
    assert names([0], [clip]) == [None]
    assert names([0], [clip, confirmed]) == ["a"]
    assert names([0], [confirmed, Voice("a", voice_at(-4))]) == ["a"]  # no rival to itself


def recording(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


class LoudnessEncoder:
    """A fake voice encoder: the voice is how loud a window is."""

    signature = Signature("fake")

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        angles = np.array([float(np.abs(window).mean()) * np.pi / 2 for window in windows])
        return unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def test_an_enrolled_voice_is_made_of_speech_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speech = Span(2.0, 5.0)
    part = np.full(3 * SAMPLE_RATE_HZ, 0.5, dtype=np.float32)
    monkeypatch.setattr(naming, "speech_regions", lambda blocks, options: iter([(speech, part)]))
    clip = recording(tmp_path / "clip.wav", np.zeros(6 * SAMPLE_RATE_HZ, dtype=np.float32))
    assert enrol(clip, LoudnessEncoder(), OPTIONS) == pytest.approx(voice_at(45))


def test_a_clip_without_speech_is_refused(tmp_path: Path) -> None:
    clip = recording(tmp_path / "silence.wav", np.zeros(6 * SAMPLE_RATE_HZ, dtype=np.float32))
    with pytest.raises(MediaError, match=r"silence\.wav has no speech in it: give 5 to 60 s"):
        enrol(clip, LoudnessEncoder(), OPTIONS)


def test_a_stretch_of_a_recording_enrols_as_a_clip_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole(blocks: Iterable[Samples], options: object) -> Iterator[tuple[Span, Samples]]:
        heard = np.concatenate(list(blocks))
        yield Span(0.0, len(heard) / SAMPLE_RATE_HZ), heard

    monkeypatch.setattr(naming, "speech_regions", whole)
    wave_form = np.tile(np.repeat([1.0, -1.0], 8), 3 * SAMPLE_RATE_HZ // 16).astype(np.float32)
    sound = np.concatenate([level * wave_form for level in (0.1, 0.5)])
    path = recording(tmp_path / "panel.wav", sound)
    loud = enrol(path, LoudnessEncoder(), OPTIONS, Span(3.0, 6.0))
    assert loud == pytest.approx(voice_at(45), abs=0.05)
    assert enrol(path, LoudnessEncoder(), OPTIONS) != pytest.approx(loud, abs=0.05)


def test_a_named_speaker_in_a_language_that_is_not_theirs_is_a_doubt() -> None:
    turns = [
        Turn("r", Span(0, 5), "S1", "kim"),
        Turn("r", Span(5, 9), "S2", "ann"),
        Turn("r", Span(9, 12), "S3"),
    ]
    said = [
        Segment(str(at), "r", Span(at, at + 2), code, 0.9, "...", speaker=label)
        for at, code, label in [(0, "ko", "S1"), (2, "es", "S1"), (5, "es", "S2"), (9, "es", "S3")]
    ]
    found = doubted(said, turns, {"kim": ("ko", "en"), "ann": ()})
    assert [each.flags for each in found] == [(), ("language_doubtful",), (), ()]


@pytest.mark.model
@pytest.mark.skipif(not SHARED.exists(), reason="the shared recordings are not here")
def test_strangers_are_seldom_taken_for_an_enrolled_speaker() -> None:
    """Three people at a time are enrolled with one clip; another clip of everybody is to be named."""
    weights = resolve(OPTIONS.model, lambda line: None)
    encoder = Ge2eEncoder(weights.path, weights.revision)
    clips: dict[str, list[Path]] = {}
    for clip in json.loads((SHARED / "audio/manifest.json").read_text(encoding="utf-8")):
        if clip.get("speaker") and clip["seconds"] >= 5:
            clips.setdefault(clip["speaker"], []).append(SHARED / "audio" / clip["file"])
    several = {who: paths[:2] for who, paths in clips.items() if len(paths) > 1}
    first, second = (
        {who: enrol(paths[number], encoder, OPTIONS) for who, paths in several.items()} for number in (0, 1)
    )
    strangers = strangers_named = friends = friends_named = 0
    for enrolled in itertools.combinations(sorted(several), 3):
        known = [Voice(who, first[who]) for who in enrolled]
        turns = tuple(Turn("r", Span(0, 1), who) for who in sorted(several))
        for turn in name_turns(Diarization(turns, second), known, {}, OPTIONS):
            if turn.label in enrolled:
                friends += 1
                friends_named += turn.speaker_id == turn.label
            else:
                strangers += 1
                strangers_named += turn.speaker_id is not None
    print(f"named: {strangers_named / strangers:.4f} of strangers, {friends_named / friends:.3f} of friends")
    assert strangers_named <= 0.02 * strangers
    assert friends_named >= 0.75 * friends
