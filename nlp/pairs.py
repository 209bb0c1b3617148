"""Translation models of one pair of languages each, beside one for all others: Marian's way.

A profile names them by pair (`pairs: {ja-en: Helsinki-NLP/opus-mt-ja-en}`). Each is loaded when
its pair first comes up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

from nlp.cache import Notify
from nlp.decoding import Engine, TranslationOptions
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

    def has(self, source: str, target: str) -> bool:
        """Whether a pair has an engine of its own."""
        return f"{source}-{target}" in self._own

    def of(self, source: str, target: str) -> Engine:
        """The engine of a pair. Raises ModelError when it is missing."""
        return self._own.get(f"{source}-{target}", self._common)()


def with_pairs(signature: Signature, options: TranslationOptions, notify: Notify) -> Signature:
    """A signature that names the model of each pair as well, its revision and its licence."""
    if not options.pairs:
        return signature
    known = {pair: (model, describe(model, notify)) for pair, model in options.pairs}
    named = {pair: [model, each.revision, each.licence] for pair, (model, each) in known.items()}
    return replace(signature, options={**signature.options, "pairs": named})


def _only(options: TranslationOptions, model: str) -> TranslationOptions:
    return replace(options, kind="seq2seq", model=model, pairs=())
