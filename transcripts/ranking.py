"""Two kinds of evidence made one ranking.

A hit's score is the weighted mean of its two scores, each brought to 0..1 (a convex combination,
which Bruch, Gai and Ingber 2023, https://arxiv.org/abs/2210.11934, find better than reciprocal
ranks; here too, see docs/benchmarks.md): cosines from the least of the nearest passages to the
greatest, BM25 by the best one and by how much of the query that one has, squared: the best of all
passages that share a word of twenty is no good match, and half of a query is less than half of one.
With less weight on words, a passage that has the very words of a query of two rare words was not
always among the first ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcripts.index_columns import Columns, Positions
from transcripts.index_lookup import Ranking

WORDS, MEANING = 1, 2  # kinds of evidence, as bits

NEAREST = 100  # passages that meaning brings
# Beside meaning, word matches count from this part of the best BM25 score on: below it lie passages
# that share only common words with the query.
WEAKEST_WORDS = 0.4
# Of the better of two hits that have one kind of evidence each, the one with the words is first.
_WEIGHTS = {WORDS: 0.51, MEANING: 0.49}


@dataclass(frozen=True, slots=True)
class Ranked:
    """All hits, best first: rows, scores, and the kinds of evidence for each."""

    positions: Positions
    scores: NDArray[np.float64]
    kinds: NDArray[np.int64]

    @classmethod
    def unscored(cls, positions: Positions) -> Ranked:
        return cls(positions, np.zeros(len(positions)), np.zeros(len(positions), dtype=np.int64))

    @classmethod
    def of(cls, ranking: Ranking, kind: int) -> Ranked:
        return cls(ranking.positions, ranking.scores, np.full(len(ranking.positions), kind))

    def with_others(self, positions: Positions, kind: int) -> Ranked:
        """With further rows behind these, and that kind of evidence for all of them."""
        others = np.setdiff1d(positions, self.positions, assume_unique=True)
        return Ranked(
            np.concatenate([self.positions, others]),
            np.concatenate([self.scores, np.zeros(len(others))]),
            np.concatenate([self.kinds | kind, np.full(len(others), kind)]),
        )

    def in_order(self, positions: Positions) -> Ranked:
        """The same hits in another order of their rows."""
        known = np.argsort(self.positions)
        order = known[np.searchsorted(self.positions, positions, sorter=known)]
        return Ranked(positions, self.scores[order], self.kinds[order])


def fused(words: Ranking, meaning: Ranking, columns: Columns, covered: float) -> Ranked:
    """One ranking of both kinds of evidence; of equal hits, the earlier one first.

    `covered` is the share of the query that the best match of words has.
    """
    best = words.scores.max(initial=0.0)
    strong = words.scores >= WEAKEST_WORDS * best
    by_words, by_meaning = words.positions[strong], meaning.positions
    positions = np.union1d(by_words, by_meaning)
    scores, kinds = np.zeros(len(positions)), np.zeros(len(positions), dtype=np.int64)
    for found, evidence, kind in (
        (by_words, covered**2 * words.scores[strong] / (best or 1.0), WORDS),
        (by_meaning, _spread(meaning.scores), MEANING),
    ):
        at = np.searchsorted(positions, found)
        scores[at] += _WEIGHTS[kind] * evidence
        kinds[at] |= kind
    order = columns.by_score(positions, scores)
    return Ranked(positions[order], scores[order], kinds[order])


def _spread(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosines from 0 for the least to 1 for the greatest."""
    least, width = cosines.min(initial=1.0), np.ptp(cosines) if len(cosines) else 0.0
    return (cosines - least) / width if width else np.ones(len(cosines))
