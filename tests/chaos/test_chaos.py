"""Nothing is lost: whatever befalls a run, the next one makes of the archive what an undisturbed one does.

A few moments of each kind here; `make chaos` takes hundreds (CHAOS_ROUNDS, CHAOS_SEED).
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from disturbances import Disturbance
from trial import Trial

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))

pytestmark = pytest.mark.usefixtures("prefect_server")


@pytest.fixture(scope="module")
def trial(prefect_server: None, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    found = Trial(tmp_path_factory.mktemp("trial"))
    found.prepare()
    return found


@pytest.fixture(scope="module")
def moments(trial: Trial) -> int:
    """How many an undisturbed run has."""
    archive = trial.copied(trial.root / "undisturbed")
    trial.correct_between(archive)
    return trial.run_through(archive)


def drawn(kind: str) -> random.Random:
    print(f"CHAOS_SEED={SEED} CHAOS_ROUNDS={ROUNDS}: {kind}")
    return random.Random(f"{SEED} {kind}")


def must_recover(trial: Trial, archive: Path) -> None:
    """After a correction in between and another run, everything is as if nothing had happened."""
    trial.correct_between(archive)
    trial.run_through(archive)
    expected = trial.came_to(trial.root / "undisturbed")
    assert expected["faults"] == 0
    assert trial.came_to(archive) == expected


def test_killed_at_any_moment(trial: Trial, moments: int, tmp_path: Path) -> None:
    draw = drawn("kill")
    for number in range(ROUNDS):
        archive = trial.copied(tmp_path / f"killed-{number}")
        moment = draw.randint(1, moments)
        assert trial.disturbed(archive, Disturbance("kill", moment)) == -9, f"moment {moment} of {moments}"
        must_recover(trial, archive)
