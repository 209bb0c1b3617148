"""The Prefect flows: a task a stage, a flow a recording, a flow a conference.

The tasks are thin: what a stage does is in `stages`, what is to do in `work`. A
task's result is cached in the archive's `work` folder under the key of its step, so a
run that was killed goes on after the last stage, or part of one, that finished.
"""

from __future__ import annotations

import errno
import json
import os
import time
import traceback
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.context import TaskRunContext
from prefect.serializers import Serializer

from flows.config import Conference, Source, load_conference
from flows.jobs import Step
from flows.layers import Layer, layer_bytes, layer_from
from flows.models import Models, trained_in
from flows.observing import observed_recording
from flows.profiles import load_profile
from flows.progress import Reporter
from flows.reporting import keep_artifact
from flows.request import Request
from flows.stages import CAPTIONED, SPOKEN
from flows.work import bring_up_to_date, job_for, memory_of
from nlp.memory import Memory
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.files import write_atomically
from transcripts.logs import within
from transcripts.place import place_of

RESULTS = "work"  # folder of cached stage results, inside the archive


class LayerSerializer(Serializer):  # Prefect cannot register one with a type argument
    """Stage results as the JSON of `layers`: readable, and safe to load from anybody's archive."""

    type: str = "symposia-layer"

    def dumps(self, obj: Layer) -> bytes:
        return layer_bytes(obj)

    def loads(self, blob: bytes) -> Layer:
        return layer_from(blob)


@dataclass(eq=False)
class Run:
    """One run of a conference: what all its flows and tasks share in this process."""

    conference: Conference
    archive: Archive
    models: Models
    reporter: Reporter
    retry_command: str
    at_work: str = ""  # the stage that is running, for the record of a failure
    seconds: dict[str, float] = field(default_factory=dict)  # what each stage of a recording took

    @cached_property
    def memory(self) -> Memory:
        """What people had translated or approved when the run first asked."""
        return memory_of(self.archive, self.conference.id)


RUN: ContextVar[Run] = ContextVar("RUN")


def _result_key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """The stage's key. A result that a power cut left half-written is no result, and is removed."""
    step: Step = parameters["step"]
    path = Path(os.environ.get("PREFECT_LOCAL_STORAGE_PATH", "")) / step.key
    if path.is_file() and not _is_whole(path):
        path.unlink()
    return step.key


def _is_whole(path: Path) -> bool:
    try:
        layer_from(json.loads(path.read_text("utf-8"))["result"].encode())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _do(step: Step) -> Layer:
    run = RUN.get()
    name = run.at_work = step.stage.name
    started_s = time.monotonic()
    with (
        within(**step.stretch),
        run.reporter.stage(step.job.recording_id, step.name, step.job.duration_s) as tick,
    ):
        layer = step.make(tick)
    run.seconds[name] = run.seconds.get(name, 0.0) + time.monotonic() - started_s
    return layer


TASKS = {
    name: task(
        name=name,
        cache_key_fn=_result_key,
        persist_result=True,
        result_serializer=LayerSerializer(),
    )(_do)
    for stage in (*SPOKEN, *CAPTIONED)
    for name in (stage.name, *(f"{stage.name}: {each.name}" for each in stage.in_parts))
}


def _perform(steps: Sequence[Step]) -> list[Layer]:
    return [TASKS[step.name](step) for step in steps]


@flow(name="recording", flow_run_name="{recording_id}", validate_parameters=False)
def process_recording(recording_id: str) -> bool:
    """Bring one recording of the run up to date; whether anything changed."""
    run = RUN.get()
    (source,) = [each for each in run.conference.sources if each.recording_id == recording_id]
    job = job_for(source, run.conference, run.models, run.archive)
    job = replace(job, memory=run.memory)
    return bring_up_to_date(job, run.archive, _perform)


@flow(name="conference", flow_run_name="{conference}", validate_parameters=False)
def process_conference(
    conference: str,
    archive: str,
    profile: str,
    only: list[str] | None = None,
    arriving_in: str | None = None,
) -> dict[str, str]:
    """Bring the recordings of a conference up to date, one after the other.

    `only` names the recordings to look at (default: all); for `arriving_in` see
    `load_conference`. A recording that fails is noted in the archive and the others go on;
    the failures are returned, as reasons by recording id.
    """
    folder = Path(arriving_in) if arriving_in else None
    command = Request(Path(conference), place_of(archive), profile, folder).command
    described = load_conference(Path(conference), folder)
    sources = [each for each in described.sources if only is None or each.recording_id in only]
    reporter = Reporter(len(sources))
    failures: dict[str, str] = {}
    with Archive.open(place_of(archive)) as opened, reporter.shown():
        models = Models(load_profile(profile), described.themes, reporter.say, trained_in(opened))
        run = Run(described, opened, models, reporter, command)
        token = RUN.set(run)
        try:
            for source in sources:
                reason = _attempt(run, source)
                if reason:
                    failures[source.recording_id] = reason
                reporter.recording_done()
            _report(run, [source.recording_id for source in sources])
        finally:
            RUN.reset(token)
    return failures


def _report(run: Run, recording_ids: list[str]) -> None:
    """Leave a quality report with Prefect. What is archived stands without it, so trouble is only told."""
    try:
        keep_artifact(run.archive, recording_ids)
    except Exception as error:
        run.reporter.say(f"Prefect did not take the quality report ({type(error).__name__}: {error}).")


def _attempt(run: Run, source: Source) -> str:
    """Process one recording; the reason, in words, when it failed."""
    started_s = time.monotonic()
    run.at_work, run.seconds = "probe", {}
    try:
        changed = observed_recording(source.recording_id, process_recording)
    except SymposiaError as error:
        reason = str(error)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            reason = _defect(run, error)
        else:
            reason = f"the disk is full ({error.filename or run.archive.files}): make room and run again."
    except Exception as error:
        reason = _defect(run, error)
    else:
        parts = ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in run.seconds.items() if seconds >= 1)
        done = f"done in {time.monotonic() - started_s:.0f} s" if changed else "unchanged"
        run.reporter.say(f"{source.recording_id}: {done}" + (f" ({parts})" if parts else ""))
        return ""
    run.reporter.say(f"{source.recording_id}: failed: {reason}")
    path = str(source.path or source.captions[0].path)
    run.archive.fail(source.recording_id, source.panel_id, path, run.at_work, reason, run.retry_command)
    return reason


def _defect(run: Run, error: Exception) -> str:
    """An error that is nobody's but ours: keep its traceback in a file, and say where."""
    log = (run.archive.files or Path()) / "defects.log"
    known = log.read_text("utf-8") if log.exists() else ""
    write_atomically(log, known + "".join(traceback.format_exception(error)) + "\n")
    return f"a defect of symposia ({type(error).__name__}: {error}); please report it with {log}."
