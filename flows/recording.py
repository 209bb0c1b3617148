"""One recording, as Prefect runs it: a task a stage, and a task around them that is tried again.

The tasks are thin: what a stage does is in `stages`, what is to do in `work`. A
step's result is cached in the archive's `work` folder under its key, so a run that
was killed goes on after the last stage, or part of one, that finished.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import TaskRunContext
from prefect.serializers import Serializer
from prefect.tasks import exponential_backoff
from prefect.transactions import CommitMode, transaction
from prefect.utilities.annotations import quote

from flows.claims import claimed, is_claimed
from flows.config import Conference, load_conference
from flows.engine import register, storage_of
from flows.jobs import Step
from flows.layers import Layer, layer_bytes, layer_from
from flows.models import Models, trained_in
from flows.observing import observed_recording
from flows.profiles import load_profile
from flows.progress import Reporter
from flows.request import Request
from flows.retrying import FIRST_AFTER_S, RETRIES, away, is_worth_a_retry, may_pass, timeout_s
from flows.sharing import performed, wait_for_work
from flows.stages import CAPTIONED, SPOKEN
from flows.work import bring_up_to_date, is_up_to_date, job_for, memory_of
from nlp.machine import give_freed_memory_back
from nlp.memory import Memory
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.files import in_object_store, write_atomically
from transcripts.logs import within

RESULTS = "work"  # folder of cached stage results, among an archive's files
ACCELERATOR = "SYMPOSIA_ACCELERATOR"  # environment: a concurrency limit of Prefect's that stages keep to
LEASE_S = 60  # after which the place of a process that was killed is free again
_JITTER = 0.3  # of the time before a retry, so that many workers do not all come back at once


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

    request: Request
    conference: Conference
    archive: Archive
    models: Models
    reporter: Reporter
    at_work: str = ""  # the stage that is running, for the record of a failure
    seconds: dict[str, float] = field(default_factory=dict)  # what each stage of a recording took

    @cached_property
    def memory(self) -> Memory:
        """What people had translated or approved when the run first asked."""
        return memory_of(self.archive, self.conference.id)

    @property
    def results(self) -> Path:
        """Where results of stages are cached."""
        assert self.archive.files is not None
        return self.archive.files / RESULTS

    @cached_property
    def storage(self) -> Path | str:
        """The same, as Prefect knows it."""
        register(self.results)
        return storage_of(self.results)


RUN: ContextVar[Run] = ContextVar("RUN")


@contextmanager
def run_of(request: Request, recordings: int = 1) -> Iterator[Run]:
    """The run that is under way in this process, or a new one that ends here.

    Raises SymposiaError as opening the archive and reading the files do.
    """
    if under_way := RUN.get(None):
        yield under_way
        return
    described = load_conference(request.conference, request.arriving_in)
    reporter = Reporter(recordings)
    with Archive.open(request.archive) as archive, reporter.shown():
        trained = trained_in(archive)
        models = _models(request.profile, described.themes, trained, _state_of(request, described, trained))
        token = RUN.set(Run(request, described, archive, models, reporter))
        try:
            yield RUN.get()
        finally:
            RUN.reset(token)


@lru_cache(maxsize=1)
def _models(profile: str, themes: Path, trained: Path | None, state: str) -> Models:
    """They stay loaded in a process that does one recording after the other, as a worker of Dask's does.

    `state` is that of the files which they are made of.
    """
    return Models(load_profile(profile), themes, _tell, trained)


def _state_of(request: Request, described: Conference, trained: Path | None) -> str:
    files = [hash(each.read_bytes()) for each in (described.themes, trained) if each and each.exists()]
    return repr((load_profile(request.profile), files))


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")


def _accelerator() -> AbstractContextManager[None]:
    """A place at the accelerator, waited for, where a concurrency limit of Prefect's is named."""
    name = os.environ.get(ACCELERATOR)
    if not name:
        return nullcontext()
    from prefect.concurrency.sync import concurrency

    return concurrency(name, lease_duration=LEASE_S)


def _result_key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """The stage's key. A result that a power cut left half-written is no result, and is removed."""
    step: Step = parameters["step"]
    path = RUN.get().results / step.key
    if not in_object_store(path) and path.is_file() and not _is_whole(path):
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
        _accelerator(),
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
        cache_result_in_memory=False,  # a thousand layers would be held, of recordings long done
        result_serializer=LayerSerializer(),
    )(_do)
    for stage in (*SPOKEN, *CAPTIONED)
    for name in (stage.name, *(f"{stage.name}: {each.name}" for each in stage.in_parts))
}


def _perform(steps: Sequence[Step]) -> list[Layer]:
    return performed(steps, RUN.get().archive, _made)


def _made(step: Step) -> Layer:
    """The result of a step, cached or new."""
    run = RUN.get()
    sound_s = step.part[1].duration_s if step.part else step.job.duration_s
    todo = TASKS[step.name].with_options(
        result_storage=run.storage,
        refresh_cache=step.stage.name in run.request.again,
        timeout_seconds=timeout_s(sound_s, run.models.profile.stage_timeout),
    )
    layer: Layer = todo(cast("Step", quote(step)))  # else Prefect looks for its futures in every word
    return layer


@task(
    name="recording",
    task_run_name="{recording_id}",
    cache_policy=NO_CACHE,
    retries=RETRIES,
    retry_delay_seconds=exponential_backoff(FIRST_AFTER_S),
    retry_jitter_factor=_JITTER,
    retry_condition_fn=is_worth_a_retry,
)
def process_recording(recording_id: str) -> bool:
    """Bring one recording of the run up to date; whether anything changed. Again, where trouble may pass."""
    run = RUN.get()
    source = run.conference.source(recording_id)
    job = job_for(source, run.conference, run.models, run.archive)
    job = replace(job, memory=run.memory)
    with transaction(commit_mode=CommitMode.EAGER):  # else results are kept when the whole recording is done
        return bring_up_to_date(job, run.archive, _perform, run.request.again)


def attempt(request: Request, recording_id: str, *, wait: bool = False) -> str:
    """Bring one recording up to date, alone; the reason, in words, when it failed.

    That is also noted in the archive. Raises ClaimedError while another process works on the recording,
    unless it is to `wait` for it; and SymposiaError as `run_of` does.
    """
    with (
        run_of(request) as run,
        claimed(run.archive, recording_id, wait=run.reporter.say if wait else None),
    ):
        started_s = time.monotonic()
        run.at_work, run.seconds = "probe", {}
        try:
            changed = observed_recording(recording_id, process_recording)
        except Exception as error:
            reason = _reason(run, error)
            run.reporter.say(f"{recording_id}: failed: {reason}")
            _note_failure(run, recording_id, reason)
            return reason
        finally:
            give_freed_memory_back()
        parts = ", ".join(f"{stage} {seconds:.0f}" for stage, seconds in run.seconds.items() if seconds >= 1)
        done = f"done in {time.monotonic() - started_s:.0f} s" if changed else "unchanged"
        run.reporter.say(f"{recording_id}: {done}" + (f" ({parts})" if parts else ""))
        return ""


def lend_a_hand(request: Request, recording_id: str) -> None:
    """Help whoever is at work on a long recording with its parts, until it is done.

    What fails here fails for the other too, who notes it. Raises SymposiaError as `run_of` does.
    """
    with run_of(request) as run:
        source = run.conference.source(recording_id)
        job = job_for(source, run.conference, run.models, run.archive)
        if request.again or not wait_for_work(
            lambda: is_up_to_date(job, run.archive), lambda: is_claimed(run.archive, recording_id)
        ):
            return
        try:
            process_recording(recording_id)
        except Exception as error:
            run.reporter.say(f"{recording_id}: no more help with it ({error}).")


def _note_failure(run: Run, recording_id: str, reason: str) -> None:
    source = run.conference.source(recording_id)
    path = str(source.path or source.captions[0].path)
    run.archive.fail(recording_id, source.panel_id, path, run.at_work, reason, run.request.command)


def _reason(run: Run, error: Exception) -> str:
    """Why a recording failed, in words, with what to do."""
    if isinstance(error, SymposiaError):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"the disk is full ({error.filename or run.archive.files}): make room and run again."
    if type(error).__name__ == "TaskRunTimeoutError":
        times = run.models.profile.stage_timeout
        return (
            f"the stage '{run.at_work}' took more than {times} times as long as the recording and was "
            "given up: run again, or raise 'stage_timeout' of the profile; what was done is kept."
        )
    if may_pass(error):
        return f"also when tried again: {away(error)}"
    return _defect(run, error)


def _defect(run: Run, error: Exception) -> str:
    """An error that is nobody's but ours: keep its traceback in a file, and say where."""
    log = (run.archive.files or Path()) / "defects.log"
    known = log.read_text("utf-8") if log.exists() else ""
    write_atomically(log, known + "".join(traceback.format_exception(error)) + "\n")
    return f"a defect of symposia ({type(error).__name__}: {error}); please report it with {log}."
