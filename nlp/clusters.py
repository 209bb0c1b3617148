"""Voice vectors told apart: which windows of a recording are one speaker's.

1. A region's windows are joined into pieces while neighbours are alike (`pieces_of`).
2. Pieces become speakers: the pair that is likeliest to be one speaker's is merged,
   as long as one speaker explains a pair better than two do (`merged`). How far apart
   two may be depends on how much has been heard of each; so the number of speakers
   comes out by itself.
3. Every window goes to the speaker who explains it best, where a change costs
   something (`likeliest_path`).

Vectors have the shape (windows, dim). Nothing here holds more than `AT_ONCE` squared
numbers, or a number for each window and speaker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.voices import Vectors

Labels = npt.NDArray[np.intp]  # shape (windows,) or (pieces,): a number for each speaker
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]

# Pieces compared with each other at a time (16 MB). A recording with more is first merged in parts:
# that is two hours of talk or so.
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class VoiceSpread:
    """How far voice vectors lie apart, and from what: variances, summed over the dimensions.

    Measured on read speech of 41 people in five languages (GE2E, windows of 1.6 s): two speakers'
    means differ by a square of 0.8, one speaker's clips of 5 s and more by 0.15 to 0.25. Chosen on
    panels made of them and on meetings (tests/test_speakers.py has figures); near by, the error
    changes little.
    """

    between: float = 0.2  # of speakers around the mean of those that are hard to tell apart
    within: float = 0.2  # of one window's sound around its speaker; of n windows, the nth part
    drift: float = 0.08  # of a piece, however long: mood, distance to the microphone, language
    least: float = 0.06  # of the difference of two speakers, however much was heard of them

    def variances(self, windows: Numbers) -> Numbers:
        """Of the means of pieces that last so many windows: what is expected around their speaker."""
        return self.drift + self.within / windows


def pieces_of(vectors: Vectors, split_above: float) -> list[slice]:
    """Neighbouring windows joined while their average cosine distance stays below `split_above`."""
    sums = [vector.astype(np.float64) for vector in vectors]
    counts = [1] * len(sums)
    square = float(sums[0] @ sums[0])  # one, and more where there are cues

    def apart(left: int) -> float:
        return square - float(sums[left] @ sums[left + 1]) / (counts[left] * counts[left + 1])

    distances = [apart(left) for left in range(len(sums) - 1)]
    while distances and min(distances) <= split_above:
        at = distances.index(min(distances))
        sums[at] += sums.pop(at + 1)
        counts[at] += counts.pop(at + 1)
        distances.pop(at)
        for left in (at - 1, at):
            if 0 <= left < len(distances):
                distances[left] = apart(left)
    ends = np.cumsum(counts)
    return [slice(int(end - count), int(end)) for end, count in zip(ends, counts, strict=True)]


def merged(means: Vectors, variances: Numbers, most: int, spread: VoiceSpread) -> Labels:
    """A speaker's number for each piece, at most `most` of them, numbered by first appearance.

    `means` has shape (pieces, dim), `variances` (pieces,). The two hypotheses for a
    pair are those of probabilistic LDA (one speaker, or two), with the same variance in
    every dimension; see N. Brümmer & E. de Villiers, 'The speaker partitioning problem'
    (Odyssey 2010).
    """
    labels = np.arange(len(means))
    while len(means) > AT_ONCE:
        parts: list[Labels] = []
        for start in range(0, len(means), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            found = _merged(means[part], variances[part], AT_ONCE // 2, spread)
            parts.append(found + (parts[-1].max() + 1 if parts else 0))
        numbers = np.concatenate(parts)
        means, variances = _pooled(means, variances, numbers)
        labels = numbers[labels]
    return _merged(means, variances, most, spread)[labels]


def _pooled(means: Vectors, variances: Numbers, labels: Labels) -> tuple[Vectors, Numbers]:
    """The mean of each label's pieces, each as far as it is certain, and the variance of that mean."""
    weights = 1 / variances
    total = np.bincount(labels, weights)
    summed = np.zeros((len(total), means.shape[1]))
    np.add.at(summed, labels, means * weights[:, None])
    return (summed / total[:, None]).astype(np.float32), 1 / total


def _merged(means: Vectors, variances: Numbers, most: int, spread: VoiceSpread) -> Labels:
    count = len(means)
    means, variances = means.copy(), variances.copy()
    labels, alive = np.arange(count), np.ones(count, dtype=bool)
    squares = np.square(means).sum(axis=1)
    gains = np.empty((count, count), dtype=np.float32)

    def compare(row: int) -> npt.NDArray[np.float32]:
        """How much better one speaker explains a pair than two: log-likelihoods, a dimension's share."""
        apart = np.maximum(0.0, squares + squares[row] - 2 * (means @ means[row]))
        one = np.maximum(variances + variances[row], spread.least)
        two = one + 2 * spread.between
        found = (np.log(two / one) - apart * (1 / one - 1 / two)) / 2
        found[~alive] = found[row] = -np.inf
        return np.asarray(found, dtype=np.float32)

    for row in range(count):
        gains[row] = compare(row)
    best = gains.argmax(axis=1)
    for left in range(count, 1, -1):
        kept = int(gains[np.arange(count), best].argmax())
        gone = int(best[kept])
        if gains[kept, gone] < 0 and left <= most:
            break
        kept, gone = min(kept, gone), max(kept, gone)
        means[[kept]], variances[[kept]] = _pooled(
            means[[kept, gone]], variances[[kept, gone]], np.zeros(2, dtype=np.intp)
        )
        squares[kept] = means[kept] @ means[kept]
        alive[gone], labels[labels == gone] = False, kept
        gains[gone], gains[:, gone] = -np.inf, -np.inf
        gains[kept] = gains[:, kept] = compare(kept)
        stale = np.flatnonzero(alive & ((best == kept) | (best == gone)))
        best[stale] = gains[stale].argmax(axis=1)
        best = np.where(gains[:, kept] > gains[np.arange(count), best], kept, best)
        best[kept] = gains[kept].argmax()
    return np.unique(labels, return_inverse=True)[1]


def likeliest_path(scores: npt.NDArray[np.float32], change_cost: float) -> Labels:
    """Viterbi over windows: the path of speakers with the highest sum of scores less the changes' cost.

    `scores` has shape (windows, speakers).
    """
    windows, speakers = scores.shape
    came_from = np.empty(windows, dtype=np.intp)  # the speaker from whom a change would come
    changed = np.zeros((windows, speakers), dtype=bool)
    total = scores[0].astype(np.float64)
    for at in range(1, windows):
        came_from[at] = total.argmax()
        after = total[came_from[at]] - change_cost
        changed[at] = total < after
        total = np.maximum(total, after) + scores[at]
    path = np.empty(windows, dtype=np.intp)
    path[-1] = total.argmax()
    for at in range(windows - 1, 0, -1):
        path[at - 1] = came_from[at] if changed[at, path[at]] else path[at]
    return path
