"""A Prefect server, the deployments of prefect.yaml and workers, as processes of tests and benchmarks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POOL = "symposia"
START_S = 120.0

CAPTIONS = """WEBVTT

00:01.000 --> 00:04.000
<v Ann>The artist's work trained the model, and nobody asked number {number}.

00:05.000 --> 00:08.000
Every archive keeps an old film for those who come later.
"""


def write_conference(folder: Path, panels: int) -> Path:
    """A conference of captions in its target language: real stages, and cheap ones."""
    lines = [
        "id: talks",
        "title: Talks",
        "target_language: en",
        "speakers: [{id: ann, name: Ann}]",
        "panels:",
    ]
    for number in range(panels):
        (folder / f"p{number}.vtt").write_text(CAPTIONS.format(number=number), encoding="utf-8")
        captions = f"captions: [{{path: p{number}.vtt, language: en}}]"
        lines.append(f"  - {{id: p{number}, title: Panel {number}, {captions}}}")
    path = folder / "talks.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class PrefectFleet:
    """Ends all that it started when it is closed."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.home = home
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "HF_HUB_OFFLINE": "1",
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.url,
            "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self._log = (home / "log.txt").open("wb")

    def start_server(self) -> None:
        """Start it, or start it again with all that it knew."""
        command = ("server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        self.server = self.start(*command)
        until_s = time.monotonic() + START_S
        while time.monotonic() < until_s:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError(f"no Prefect server within {START_S} s: {self.log()[-2000:]}")

    def deploy(self) -> None:
        """The deployments of prefect.yaml, as a person makes them."""
        self.prefect("work-pool", "create", POOL, "--type", "process")
        self.prefect("--no-prompt", "deploy", "--all", "--prefect-file", str(ROOT / "prefect.yaml"))

    def start_worker(self, **more: str) -> subprocess.Popen[bytes]:
        """A worker that takes one run at a time."""
        return self.start("worker", "start", "--pool", POOL, "--limit", "1", environment=more)

    def prefect(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "prefect", *arguments]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            env={**self.environment, **(environment or {})},
            stdout=self._log,
            stderr=self._log,
            cwd=self.home,
            start_new_session=True,
        )
        self._started.append(process)
        return process

    def log(self) -> str:
        self._log.flush()
        return (self.home / "log.txt").read_text(errors="replace")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """As when its machine is gone: it and all that it started end at once."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_workers(self) -> None:
        for process in self._started:
            if process is not self.server and process.poll() is None:
                self.kill(process)

    def close(self) -> None:
        self.stop_workers()
        if self.server.poll() is None:
            self.kill(self.server)
        self._log.close()
