"""Text to text: passages in another language, each with an estimate of how good it is.

A passage is cut into units, each unit decoded, looked at (`nlp.doubts`), decoded in
another way where it looks wrong, and put together again. Of the candidates, those with
fewest doubts are left, and of these the one that is preferred is taken (`nlp.quality`).
What still looks wrong is kept and flagged: nothing is ever dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

from nlp.cache import Notify
from nlp.decoding import Candidate, Engine, TranslationOptions
from nlp.doubts import doubts
from nlp.embeddings import Embedder
from nlp.fewshot import FewShot, few_shot_signature
from nlp.languages import language
from nlp.memory import Memory
from nlp.pairs import Paired, with_pairs
from nlp.pictures import with_pictures
from nlp.quality import QualityJudge, estimator_digest, load_estimator
from nlp.seq2seq import Seq2Seq, seq2seq_signature
from nlp.terms import Terms, Wanted, put_in
from nlp.units import plain_text, units_of
from nlp.weights import describe, silent
from transcripts.errors import ModelError
from transcripts.records import Signature

DOUBTFUL = "translation_doubtful"  # little is expected of it
REMEMBERED = "translation_memory"  # the text was translated or approved by a person before
TERM_MISSING = "term_missing"
RULES = 3  # raised whenever something else is made of what a model writes (3: numbers are compared)


@dataclass(frozen=True, slots=True)
class TranslatedText:
    """A text in the target language. `quality` is 0..1: what chrF/100 is expected of it.

    `flags` are the reasons to doubt it: what looks wrong with one of its units, and DOUBTFUL.
    """

    text: str
    quality: float
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guidance:
    """What people have given to translate with: their glossary, and what they translated before."""

    terms: Terms = field(default_factory=Terms)
    memory: Memory = field(default_factory=Memory)


NO_GUIDANCE = Guidance()


class Translator(Protocol):
    """Anything that translates texts."""

    @property
    def signature(self) -> Signature: ...

    def translate(
        self, texts: Sequence[str], source: str, target: str, guidance: Guidance = NO_GUIDANCE
    ) -> list[TranslatedText]:
        """A translation for each text, in order; empty for a blank text."""
        ...


@dataclass(frozen=True, slots=True)
class _Choice:
    """What is taken for a unit, what looks wrong with it, and how good it is expected to be."""

    text: str
    doubts: tuple[str, ...]
    quality: float
    preference: float = 0.0  # to other candidates

    @property
    def worth(self) -> tuple[bool, int, float]:
        """Anything before nothing, fewer doubts before more, then what is preferred."""
        return bool(self.text), -len(self.doubts), self.preference


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is translated into what, by which engine, judged by whom, and with whose guidance."""

    engine: Engine
    judge: QualityJudge
    source: str
    target: str
    guidance: Guidance


class GuardedTranslator:
    """An engine whose output is checked."""

    def __init__(
        self, engine: Engine | Paired, judge: QualityJudge, of_pairs: QualityJudge | None = None
    ) -> None:
        """A translator around an engine, or one for each pair of languages.

        Of an engine's candidates, the judge prefers one; of those of models of their own
        pair it is `of_pairs`, where there is one.
        """
        self._engine = engine
        self._judge = judge
        self._of_pairs = of_pairs or judge
        self.signature = _judged(engine.signature, judge.digest)

    def translate(
        self, texts: Sequence[str], source: str, target: str, guidance: Guidance = NO_GUIDANCE
    ) -> list[TranslatedText]:
        """A translation for each text, in order; empty for a blank text.

        Raises ModelError when the model lacks a language or, of what is loaded now, cannot be loaded;
        ConfigurationError for an unknown language.
        """
        if language(source) == language(target):
            return [TranslatedText(plain_text(text), 1.0) for text in texts]
        pair = self._pair(source, target, guidance)
        pair.engine.check(source, target)
        known = {text: guidance.memory.exact(text, source, target) for text in texts if text.strip()}
        cut = [[] if known.get(text) else units_of(text, source) for text in texts]
        wanted = list(dict.fromkeys(unit for units in cut for unit in units if _has_words(unit)))
        chosen = self._choose(wanted, pair)
        return [
            TranslatedText(plain_text(held), 1.0, (REMEMBERED,))
            if (held := known.get(text))
            else self._joined(units, chosen, pair)
            for text, units in zip(texts, cut, strict=True)
        ]

    def _pair(self, source: str, target: str, guidance: Guidance) -> _Pair:
        if not isinstance(self._engine, Paired):
            return _Pair(self._engine, self._judge, source, target, guidance)
        judge = self._of_pairs if self._engine.has(source, target) else self._judge
        return _Pair(self._engine.of(source, target), judge, source, target, guidance)

    def _choose(self, units: Sequence[str], pair: _Pair) -> dict[str, _Choice]:
        """The best candidate of each unit; those with something wrong are decoded in every other way."""
        terms = {unit: pair.guidance.terms.wanted(unit, pair.source, pair.target) for unit in units}
        chosen = {
            unit: _Choice(plain_text(held), (), 1.0)
            for unit in units
            if (held := pair.guidance.memory.exact(unit, pair.source, pair.target))
        }
        found: dict[str, list[Candidate]] = {unit: [] for unit in units if unit not in chosen}
        best: dict[str, _Choice] = {}
        for way in range(pair.engine.ways):
            open_units = [unit for unit in found if unit not in best or best[unit].doubts]
            if not open_units:
                break
            put = {unit: terms[unit] if unit in best else () for unit in open_units}
            for unit, candidates in zip(open_units, _decoded(put, pair, way), strict=True):
                found[unit] += [_looked_at(unit, each, pair, terms[unit]) for each in candidates]
                best[unit] = self._best(unit, found[unit], pair)
        blank = " " if language(pair.target).spaced else ""
        machine = {
            unit: replace(choice, text=with_pictures(unit, choice.text, blank))
            for unit, choice in best.items()
        }
        return chosen | machine

    def _best(self, unit: str, seen: Sequence[Candidate], pair: _Pair) -> _Choice:
        """The best of the candidates, with what is expected of it."""
        texts = [(each.text, each.score) for each in seen]
        judged = pair.judge.judged(unit, texts, pair.source, pair.target)
        choices = [
            _Choice(each.text, each.doubts, found.quality, found.preference)
            for each, found in zip(seen, judged, strict=True)
        ]
        return max(choices, key=lambda each: each.worth)

    def _joined(self, units: Sequence[str], chosen: Mapping[str, _Choice], pair: _Pair) -> TranslatedText:
        """The translation of a text from those of its units; longer units weigh more in its quality."""
        parts, quality, weight = [], 0.0, 0
        flags: dict[str, None] = {}
        for unit in units:
            choice = chosen.get(unit)
            parts.append(choice.text if choice else unit)
            if choice:
                quality += choice.quality * len(unit)
                weight += len(unit)
                flags |= dict.fromkeys(choice.doubts)
        whole = round(quality / weight, 4) if weight else 1.0
        if weight and pair.judge.doubts(whole, pair.source, pair.target):
            flags[DOUBTFUL] = None
        blank = " " if language(pair.target).spaced else ""
        return TranslatedText(blank.join(part for part in parts if part), whole, tuple(flags))


def _decoded(units: Mapping[str, Sequence[Wanted]], pair: _Pair, way: int) -> list[list[Candidate]]:
    """Candidates for units, into which forms of names that are missing are put beforehand."""
    asked = [put_in(unit, terms, pair.target) if terms else unit for unit, terms in units.items()]
    shown = [pair.guidance.memory.near(unit, pair.source, pair.target) for unit in units]
    return pair.engine.decode(asked, pair.source, pair.target, way, shown)


def _looked_at(unit: str, candidate: Candidate, pair: _Pair, wanted: Sequence[Wanted]) -> Candidate:
    """A candidate with what looks wrong with it, its names mended where they are nearly right."""
    terms = pair.guidance.terms
    text = terms.mended(candidate.text, wanted, pair.target)
    missing = terms.missing(text, wanted, pair.target)
    seen = candidate.doubts + doubts(unit, text, pair.source, pair.target)
    return Candidate(text, candidate.score, seen + (TERM_MISSING,) * bool(missing))


def _has_words(unit: str) -> bool:
    """Numbers, marks and pictures are the same in every language."""
    return any(letter.isalpha() for letter in unit)


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


def load_translator(options: TranslationOptions, notify: Notify, embedder: Embedder) -> Translator:
    """The translator that the options name; the embedder compares sources with translations.

    Raises ModelError with what is missing and how to bring it. What comes in packages, and models of single
    pairs, are loaded when they are first needed.
    """
    kind, engine = _kind(options), None
    if options.pairs:
        known = describe(options.model, notify)
        signature = with_pairs(kind.sign(options, known.revision, known.licence), options, notify)
        engine = Paired(lambda: kind.load(options, notify), options, notify, signature)
    return GuardedTranslator(
        engine or kind.load(options, notify),
        load_estimator(options.kind, embedder),
        load_estimator("seq2seq", embedder),  # as models of a pair are
    )


def translation_signature(
    options: TranslationOptions, embedding: Signature, notify: Notify = silent
) -> Signature:
    """What the translator's signature will be, without loading it."""
    known = describe(options.model, notify)
    engine = _kind(options).sign(options, known.revision, known.licence)
    return _judged(with_pairs(engine, options, notify), estimator_digest(options.kind, embedding))


def _judged(engine: Signature, judge: str) -> Signature:
    return replace(engine, options={**engine.options, "quality": judge, "rules": RULES})


def _kind(options: TranslationOptions) -> _Kind:
    try:
        return TRANSLATORS[options.kind]
    except KeyError:
        raise ModelError(
            f"There is no translation kind {options.kind!r}: choose from {', '.join(TRANSLATORS)}."
        ) from None
