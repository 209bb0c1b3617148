"""Text to text: passages in another language, each with an estimate of how good it is.

A passage is cut into units, each unit decoded, looked at (`nlp.doubts`), decoded in
another way where it looks wrong, and put together again. What still looks wrong is
kept and flagged: nothing is ever dropped.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from nlp.cache import Notify
from nlp.decoding import Candidate, Engine, TranslationOptions
from nlp.doubts import doubts
from nlp.fewshot import FewShot, few_shot_signature
from nlp.languages import language
from nlp.seq2seq import Seq2Seq, seq2seq_signature
from nlp.units import plain_text, units_of
from nlp.weights import describe, silent
from transcripts.errors import ModelError
from transcripts.records import Signature

DOUBTFUL = "translation_doubtful"


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """A text in the target language. `quality` is 0..1: the probability of a token, on average."""

    text: str
    quality: float
    flags: tuple[str, ...] = ()


class Translator(Protocol):
    """Anything that translates texts."""

    @property
    def signature(self) -> Signature: ...

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[TranslatedText]:
        """A translation for each text, in order; empty for a blank text."""
        ...


@dataclass(frozen=True, slots=True)
class _Choice:
    """The candidate kept for a unit, and what looks wrong with it."""

    candidate: Candidate
    doubts: tuple[str, ...]

    @property
    def worth(self) -> tuple[bool, int, float]:
        """Anything before nothing, fewer doubts before more, then the likelier."""
        return bool(self.candidate.text), -len(self.doubts), self.candidate.score


class GuardedTranslator:
    """An engine whose output is checked."""

    def __init__(self, engine: Engine) -> None:
        """A translator around an engine."""
        self._engine = engine
        self.signature = engine.signature

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[TranslatedText]:
        """A translation for each text, in order; empty for a blank text.

        Raises ModelError when the model lacks a language, ConfigurationError for an unknown one.
        """
        if language(source) == language(target):
            return [TranslatedText(plain_text(text), 1.0) for text in texts]
        self._engine.check(source, target)
        cut = [units_of(text, source) for text in texts]
        wanted = list(dict.fromkeys(unit for units in cut for unit in units if _has_words(unit)))
        chosen = self._choose(wanted, source, target)
        blank = " " if language(target).spaced else ""
        return [_joined(units, chosen, blank) for units in cut]

    def _choose(self, units: Sequence[str], source: str, target: str) -> dict[str, _Choice]:
        """The best candidate of each unit; those in doubt are decoded in every other way in turn."""
        chosen: dict[str, _Choice] = {}
        for way in range(self._engine.ways):
            open_units = [unit for unit in units if unit not in chosen or chosen[unit].doubts]
            if not open_units:
                break
            for unit, candidates in zip(
                open_units, self._engine.decode(open_units, source, target, way), strict=True
            ):
                found = [
                    _Choice(each, each.doubts + doubts(unit, each.text, source, target))
                    for each in candidates
                ]
                before = [chosen[unit]] if unit in chosen else []
                chosen[unit] = max([*before, *found], key=lambda choice: choice.worth)
        return chosen


def _has_words(unit: str) -> bool:
    """Numbers, marks and pictures are the same in every language."""
    return any(letter.isalpha() for letter in unit)


def _joined(units: Sequence[str], chosen: Mapping[str, _Choice], blank: str) -> TranslatedText:
    """The translation of a text from those of its units; longer units weigh more in its quality."""
    parts, score, weight, doubtful = [], 0.0, 0, False
    for unit in units:
        choice = chosen.get(unit)
        parts.append(choice.candidate.text if choice else unit)
        if choice:
            score += choice.candidate.score * len(unit)
            weight += len(unit)
            doubtful = doubtful or bool(choice.doubts)
    quality = math.exp(min(0.0, score / weight)) if weight else 1.0
    return TranslatedText(
        blank.join(part for part in parts if part), round(quality, 4), (DOUBTFUL,) if doubtful else ()
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of translator is loaded, and what its signature says."""

    load: Callable[[TranslationOptions, Notify], Engine]
    sign: Callable[[TranslationOptions, str, str], Signature]


TRANSLATORS: Mapping[str, _Kind] = MappingProxyType(
    {
        "few-shot": _Kind(FewShot, few_shot_signature),
        "seq2seq": _Kind(Seq2Seq, seq2seq_signature),
    }
)


def load_translator(options: TranslationOptions, notify: Notify) -> Translator:
    """The translator that the options name. Raises ModelError with what is missing and how to bring it."""
    return GuardedTranslator(_kind(options).load(options, notify))


def translation_signature(options: TranslationOptions, notify: Notify = silent) -> Signature:
    """What the translator's signature will be, without loading it."""
    known = describe(options.model, notify)
    return _kind(options).sign(options, known.revision, known.licence)


def _kind(options: TranslationOptions) -> _Kind:
    try:
        return TRANSLATORS[options.kind]
    except KeyError:
        raise ModelError(
            f"There is no translation kind {options.kind!r}: choose from {', '.join(TRANSLATORS)}."
        ) from None
