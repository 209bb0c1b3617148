"""Progress on the terminal: one bar for the recordings, one for the stage at work."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flows.observing import observed_run, observed_stage


class Reporter:
    """Tells the user what is going on, and log and figures. Bars only where somebody watches a terminal."""

    def __init__(self, recordings: int) -> None:
        self.console = Console(file=sys.stderr, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._all: TaskID = self._progress.add_task("recordings", total=recordings)

    @contextmanager
    def shown(self) -> Iterator[Reporter]:
        with observed_run(), self._progress:
            yield self

    def say(self, line: str) -> None:
        """A line that stays on the terminal, above the bars."""
        self._progress.console.print(line, markup=False, soft_wrap=True)

    def recording_done(self) -> None:
        self._progress.advance(self._all)

    @contextmanager
    def stage(self, recording_id: str, name: str, total: float) -> Iterator[Callable[[float], None]]:
        """A bar for one stage; the yielded function is told how far of `total` it has come."""
        task = self._progress.add_task(f"{recording_id}: {name}", total=round(total) or 1)
        try:
            with observed_stage(recording_id, name):
                yield lambda reached: self._progress.update(task, completed=round(reached))
        finally:
            self._progress.remove_task(task)
