"""Deterministic stand-ins for what gives meaning: an engine with rules, an embedder of a few words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from nlp.decoding import Candidate, Remark
from nlp.embeddings import Vectors
from nlp.quality import Judged
from transcripts.errors import ModelError
from transcripts.records import Signature


class ScriptedEngine:
    """Answers each unit by a rule for each way of decoding, and remembers what it was asked."""

    signature = Signature("scripted-engine")

    def __init__(
        self,
        *rules: Callable[[str], str],
        score: float = -0.5,
        languages: str = "en ja es fa ko",
    ) -> None:
        self._rules = rules
        self._score = score
        self._languages = languages.split()
        self.ways = len(rules)
        self.asked: list[list[str]] = []
        self.shown: list[Sequence[Remark]] = []

    def check(self, source: str, target: str) -> None:
        if {source, target} - set(self._languages):
            raise ModelError(f"the engine does not know {source!r} or {target!r}")

    def decode(
        self,
        units: Sequence[str],
        source: str,
        target: str,
        way: int,
        shown: Sequence[Sequence[Remark]] = (),
    ) -> list[list[Candidate]]:
        self.asked.append(list(units))
        self.shown += shown
        return [[Candidate(self._rules[way](unit), self._score)] for unit in units]


class TrustingJudge:
    """Expects what the decoder is sure of."""

    digest = "trusting"

    def doubts(self, quality: float, source_code: str, target_code: str) -> bool:
        return False

    def judged(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> list[Judged]:
        sure = [round(math.exp(min(0.0, score)), 4) for _, score in candidates]
        return [Judged(each, each) for each in sure]


class WordEmbedder:
    """The shares of chosen words in a text: whoever uses the same words is near."""

    WORDS = ("draw", "play", "invent", "consent", "stolen", "unfair", "tomorrow", "years", "soon", "lunch")
    signature = Signature("word-embedder")
    dim = len(WORDS) + 1

    def passages(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[text.casefold().count(word) for word in self.WORDS] + [0.5] for text in texts])
        counts = counts.reshape(len(texts), self.dim)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)

    def query(self, text: str) -> Vectors:
        return np.asarray(self.passages([text])[0], dtype=np.float32)

    def tokens(self, texts: Sequence[str]) -> list[Vectors]:
        return [self.passages(text.split()) for text in texts]
