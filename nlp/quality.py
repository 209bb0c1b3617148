"""How good a translation is expected to be, without knowing a right one.

What is known of a candidate is weighed: how sure the decoder was of it, how near its meaning
is to that of the source (cosine of multilingual embeddings), how like the other candidates it
is (a decoder that is unsure says something else every time; the idea of minimum Bayes risk,
Kumar and Byrne 2004), how far its words are found in the source and the source's in it, its length,
its numbers, and how much it looks like English. Two models were fitted to sentence chrF of human references
with `python -m benchmarks.translation --fit`; configs/translation_quality.npz holds them. A support vector
regression (Drucker et al. 1997) expects a quality. Which candidate is the best is told by a ridge
regression on how it differs from the others: sentences differ far more than candidates do, and what tells
an easy sentence is of no use there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nlp.embeddings import Embedder, Vectors
from nlp.likeness import Likeness, balanced, likeness
from nlp.numbers import not_among, numbers_in
from nlp.units import density
from transcripts.records import Signature, digest_of

FITTED = "translation_quality.npz"  # in configs/
FITTED_KIND, FITTED_TARGET = "few-shot", "en"  # what it was fitted on
UNFITTED_DOUBTFUL_BELOW = 0.2  # of the mean probability of a token
# In what is expected of one candidate, the share of what is expected of all: of 0.5, 0.67, 0.85, 1 the best.
OF_ALL = 0.85
LONGEST_RATIO = 2.0  # of the logarithm: beyond it, a length is wrong and no more so
FUNCTION_WORDS = re.compile(r"\b(the|of|a|in|to|and)\b")
CAPITALISED, WORD, FOREIGN = re.compile(r"\b[A-Z]\w+"), re.compile(r"\w{4,}"), re.compile(r"[A-Za-z]{3,}")

Features = NDArray[np.float64]  # shape (candidates, len(FEATURES))


@dataclass(frozen=True, slots=True)
class Judged:
    """What is expected of a candidate, in 0..1, and by how much it is preferred to others of its sentence."""

    quality: float
    preference: float


class QualityJudge(Protocol):
    """Anything that expects something of translations."""

    @property
    def digest(self) -> str:
        """What the judgement depends on."""
        ...

    def doubts(self, quality: float, source_code: str, target_code: str) -> bool:
        """Whether a translation of which so much is expected is to be doubted."""
        ...

    def judged(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> list[Judged]:
        """What is expected of each candidate, a text and its mean log probability."""
        ...


@dataclass(frozen=True, eq=False)
class Fitted:
    """A support vector regression with a Gaussian kernel, of chrF/100 on what is known of a candidate.

    And `preferring`, the weights of a linear one: of how far chrF/100 is from the mean of the candidates, on
    how far what is known is from its mean. `languages` are those that are known apart; `doubtful_below` has a
    value for each, and one for others.
    """

    features: tuple[str, ...]
    languages: tuple[str, ...]
    mean: NDArray[np.float64]  # shape (features + languages,), like `scale`
    scale: NDArray[np.float64]
    vectors: NDArray[np.float64]  # scaled, shape (n, features + languages)
    weights: NDArray[np.float64]  # shape (n,)
    base: float
    gamma: float
    doubtful_below: NDArray[np.float64]  # shape (languages + 1,)
    preferring: NDArray[np.float64]  # shape (features,)

    def preferences(self, features: Features) -> NDArray[np.float64]:
        """By how much each candidate is preferred to their mean, shape (candidates,)."""
        return np.asarray((features - features.mean(axis=0)) @ self.preferring)

    def expected(self, features: Features, source_code: str) -> NDArray[np.float64]:
        """What is expected of each candidate, shape (candidates,).

        Where most of a sentence's candidates are poor, the best is not so good as it looks.
        """
        known = (with_language(features, source_code, self.languages) - self.mean) / self.scale
        squares = (known**2).sum(axis=1)[:, None] + (self.vectors**2).sum(axis=1) - 2 * known @ self.vectors.T
        each = np.exp(-self.gamma * squares) @ self.weights + self.base
        return np.asarray((1 - OF_ALL) * each + OF_ALL * each.mean())

    def threshold(self, source_code: str) -> float:
        """The expected quality below which a translation is doubted."""
        known = source_code in self.languages
        return float(self.doubtful_below[self.languages.index(source_code) if known else -1])

    @property
    def digest(self) -> str:
        """The same for the same models."""
        parts = (
            *(self.mean, self.scale, self.vectors, self.weights),
            *(self.doubtful_below, self.preferring),
        )
        named = [each.round(6).tolist() for each in parts]
        return digest_of([self.features, self.languages, named, self.base, self.gamma, OF_ALL])


def with_language(features: Features, code: str, languages: Sequence[str]) -> NDArray[np.float64]:
    """Features with a column for each language, which is 1 in that of the code and else 0."""
    return np.hstack([features, np.tile([float(code == each) for each in languages], (len(features), 1))])


class Estimator:
    """Expects the quality of translations by one kind of engine."""

    def __init__(self, embedder: Embedder, fitted: Fitted | None) -> None:
        """The embedder compares texts of different languages.

        Without a regression, and for other target languages than its own, what is expected is the
        mean probability of a token: how sure the decoder was.
        """
        self._embedder = embedder
        self.fitted = fitted
        self.digest = _digest(fitted, embedder.signature)

    def doubts(self, quality: float, source_code: str, target_code: str) -> bool:
        fitted = self._of(target_code)
        return quality < (fitted.threshold(source_code) if fitted else UNFITTED_DOUBTFUL_BELOW)

    def judged(
        self, source: str, candidates: Sequence[tuple[str, float]], source_code: str, target_code: str
    ) -> list[Judged]:
        if not candidates:
            return []
        if not (fitted := self._of(target_code)):
            qualities = preferences = np.array([math.exp(min(0.0, score)) for _, score in candidates])
        else:
            features = self.features(source, candidates, source_code)
            qualities, preferences = fitted.expected(features, source_code), fitted.preferences(features)
        return [
            Judged(round(float(quality), 4), float(preference))
            for quality, preference in zip(np.clip(qualities, 0.001, 0.999), preferences, strict=True)
        ]

    def _of(self, target_code: str) -> Fitted | None:
        return self.fitted if target_code == FITTED_TARGET else None

    def features(self, source: str, candidates: Sequence[tuple[str, float]], source_code: str) -> Features:
        """What is known of each candidate, shape (candidates, len(FEATURES))."""
        texts = tuple(text for text, _ in candidates)
        vectors = self._embedder.passages([source, *texts])
        said, *written = self._embedder.tokens([source, *texts])
        asked = _Asked(
            source,
            source_code,
            texts,
            vectors[1:] @ vectors[0],
            vectors[1:] @ vectors[1:].T,
            tuple(likeness(said, each) for each in written),
            tuple(likeness(each, said) for each in written),
            tuple(tuple(likeness(one, other) for other in written) for one in written),
        )
        rows = [
            [measure(asked, number) for measure in FEATURES.values()] for number in range(len(candidates))
        ]
        scores = np.array([[math.exp(min(0.0, score)), score] for _, score in candidates])
        return np.hstack([scores, np.array(rows, dtype=np.float64)])


@dataclass(frozen=True, slots=True)
class _Asked:
    """A source with its candidates, their nearness to it (n,) and to each other (n, n).

    And token by token: how far it is found in each of them (`kept`), each of them in it (`meant`), and
    each of them in each (`shared`).
    """

    source: str
    code: str
    texts: tuple[str, ...]
    nearness: Vectors
    mutual: Vectors
    kept: tuple[Likeness, ...]
    meant: tuple[Likeness, ...]
    shared: tuple[tuple[Likeness, ...], ...]


def _agreement(asked: _Asked, number: int) -> float:
    """How like the other candidates one is written: its mean chrF/100 against each; 1 where it is alone."""
    from sacrebleu.metrics.chrf import CHRF

    chrf, text = CHRF(), asked.texts[number]
    others = [other for place, other in enumerate(asked.texts) if place != number]
    return float(np.mean([chrf.sentence_score(text, [each]).score / 100 for each in others] or [1.0]))


def _consensus(asked: _Asked, number: int) -> float:
    """How like the others in meaning; 1 where it is alone."""
    others = np.delete(asked.mutual[number], number)
    return float(others.mean()) if len(others) else 1.0


def _shared(asked: _Asked, number: int) -> float:
    """How like the others in what its tokens mean; 1 where it is alone."""
    each = range(len(asked.texts))
    others = [
        balanced(asked.shared[number][other], asked.shared[other][number])
        for other in each
        if other != number
    ]
    return float(np.mean(others or [1.0]))


def _weakest_shared(asked: _Asked, number: int) -> float:
    """How like the others in those of its tokens that are least so; 1 where it is alone."""
    others = [found.weakest for other, found in enumerate(asked.shared[number]) if other != number]
    return float(np.mean(others or [1.0]))


def _length(asked: _Asked, number: int) -> float:
    """How far its length is from the source's, as a logarithm."""
    written, said = _letters(asked.texts[number], FITTED_TARGET), _letters(asked.source, asked.code)
    return min(LONGEST_RATIO, abs(math.log((1 + written) / (1 + said))))


def _copied(asked: _Asked, number: int) -> float:
    """The share of its words that stand in the source just so, but for names and numbers."""
    words = [word for word in WORD.findall(asked.texts[number]) if word.islower()]
    said = set(WORD.findall(asked.source))
    return sum(word in said for word in words) / len(words) if words else 0.0


def _numbers_kept(asked: _Asked, number: int) -> float:
    """The share of the source's numbers that it has; 1 where there are none."""
    said = numbers_in(asked.source, asked.code)
    missing = not_among(said, numbers_in(asked.texts[number], FITTED_TARGET))
    return 1 - len(missing) / len(said) if said else 1.0


def _numbers_invented(asked: _Asked, number: int) -> float:
    written = numbers_in(asked.texts[number], FITTED_TARGET)
    return len(not_among(written, numbers_in(asked.source, asked.code)))


def _share_of_words(asked: _Asked, number: int, found: Sequence[object]) -> float:
    return len(found) / max(1, len(asked.texts[number].split()))


# Of a candidate, besides the mean probability of its tokens and the logarithm of that.
FEATURES: Mapping[str, Callable[[_Asked, int], float]] = MappingProxyType(
    {
        "similarity": lambda asked, number: asked.nearness[number],
        "agreement": _agreement,
        "length": _length,
        "copied": _copied,
        "size": lambda asked, number: math.log(1 + _letters(asked.source, asked.code)),
        "consensus": _consensus,
        "numbers kept": _numbers_kept,
        "numbers invented": _numbers_invented,
        "least alike": lambda asked, number: asked.mutual.min(),
        "distinct words": lambda asked, number: _share_of_words(
            asked, number, list(set(asked.texts[number].lower().split()))
        ),
        "capitals": lambda asked, number: _share_of_words(
            asked, number, CAPITALISED.findall(asked.texts[number][1:])
        ),
        "letters a word": lambda asked, number: float(
            np.mean([len(word) for word in asked.texts[number].split()] or [0])
        ),
        "ended": lambda asked, number: asked.texts[number].rstrip()[-1:] in (*'.!?"', "”"),
        "foreign": lambda asked, number: len(FOREIGN.findall(asked.source)) / (1 + len(asked.source)),
        "function words": lambda asked, number: _share_of_words(
            asked, number, FUNCTION_WORDS.findall(asked.texts[number].lower())
        ),
        "kept": lambda asked, number: asked.kept[number].mean,
        "kept, weakest": lambda asked, number: asked.kept[number].weakest,
        "kept, least": lambda asked, number: asked.kept[number].least,
        "kept, spread": lambda asked, number: asked.kept[number].spread,
        "meant": lambda asked, number: asked.meant[number].mean,
        "meant, weakest": lambda asked, number: asked.meant[number].weakest,
        "meant, least": lambda asked, number: asked.meant[number].least,
        "meant, spread": lambda asked, number: asked.meant[number].spread,
        "shared": _shared,
        "shared, weakest": _weakest_shared,
    }
)
NAMES = ("probability", "score", *FEATURES)  # of the columns of Features


def load_estimator(kind: str, embedder: Embedder) -> Estimator:
    """The estimator for a kind of translator."""
    return Estimator(embedder, _fitted(kind))


def estimator_digest(kind: str, embedding: Signature) -> str:
    """What an estimator's digest will be, without loading an encoder."""
    return _digest(_fitted(kind), embedding)


def _digest(fitted: Fitted | None, embedding: Signature) -> str:
    return digest_of([fitted.digest, embedding.digest] if fitted else "probability")


@lru_cache(maxsize=2)
def _fitted(kind: str) -> Fitted | None:
    """The packaged regression, for the kind of translator that it was fitted on."""
    if kind != FITTED_KIND:
        return None
    with (files("configs") / FITTED).open("rb") as packed, np.load(packed, allow_pickle=False) as held:
        arrays = {name: held[name].astype(np.float64) for name in ("mean", "scale", "vectors", "weights")}
        return Fitted(
            tuple(map(str, held["features"])),
            tuple(map(str, held["languages"])),
            **arrays,
            base=float(held["base"]),
            gamma=float(held["gamma"]),
            doubtful_below=held["doubtful_below"].astype(np.float64),
            preferring=held["preferring"].astype(np.float64),
        )


def _letters(text: str, code: str) -> float:
    return sum(map(str.isalnum, text)) * density(code)
