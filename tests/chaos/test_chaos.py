"""Nothing is lost: whatever befalls a run, the next one makes of the archive what an undisturbed one does.

One moment of some kinds here; `make chaos` takes a hundred of each (CHAOS_ROUNDS, CHAOS_SEED).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import as_it_lies_there, mounted, new_image, resize, small_disk, used_bytes
from disturbances import Disturbance
from object_store import ObjectStore, running_store
from postgresql_server import PostgresqlServer
from server import prefect_server
from trial import RUN_S, Trial

from transcripts.archive import Archive
from transcripts.files import place_at
from transcripts.place import Place
from transcripts.review import ReviewDesk

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))

in_long_runs = pytest.mark.skipif("CHAOS_ROUNDS" not in os.environ, reason="'make chaos' does this")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    found = Trial(tmp_path_factory.mktemp("trial"))
    with prefect_server(tmp_path_factory.mktemp("prefect")):
        found.prepare()
        yield found


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with running_store() as store:
        for name, value in store.environment().items():
            monkeypatch.setenv(name, value)
        place_at("s3://trials").mkdir()
        yield store


@pytest.fixture(scope="module")
def moments(trial: Trial) -> int:
    """How many an undisturbed run has."""
    archive = trial.copied(trial.root / "undisturbed")
    trial.correct_between(archive)
    return trial.run_through(archive)


def drawn(kind: str, rounds: int = ROUNDS) -> Iterator[tuple[int, random.Random]]:
    """The numbers of the rounds, with a generator for each."""
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}: {kind}")
    return ((number, random.Random(f"{SEED} {kind} {number}")) for number in range(rounds))


def must_recover(trial: Trial, archive: Place, *, corrected: bool = False) -> None:
    """After a correction in between and another run, everything is as if nothing had happened."""
    if not corrected:
        trial.correct_between(archive)
    trial.run_through(archive)
    assert trial.expected["faults"] == 0
    assert trial.came_to(archive) == trial.expected


def must_be_told(trial: Trial, archive: Place, code: int | None, *words: str) -> None:
    """A run that something happened to says so in words, or got through."""
    said = trial.log(archive).read_text()
    assert code in (0, 2), said
    assert "Traceback" not in said
    assert "defect" not in said
    if code:
        assert any(word in said for word in words), said


FULL = ("full", "space", "room")


def test_killed_at_any_moment(trial: Trial, moments: int, tmp_path: Path) -> None:
    for number, draw in drawn("kill"):
        archive = trial.copied(tmp_path / f"killed-{number}")
        moment = draw.randint(1, moments)
        code = trial.disturbed(archive, Disturbance("kill", moment))
        assert code == -signal.SIGKILL, f"moment {moment} of {moments}"
        must_recover(trial, archive)
        shutil.rmtree(archive)


@in_long_runs
def test_killed_after_any_time(trial: Trial, moments: int, tmp_path: Path) -> None:
    """Within what is not counted, too: the database's and the index's own libraries."""
    began_s = time.monotonic()
    trial.run_through(trial.copied(tmp_path / "timed"))
    whole_s = time.monotonic() - began_s
    for number, draw in drawn("time"):
        archive = trial.copied(tmp_path / f"killed-{number}")
        trial.disturbed(archive, Disturbance(), after_s=draw.uniform(0.1, 1.0) * whole_s)
        must_recover(trial, archive)
        shutil.rmtree(archive)


@in_long_runs
def test_the_disk_is_full_at_any_file(trial: Trial, moments: int, tmp_path: Path) -> None:
    for number, draw in drawn("full file"):
        archive = trial.copied(tmp_path / f"full-{number}")
        code = trial.disturbed(archive, Disturbance("full", draw.randint(1, moments)))
        must_be_told(trial, archive, code, *FULL)
        must_recover(trial, archive)
        shutil.rmtree(archive)


def test_the_disk_is_full_at_any_byte(trial: Trial, moments: int, tmp_path: Path) -> None:
    for number, draw in drawn("full"):
        with small_disk(tmp_path / f"disk-{number}") as disk:
            archive = trial.copied(disk / f"full-{number}")
            room = used_bytes(disk) // 4  # somewhat more than a run writes
            resize(disk, used_bytes(disk) + draw.randint(4096, room))
            code = trial.disturbed(archive, Disturbance())
            must_be_told(trial, archive, code, *FULL)
            resize(disk, 256 << 20)
            must_recover(trial, archive)


def test_the_power_is_cut_at_any_moment(trial: Trial, moments: int, tmp_path: Path) -> None:
    """What a person was told is kept has reached the disk, and what had not is made again."""
    for number, draw in drawn("power"):
        image, at = new_image(tmp_path / "disk.img"), tmp_path / "disk"
        with mounted(image, at):
            archive = trial.copied(at / f"cut-{number}")
            os.sync()
            trial.correct_between(archive)
            moment = draw.randint(1, moments + 1)  # the last: just after it has ended
            process = trial.begun(archive, Disturbance("hold", moment))
            held, deadline_s = trial.log(archive).with_suffix(".held"), time.monotonic() + RUN_S
            while not held.exists() and process.is_alive():
                assert time.monotonic() < deadline_s
                time.sleep(0.005)
            cut = as_it_lies_there(image, tmp_path / "cut.img")
            process.kill()
            process.join()
        with mounted(cut, at):
            must_recover(trial, archive, corrected=True)


@in_long_runs
def test_the_clock_is_set_back(trial: Trial, moments: int, tmp_path: Path) -> None:
    for number, draw in drawn("clock"):
        archive = trial.copied(tmp_path / f"clock-{number}")
        moment = draw.randint(1, moments)
        trial.disturbed(archive, Disturbance("kill", moment, clock_days=draw.uniform(1, 400)))
        trial.disturbed(archive, Disturbance("kill", moment, clock_days=-draw.uniform(1, 400)))
        must_recover(trial, archive)
        shutil.rmtree(archive)


@in_long_runs
def test_the_connection_to_the_database_is_cut(
    trial: Trial,
    moments: int,
    postgresql_server: PostgresqlServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, draw in drawn("connection"):
        monkeypatch.setenv("SYMPOSIA_FILES", str(tmp_path / f"files-{number}"))
        with postgresql_server.empty_database() as url:
            trial.make_base(url)
            process = trial.begun(url, Disturbance())
            while process.is_alive() and draw.random() < 0.9:
                process.join(draw.uniform(0.0, 0.5))
                postgresql_server.cut_connections()
            process.join(RUN_S)
            must_be_told(trial, url, process.exitcode, "connection", "cut", "database")
            must_recover(trial, url)


@in_long_runs
def test_the_store_of_its_files_goes_away_for_a_while(
    trial: Trial,
    moments: int,
    postgresql_server: PostgresqlServer,
    object_store: ObjectStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Results and index lie in it; what is away for longer than retries last ends the run in words."""
    for number, draw in drawn("store"):
        monkeypatch.setenv("SYMPOSIA_FILES", f"s3://trials/files-{number}")
        with postgresql_server.empty_database() as url:
            trial.make_base(url)
            process = trial.begun(url, Disturbance())
            process.join(draw.uniform(0.0, 3.0))
            with object_store.away():
                process.join(draw.uniform(1.0, 20.0))
            process.join(RUN_S)
            must_be_told(trial, url, process.exitcode, "network", "cannot be reached", "s3://")
            must_recover(trial, url)


@in_long_runs
def test_people_correct_while_a_run_is_at_work(trial: Trial, moments: int, tmp_path: Path) -> None:
    """Writers wait for each other; no run loses or overwrites what was acknowledged."""
    archive = trial.copied(tmp_path / "at-work")
    trial.correct_between(archive)
    process = trial.begun(archive, Disturbance())
    told: list[int] = []

    def correct() -> None:
        with Archive.open(archive) as opened:
            desk = ReviewDesk(opened)
            (first, *_) = opened.entries_of_recordings(["opening"])
            for number in range(20):
                if not process.is_alive():
                    return
                change = desk.correct(first.passage.id, "text", f"Change {number}.", reviewer="ben")
                assert change
                told.append(change.id)

    editor = threading.Thread(target=correct)
    editor.start()
    process.join(RUN_S)
    editor.join()
    assert process.exitcode == 0
    assert told
    with Archive.open(archive) as opened:
        assert {each.id for each in opened.reviews()} >= set(told)
        assert opened.entries_of_recordings(["opening"])[0].passage.text == f"Change {len(told) - 1}."
        desk = ReviewDesk(opened)
        for change in reversed(told):
            desk.undo(change, "ben")
    trial.run_through(archive)
    found, expected = trial.came_to(archive), trial.expected
    assert found["dump"]["recordings"] == expected["dump"]["recordings"]
    assert (found["hits"], found["faults"]) == (expected["hits"], 0)
