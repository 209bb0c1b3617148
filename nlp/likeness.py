"""How much of one text is found in another, token by token, whatever their languages.

Every token of a text is matched with the one that is nearest to it in the other, by the vectors that an
encoder gives tokens in their context: BERTScore (Zhang et al. 2020, https://arxiv.org/abs/1904.09675),
between languages as YiSi-2 (Lo 2019, https://aclanthology.org/W19-5358).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlp.embeddings import Vectors

WEAKEST = 0.2  # of the tokens


@dataclass(frozen=True, slots=True)
class Likeness:
    """How near the tokens of a text are to what is nearest to them in another, by cosine.

    `weakest` is the mean of the fifth that is least alike, `spread` the standard deviation.
    """

    mean: float = 0.0
    weakest: float = 0.0
    least: float = 0.0
    spread: float = 0.0


def likeness(text: Vectors, other: Vectors) -> Likeness:
    """How far the tokens of a text, of shape (tokens, dim), are found in another; 0 for no tokens."""
    if not len(text) or not len(other):
        return Likeness()
    nearest = np.sort((text @ other.T).max(axis=1))
    weakest = nearest[: max(1, int(WEAKEST * len(nearest)))]
    return Likeness(float(nearest.mean()), float(weakest.mean()), float(nearest[0]), float(nearest.std()))


def balanced(one: Likeness, other: Likeness) -> float:
    """The harmonic mean of two, 0 where they are not alike at all."""
    return 2 * one.mean * other.mean / (one.mean + other.mean) if min(one.mean, other.mean) > 0 else 0.0
