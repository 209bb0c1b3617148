"""Recordings spread over workers of Prefect: each is a run of a deployment, submitted and watched.

The archive says what is done, and claims say who is at work (see `claims`); Prefect is asked only how runs
stand. So a worker that dies is noticed by its claim, and what it had is submitted again; and when this
process dies, the same command finds the runs that are still under way.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

from flows.claims import is_claimed
from flows.hands import Hands
from flows.recording import Run
from flows.retrying import may_pass
from flows.work import is_up_to_date, job_for, signatures_of
from transcripts.errors import ConfigurationError
from transcripts.records import digest_of

LOOK_EVERY_S = 2.0
GONE_AFTER_S = 30.0  # a run that looks running, and whose recording nobody has claimed for so long
LOST_AFTER_S = 600.0  # a run that a worker took and never began: an image may have to be fetched first
TELL_AFTER_S = 60.0  # when no worker takes anything
MOST_OUT = 500  # recordings at a time: looks stay cheap, and more than workers are likely
MOST_RUNS = 5  # of one recording, when its workers die
ELSEWHERE = "Elsewhere"  # name of the state of a run that found its recording claimed

_UNDER_WAY = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]
_AT_ONCE = 200  # runs that Prefect's server tells of in one answer


@dataclass
class Sent:
    """A recording that is out, and how its run stands. Times are those of a clock that only goes forward."""

    run_id: UUID
    since_s: float  # when it last changed or was seen at work
    state: StateType | None = None
    runs: int = 1


@dataclass
class Fleet:
    """Hands recordings to the workers of a deployment, and waits for them."""

    run: Run
    deployment: str
    now_s: Callable[[], float] = time.monotonic
    _out: dict[str, Sent] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _started_s: float = 0.0

    def __post_init__(self) -> None:
        self._hands = Hands(self.run, lambda name: self._submit(name, hand=True))

    def bring_up_to_date(self, recording_ids: Sequence[str]) -> dict[str, str]:
        """Have recordings brought up to date; those that failed, with the reason in words.

        Raises ConfigurationError when there is no such deployment, ArchiveError as the archive does.
        """
        if not os.environ.get("PREFECT_API_URL"):
            raise ConfigurationError(
                f"--on {self.deployment} needs the Prefect server that has this deployment ('prefect server "
                "start' starts one): set PREFECT_API_URL to its address, such as http://127.0.0.1:4200/api."
            )
        failures: dict[str, str] = {}
        self._started_s = self.now_s()
        under_way = self._under_way()
        left = deque(recording_ids)
        while left or self._out:
            try:
                while left and len(self._out) < MOST_OUT:
                    name = left[0]
                    self.run.archive.clear_failure(name)  # one that is noted from here on is new
                    self._out[name] = Sent(under_way.get(name) or self._submit(name), self.now_s())
                    left.popleft()
                if not left and all(sent.state == StateType.RUNNING for sent in self._out.values()):
                    self._hands.ask_for(self._out)  # whoever is free now has nothing else to do
                for name, reason in self._ended():
                    del self._out[name]
                    self._hands.dismiss(name)
                    self.run.reporter.recording_done()
                    self.run.reporter.say(f"{name}: " + (f"failed: {reason}" if reason else "done"))
                    if reason:
                        failures[name] = reason
            except Exception as error:
                if not may_pass(error):
                    raise
                self._tell(f"no answer ({type(error).__name__}); the workers go on, and are asked again.")
            time.sleep(LOOK_EVERY_S)
        return failures

    @property
    def _tag(self) -> str:
        """What marks the runs of this archive."""
        return f"archive-{digest_of(str(self.run.request.archive))}"

    def _under_way(self) -> dict[str, UUID]:
        """Runs that an earlier process submitted and that have not ended, by recording."""
        mine = FlowRunFilter.model_validate(
            {"tags": {"all_": [self._tag]}, "state": {"type": {"any_": _UNDER_WAY}}}
        )
        with get_client(sync_client=True) as client:
            return {each.parameters.get("recording_id", ""): each.id for each in _read(client, mine)}

    def _submit(self, name: str, hand: bool = False) -> UUID:
        expected = signatures_of(self.run.conference.source(name), self.run.conference, self.run.models)
        asked = {"recording_id": name, "expected": expected, "hand": hand}
        parameters = {**self.run.request.parameters, **asked}
        try:
            sent = run_deployment(
                self.deployment,
                parameters=parameters,
                flow_run_name=f"{name} (a hand)" if hand else name,
                tags=[f"{self._tag}-hands" if hand else self._tag],
                timeout=0,
            )
        except ObjectNotFound as error:
            raise ConfigurationError(
                f"Prefect's server knows no deployment '{self.deployment}': 'prefect deployment ls' lists "
                "them, and 'prefect deploy --all' makes those of prefect.yaml."
            ) from error
        assert isinstance(sent, FlowRun)
        return sent.id

    def _is_up_to_date(self, name: str) -> bool:
        run = self.run
        source = run.conference.source(name)
        return is_up_to_date(job_for(source, run.conference, run.models, run.archive), run.archive)

    def _ended(self) -> Iterator[tuple[str, str]]:
        """Recordings that are done with, each with the reason when it failed."""
        with get_client(sync_client=True) as client:
            names = {sent.run_id: name for name, sent in self._out.items()}
            mine = FlowRunFilter.model_validate({"id": {"any_": list(names)}})
            found = {each.id: each for each in _read(client, mine)}
            for run_id, name in names.items():
                reason = self._reason(client, name, found.get(run_id))
                if reason is not None:
                    yield name, reason
        idle = bool(self._out) and all(sent.state == StateType.SCHEDULED for sent in self._out.values())
        if idle and self.now_s() - self._started_s > TELL_AFTER_S:
            self._tell("no worker has taken anything yet: 'prefect worker start --pool POOL' starts one.")

    def _reason(self, client: SyncPrefectClient, name: str, found: FlowRun | None) -> str | None:
        """Why a recording failed, '' if it did not, None while it is out; submits it again where needed."""
        sent, state = self._out[name], found.state if found else None
        if state is not None and state.type in _UNDER_WAY:
            if self._has_patience(name, sent, state.type):
                return None
            client.set_flow_run_state(sent.run_id, Crashed(message="Its worker is gone."), force=True)
            return self._again(name, "its worker is gone")
        return None if is_claimed(self.run.archive, name) else self._outcome(name, state)

    def _has_patience(self, name: str, sent: Sent, state: StateType) -> bool:
        """Whether a run that has not ended may be at work, as far as one can tell."""
        now_s = self.now_s()
        if state != sent.state or state == StateType.SCHEDULED or is_claimed(self.run.archive, name):
            sent.state, sent.since_s = state, now_s
        return now_s - sent.since_s <= (GONE_AFTER_S if state == StateType.RUNNING else LOST_AFTER_S)

    def _outcome(self, name: str, state: State[object] | None) -> str | None:
        """What has come of a recording whose run has ended and which nobody works on."""
        if state is None:
            return self._again(name, "Prefect's server has forgotten its run")
        if state.is_failed() or state.is_cancelled():
            return self._noted(name, state.message or str(state.name))
        if state.is_completed() and state.name != ELSEWHERE:
            if self._is_up_to_date(name):
                return ""
            return self._again(name, "it has changed since")
        return self._again(name, state.message or str(state.name))

    def _again(self, name: str, why: str) -> str | None:
        sent = self._out[name]
        if sent.runs >= MOST_RUNS:
            return self._noted(name, f"{MOST_RUNS} runs have ended without a result; the last: {why}")
        self.run.reporter.say(f"{name}: {why}; it is submitted again.")
        self._out[name] = Sent(self._submit(name), self.now_s(), runs=sent.runs + 1)
        return None

    def _noted(self, name: str, message: str) -> str:
        """The reason that the worker noted; where it could not, what Prefect says is noted."""
        for each in self.run.archive.failures():
            if each.recording_id == name:
                return each.reason
        source = self.run.conference.source(name)
        reason = f"its run in Prefect has ended: {message}"
        path = str(source.path or source.captions[0].path)
        self.run.archive.fail(name, source.panel_id, path, "run", reason, self.run.request.command)
        return reason

    def _tell(self, line: str) -> None:
        """Say something once."""
        if line not in self._told:
            self._told.add(line)
            self.run.reporter.say(line)


def _read(client: SyncPrefectClient, mine: FlowRunFilter) -> Iterator[FlowRun]:
    offset = 0
    while some := client.read_flow_runs(flow_run_filter=mine, limit=_AT_ONCE, offset=offset):
        yield from some
        offset += len(some)


__all__ = ["ELSEWHERE", "Fleet"]
