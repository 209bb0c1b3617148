"""One Prefect server for all runs of these tests, and what they need to import."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from disturbances import get_ready

TESTS = Path(__file__).resolve().parent.parent


@contextmanager
def prefect_server(home: Path) -> Iterator[None]:
    """A server as PREFECT_API_URL names one, for the processes that these tests start."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = os.pathsep.join([str(TESTS / "chaos"), str(TESTS), str(TESTS.parent)])
    ours = {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"}
    ours["PREFECT_LOGGING_LEVEL"] = "CRITICAL"  # as each run sets it, before it imports Prefect
    ours["PYTHONWARNINGS"] = "ignore::RuntimeWarning"  # LanceDB's, over a fork before it did anything
    before = dict(os.environ)
    os.environ.update(ours)
    get_ready()
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port), "--no-ui"]
    with (home / "server.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        api = f"http://127.0.0.1:{port}/api"
        os.environ["PREFECT_API_URL"] = api
        try:
            _wait_for(f"{api}/health", server)
            yield
        finally:
            server.terminate()
            os.environ.clear()
            os.environ.update(before)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 600
    while time.monotonic() < deadline_s and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prefect's server did not start")
