"""A long recording in parts: where it is parted, so that whoever is free may work on each.

What is heard, decoded and embedded of a part depends on that part alone. What depends
on all of them (which languages follow each other, whose voice is whose) comes after.
So the parts are cut where people are silent: over a second of silence nothing is
compared with what came before (`RunOptions.joined_gap_s`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np

from transcripts.records import Span


@dataclass(frozen=True, slots=True)
class PartOptions:
    """How long parts are.

    No setting of a profile: nobody's results depend on it. A part is what a kill may lose
    (some minutes of work) and what workers share out; each costs a task's overhead, a fraction of a second.
    """

    part_s: float = 1200.0  # about; whatever is shorter than one and a half is one part
    reach: float = 0.25  # of a part's length around its end, where the longest silence is looked for


class Timed(Protocol):
    """Anything with a place in time."""

    @property
    def span(self) -> Span: ...


Item = TypeVar("Item", bound=Timed)


def is_parted(duration_s: float, options: PartOptions) -> bool:
    """Whether a recording of this length is worked on in parts."""
    return part_count(duration_s, options) > 1


def parts_of(speech: Sequence[Span], duration_s: float, options: PartOptions) -> tuple[Span, ...]:
    """The parts of a recording, side by side and in order; in each, speech starts.

    `speech` is where there is some, sorted by start; two may speak at once. Parts are of
    one length, but that each ends in the longest silence near by, or else where speech starts.
    """
    if not speech:
        return ()
    starts_s = np.array([each.start_s for each in speech[1:]])
    silences_s = starts_s - np.maximum.accumulate([each.end_s for each in speech])[:-1]
    end_s = max(duration_s, speech[-1].end_s)
    count = part_count(duration_s, options)
    bounds_s = []
    for number in range(1, count):
        mark_s, reach_s = number * duration_s / count, options.reach * duration_s / count
        near = np.flatnonzero(np.abs(starts_s - mark_s) <= reach_s)
        if len(near):
            best = max(near, key=lambda at: (max(0.0, silences_s[at]), -abs(starts_s[at] - mark_s)))
            bounds_s.append(float(starts_s[best] - max(0.0, silences_s[best]) / 2))
    bounds = [0.0, *(each for each in bounds_s if each > speech[0].start_s), end_s]
    return tuple(Span(*each) for each in pairwise(bounds))


def starting_in(part: Span, items: Iterable[Item]) -> list[Item]:
    """What starts in a part."""
    return [each for each in items if part.start_s <= each.span.start_s < part.end_s]


def part_count(duration_s: float, options: PartOptions) -> int:
    """How many parts a recording of this length has, if somebody speaks in each."""
    return max(1, round(duration_s / options.part_s))
