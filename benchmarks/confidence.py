"""Whether a confidence of 0.8 means that 8 of 10 words are right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np

from benchmarks.scoring import turn_of_word
from flows.demo import ReferenceTurn, plain
from transcripts.records import Segment

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Words of about the same confidence, and the share of them that is right."""

    words: int
    confidence: float
    right: float


def reliability(turns: Sequence[ReferenceTurn], segments: Sequence[Segment]) -> list[Bin]:
    """Confidence of words against how many are right, in `BINS` bins of equal width.

    A word is right when all its letters and digits match in the alignment of the whole output with
    the whole reference: that works in languages without blanks too.
    """
    words = [
        word
        for each in sorted(segments, key=lambda each: each.span)
        for word in each.words
        if plain(word.text) and plain(turns[turn_of_word(turns, word)].text)
    ]
    said = "".join(plain(turn.text) for turn in turns)
    heard = "".join(plain(word.text) for word in words)
    matches = np.zeros(len(heard) + 1, dtype=bool)
    for chunk in jiwer.process_characters(said, heard).alignments[0]:
        matches[chunk.hyp_start_idx : chunk.hyp_end_idx] = chunk.type == "equal"
    held: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    reached = 0
    for word in words:
        end = reached + len(plain(word.text))
        number = min(BINS - 1, int(word.probability * BINS))
        held[number].append((word.probability, bool(matches[reached:end].all())))
        reached = end
    return [
        Bin(len(pairs), *map(float, np.mean(pairs, axis=0))) if (pairs := held[number]) else Bin(0, 0.0, 0.0)
        for number in range(BINS)
    ]


def added_bins(one: Sequence[Bin], other: Sequence[Bin]) -> list[Bin]:
    """Bins of two recordings as one."""
    sums = []
    for left, right in zip(one, other, strict=True):
        words = left.words + right.words
        weight = left.words / words if words else 0.0
        sums.append(
            Bin(
                words,
                weight * left.confidence + (1 - weight) * right.confidence,
                weight * left.right + (1 - weight) * right.right,
            )
        )
    return sums


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """Expected calibration error (Naeini et al. 2015): mean distance of confidence from truth, by words."""
    words = sum(each.words for each in bins)
    return sum(each.words * abs(each.confidence - each.right) for each in bins) / words if words else None
