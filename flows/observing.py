"""What runs tell those who look after them: records of the log, and figures. Ids and no words."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from uuid import uuid4

from flows.layers import Layer, Passages, Translations
from transcripts.logs import log, open_log, within
from transcripts.metrics import DOUBTS, RECORDINGS, STAGES, open_metrics


@contextmanager
def observed_run() -> Iterator[None]:
    """Open the log and the figures, and have all records carry the id of this run.

    Raises ConfigurationError where one of them was asked for and cannot be had.
    """
    open_log()
    open_metrics()
    started_s = time.monotonic()
    with within(run=uuid4().hex[:12]):
        log("run started")
        try:
            yield
        finally:
            log("run ended", seconds=_since(started_s))


@contextmanager
def observed_stage(recording_id: str, name: str) -> Iterator[None]:
    """Count the seconds of a stage, or of a part of one (`transcribe: 3`)."""
    stage, _, part = name.partition(": ")
    ids = {"recording": recording_id, "stage": stage, **({"part": part} if part else {})}
    started_s = time.monotonic()
    with within(**ids):
        log("stage started")
        try:
            yield
        except BaseException as error:
            kind = type(error).__name__
            log("stage failed", logging.ERROR, seconds=_since(started_s), error=kind)
            raise
        STAGES.labels(stage).observe(time.monotonic() - started_s)
        log("stage done", seconds=_since(started_s))


def observed_recording(recording_id: str, process: Callable[[str], bool]) -> bool:
    """Process a recording, and count how that ended; whether anything changed.

    Of a failure the kind is told: its reason may quote what a file holds. That is in the archive.
    """
    with within(recording=recording_id):
        try:
            changed = process(recording_id)
        except Exception as error:
            RECORDINGS.labels("failed").inc()
            log("recording failed", logging.ERROR, error=type(error).__name__)
            raise
        outcome = "done" if changed else "unchanged"
        RECORDINGS.labels(outcome).inc()
        log(f"recording {outcome}")
        return changed


def note_made(recording_id: str, made: Mapping[str, Layer]) -> None:
    """What stages made that is now in the archive, and how much of it is doubtful; at debug by passage."""
    for stage, layer in made.items():
        flags: dict[str, tuple[str, ...]] = {}
        match layer:
            case Passages(passages=passages):
                flags = {each.id: each.flags for each in passages}
            case Translations(translations=translations):
                flags = {each.passage_id: each.flags for each in translations}
            case _:
                continue
        with within(recording=recording_id, stage=stage):
            _note_passages(flags)


def _note_passages(flags: Mapping[str, tuple[str, ...]]) -> None:
    for passage_id, given in flags.items():
        kinds = sorted({flag.partition(":")[0] for flag in given})  # what follows may quote the passage
        for kind in kinds:
            DOUBTS.labels(kind).inc()
        log("passage kept", logging.DEBUG, passage=passage_id, flags=kinds)
    log("passages kept", passages=len(flags), flagged=sum(map(bool, flags.values())))


def _since(started_s: float) -> float:
    return round(time.monotonic() - started_s, 3)


__all__ = ["note_made", "observed_recording", "observed_run", "observed_stage"]
