"""Speech on the real weights of the default profile: the demo's panel, and sounds that are no speech."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import regex
from sounds import Sound, write_sound

from flows.demo import reference_turns
from flows.models import stock_phrases
from flows.single import transcribe_file
from flows.yamlfile import configs_dir
from nlp.asr import Recogniser, can_translate
from nlp.audio import SAMPLE_RATE_HZ, stream
from nlp.diarization import VoiceDiarizer
from nlp.guards import GuardOptions
from nlp.listening import Listener
from nlp.parts import PartOptions, parts_of, starting_in
from nlp.runs import RunOptions
from nlp.speakers import SpeakerOptions
from nlp.speech_options import SpeechOptions
from nlp.transcription import Transcriber, Transcript, TranscriptOptions
from nlp.voices import Ge2eEncoder
from nlp.weights import resolve
from transcripts.errors import ConfigurationError, MediaError, ModelError
from transcripts.records import Segment

pytestmark = pytest.mark.model

DEMO = configs_dir() / "demo"
DECLARED = ("ja", "fa", "es", "en")
CLIP = DEMO / "voices" / "director-japan.opus"
KANA_OR_KANJI = r"[\p{Han}\p{Hiragana}\p{Katakana}]"
SPACED_JAPANESE = regex.compile(rf"{KANA_OR_KANJI}\s+{KANA_OR_KANJI}")

Transcribe = Callable[[Path], Transcript]


@dataclass(frozen=True)
class Ears:
    """All that listens, on the real weights."""

    listener: Listener
    transcriber: Transcriber
    diarizer: VoiceDiarizer

    def transcribe(self, path: Path) -> Transcript:
        heard = self.listener.listen_to(path, DECLARED, (None,), no_tick)
        return self.transcriber.transcribe("r", path, heard, no_tick)


def no_tick(reached_s: float) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def ears() -> Ears:
    weights, voice = (resolve(name, lambda line: None) for name in ("embedded:whisper-base", "embedded:ge2e"))
    recogniser = Recogniser(weights.path, weights.revision, SpeechOptions())
    encoder = Ge2eEncoder(voice.path, voice.revision)
    options = TranscriptOptions(guards=GuardOptions(stock_phrases=stock_phrases()))
    return Ears(
        Listener(recogniser, encoder, RunOptions()),
        Transcriber(recogniser, options),
        VoiceDiarizer(encoder, SpeakerOptions()),
    )


@pytest.fixture(scope="module")
def transcribe(ears: Ears) -> Transcribe:
    return ears.transcribe


@pytest.fixture(scope="module")
def opening(transcribe: Transcribe) -> Transcript:
    return transcribe(DEMO / "opening.opus")


def check_words(segments: tuple[Segment, ...]) -> None:
    for each in segments:
        assert "".join(word.text for word in each.words).strip() == each.text
        bounds = [at for word in each.words for at in (word.span.start_s, word.span.end_s)]
        assert bounds == sorted(bounds)
        assert each.span.start_s - 1e-3 <= bounds[0]
        assert bounds[-1] <= each.span.end_s + 1e-3


def test_languages_are_told_apart_as_in_the_script(opening: Transcript) -> None:
    turns = reference_turns(DEMO / "script.yaml")["opening"]
    shared = [
        (segment.span.overlap_s(turn.span), segment.language == turn.language)
        for segment, turn in itertools.product(opening.segments, turns)
    ]
    heard_s = sum(seconds for seconds, _ in shared)
    assert heard_s >= 0.9 * sum(turn.span.duration_s for turn in turns)  # turns hold pauses, too
    assert sum(seconds for seconds, is_right in shared if is_right) >= 0.95 * heard_s


def test_japanese_is_written_without_blanks(opening: Transcript) -> None:
    texts = [each.text for each in opening.segments if each.language == "ja"]
    assert sum(map(len, texts)) > 100
    assert not [text for text in texts if SPACED_JAPANESE.search(text)]


def test_words_are_in_order_and_inside_their_segments(opening: Transcript) -> None:
    assert all(each.words for each in opening.segments)
    check_words(opening.segments)
    starts = [word.span.start_s for each in opening.segments for word in each.words]
    assert starts == sorted(starts)


def test_segments_do_not_overlap_and_have_ids_of_their_own(opening: Transcript) -> None:
    assert len({each.id for each in opening.segments}) == len(opening.segments)
    for before, after in itertools.pairwise(opening.segments):
        assert before.span.end_s <= after.span.start_s


def test_the_same_file_gives_the_same_transcript(transcribe: Transcribe) -> None:
    assert transcribe(CLIP) == transcribe(CLIP)


def test_a_recording_in_parts_is_heard_as_in_one_piece(ears: Ears, tmp_path: Path) -> None:
    pause = np.zeros(2 * SAMPLE_RATE_HZ, dtype=np.float32)
    said = itertools.islice(stream(DEMO / "opening.opus", block_s=25.0), 3)
    path = write_sound(
        tmp_path / "opening.wav", np.concatenate([each for block in said for each in (block, pause)])[None]
    )
    heard = ears.listener.listen_to(path, DECLARED, (None,), no_tick)
    regions = ears.listener.regions_of(path, (None,), no_tick)
    parts = parts_of([each.span for each in regions], 81.0, PartOptions(part_s=27.0))
    assert len(parts) == 3
    stretches = [
        ears.listener.hear(path, starting_in(part, regions), DECLARED, no_tick, read_on=True)
        for part in parts
    ]
    assert ears.listener.joined(regions, stretches, DECLARED) == heard
    decoded, vectors = [], []
    for part in parts:
        runs = tuple(starting_in(part, heard.runs))
        decoded.append(ears.transcriber.decode("r", path, replace(heard, runs=runs), no_tick, None, True))
        vectors += ears.diarizer.vectors_of(path, starting_in(part, regions), no_tick, True)
    joined = ears.transcriber.joined(path, heard, decoded)
    assert joined == ears.transcriber.transcribe("r", path, heard, no_tick)
    turns = ears.diarizer.turns_of("r", path, regions, 0, no_tick)
    assert ears.diarizer.turns_of("r", path, regions, 0, no_tick, vectors).turns == turns.turns


def chord(times_s: np.ndarray) -> np.ndarray:
    """C major on an organ of three partials, played anew every two seconds."""
    tones = sum(
        np.sin(2 * np.pi * number * pitch_hz * times_s) / number
        for pitch_hz, number in itertools.product((261.6, 329.6, 392.0), (1, 2, 3))
    )
    return np.asarray(0.1 * tones * np.exp(-(times_s % 2.0)))


NO_SPEECH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "silence": np.zeros_like,
    "noise": lambda times_s: 0.1 * np.random.default_rng(3).standard_normal(len(times_s)),
    "a chord": chord,
}


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_is_no_speech_gives_no_text(name: str, transcribe: Transcribe, tmp_path: Path) -> None:
    sound: Sound = NO_SPEECH[name](np.arange(20 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ).astype(np.float32)
    path = write_sound(tmp_path / "sound.wav", sound[None])
    with pytest.raises(MediaError, match=r"no (speech|words)"):
        transcribe(path)


def test_a_second_opinion_is_in_english() -> None:
    said = transcribe_file(CLIP, ["ja"], False, "json", "embedded", second_opinion=True)
    opinions = [each["second_opinion"] for each in json.loads(said)["segments"]]
    assert opinions
    assert all(regex.search(r"[a-z]{3}", each) and not regex.search(KANA_OR_KANJI, each) for each in opinions)


def test_a_second_opinion_has_no_times_to_be_written_at() -> None:
    with pytest.raises(ConfigurationError, match="--second-opinion is written as json or txt, not as srt"):
        transcribe_file(CLIP, ["ja"], False, "srt", "embedded", second_opinion=True)


@pytest.mark.parametrize(
    ("mels", "layers", "multilingual", "translates"),
    [
        (80, 6, True, True),
        (128, 26, True, True),
        (128, 4, True, False),
        (80, 4, True, True),
        (80, 6, False, False),
    ],
)
def test_turbo_cannot_translate(
    tmp_path: Path, mels: int, layers: int, multilingual: bool, translates: bool
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"alignment_heads": [[layers // 2, 1], [layers - 1, 3]]}), encoding="utf-8")
    model: Any = SimpleNamespace(n_mels=mels, is_multilingual=multilingual)
    assert can_translate(config, model) == translates


def test_a_model_that_cannot_translate_says_so(transcribe: Transcribe) -> None:
    weights = resolve("embedded:whisper-base", lambda line: None)
    recogniser = Recogniser(weights.path, weights.revision, SpeechOptions())
    recogniser.translates = False
    with pytest.raises(ModelError, match="transcribes and does not translate, as turbo"):
        recogniser.translate([])
