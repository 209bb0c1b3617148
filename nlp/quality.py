"""How good a translation is expected to be, without knowing a right one.

What is known of a candidate is weighed: how sure the decoder was of it, how near its meaning
is to that of the source (cosine of multilingual embeddings), how like the other candidates it
is (a decoder that is unsure says something else every time; the idea of minimum Bayes risk,
Kumar and Byrne 2004), and how its length compares. The weights (configs/translation_quality.yaml)
were fitted to sentence chrF of human references (`python -m benchmarks.translation --fit`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.embeddings import Embedder
from nlp.units import density
from transcripts.records import Signature, digest_of

WEIGHTS = "translation_quality.yaml"
FEATURES = ("probability", "score", "similarity", "agreement", "length", "copied", "size")
ANY = "any"  # source languages without weights of their own
LONGEST_RATIO = 2.0  # of the logarithm: beyond it, a length is wrong and no more so

Features = NDArray[np.float64]  # shape (candidates, len(FEATURES))


class QualityJudge(Protocol):
    """Anything that expects something of translations."""

    @property
    def digest(self) -> str:
        """What the judgement depends on."""
        ...

    def doubts(self, quality: float, source_code: str) -> bool:
        """Whether a translation of which so much is expected is to be doubted."""
        ...

    def expected(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> list[float]:
        """The quality expected of each candidate, a text and its mean log probability, in 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class QualityWeights:
    """A linear estimate of chrF/100, and the value below which a translation is doubted."""

    base: float
    weights: tuple[float, ...]  # in the order of FEATURES
    doubtful_below: float

    def expected(self, features: Features) -> list[float]:
        """What is expected of candidates, 0..1."""
        values = self.base + features @ np.array(self.weights)
        return [round(float(value), 4) for value in np.clip(values, 0.001, 0.999)]


class Estimator:
    """Expects the quality of translations by one kind of engine."""

    def __init__(self, weights: Mapping[str, QualityWeights], embedder: Embedder) -> None:
        """An estimator with weights by source language; those of 'any' serve the others.

        The embedder compares texts of different languages.
        """
        self._weights = weights
        self._embedder = embedder
        self.digest = _digest(weights, embedder.signature)

    def doubts(self, quality: float, source_code: str) -> bool:
        return quality < self._of(source_code).doubtful_below

    def expected(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> list[float]:
        if not candidates:
            return []
        return self._of(source_code).expected(self.features(source, candidates, source_code, target_code))

    def _of(self, source_code: str) -> QualityWeights:
        return self._weights.get(source_code) or self._weights[ANY]

    def features(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> Features:
        """What is known of each candidate, shape (candidates, len(FEATURES))."""
        texts = [text for text, _ in candidates]
        vectors = self._embedder.passages([source, *texts])
        likeness = vectors[1:] @ vectors[0]
        said = _letters(source, source_code)
        rows = []
        for number, (text, score) in enumerate(candidates):
            ratio = abs(math.log((1 + _letters(text, target_code)) / (1 + said)))
            rows.append(
                (
                    math.exp(min(0.0, score)),
                    score,
                    likeness[number],
                    _agreement(number, texts),
                    min(LONGEST_RATIO, ratio),
                    _copied(source, text),
                    math.log(1 + said),
                )
            )
        return np.array(rows, dtype=np.float64)


def load_estimator(kind: str, embedder: Embedder) -> Estimator:
    """The estimator for a kind of translator."""
    return Estimator(_weights()[kind], embedder)


def estimator_digest(kind: str, embedding: Signature) -> str:
    """What an estimator's digest will be, without loading anything."""
    return _digest(_weights()[kind], embedding)


def _digest(weights: Mapping[str, QualityWeights], embedding: Signature) -> str:
    return digest_of([{code: asdict(each) for code, each in weights.items()}, embedding.digest])


@lru_cache(maxsize=1)
def _weights() -> Mapping[str, Mapping[str, QualityWeights]]:
    """By kind of translator and source language."""
    from ruamel.yaml import YAML

    held = YAML(typ="safe").load((files("configs") / WEIGHTS).read_text(encoding="utf-8"))
    return {
        kind: {code: _read(row) for code, row in languages.items()}
        for kind, languages in held["kinds"].items()
    }


def _read(row: Mapping[str, Any]) -> QualityWeights:
    weights = tuple(float(row["weights"].get(name, 0.0)) for name in FEATURES)
    return QualityWeights(float(row["base"]), weights, float(row["doubtful_below"]))


def _agreement(number: int, texts: Sequence[str]) -> float:
    """How like the other candidates one is: its mean chrF/100 against each of them; 1 where it is alone."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    others = [other for place, other in enumerate(texts) if place != number]
    return float(
        np.mean(
            [chrf.sentence_score(texts[number], [each]).score / 100 for each in others or [texts[number]]]
        )
    )


def _copied(source: str, text: str) -> float:
    """The share of a translation's words that stand in the source just so, but for names and numbers."""
    words = [word for word in re.findall(r"\w{4,}", text) if word.islower()]
    said = set(re.findall(r"\w{4,}", source))
    return sum(word in said for word in words) / len(words) if words else 0.0


def _letters(text: str, code: str) -> float:
    return sum(map(str.isalnum, text)) * density(code)
