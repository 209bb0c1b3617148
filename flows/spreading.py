"""The Prefect flow of a conference, and who does the work: this process, workers, or a cluster.

A recording is what is handed out, by its id: whoever gets it opens the archive and reads the conference
file for itself, so that nothing but words travels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import TaskRunner

from flows.fleet import Fleet
from flows.hands import hands_for
from flows.notifying import tell_failures
from flows.recording import Run, attempt, lend_a_hand, run_of
from flows.reporting import keep_artifact
from flows.request import request_of
from transcripts.errors import ConfigurationError

Failures = dict[str, str]  # reasons, in words, by the id of the recording


@flow(name="recordings", validate_parameters=False, persist_result=False)
def process_conference(on: str, only: Sequence[str], **wanted: Any) -> Failures:
    """Bring recordings of a conference up to date: those that `only` names, in the order of the file.

    `wanted` are the parameters of a request. A recording that fails is noted in the archive and the
    others go on; the failures are returned.
    """
    request = replace(request_of(**wanted), on=on)
    with run_of(request, len(only)) as run:
        names = [each.recording_id for each in run.conference.sources if each.recording_id in only]
        failures = _worker_of(on)(run, names)
        _report(run, names)
        if failures:
            tell_failures(run.conference.id, failures, request.command)
    return failures


def flow_on(on: str) -> Callable[..., Failures]:
    """The flow, with what runs its tasks. Raises ConfigurationError for what nobody knows."""
    runner = _runner_of(on)
    return process_conference.with_options(task_runner=runner) if runner else process_conference


def _worker_of(on: str) -> Callable[[Run, Sequence[str]], Failures]:
    if not on:
        return _here
    if _is_cluster(on):
        return _in_a_cluster
    return lambda run, names: Fleet(run, on).bring_up_to_date(names)


def _here(run: Run, names: Sequence[str]) -> Failures:
    """One after the other, in this process."""
    failures = {}
    for name in names:
        if reason := attempt(run.request, name, wait=True):
            failures[name] = reason
        run.reporter.recording_done()
    return failures


def _in_a_cluster(run: Run, names: Sequence[str]) -> Failures:
    """As many at a time as the cluster has places; one that a dying process drops goes to another."""
    sent = {name: hand_over.submit(run.request.parameters, name) for name in names}
    hands = [  # for those who are free once all recordings have been taken
        lend.submit(run.request.parameters, name) for name in names for _ in range(hands_for(run, name))
    ]
    failures = {}
    for name, future in sent.items():
        try:
            reason = str(future.result())
        except Exception as error:  # of the cluster: what a recording raises is its reason already
            reason = f"the cluster gave it up ({type(error).__name__}: {error}): run again."
        if reason:
            failures[name] = reason
            run.reporter.say(f"{name}: failed: {reason}")
        run.reporter.recording_done()
    for hand in hands:
        hand.wait()
    return failures


@task(name="hand over", task_run_name="{recording_id}", cache_policy=NO_CACHE)
def hand_over(parameters: Mapping[str, Any], recording_id: str) -> str:
    """One recording, in a process of a cluster; the reason when it failed."""
    return attempt(request_of(**parameters), recording_id, wait=True)


@task(name="lend a hand", task_run_name="{recording_id}", cache_policy=NO_CACHE)
def lend(parameters: Mapping[str, Any], recording_id: str) -> None:
    """Help with the parts of a long recording, in a process of a cluster."""
    lend_a_hand(request_of(**parameters), recording_id)


def _is_cluster(on: str) -> bool:
    return "://" in on or on.partition(":")[0] in ("dask", "ray")


def _runner_of(on: str) -> TaskRunner[Any] | None:
    """What hands tasks to a cluster: `dask[:PROCESSES]`, `ray`, or the address of one that runs."""
    if not on or not _is_cluster(on):
        return None
    kind, _, count = on.partition(":")
    try:
        if kind in ("tcp", "tls"):
            return _dask()(address=on)
        if kind == "dask" and (not count or count.isdecimal()):
            processes = int(count) if count else os.cpu_count()
            # one recording at a time in a process: models are not made for several threads
            return _dask()(
                cluster_kwargs={"n_workers": processes, "threads_per_worker": 1, "processes": True}
            )
        if kind == "ray" and not count:
            return _ray()()
        if on.startswith("ray://"):
            return _ray()(address=on)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"--on {on} needs a package that is not installed ({error.name}): "
            f"pip install 'symposia[{'ray' if kind == 'ray' else 'dask'}]'"
        ) from error
    raise ConfigurationError(
        f"--on {on} is not understood: name a deployment (recording/fleet), dask, dask:PROCESSES, ray, or "
        "the address of a cluster (tcp://HOST:PORT, ray://HOST:PORT)."
    )


def _dask() -> Callable[..., TaskRunner[Any]]:
    from prefect_dask.task_runners import DaskTaskRunner

    runner: Callable[..., TaskRunner[Any]] = DaskTaskRunner
    return runner


def _ray() -> Callable[..., TaskRunner[Any]]:
    from prefect_ray.task_runners import RayTaskRunner

    runner: Callable[..., TaskRunner[Any]] = RayTaskRunner
    return runner


def _report(run: Run, recording_ids: Sequence[str]) -> None:
    """Leave a quality report with Prefect. What is archived stands without it, so trouble is only told."""
    try:
        keep_artifact(run.archive, recording_ids)
    except Exception as error:
        run.reporter.say(f"Prefect did not take the quality report ({type(error).__name__}: {error}).")


__all__ = ["flow_on", "process_conference"]
