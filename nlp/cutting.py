"""The sound of given places in a recording, in one pass over its file."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from nlp.audio import SAMPLE_RATE_HZ, Samples, stream
from nlp.containers import failures_told
from transcripts.records import Span


class Place(Protocol):
    """A span of a recording, on one channel or (None) on the mix of all."""

    @property
    def span(self) -> Span: ...
    @property
    def channel(self) -> int | None: ...


def cut_places(path: Path, places: Sequence[Place], read_on: bool = False) -> Iterator[Samples]:
    """The samples of each place, in order; one pass over the file a channel, side by side.

    Raises as `cut` does.
    """
    sounds = {
        channel: cut(path, [place.span for place in places if place.channel == channel], channel, read_on)
        for channel in {place.channel for place in places}
    }
    for place in places:
        yield next(sounds[place.channel])
    for sound in sounds.values():
        next(sound, None)  # to its end: where a reading is left


def cut(
    path: Path, spans: Sequence[Span], channel: int | None = None, read_on: bool = False
) -> Iterator[Samples]:
    """The samples of each span, in order of start; one pass over the file.

    Spans must be sorted by start; they may overlap. What lies beyond the end of
    the file is left out. With `read_on`, the file stays open at the place reached, for the
    next call that wants what follows: channels are mixed from the start on, so that a place
    is reached in no other way. Raises ValueError for unsorted spans, MediaError for the file.
    """
    if any(later.start_s < earlier.start_s for earlier, later in itertools.pairwise(spans)):
        raise ValueError("spans to cut must be sorted by their start")
    bounds = [(round(span.start_s * SAMPLE_RATE_HZ), round(span.end_s * SAMPLE_RATE_HZ)) for span in spans]
    reading = _LEFT.take(path, channel, bounds[0][0] if bounds else 0)
    for first, last in bounds:
        yield reading.samples(first, last)
    if read_on:
        _LEFT.leave(reading)


class _Reading:
    """One channel of a file, or the mix, read forwards. Places are in samples from the start."""

    def __init__(self, path: Path, channel: int | None) -> None:
        self.state = _state(path)
        self.channel = channel
        self.held_from = 0
        self._held = np.zeros(0, dtype=np.float32)
        self._blocks = stream(path, channel=channel)

    def samples(self, first: int, last: int) -> Samples:
        """What lies between two places; what lies before them is let go."""
        self._let_go(first)
        while self.held_from + len(self._held) < last and (block := next(self._blocks, None)) is not None:
            self._held = np.concatenate([self._held, block])
            self._let_go(first)
        return self._held[max(0, first - self.held_from) : max(0, last - self.held_from)]

    def _let_go(self, before: int) -> None:
        dropped = min(max(0, before - self.held_from), len(self._held))
        self._held, self.held_from = self._held[dropped:], self.held_from + dropped


class _Left:
    """Where readings of one file were left: one a channel."""

    def __init__(self) -> None:
        self._readings: dict[int | None, _Reading] = {}
        self._lock = threading.Lock()

    def take(self, path: Path, channel: int | None, place: int) -> _Reading:
        """The reading that was left before a place, or a new one."""
        with self._lock:
            left = self._readings.get(channel)
            if left and left.held_from <= place and left.state == _state(path):
                return self._readings.pop(channel)
        return _Reading(path, channel)

    def leave(self, reading: _Reading) -> None:
        """Keep a reading for whoever reads on; those of another file are closed."""
        with self._lock:
            self._readings = {
                channel: each for channel, each in self._readings.items() if each.state == reading.state
            }
            self._readings[reading.channel] = reading


def _state(path: Path) -> tuple[Path, int, int]:
    """A file that is to be read, and how it is: another one may take its place."""
    with failures_told(path):
        stat = path.stat()
    return path, stat.st_size, stat.st_mtime_ns


_LEFT = _Left()
