"""The quality estimate: what it foresees of sentences, and its weights, fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FOLDS = 10
FLAGGED = 0.15  # of all sentences: the weakest are doubted
WORST, BEST = 0.1, 0.5


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What was expected of a sentence (0..1), whether it was flagged, and its chrF (0..100)."""

    language: str
    quality: float
    flagged: bool
    chrf: float


def foreseen(judged: Sequence[Foreseen]) -> dict[str, dict[str, float]]:
    """By language: correlation with chrF, and the flagged share of the worst tenth and the best half."""
    return {
        code: _figures([each for each in judged if each.language == code])
        for code in dict.fromkeys(each.language for each in judged)
    }


def _figures(judged: Sequence[Foreseen]) -> dict[str, float]:
    ranked = sorted(judged, key=lambda each: each.chrf)
    worst = ranked[: max(1, round(WORST * len(ranked)))]
    best = ranked[len(ranked) - round(BEST * len(ranked)) :]
    r = np.corrcoef([each.quality for each in judged], [each.chrf for each in judged])[0, 1]
    return {
        "correlation": round(float(r), 2),
        "flagged_of_worst_tenth": round(float(np.mean([each.flagged for each in worst])), 2),
        "flagged_of_best_half": round(float(np.mean([each.flagged for each in best])), 2),
        "flagged": round(float(np.mean([each.flagged for each in judged])), 2),
    }
