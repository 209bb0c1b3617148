"""Deployments and workers, with a real Prefect server and real processes.

The first test is short. The others start many processes and run with SYMPOSIA_FLEET=1: `make fleet`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import pytest
from prefect_fleet import ROOT, PrefectFleet, write_conference

from flows.claims import is_claimed
from transcripts.archive import Archive
from transcripts.place import Place

FLEET = pytest.mark.skipif("SYMPOSIA_FLEET" not in os.environ, reason="long; run by 'make fleet'")
DEADLINE_S = 240.0


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectFleet]:
    """A server with the deployments of prefect.yaml."""
    fleet = PrefectFleet(tmp_path_factory.mktemp("prefect"))
    try:
        fleet.start_server()
        fleet.deploy()
        yield fleet
    finally:
        fleet.close()


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
    sent = ask(
        prefect, f"deployments/{verify}/create_flow_run", parameters=parameters, state={"type": "SCHEDULED"}
    )
    done = finished(prefect, sent["id"])
    assert done["state"]["message"].startswith("All is as it was: 0 originals of 0 recordings")


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
    with Archive.open(place) as archive:
        name = until(
            lambda: next((each for each in NAMES if is_claimed(archive, each)), None), "nothing claimed"
        )
    running = {"name": {"any_": [name]}, "state": {"type": {"any_": ["RUNNING"]}}}
    (victim,) = ask(prefect, "flow_runs/filter", flow_runs=running)
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
    found = ask(prefect, "flow_runs/filter", flow_runs={"name": {"any_": NAMES}}, sort="START_TIME_ASC")
    done = [each["name"] for each in found if each["state_name"] == "Completed" and each["deployment_id"]]
    assert sorted(done) == NAMES  # each once


NAMES = [f"p{number}" for number in range(4)]


def _exists(place: Place) -> bool:
    try:
        with Archive.open(place) as archive:
            return bool(archive.conferences())
    except Exception:
        return False
