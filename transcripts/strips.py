"""Strips of time: what is where in a recording, as rectangles of an SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

WIDTH = 1000  # of a strip of time, in its own units
_KNOWN_LANGUAGES = ("ja", "fa", "es", "ko", "en")

Runs = dict[str, tuple[tuple[int, int], ...]]


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a timeline: everything of one kind (languages, voices, a theme, doubts).

    `runs` are stretches of one colour (a class), by colour: where each begins and how wide it is.
    """

    kind: str
    name: str
    runs: Runs

    def paths(self, top: int, height: int) -> list[tuple[str, str]]:
        """For each colour, an SVG path of its rectangles."""
        return [
            (colour, "".join(f"M{x} {top}h{width}v{height}h-{width}z" for x, width in stretches))
            for colour, stretches in self.runs.items()
        ]


def cells_of(spans: Iterable[tuple[float, float]], total_s: float, cells: int) -> list[tuple[int, int]]:
    """Of each span (start_s, end_s), the first cell that it reaches into and the one behind its last."""
    total_s = total_s or 1.0
    found = []
    for start_s, end_s in spans:
        first = min(cells - 1, int(cells * start_s / total_s))
        found.append((first, min(cells, max(first + 1, round(cells * end_s / total_s)))))
    return found


def runs_of(places: Iterable[tuple[int, int]], colours: Iterable[str], cells: int) -> Runs:
    """Stretches of one colour, of places as `cells_of` gives them.

    A later place covers an earlier one; those without a colour ('') cover nothing. `cells` divides WIDTH.
    """
    row = [""] * cells
    for (first, last), colour in zip(places, colours, strict=True):
        if colour:
            row[first:last] = [colour] * (last - first)
    runs: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    unit, at = WIDTH // cells, 0
    for colour, group in groupby(row):
        width = len(list(group))
        if colour:
            runs[colour].append((at * unit, width * unit))
        at += width
    return {colour: tuple(stretches) for colour, stretches in runs.items()}


def language_class(code: str) -> str:
    """The colour of a language."""
    return f"lang-{code}" if code in _KNOWN_LANGUAGES else "lang-other"


__all__ = ["WIDTH", "Lane", "Runs", "cells_of", "language_class", "runs_of"]
