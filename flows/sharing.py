"""Parts of a long recording shared out among processes: each step is made once, by whoever is free.

Everybody who works on a recording goes through the same steps, and takes those that nobody has
taken. Results are where all find them, under the keys of their steps. A claim goes with its process
(`Archive.hold`), so that what one was at work on when it died is taken over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from flows.jobs import Step
from flows.layers import Layer
from nlp.parts import is_parted
from transcripts.archive import Archive

FIRST_CLAIM_S = 60.0  # how long a hand waits for somebody to begin


def performed(steps: Sequence[Step], archive: Archive, make: Callable[[Step], Layer]) -> list[Layer]:
    """Results of steps that do not depend on each other, in order. `make` finds what has been made already.

    What others are at work on is waited for once nothing else is left to do.
    """
    if not any(is_parted(each.job.duration_s, each.job.models.part_options) for each in steps):
        return [make(each) for each in steps]  # of a short recording, nobody else makes anything
    found: dict[int, Layer] = {}
    for wait in (False, True):
        for number, step in enumerate(steps):
            if number in found:
                continue
            # A claim a step: who waits for one must not wait for what its maker goes on to.
            claim = f"{step.name.replace(': ', '-')}-{number}-of-{step.job.recording_id}"
            with archive.hold(claim, wait=wait) as held:
                if held:
                    found[number] = make(step)
    return [found[number] for number in range(len(steps))]


def wait_for_work(is_done: Callable[[], bool], is_begun: Callable[[], bool]) -> bool:
    """Whether there is somebody to help: not where the work is done, or nobody begins it."""
    until_s = time.monotonic() + FIRST_CLAIM_S
    while time.monotonic() < until_s and not is_done():
        if is_begun():
            return True
        time.sleep(1.0)
    return False
