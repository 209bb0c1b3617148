"""What Prefect runs for an archive: whole paths alone, and what an organiser decides is done."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from transcripts.archive import Archive

# In a process of its own: Prefect must not be imported here, before a run has set it up.
PROGRAM = """
import sys
from types import SimpleNamespace
from uuid import uuid4

from flows.engine import quiet

quiet()
import flows.deployed as deployed

archive, out = sys.argv[1:]
published = []
deployed.publish_archive = lambda *given: published.append(given)
decided = lambda **given: SimpleNamespace(publish_now=False)
never = lambda **given: sys.exit("was asked again")

# resumed with a "no" after the review was complete
deployed.flow_run = SimpleNamespace(run_count=2)
deployed.suspend_flow_run = decided
state = deployed.publish.fn(archive, out, include="draft", wait_for_review=True)
assert state.is_failed() and not published, state

# begun when there was nothing to wait for
deployed.flow_run = SimpleNamespace(run_count=1)
deployed.suspend_flow_run = never
state = deployed.publish.fn(archive, out, include="draft", wait_for_review=True)
assert state.is_completed() and published, state


class Client:
    def __enter__(self):
        return self

    def __exit__(self, *ended):
        pass

    def read_flow_runs(self, **asked):
        places = ("/nowhere/at-all", archive)
        asked = [{"archive": place, "include": "reviewed"} for place in places]
        return [
            SimpleNamespace(id=uuid4(), name=f"run-{number}", parameters=parameters)
            for number, parameters in enumerate(asked)
        ]

    def resume_flow_run(self, run_id, run_input):
        resumed.append(run_input)


resumed = []
deployed.get_client = lambda **given: Client()
state = deployed.resume.fn()
assert resumed == [{"publish_now": True}], resumed
assert state.is_failed() and "run-0" in state.message, state

for wrong in ({"archive": "festival", "out": out}, {"archive": archive, "out": "site"}):
    try:
        deployed.publish.validate_parameters(wrong)
    except Exception as error:
        assert type(error).__name__ == "ParameterTypeError", error
    else:
        raise AssertionError(wrong)
deployed.publish.validate_parameters({"archive": "postgresql://host/db", "out": out})
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One in which nothing waits for review."""
    Archive.open(tmp_path / "archive", create=True).close()
    return tmp_path / "archive"


def test_decisions_are_kept_and_one_broken_archive_blocks_no_other(archive: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(archive), str(tmp_path / "site")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
