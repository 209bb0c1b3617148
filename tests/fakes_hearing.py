"""A recogniser that knows where in a recording a sound is from; what is heard there, a test tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sounds import heard

from nlp.asr import Decoded, Piece
from nlp.audio import SAMPLE_RATE_HZ
from nlp.languages import fits_script
from transcripts.records import Span, Word


@dataclass(frozen=True)
class Place:
    """Where in a recording a piece of sound was taken from, and the language asked for."""

    span: Span
    language: str
    channel: int | None


Hearing = Callable[[Place], Decoded]


class PlacedRecogniser:
    """Knows every sample of a recording: `hear` is told where a piece is from, and says what is heard.

    As the real one, it flags a text in the script of another language.
    """

    def __init__(self, path: Path, hear: Hearing, channels: Sequence[int | None] = (None,)) -> None:
        self._bytes = {channel: heard(path, channel).tobytes() for channel in channels}
        self._hear = hear
        self.asked: list[Place] = []

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        return [self._decoded(piece) for piece in pieces]

    def _decoded(self, piece: Piece) -> Decoded:
        place = self._place(piece)
        self.asked.append(place)
        result = self._hear(place)
        mismatch = () if fits_script(result.text, piece.language) else ("script_mismatch",)
        return replace(result, flags=(*result.flags, *mismatch))

    def _place(self, piece: Piece) -> Place:
        wanted = piece.samples.tobytes()
        for channel, known in self._bytes.items():
            if (at := known.find(wanted)) >= 0:
                start_s = at / 4 / SAMPLE_RATE_HZ
                return Place(Span(start_s, start_s + piece.duration_s), piece.language, channel)
        raise AssertionError("this sound is not from the recording")


def decoded(words: Sequence[Word], sure: float = -0.2, no_speech: float = 0.01) -> Decoded:
    """A result of words timed from the start of its piece. `sure` is the mean log-probability."""
    text = "".join(word.text for word in words).strip()
    return Decoded(text, tuple(range(len(words))), sure, no_speech, (), tuple(words))


def said(text: str, span: Span, probability: float = 0.9) -> list[Word]:
    """The words of a text, blanks before them, evenly spread over a span."""
    texts = text.split()
    step_s = span.duration_s / max(1, len(texts))
    return [
        Word(
            (" " if number else "") + each,
            Span(span.start_s + number * step_s, span.start_s + (number + 1) * step_s),
            probability,
        )
        for number, each in enumerate(texts)
    ]


def within(words: Sequence[Word], place: Place) -> list[Word]:
    """Words of a recording that lie in a place, with times from its start."""
    start_s, end_s = place.span.start_s, place.span.end_s
    return [
        replace(word, span=Span(max(0.0, word.span.start_s - start_s), min(word.span.end_s, end_s) - start_s))
        for word in words
        if start_s - 1e-3 <= word.span.start_s and word.span.end_s <= end_s + 1e-3
    ]


def by_language(said_as: Mapping[str, Sequence[Word]]) -> Hearing:
    """A hearing of words that depend on the language asked for alone."""
    return lambda place: decoded(within(said_as.get(place.language, []), place))
