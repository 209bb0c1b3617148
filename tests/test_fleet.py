"""Deployments and workers, with a real Prefect server and real processes.

The first two tests are short. The others start many processes and run with SYMPOSIA_FLEET=1: `make fleet`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from sample_archive import fill

from benchmarks.prefect_fleet import ROOT, PrefectFleet, write_conference
from flows.claims import is_claimed
from transcripts.archive import Archive
from transcripts.place import Place
from transcripts.records import digest_of
from transcripts.review import ReviewDesk

FLEET = pytest.mark.skipif("SYMPOSIA_FLEET" not in os.environ, reason="long; run by 'make fleet'")
DEADLINE_S = 240.0
NAMES = [f"p{number}" for number in range(4)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectFleet]:
    """A server with the deployments of prefect.yaml."""
    fleet = PrefectFleet(tmp_path_factory.mktemp("prefect"))
    try:
        fleet.start_server()
        fleet.deploy()
        yield fleet
    finally:
        fleet.close()


@pytest.fixture
def prefect(server: PrefectFleet) -> Iterator[PrefectFleet]:
    """The same, without anybody's workers."""
    yield server
    server.stop_workers()


def ask(fleet: PrefectFleet, path: str, **body: Any) -> Any:
    answer = httpx.post(f"{fleet.url}/{path}", json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


def deployment_id(fleet: PrefectFleet, name: str) -> str:
    found = httpx.get(f"{fleet.url}/deployments/name/{name}", timeout=60).json()
    return str(UUID(found["id"]))


def run_of(fleet: PrefectFleet, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{fleet.url}/flow_runs/{run_id}", timeout=60).json()
    return found


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        if found := condition():
            return found
        time.sleep(0.1)
    raise TimeoutError(what)


def finished(fleet: PrefectFleet, run_id: str) -> dict[str, Any]:
    ends = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
    until(
        lambda: run_of(fleet, run_id)["state_type"] in ends, f"{run_id} has not ended: {fleet.log()[-3000:]}"
    )
    return run_of(fleet, run_id)


def symposia(fleet: PrefectFleet, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        env={**fleet.environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


def dump(place: Place) -> dict[str, Any]:
    with Archive.open(place) as archive:
        return archive.dump()


def test_what_was_made_of_a_recording_is_let_go_when_it_is_done(tmp_path: Path) -> None:
    """A run over a thousand recordings takes no more memory than one over ten."""
    script = Path(__file__).with_name("layers_alive.py")
    command = [sys.executable, str(script), str(write_conference(tmp_path, 3)), str(tmp_path / "archive")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"] * 3


def test_a_worker_runs_a_deployment_and_parameters_are_checked_before(
    prefect: PrefectFleet, tmp_path: Path
) -> None:
    conference = write_conference(tmp_path, 1)
    with Archive.open(tmp_path / "archive", create=True):
        pass
    verify = deployment_id(prefect, "verify/nightly")
    wrong = httpx.post(
        f"{prefect.url}/deployments/{verify}/create_flow_run",
        json={"parameters": {"archive": str(tmp_path), "mend": "perhaps"}},
        timeout=60,
    )
    assert wrong.status_code == 409
    assert "'perhaps' is not of type 'boolean'" in wrong.json()["detail"]
    assert conference.exists()
    prefect.start_worker()
    parameters = {"archive": str(tmp_path / "archive")}
    done = finished(prefect, send(prefect, verify, parameters))
    assert done["state"]["message"].startswith("All is as it was: 0 originals of 0 recordings")


def test_what_has_a_schedule_gets_its_runs(prefect: PrefectFleet) -> None:
    nightly, resume = (deployment_id(prefect, name) for name in ("verify/nightly", "resume/reviewed"))

    def planned() -> set[str]:
        scheduled = {"state": {"type": {"any_": ["SCHEDULED"]}}}
        return {each["deployment_id"] for each in ask(prefect, "flow_runs/filter", flow_runs=scheduled)}

    until(lambda: {nightly, resume} <= planned(), f"no runs: {prefect.log()[-3000:]}")


@FLEET
def test_a_worker_that_is_killed_has_its_work_taken_over(
    prefect: PrefectFleet, tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {name: value for name, value in os.environ.items() if name == "SYMPOSIA_FILES"}
    conference = write_conference(tmp_path, 4)
    alone = symposia(prefect, "run", str(conference), "--archive", str(tmp_path / "alone"))
    said, _ = alone.communicate(timeout=DEADLINE_S)
    assert alone.returncode == 0, said

    workers = [prefect.start_worker(**files) for _ in range(2)]
    run = symposia(
        prefect, "run", str(conference), "--archive", str(place), "--on", "recording/fleet", **files
    )
    until(lambda: _exists(place), "no archive")
    running = {"name": {"any_": NAMES}, "state": {"type": {"any_": ["RUNNING"]}}}
    with Archive.open(place) as archive:

        def at_work() -> list[dict[str, Any]]:
            found = ask(prefect, "flow_runs/filter", flow_runs=running)
            return [each for each in found if each["deployment_id"] and is_claimed(archive, each["name"])]

        victim = until(at_work, "nobody is at work")[0]
    name = victim["name"]
    pid = int(victim["infrastructure_pid"].split(":")[-1])
    (mine,) = [
        each for each in workers if pid in {child.pid for child in psutil.Process(each.pid).children(True)}
    ]
    psutil.Process(pid).kill()
    prefect.kill(mine)

    said, _ = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 0, said
    assert f"{name}: its worker is gone; it is submitted again" in said
    assert dump(place) == dump(tmp_path / "alone")
    of_archive = {"name": {"any_": NAMES}, "tags": {"all_": [f"archive-{digest_of(str(place))}"]}}
    found = ask(prefect, "flow_runs/filter", flow_runs=of_archive)
    done = [each["name"] for each in found if each["state_name"] == "Completed" and each["deployment_id"]]
    assert sorted(done) == NAMES  # each once


@FLEET
def test_publishing_waits_for_review_whatever_restarts(prefect: PrefectFleet, tmp_path: Path) -> None:
    place = tmp_path / "archive"
    with Archive.open(place, create=True) as archive:
        fill(archive)
        passages = [each.passage.id for each in archive.entries()]
    publish = deployment_id(prefect, "publish/site")
    wanted = {"archive": str(place), "out": str(tmp_path / "site"), "wait_for_review": True, "media": False}
    sent = send(prefect, publish, wanted)
    first = prefect.start_worker()
    until(
        lambda: run_of(prefect, sent)["state_name"] == "Suspended", f"not suspended: {prefect.log()[-3000:]}"
    )
    prefect.kill(first)
    prefect.kill(prefect.server)

    with Archive.open(place) as archive:
        for passage in passages:
            ReviewDesk(archive).set_state(passage, "approved", reviewer="Ann")
    prefect.start_server()
    prefect.start_worker()
    resume = send(prefect, deployment_id(prefect, "resume/reviewed"), {})
    assert finished(prefect, resume)["state"]["message"] == "1 runs go on"
    assert finished(prefect, sent)["state_name"] == "Completed"
    assert (tmp_path / "site" / "index.html").is_file()


@FLEET
def test_a_failure_sends_a_message_and_an_event(prefect: PrefectFleet, tmp_path: Path) -> None:
    conference = write_conference(tmp_path, 2)
    (tmp_path / "p1.vtt").write_text("no captions at all", encoding="utf-8")
    received: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *ignored: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    block = f"""
from prefect.blocks.notifications import CustomWebhookNotificationBlock as Block
Block(
    name="test",
    url="http://127.0.0.1:{server.server_port}/",
    json_data={{"text": "{{{{subject}}}}: {{{{body}}}}", "token": "{{{{token}}}}"}},
    secrets={{"token": "sesame"}},
).save("archivist")
"""
    subprocess.run([sys.executable, "-c", block], env=prefect.environment, check=True, timeout=DEADLINE_S)
    named = {"SYMPOSIA_NOTIFY": "custom-webhook/archivist"}
    run = symposia(prefect, "run", str(conference), "--archive", str(tmp_path / "archive"), **named)
    said, _ = run.communicate(timeout=DEADLINE_S)
    server.shutdown()
    server.server_close()
    assert run.returncode == 2, said
    (message,) = received
    told = json.loads(message)
    assert told["text"].startswith("symposia: 1 recordings of talks failed: p1: ")
    assert f"symposia run {conference}" in told["text"]
    assert told["token"] == "sesame"
    assert "sesame" not in said
    wanted = {"event": {"name": ["symposia.recording.failed"]}}
    events = until(lambda: ask(prefect, "events/filter", filter=wanted)["events"], "no event")
    assert events[0]["resource"]["prefect.resource.id"] == "symposia.recording.p1"


@FLEET
@pytest.mark.parametrize("cluster", ["dask:2", "ray"])
def test_a_cluster_takes_recordings_and_what_its_dead_drop(
    prefect: PrefectFleet, tmp_path: Path, cluster: str
) -> None:
    pytest.importorskip(f"prefect_{cluster.partition(':')[0]}")  # Ray is no part of the environment of tests
    conference = write_conference(tmp_path, 4)
    alone = symposia(prefect, "run", str(conference), "--archive", str(tmp_path / "alone"))
    run = symposia(prefect, "run", str(conference), "--archive", str(tmp_path / "archive"), "--on", cluster)
    until(lambda: _exists(tmp_path / "archive"), "no archive")
    with Archive.open(tmp_path / "archive") as archive:
        until(lambda: any(is_claimed(archive, each) for each in NAMES), "nothing claimed")
    victims = [each for each in psutil.Process(run.pid).children(True) if _holds_a_claim(each)]
    victims[0].kill()
    for each in (run, alone):
        said, _ = each.communicate(timeout=DEADLINE_S)
        assert each.returncode == 0, said
    assert dump(tmp_path / "archive") == dump(tmp_path / "alone")


def _holds_a_claim(process: psutil.Process) -> bool:
    return any("recording-" in each.path for each in process.open_files())


def send(fleet: PrefectFleet, deployment: str, parameters: dict[str, Any]) -> str:
    made = ask(
        fleet,
        f"deployments/{deployment}/create_flow_run",
        parameters=parameters,
        state={"type": "SCHEDULED"},
    )
    return str(made["id"])


def _exists(place: Place) -> bool:
    try:
        with Archive.open(place) as archive:
            return bool(archive.conferences())
    except Exception:
        return False
