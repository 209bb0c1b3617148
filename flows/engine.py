"""Prefect, set up for one user at one machine: quiet, private, and tidy after a crash.

Call `prepare` before anything imports Prefect. Where PREFECT_API_URL names a server,
that server is used and none of the ephemeral server's settings apply.
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from nlp.cache import cache_dir
from transcripts.files import in_object_store
from transcripts.records import digest_of

RUN_MARK = "SYMPOSIA_RUN_PID"
# The ephemeral server works for one run: it schedules nothing and cleans up nobody else's runs.
IDLE_SERVICES = (
    "SCHEDULER",
    "LATE_RUNS",
    "FOREMAN",
    "CANCELLATION_CLEANUP",
    "PAUSE_EXPIRATIONS",
    "EVENT_PERSISTER",
    "TRIGGERS",
)


def quiet() -> None:
    """Have Prefect send nothing elsewhere and, unless the user has asked for it, say nothing."""
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")


def prepare(results: Path) -> None:
    """Set Prefect's environment: task results go to `results`, nothing leaves the machine.

    What the user has set stays as it is, except telemetry, which is always off.
    """
    quiet()
    if in_object_store(results):
        os.environ["PREFECT_DEFAULT_RESULT_STORAGE_BLOCK"] = str(storage_of(results))
    else:
        _sweep_nothings(results)
        os.environ["PREFECT_LOCAL_STORAGE_PATH"] = str(results)
    if os.environ.get("PREFECT_API_URL"):
        return
    _sweep_orphans()
    os.environ[RUN_MARK] = str(os.getpid())
    home = cache_dir() / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    defaults = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_TIMEOUT": "60",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
        "PREFECT_LOGGING_SERVER_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        **{f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false" for service in IDLE_SERVICES},
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def _sweep_nothings(results: Path) -> None:
    """Remove results that a full disk left empty: Prefect never asks for them again."""
    for path in results.glob("*"):
        if path.is_file() and path.stat().st_size == 0:
            path.unlink(missing_ok=True)


def register(results: Path) -> None:
    """Tell Prefect of results in an object store; a folder needs no telling. Call after `prepare`."""
    if in_object_store(results):
        from prefect.filesystems import RemoteFileSystem

        RemoteFileSystem(basepath=str(results)).save(_block_name(results), overwrite=True)


def storage_of(results: Path) -> Path | str:
    """Where results are, as a task of Prefect's is told it. An object store has to be registered before."""
    return f"remote-file-system/{_block_name(results)}" if in_object_store(results) else results


def _block_name(results: Path) -> str:
    """Of Prefect's block that knows where results are; credentials are not in it, but in the environment."""
    return f"symposia-{digest_of(str(results))[:12]}"


def _sweep_orphans() -> None:
    """End ephemeral servers whose run was killed: they would wait for ever."""
    for process in psutil.process_iter(["environ"]):
        mark = (process.info["environ"] or {}).get(RUN_MARK)
        if mark and mark.isdigit() and not psutil.pid_exists(int(mark)):
            try:
                process.terminate()
            except psutil.Error:
                continue
