"""What may befall a run: a moment is counted in the process itself, so that each can be met again.

Moments are files opened for writing, made, renamed or removed inside the archive's directory, and
statements and commits that change its database. At the moment that is drawn, the process is killed
with SIGKILL, finds the disk full for files from then on, or waits for ever, as one does whose machine
loses power.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import sqlalchemy
import time_machine

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
PRELOADED = ["fakes_main", "fastapi", "spacy", "sklearn.linear_model", "flows.recording", "flows.conference"]


@dataclass(frozen=True)
class Disturbance:
    """What happens, and at which moment; or after how many seconds (`kill` alone)."""

    what: str = "nothing"  # or kill, full, hold
    moment: int = 0
    clock_days: float = 0.0  # by which the clock of the process is off


@dataclass
class Moments:
    """Counts the moments of this process, and does what is to be done."""

    within: str
    log: Path
    disturbance: Disturbance
    passed: int = 0

    def watch(self) -> None:
        sys.addaudithook(self._hook)
        sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", self._statement)
        sqlalchemy.event.listen(sqlalchemy.Engine, "commit", lambda connection: self._pass())

    def _hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & WRITES:
                self._file(path)
        elif event in CHANGES:
            self._file(arguments[0])

    def _file(self, path: object) -> None:
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.within):
            self._pass()
            if self.disturbance.what == "full" and self.passed >= self.disturbance.moment:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _statement(self, connection: object, cursor: object, statement: str, *rest: object) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            self._pass()

    def _pass(self) -> None:
        self.passed += 1
        if self.passed != self.disturbance.moment:
            return
        if self.disturbance.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.disturbance.what == "hold":
            self.log.with_suffix(".held").touch()
            time.sleep(600)


def _symposia(
    arguments: Sequence[str],
    log: Path,
    within: Path,
    disturbance: Disturbance,
    environment: Mapping[str, str],
) -> None:
    """The command line, in this process."""
    os.environ.update(environment)  # the process that forks has that of its start
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    from prefect.context import refresh_global_settings_context

    import flows.cli
    from flows.engine import prepare

    prepare(within / "work")  # before Prefect looks at its settings, which it has, being preloaded
    refresh_global_settings_context()
    moments = Moments(str(within), log, disturbance)
    moments.watch()
    sys.argv = ["symposia", *arguments]
    clock = time_machine.travel(time.time() + 86_400 * disturbance.clock_days, tick=True)
    try:
        if disturbance.clock_days:
            clock.start()
        flows.cli.main()
    finally:
        sys.stdout.flush()
        log.with_suffix(".moments").write_text(str(moments.passed))


def get_ready() -> ForkServerContext:
    """Have the process begin to import from which the others are forked; it needs some seconds."""
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
    return context


def start(arguments: Sequence[str], log: Path, within: Path, disturbance: Disturbance) -> ForkServerProcess:
    """A process that carries out a command on fakes. Its imports are made: it begins at once."""
    context = get_ready()
    for name in (".held", ".moments"):
        log.with_suffix(name).unlink(missing_ok=True)
    environment = dict(os.environ)
    process = context.Process(target=_symposia, args=(list(arguments), log, within, disturbance, environment))
    process.start()
    return process
