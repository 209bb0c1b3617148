"""Translation models of one pair of languages each, beside one for all others: Marian's way.

A profile names them by pair (`pairs: {ja-en: Helsinki-NLP/opus-mt-ja-en}`). Each is loaded when
its pair first comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from nlp.cache import Notify
from nlp.decoding import Candidate, Engine, Remark, TranslationOptions
from nlp.seq2seq import Seq2Seq
from nlp.weights import describe
from transcripts.records import Signature

Load = Callable[[], Engine]


class Paired:
    """Chooses the engine of a pair of languages, or the common one."""

    def __init__(
        self, common: Load, options: TranslationOptions, notify: Notify, signature: Signature
    ) -> None:
        """Engines are loaded at their first use; `signature` names all of them."""
        own = {
            pair: cache(lambda model=model: Seq2Seq(_only(options, model), notify))
            for pair, model in options.pairs
        }
        self._own: Mapping[str, Load] = own
        self._common: Load = cache(common)
        self.signature = signature
        self.ways, self.refining = Seq2Seq.ways, Seq2Seq.refining  # an engine with fewer repeats its last

    def _of(self, source: str, target: str) -> Engine:
        return self._own.get(f"{source}-{target}", self._common)()

    def check(self, source: str, target: str) -> None:
        self._of(source, target).check(source, target)

    def decode(
        self,
        units: Sequence[str],
        source: str,
        target: str,
        way: int,
        shown: Sequence[Sequence[Remark]] = (),
    ) -> list[list[Candidate]]:
        engine = self._of(source, target)
        return engine.decode(units, source, target, min(way, engine.ways - 1), shown)


def with_pairs(signature: Signature, options: TranslationOptions, notify: Notify) -> Signature:
    """A signature that names the model of each pair as well, its revision and its licence."""
    if not options.pairs:
        return signature
    known = {pair: (model, describe(model, notify)) for pair, model in options.pairs}
    named = {pair: [model, each.revision, each.licence] for pair, (model, each) in known.items()}
    return replace(signature, options={**signature.options, "pairs": named})


def _only(options: TranslationOptions, model: str) -> TranslationOptions:
    return replace(options, kind="seq2seq", model=model, pairs=())
