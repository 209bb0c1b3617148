"""Long recordings shared out among processes: every step is made once, whoever dies."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import faster_whisper.vad
import pytest
from fakes_speech import loud_stretches
from test_parts import PARTS, Performer, conference_of, dump_of, models, talk

from flows import sharing
from flows.conference import conference_record
from flows.config import Conference
from flows.jobs import Step
from flows.layers import Layer
from flows.sharing import performed, wait_for_work
from flows.work import bring_up_to_date, job_for
from transcripts.archive import Archive


class DiedError(Exception):
    """In place of a kill."""


@dataclass
class Shelf:
    """Results that all workers find, and who made which."""

    results: dict[str, Layer] = field(default_factory=dict)
    made: list[tuple[str, str]] = field(default_factory=list)  # worker, step


@pytest.fixture(autouse=True)
def detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speech is what is loud."""
    monkeypatch.setattr(faster_whisper.vad, "get_speech_timestamps", loud_stretches)


@pytest.fixture
def conference(tmp_path: Path) -> Conference:
    return conference_of(tmp_path, talk(3, 1.5))


@pytest.fixture
def directory(conference: Conference, tmp_path: Path) -> Path:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(conference_record(conference))
    return tmp_path / "archive"


def work(
    name: str,
    directory: Path,
    conference: Conference,
    shelf: Shelf,
    lives_for: int = 1000,
    together: threading.Barrier | None = None,
    step_s: float = 0.0,
) -> None:
    """What one worker does; some die over a step. `together` they hold a part until each has one."""
    left = lives_for

    def make(step: Step) -> Layer:
        nonlocal left
        if step.key not in shelf.results:
            time.sleep(step_s)
            if together and step.part and step.name != "runs: regions":  # that is one, the others three
                together.wait(60)
            left -= 1
            if left < 0:
                raise DiedError
            shelf.made.append((name, step.name))
            shelf.results[step.key] = step.make(lambda reached_s: None)
        return shelf.results[step.key]

    def perform(steps: Sequence[Step]) -> list[Layer]:
        return performed(steps, archive, make)

    with Archive.open(directory) as archive:
        (source,) = conference.sources
        bring_up_to_date(job_for(source, conference, models(PARTS), archive), archive, perform)


def test_workers_share_the_parts_and_make_each_once(directory: Path, conference: Conference) -> None:
    shelf, alone = Shelf(), Performer()
    with ThreadPoolExecutor(3) as pool:
        together = threading.Barrier(3)
        workers = [pool.submit(work, name, directory, conference, shelf, 1000, together) for name in "abc"]
        for each in workers:
            each.result()
    wanted = dump_of(conference, PARTS, alone)
    assert Counter(step for _, step in shelf.made) == Counter(alone.made)
    shares = Counter(name for name, step in shelf.made if ":" in step)
    assert len(shares) == 3
    assert min(shares.values()) > 1
    with Archive.open(directory) as archive:
        assert archive.dump() == wanted


@pytest.mark.parametrize("lives_for", [0, 6])
def test_what_a_worker_had_when_it_died_is_taken_over(
    directory: Path, conference: Conference, lives_for: int
) -> None:
    shelf, alone = Shelf(), Performer()
    with ThreadPoolExecutor(2) as pool:
        dies = pool.submit(work, "dies", directory, conference, shelf, lives_for)
        # Who lives is slow, so that there is enough left to die over.
        lives = pool.submit(work, "lives", directory, conference, shelf, step_s=0.2)
        with pytest.raises(DiedError):
            dies.result()
        lives.result()
    wanted = dump_of(conference, PARTS, alone)
    assert Counter(step for _, step in shelf.made) == Counter(alone.made)
    with Archive.open(directory) as archive:
        assert archive.dump() == wanted


def test_a_hand_waits_for_who_begins_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()
    monkeypatch.setattr("flows.sharing.time.sleep", lambda seconds: begun.set())
    assert wait_for_work(lambda: False, begun.is_set)
    assert not wait_for_work(lambda: True, lambda: False)
    monkeypatch.setattr(sharing, "FIRST_CLAIM_S", 0.05)
    assert not wait_for_work(lambda: False, lambda: False)
