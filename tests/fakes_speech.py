"""Stand-ins for what listens: recognisers, ears, voices and a detector of speech that follow a script."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nlp.asr import Decoded, Piece
from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.impressions import Part
from nlp.languages import fits_script
from nlp.voices import Vectors
from transcripts.records import Signature, Span, Word

NOTHING = Decoded("", (), -2.0, 0.9)


def said(*words: tuple[str, float, float], log_probability: float = -0.2, no_speech: float = 0.01) -> Decoded:
    """A decoder's result from its words: (text, start_s, end_s) of each."""
    timed = tuple(Word(text, Span(start_s, end_s), 0.9) for text, start_s, end_s in words)
    text = "".join(word.text for word in timed).strip()
    return Decoded(text, tuple(range(len(timed))), log_probability, no_speech, (), timed)


def spread(text: str, from_s: float, to_s: float, log_probability: float = -0.2) -> Decoded:
    """A text whose words share out a time evenly."""
    pieces = [" " * (number > 0) + piece for number, piece in enumerate(text.split())]
    bounds = np.linspace(from_s, to_s, len(pieces) + 1).tolist()
    words = zip(pieces, bounds, bounds[1:], strict=False)
    return said(*words, log_probability=log_probability)


@dataclass
class ScriptedRecogniser:
    """Hears what `script` says; a text in the wrong script is flagged, as the real one does."""

    script: Callable[[Piece], Decoded]
    changes: Sequence[Sequence[tuple[str, float]]] = ()  # of each sound: languages, and until when
    pieces: list[Piece] = field(default_factory=list)

    def check_languages(self, codes: Sequence[str]) -> None:
        pass

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        self.pieces += pieces
        return [self._heard(piece) for piece in pieces]

    def _heard(self, piece: Piece) -> Decoded:
        result = self.script(piece)
        strange = not fits_script(result.text, piece.language)
        return replace(result, flags=(*result.flags, *(["script_mismatch"] if strange else [])))

    def listen(self, sounds: Sequence[Samples]) -> ScriptedImpression:
        return ScriptedImpression(self.changes)


@dataclass(frozen=True)
class ScriptedImpression:
    """A part is in each language by its share of time."""

    changes: Sequence[Sequence[tuple[str, float]]]

    def languages(self, parts: Sequence[Part]) -> list[dict[str, float]]:
        return [self._posteriors(part) for part in parts]

    def _posteriors(self, part: Part) -> dict[str, float]:
        seconds: dict[str, float] = {}
        for index, start_s, end_s in part:
            from_s = 0.0
            for code, until_s in self.changes[index]:
                shared_s = Span(from_s, until_s).overlap_s(Span(start_s, end_s))
                seconds[code] = seconds.get(code, 0.0) + shared_s
                from_s = until_s
        total_s = sum(seconds.values())
        return {code: share / total_s for code, share in seconds.items()}


def random_script(seed: int) -> Callable[[Piece], Decoded]:
    """Anything that a decoder may come up with: silence, loops, other scripts, long words, no words."""

    def heard(piece: Piece) -> Decoded:
        name = f"{seed} {piece.language} {len(piece.samples)}".encode()
        rng = np.random.default_rng(zlib.crc32(name))
        phrases = ["machines dream of us", "a word said again", "機械が 夢を 見る", "loop " * 9, ""]
        own = phrases[2] if piece.language == "ja" else phrases[0]
        chosen = [
            f" {word}" for _ in range(rng.integers(0, 5)) for word in str(rng.choice([own, *phrases])).split()
        ]
        bounds = np.sort(rng.uniform(0, piece.duration_s, len(chosen) + 1)).tolist()
        result = said(
            *zip(chosen, bounds, bounds[1:], strict=False),
            log_probability=float(rng.choice([-0.2, -0.6, -1.2])),
            no_speech=float(rng.choice([0.01, 0.5, 0.9])),
        )
        flags = ("low_confidence",) if rng.random() < 0.2 else ()
        return replace(result, flags=flags, words=() if rng.random() < 0.1 else result.words)

    return heard


class PitchVoices:
    """A voice is the octave that a sound is loudest in."""

    signature = Signature("pitch-voices")

    def embed(self, windows: Sequence[Samples]) -> Vectors:
        found = np.zeros((len(windows), 16), dtype=np.float32)
        for row, window in zip(found, windows, strict=True):
            loudest_hz = np.abs(np.fft.rfft(window)).argmax() * SAMPLE_RATE_HZ / max(1, len(window))
            row[int(np.log2(max(1.0, loudest_hz)))] = 1.0
        return found


def hum(seconds: float, pitch_hz: float = 150.0, quiet: Span | None = None) -> Samples:
    """A voice that hums, much more softly in `quiet`. Shape (samples,)."""
    times_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = 0.3 * np.sin(2 * np.pi * pitch_hz * times_s)
    if quiet:
        sound[(times_s >= quiet.start_s) & (times_s < quiet.end_s)] *= 0.01
    return np.asarray(sound, dtype=np.float32)


def loud_stretches(sound: Samples, options: Any) -> list[dict[str, int]]:
    """In place of Silero: what is louder than nothing, to the sample, with pauses as its options have."""
    loud = np.flatnonzero(np.abs(sound) > 1e-3)
    if not len(loud):
        return []
    pause = options.min_silence_duration_ms * SAMPLE_RATE_HZ // 1000
    breaks = np.flatnonzero(np.diff(loud) - 1 >= pause)
    starts, ends = loud[[0, *(breaks + 1)]], loud[[*breaks, -1]] + 1
    return [{"start": int(start), "end": int(end)} for start, end in zip(starts, ends, strict=True)]
