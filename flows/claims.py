"""Claims: no two processes work on the same recording.

A claim is held by the operating system, or by the database's server, for a process, and is gone with it
however it ends (see `Archive.hold`). So nothing has to be cleaned up after a crash, and a recording whose
claim is free is worked on by nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from transcripts.archive import Archive
from transcripts.errors import ArchiveError

LOOKS = 20  # before a claim is taken for held: somebody may hold it only to see whether it is free
A_LOOK_S = 0.1


class ClaimedError(ArchiveError):
    """Another process is at work on the recording."""


@contextmanager
def claimed(archive: Archive, recording_id: str, *, wait: Callable[[str], None] | None) -> Iterator[None]:
    """Hold the claim to a recording of an archive.

    While another process has it, ClaimedError is raised; with `wait`, that is told a line and the
    other is waited for.
    """
    for _ in range(LOOKS):
        if held := _taken(archive, recording_id):
            break
        time.sleep(A_LOOK_S)
    else:
        if wait is None:
            raise ClaimedError(f"another process is at work on {recording_id!r}: it needs no second one.")
        wait(f"{recording_id}: another process is at work on it; waiting for it to end.")
        held = _taken(archive, recording_id, wait=True)
    assert held is not None
    with held:
        yield


def _taken(archive: Archive, recording_id: str, *, wait: bool = False) -> ExitStack | None:
    """The claim, to be let go of; None where another process has it."""
    with ExitStack() as stack:
        if stack.enter_context(archive.hold(_name_of(recording_id), wait=wait)):
            return stack.pop_all()
    return None


def is_claimed(archive: Archive, recording_id: str) -> bool:
    """Whether a process is at work on a recording at this moment."""
    with archive.hold(_name_of(recording_id)) as held:
        return not held


def _name_of(recording_id: str) -> str:
    return f"recording-{recording_id}"


__all__ = ["ClaimedError", "claimed", "is_claimed"]
