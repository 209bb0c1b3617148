"""From a file to its speech, languages and text: every second that is heard is kept or listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import faster_whisper.vad
import numpy as np
import pytest
from fakes_speech import NOTHING, PitchVoices, ScriptedRecogniser, hum, loud_stretches, random_script, said
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import Sound, babble, write_sound

from nlp import listening
from nlp.asr import Decoded, Piece
from nlp.audio import SAMPLE_RATE_HZ, Samples, channel_shares
from nlp.listening import Listener, Listening, listening_signature
from nlp.runs import RunOptions
from nlp.speech_options import SpeechOptions, speech_signature
from nlp.transcription import Transcriber, Transcript, TranscriptOptions
from transcripts.errors import MediaError
from transcripts.records import Signature, Span, covered_s, without

SAMPLE_S = 1 / SAMPLE_RATE_HZ
Changes = Sequence[Sequence[tuple[str, float]]]
ENGLISH: Changes = [[("en", 99.0)]] * 50


@pytest.fixture(scope="module", autouse=True)
def detector() -> Iterator[None]:
    """Speech is what is loud."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faster_whisper.vad, "get_speech_timestamps", loud_stretches)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounds")


def file_of(folder: Path, *channels: Samples) -> Path:
    sound: Sound = np.stack(channels).astype(np.float32)
    return write_sound(folder / "sound.wav", sound)


def pause(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)


def listened(
    path: Path,
    changes: Changes = ENGLISH,
    channels: Sequence[int | None] = (None,),
    tick: Callable[[float], None] = lambda _: None,
    declared: Sequence[str] = ("en", "es"),
) -> Listening:
    ear = ScriptedRecogniser(lambda _: NOTHING, changes)
    listener = Listener(ear, PitchVoices(), RunOptions())  # type: ignore[arg-type]
    return listener.listen_to(path, declared, channels, tick)


def transcribed(path: Path, heard: Listening, recogniser: ScriptedRecogniser) -> Transcript:
    transcriber = Transcriber(recogniser, TranscriptOptions())  # type: ignore[arg-type]
    return transcriber.transcribe("r", path, heard, lambda _: None)


def times(spans: Sequence[Span]) -> list[float]:
    return [at_s for span in spans for at_s in (span.start_s, span.end_s)]


# What is heard


def test_regions_and_runs_have_their_times_in_the_recording(folder: Path) -> None:
    path = file_of(folder, np.concatenate([pause(2), hum(4), pause(3), hum(5), pause(1)]))
    ticks: list[float] = []
    heard = listened(path, [[("en", 4.0)], [("es", 5.0)]], tick=ticks.append)
    wanted = pytest.approx([2.0, 6.0, 9.0, 14.0], abs=0.1)  # a pause begins with what is left of the offset
    assert times([region.span for region in heard.regions]) == wanted
    assert times([run.span for run in heard.runs]) == wanted
    assert [run.language for run in heard.runs] == ["en", "es"]
    assert ticks == [region.span.end_s for region in heard.regions]


def test_a_language_that_is_not_declared_is_noted_from_ten_seconds_on(folder: Path) -> None:
    path = file_of(folder, np.concatenate([hum(12), pause(2), hum(6), pause(2), hum(5), pause(1)]))
    heard = listened(path, [[("de", 12.0)], [("it", 6.0)], [("en", 5.0)]])
    assert heard.notes == ("about 12 s of German (de), not declared for the panel",)


def test_an_undeclared_language_that_the_model_hardly_knows_is_probable_at_best(folder: Path) -> None:
    path = file_of(folder, np.concatenate([hum(12), pause(2), hum(11), pause(1)]))
    heard = listened(path, [[("fa", 12.0)], [("fa", 11.0)]])
    assert heard.notes == ("probably about 23 s of Persian (fa), not declared for the panel",)
    heard = listened(path, [[("fa", 12.0)], [("en", 11.0)]])
    assert heard.notes == ()


def test_a_recording_without_speech_is_told_in_words(folder: Path) -> None:
    with pytest.raises(MediaError, match="has no speech in it"):
        listened(file_of(folder, pause(5)))


def test_bleed_of_another_microphone_is_not_listened_to(folder: Path) -> None:
    first = np.concatenate([pause(7), babble(5, 1)])
    second = np.concatenate([babble(5, 2), pause(7)])
    bleed = np.float32(0.2)
    path = file_of(folder, first + bleed * second, second + bleed * first)
    heard = listened(path, channels=[0, 1])
    assert {run.channel for run in heard.runs} == {0, 1}
    for region in heard.regions:
        assert region.channel == (1 if region.span.end_s < 6 else 0)
    assert [run.span for run in heard.runs] == sorted(run.span for run in heard.runs)


def test_shares_of_all_microphones_are_found_in_one_pass(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counted(path: Path, spans: Sequence[Span]) -> object:
        asked.append(len(spans))
        return channel_shares(path, spans)

    monkeypatch.setattr(listening, "channel_shares", counted)
    turns = [np.concatenate([pause(6 * at), babble(4, at), pause(20 - 6 * at)]) for at in range(4)]
    path = file_of(folder, *turns)
    heard = listened(path, channels=[0, 1, 2, 3])
    assert asked == [4]
    assert [region.channel for region in heard.regions] == [0, 1, 2, 3]


def test_a_voice_that_all_microphones_hear_alike_is_heard(folder: Path) -> None:
    own = [
        np.concatenate([pause(6 * number), babble(4, number), pause(6 * (6 - number))]) for number in range(6)
    ]
    floor = np.concatenate([pause(36), babble(4, 9)])
    path = file_of(
        folder, *(np.pad(each, (0, len(floor) - len(each))) + floor * np.float32(0.5) for each in own)
    )
    heard = listened(path, channels=list(range(6)))
    assert covered_s([region.span for region in heard.regions if region.span.start_s > 35]) > 3.5


def test_people_who_speak_at_once_are_each_heard_by_their_microphone(folder: Path) -> None:
    path = file_of(folder, babble(6, 1), babble(6, 2))
    heard = listened(path, channels=[0, 1])
    assert {region.channel for region in heard.regions} == {0, 1}
    for channel in (0, 1):
        own = [region.span for region in heard.regions if region.channel == channel]
        assert covered_s(own) > 5.4


def test_the_signature_changes_with_every_option_and_both_models() -> None:
    speech, voices, options = SpeechOptions(), Signature("v"), RunOptions()
    signatures = [
        listening_signature(speech_signature(speech, "r"), voices, options),
        listening_signature(speech_signature(speech, "other"), voices, options),
        listening_signature(speech_signature(speech, "r"), Signature("w"), options),
        listening_signature(speech_signature(speech, "r"), voices, replace(options, hop_s=0.25)),
        listening_signature(speech_signature(replace(speech, tail_s=2.0), "r"), voices, options),
    ]
    assert len({each.digest for each in signatures}) == len(signatures)
    sooner = speech_signature(replace(speech, beam_size=1, threads=1), "r")
    assert listening_signature(sooner, voices, options) == signatures[0]


# What becomes of it


def test_a_silence_within_a_run_is_no_hole(folder: Path) -> None:
    path = file_of(folder, np.concatenate([hum(4), pause(0.9), hum(4), pause(1)]))
    heard = listened(path)
    assert [len(heard.regions), len(heard.runs)] == [2, 1]
    words = [("we", 0.0, 1.9), (" wait", 2.0, 3.7), (" here", 5.2, 7.0), (" still", 7.1, 8.8)]
    recogniser = ScriptedRecogniser(lambda _: said(*words))
    (segment,) = transcribed(path, heard, recogniser).segments
    assert segment.text == "we wait here still"
    assert len(recogniser.pieces) == 1


def test_all_that_follows_the_last_word_is_listed(folder: Path) -> None:
    path = file_of(folder, np.concatenate([hum(4), pause(0.9), hum(4), pause(1)]))
    heard = listened(path)
    (run,) = heard.runs

    def hear(piece: Piece) -> Decoded:
        return said(("only", 0.0, 0.5), (" this", 0.5, 1.0)) if piece.duration_s > 5 else NOTHING

    found = transcribed(path, heard, ScriptedRecogniser(hear))
    assert [segment.text for segment in found.segments] == ["only this"]
    assert [gap.reason for gap in found.gaps] == [
        "speech without words: nothing was recognised",
        "speech without words",
        "speech without words: nothing was recognised",
    ]
    bounds_s = [found.segments[0].span.end_s, *times([gap.span for gap in found.gaps]), run.span.end_s]
    assert bounds_s[0::2] == bounds_s[1::2]
    assert bounds_s[0] == pytest.approx(1.25, abs=0.01)


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 2.0), st.floats(0.3, 9.0), st.floats(0.0, 9.0)), min_size=1, max_size=5
    ),
    st.integers(0, 10_000),
)
def test_every_second_of_speech_is_transcribed_or_listed(
    folder: Path, parts: list[tuple[float, float, float]], seed: int
) -> None:
    sound = [piece for pause_s, spoken_s, _ in parts for piece in (pause(pause_s), hum(spoken_s))]
    path = file_of(folder, np.concatenate([*sound, pause(0.5)]))
    changes = [[("en", change_s + 0.1), ("ja", 99.0)] for *_, change_s in parts]
    heard = listened(path, changes, declared=["en", "ja"])
    try:
        found = transcribed(path, heard, ScriptedRecogniser(random_script(seed)))
    except MediaError:  # nothing was understood
        return
    regions = [region.span for region in heard.regions]
    held = [*(each.span for each in found.segments), *(each.span for each in found.gaps)]
    kept_s = sum(region.overlap_s(span) for region in regions for span in held)
    assert kept_s == pytest.approx(covered_s(regions), abs=1e-6)
    assert covered_s(without(regions, held)) < 1e-6
    assert len({each.id for each in found.segments}) == len(found.segments)
    for segment in found.segments:
        at_s = times([word.span for word in segment.words])
        assert at_s == sorted(at_s)
        assert segment.span.start_s - SAMPLE_S <= min(at_s, default=segment.span.start_s)
        assert max(at_s, default=segment.span.end_s) <= segment.span.end_s + SAMPLE_S
