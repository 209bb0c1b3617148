"""The language offset of embeddings, and its removal.

Multilingual embeddings lie nearer to others of their language than to others of
their meaning, so that a query finds its own language first. Subtracting from
each passage's vector the mean of its language removes most of that (measured:
recall@10 of short cross-lingual queries 0.52 -> 0.72 with multilingual-e5-small).
From a query a part of the mean is taken: what is not of its language alone weighs too.

The mean of a few passages is mostly what they say. So a language's mean is drawn
towards the mean of all languages, and that towards zero, as if PRIOR further
passages had been seen there: with one passage a language hardly anything is
removed, with a hundred nearly all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transcripts.analysis import LATIN, SCRIPTS, scripts_of

PRIOR = 5  # imagined passages; 2 to 10 did equally well on 60 passages in five languages
SAMPLE = 2_000  # passages of a language that its mean is taken of
# Of the mean, taken from a query's vector. On 35 topics as queries for FLORES sentences, and on FLORES and
# NTREX sentences as queries for their translations, 0.35 to 0.5 did about equally well.
QUERY_SHARE = 0.35
TOLERANCE = 0.01  # by which a sampled mean of unit vectors may move before it matters

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LanguageOffsets:
    """What to subtract from a vector of each language, shape (dim,), and from how many passages."""

    means: dict[str, list[float]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, vectors: Mapping[str, NDArray[np.float32]]) -> LanguageOffsets:
        """From sampled vectors by language, each of shape (passages, dim)."""
        counts = {language: len(sample) for language, sample in sorted(vectors.items()) if len(sample)}
        if not counts:
            return cls()
        sums = {language: vectors[language].sum(axis=0, dtype=np.float64) for language in counts}
        total = np.sum(list(sums.values()), axis=0) / (sum(counts.values()) + PRIOR)
        means = {
            language: (sums[language] + PRIOR * total) / (counts[language] + PRIOR) for language in counts
        }
        return cls({language: mean.astype(np.float32).tolist() for language, mean in means.items()}, counts)

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; 1 where there are no embeddings."""
        return len(next(iter(self.means.values()), [0.0]))

    def centred(self, vector: bytes | None, language: str) -> Vector:
        """A stored vector without its language's mean, as a unit vector; zeros for none."""
        if vector is None:
            return np.zeros(self.dimensions, dtype=np.float32)
        mean = self.means.get(language) or np.mean(list(self.means.values()), axis=0)
        apart = np.frombuffer(vector, dtype="<f4") - np.asarray(mean, dtype=np.float32)
        norm = np.linalg.norm(apart)
        return (apart / norm if norm else apart).astype(np.float32)

    def query(self, vector: Vector, text: str) -> Vector:
        """A query's vector without a part of the mean of the languages of its script, as a unit vector."""
        if not self.means:
            return vector
        script = next(iter(scripts_of(text)), LATIN)
        alike = [mean for language, mean in self.means.items() if SCRIPTS.get(language, LATIN) == script]
        apart = vector - QUERY_SHARE * np.mean(alike or list(self.means.values()), axis=0)
        norm = np.linalg.norm(apart)
        return (apart / norm if norm else vector).astype(np.float32)

    def moved(self, other: LanguageOffsets) -> bool:
        """Whether vectors centred by these means have to be made again for the other ones."""
        if self.means.keys() != other.means.keys():
            return True
        for language, mean in self.means.items():
            sampled = min(self.counts[language], other.counts[language]) >= SAMPLE
            apart = float(np.linalg.norm(np.subtract(mean, other.means[language])))
            if apart > (TOLERANCE if sampled else 0.0):
                return True
        return False
