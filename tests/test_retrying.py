"""What is tried again and what is not; which worker's recording is submitted again."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import httpx
import pytest
from aiohttp import ServerDisconnectedError
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Completed, Crashed, Failed, Pending, Running, Scheduled
from sqlalchemy.exc import OperationalError

from flows import fleet as fleets
from flows.claims import ClaimedError, claimed, is_claimed
from flows.fleet import ELSEWHERE, GONE_AFTER_S, LOST_AFTER_S, MOST_RUNS, Fleet
from flows.recording import Run
from flows.request import Request, request_of
from flows.retrying import NEVER_BEFORE_S, is_worth_a_retry, may_pass, timeout_s
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError, MediaError, ModelError, SymposiaError
from transcripts.holdings import Conference
from transcripts.postgresql import PostgresqlDatabase
from transcripts.records import Panel
from transcripts.sqlite import SqliteDatabase


def caused(error: SymposiaError, by: Exception) -> SymposiaError:
    error.__cause__ = by
    return error


IN_WORDS = {**PostgresqlDatabase.in_words, **SqliteDatabase.in_words}


class AnyDatabase(SqliteDatabase):
    """One that says what either kind says."""

    in_words = IN_WORDS


def database(said: str) -> SymposiaError:
    with pytest.raises(ArchiveError) as told, AnyDatabase(None).reading():
        raise OperationalError("", None, Exception(said))
    return told.value


@pytest.mark.parametrize(
    "error",
    [
        database("database is locked"),
        database("connection failed: Connection refused"),
        database("FATAL:  the database system is shutting down"),
        database("server closed the connection unexpectedly"),
        caused(ModelError("not fetched"), httpx.ConnectTimeout("")),
        caused(MediaError("of a network drive"), OSError(errno.ESTALE, "stale")),
        caused(MediaError("in a store"), EndpointConnectionError(endpoint_url="http://store.example.org")),
        caused(MediaError("in a store"), ReadTimeoutError(endpoint_url="http://store.example.org")),
        caused(MediaError("in a store"), ServerDisconnectedError()),
        caused(MediaError("in a store"), OSError(errno.EBUSY, "SlowDown")),
        ConnectionResetError(),
        httpx.ReadTimeout(""),
        OSError(errno.ESTALE, "stale"),
        TimeoutError(),
    ],
)
def test_what_passes_by_itself_is_tried_again(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        database("attempt to write a readonly database"),
        database('FATAL:  password authentication failed for user "ann"'),
        ArchiveError("no archive"),
        MediaError("no sound"),
        caused(MediaError("no sound"), FileNotFoundError(errno.ENOENT, "gone")),
        caused(ConfigurationError("no such file"), TimeoutError()),
        ConfigurationError("no such profile"),
        ModelError("no such model"),
        OSError(errno.ENOSPC, "full"),
        FileNotFoundError(errno.ENOENT, "gone"),
        ValueError("ours"),
    ],
)
def test_what_needs_a_person_is_not(error: Exception) -> None:
    assert not may_pass(error)


def test_prefect_asks_of_the_error_that_a_task_ended_with() -> None:
    assert is_worth_a_retry(None, None, Failed(data=database("database is locked")))
    assert not is_worth_a_retry(None, None, Failed(data=MediaError("no sound")))


def test_a_stage_has_a_time_limit_by_the_length_of_its_recording() -> None:
    assert timeout_s(3600, 50) == 180_000
    assert timeout_s(1, 50) == NEVER_BEFORE_S
    assert timeout_s(3600, 0) is None


def test_a_request_travels_as_words(tmp_path: Any) -> None:
    request = Request(tmp_path / "talks.yaml", tmp_path / "archive", "embedded", again=frozenset({"themes"}))
    assert request_of(**request.parameters) == request
    assert request.command.endswith("--again themes")


def test_a_recording_is_claimed_by_one(new_archive: Archive) -> None:
    said: list[str] = []
    with claimed(new_archive, "opening", wait=None):
        assert is_claimed(new_archive, "opening")
        assert not is_claimed(new_archive, "floor")
        with (
            pytest.raises(ClaimedError, match="another process is at work on 'opening'"),
            claimed(new_archive, "opening", wait=None),
        ):
            raise AssertionError("both have it")
    assert not is_claimed(new_archive, "opening")
    with claimed(new_archive, "opening", wait=said.append):
        assert said == []


@dataclass
class World:
    """What the fleet asks: Prefect, the archive and the clock, as a test sets them."""

    states: dict[UUID, State[Any]] = field(default_factory=dict)
    sent: list[UUID] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    up_to_date: bool = False
    now_s: float = 0.0
    hands: int = 0  # that may help with a recording
    helping: list[UUID] = field(default_factory=list)

    def read_flow_runs(self, *, flow_run_filter: Any, limit: int, offset: int) -> list[FlowRun]:
        assert limit
        wanted = flow_run_filter.id.any_ if flow_run_filter.id else []
        found = [
            FlowRun(id=each, flow_id=each, state=self.states[each]) for each in wanted if each in self.states
        ]
        return found[offset:]

    def set_flow_run_state(self, run_id: UUID, state: State[Any], *, force: bool) -> None:
        assert force
        self.states[run_id] = state

    def run_deployment(self, name: str, **given: Any) -> FlowRun:
        if name != "recording/fleet":
            raise ObjectNotFound(Exception())
        assert given["timeout"] == 0
        if given["parameters"]["hand"]:
            self.helping.append(uuid4())
            self.states[self.helping[-1]] = Scheduled()
            return FlowRun(id=self.helping[-1], flow_id=self.helping[-1])
        self.sent.append(uuid4())
        self.states[self.sent[-1]] = Scheduled()
        return FlowRun(id=self.sent[-1], flow_id=self.sent[-1])

    def read_flow_run(self, run_id: UUID) -> FlowRun:
        return FlowRun(id=run_id, flow_id=run_id, state=self.states[run_id])

    def delete_flow_run(self, run_id: UUID) -> None:
        del self.states[run_id]

    def __enter__(self) -> World:
        return self

    def __exit__(self, *ignored: object) -> None:
        pass


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setattr(fleets, "get_client", lambda **ignored: made)
    monkeypatch.setattr("flows.hands.get_client", lambda **ignored: made)
    monkeypatch.setattr("flows.hands.hands_for", lambda run, name: made.hands)
    monkeypatch.setattr(fleets, "run_deployment", made.run_deployment)
    monkeypatch.setattr(fleets, "signatures_of", lambda *ignored: {})
    monkeypatch.setattr(Fleet, "_is_up_to_date", lambda self, name: made.up_to_date)
    return made


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.in_memory() as opened:
        panel = Panel("opening", "Opening", ("en",))
        opened.set_conference(Conference("talks", "Talks", "en", (panel,)))
        yield opened


def in_steps(
    world: World, archive: Archive, *steps: Any, deployment: str = "recording/fleet"
) -> dict[str, str]:
    """What becomes of a recording that is spread, with something happening between two looks."""
    reporter = SimpleNamespace(say=world.said.append, recording_done=lambda: None)
    request = request_of("talks.yaml", "archive", "embedded")
    given = {"archive": archive, "reporter": reporter, "request": request}
    source = SimpleNamespace(recording_id="opening", panel_id="opening", path="opening.mp4")
    conference = SimpleNamespace(source={"opening": source}.__getitem__)
    run = cast(Run, SimpleNamespace(**given, conference=conference, models=None))
    left = iter(steps)

    def between(ignored: float) -> None:
        next(left)()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.fleet.time.sleep", between)
        return Fleet(run, deployment, lambda: world.now_s).bring_up_to_date(["opening"])


def test_a_recording_is_done_when_the_archive_says_so(world: World, archive: Archive) -> None:
    def running() -> None:
        world.states[world.sent[0]] = Running()

    def ended() -> None:
        world.states[world.sent[0]], world.up_to_date = Completed(), True

    assert in_steps(world, archive, running, ended, lambda: None) == {}
    assert len(world.sent) == 1
    assert world.said == ["opening: done"]


def test_hands_are_asked_for_once_all_are_at_work_and_sent_home_when_all_is_done(
    world: World, archive: Archive
) -> None:
    world.hands = 2

    def running() -> None:
        assert world.helping == []
        world.states[world.sent[0]] = Running()

    def one_helps() -> None:
        world.states[world.helping[0]] = Running()

    def ended() -> None:
        assert len(world.helping) == 2  # asked for once
        world.states[world.sent[0]], world.up_to_date = Completed(), True

    assert in_steps(world, archive, running, lambda: None, one_helps, ended, lambda: None) == {}
    assert len(world.sent) == 1
    first, second = world.helping
    assert first in world.states
    assert second not in world.states


def test_a_run_without_a_claim_belongs_to_a_worker_that_is_gone(world: World, archive: Archive) -> None:
    def running() -> None:
        world.states[world.sent[0]] = Running()

    def a_little_later() -> None:
        world.now_s += GONE_AFTER_S

    def later() -> None:
        world.now_s += 1

    def ended() -> None:
        assert world.states[world.sent[0]].is_crashed()
        world.states[world.sent[1]], world.up_to_date = Completed(), True

    assert in_steps(world, archive, running, a_little_later, later, ended, lambda: None) == {}
    assert world.said == ["opening: its worker is gone; it is submitted again.", "opening: done"]


def test_a_claimed_recording_is_left_to_whoever_works_on_it(world: World, archive: Archive) -> None:
    with claimed(archive, "opening", wait=None):

        def running() -> None:
            world.states[world.sent[0]] = Running()

        def hours() -> None:
            world.now_s += 100 * LOST_AFTER_S

        def found_claimed() -> None:
            world.states[world.sent[0]] = Completed(name=ELSEWHERE)

        def stop() -> None:
            assert len(world.sent) == 1
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            in_steps(world, archive, running, hours, hours, found_claimed, stop)
    assert world.said == []


def test_a_run_that_was_taken_and_never_began_is_submitted_again(world: World, archive: Archive) -> None:
    def pending() -> None:
        world.states[world.sent[0]] = Pending()

    def later() -> None:
        world.now_s += LOST_AFTER_S + 1

    def ended() -> None:
        world.states[world.sent[1]], world.up_to_date = Completed(), True

    assert in_steps(world, archive, pending, lambda: None, later, ended, lambda: None) == {}
    assert len(world.sent) == 2


def test_what_failed_is_not_tried_again_and_noted(world: World, archive: Archive) -> None:
    def refused() -> None:
        world.states[world.sent[0]] = Failed(message="this worker has other models")

    failures = in_steps(world, archive, refused, lambda: None)
    (noted,) = archive.failures()
    assert failures == {"opening": noted.reason}
    assert "this worker has other models" in noted.reason
    assert noted.command == "symposia run talks.yaml --archive archive --profile embedded"


def test_a_cancelled_run_stays_cancelled(world: World, archive: Archive) -> None:
    def cancelled() -> None:
        world.states[world.sent[0]] = Cancelled()

    assert "Cancelled" in in_steps(world, archive, cancelled, lambda: None)["opening"]


def test_crashes_come_to_an_end(world: World, archive: Archive) -> None:
    def crashed() -> None:
        world.states[world.sent[-1]] = Crashed(message="out of memory")

    failures = in_steps(world, archive, *[crashed] * MOST_RUNS, lambda: None)
    assert len(world.sent) == MOST_RUNS
    assert "out of memory" in failures["opening"]


def test_a_deployment_that_is_not_there(
    world: World, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigurationError, match="no deployment 'recording/flete'"):
        in_steps(world, archive, deployment="recording/flete")
    monkeypatch.delenv("PREFECT_API_URL")
    with pytest.raises(ConfigurationError, match="set PREFECT_API_URL"):
        in_steps(world, archive)


def test_while_the_server_is_down_the_workers_are_waited_for(
    world: World, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = httpx.ConnectError("refused")

    def goes_down() -> None:
        def refuse(**ignored: Any) -> Any:
            raise down

        monkeypatch.setattr(fleets, "get_client", refuse)

    def comes_up() -> None:
        monkeypatch.setattr(fleets, "get_client", lambda **ignored: world)
        world.states[world.sent[0]], world.up_to_date = Completed(), True

    assert in_steps(world, archive, goes_down, lambda: None, comes_up, lambda: None) == {}
    assert world.said == [
        "no answer (ConnectError); the workers go on, and are asked again.",
        "opening: done",
    ]
