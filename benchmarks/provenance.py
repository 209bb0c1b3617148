"""What a measurement was made with: machine, versions, commit, date and the command that repeats it."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from nlp.machine import thread_count

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("symposia", "faster-whisper", "ctranslate2", "onnxruntime", "av", "numpy", "scipy", "jiwer")


def provenance(module: str) -> dict[str, Any]:
    """For the JSON of a benchmark that runs as `python -m MODULE`; names no path of this machine."""
    return {
        "command": " ".join(["python -m", module, *sys.argv[1:]]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD"),
        "has_uncommitted_changes": bool(_git("status", "--porcelain", "--untracked-files=no")),
        "hardware": {
            "processor": _processor(),
            "cores": thread_count(0),
            "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
            "load_average_at_start": round(psutil.getloadavg()[0], 2),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in (*PACKAGES, "pyannote-metrics", "sacrebleu")},
        },
    }


def _git(*words: str) -> str:
    """What git answers; empty where there is no repository."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
