"""A run of a day's sound in one process: whether memory stays flat, and files and threads are let go.

    python -m benchmarks.long_run
    python -m benchmarks.long_run --hours 2 --real

The sound is the demo's, over and over, in recordings of an hour. It is decoded, searched for speech, cut
into passages, kept and indexed as ever; what recognises, translates and embeds takes no time (the fakes of
the tests), but for `--real`, which uses the embedded profile's weights. The run's process is looked at
from outside each time a recording is done.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from scipy.stats import linregress

from benchmarks.provenance import provenance
from flows.yamlfile import configs_dir
from nlp.audio import SAMPLE_RATE_HZ, stream

ROOT = Path(__file__).resolve().parent.parent
LEAST_RECORDINGS = 8
# An hour of sound: what a recording leaves in caches and counters, and no more.
FLAT_PER_HOUR = {"resident_mb": 4.0, "files": 0.5, "threads": 0.5}


@dataclass(frozen=True, slots=True)
class Look:
    """The run's process when a recording was done."""

    recording: str
    seconds: float
    resident_mb: float
    files: int
    threads: int


def write_hour(path: Path, seconds: float) -> None:
    """The demo's panel, from the start again whenever it ends."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
        left = round(seconds * SAMPLE_RATE_HZ)
        while left > 0:
            for block in stream(configs_dir() / "demo" / "opening.opus"):
                part = block[:left]
                file.writeframes((32_767 * np.clip(part, -1, 1)).astype("<i2").tobytes())
                left -= len(part)


def write_conference(folder: Path, hours: float) -> tuple[Path, int]:
    """A conference of so many hours, a panel an hour or less: the file, and the number of panels."""
    count = max(LEAST_RECORDINGS, round(hours))
    write_hour(folder / "00.wav", 3600 * hours / count)
    panels = []
    for number in range(count):
        name = f"{number:02d}.wav"
        if number:
            os.link(folder / "00.wav", folder / name)
        panels.append(
            f"  - {{id: hour-{number:02d}, title: Hour {number}, languages: [en, ja], recording: {name}}}\n"
        )
    path = folder / "conference.yaml"
    path.write_text("id: day\ntitle: A day\ntarget_language: es\npanels:\n" + "".join(panels), "utf-8")
    return path, count


def watched_run(conference: Path, archive: Path, real: bool) -> list[Look]:
    """Run a conference in a process of its own; how it was each time a recording was done."""
    program = ["-m", "flows.cli"] if real else [str(ROOT / "tests" / "fakes_main.py")]
    command = [sys.executable, *program, "run", str(conference), "--archive", str(archive)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}
    began, looks = time.monotonic(), list[Look]()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr
        seen = psutil.Process(process.pid)
        for line in process.stderr:
            name, _, said = line.partition(":")
            if said.startswith(" done in"):
                with seen.oneshot():
                    looks.append(
                        Look(
                            name,
                            round(time.monotonic() - began, 1),
                            round(seen.memory_info().rss / 1e6, 1),
                            seen.num_fds(),
                            seen.num_threads(),
                        )
                    )
            else:
                sys.stderr.write(line)
    if process.returncode:
        raise SystemExit(f"the run ended with exit code {process.returncode}")
    return looks


def growth(looks: list[Look], hours_each: float) -> dict[str, tuple[float, float]]:
    """What an hour of sound leaves behind, by a straight line through all but the first quarter.

    Each with its standard error: what goes up and down by 20 MB may look as if it rose, in a few hours.
    """
    later = looks[len(looks) // 4 :]
    if len(later) < 3:
        return {}
    hours = hours_each * np.arange(len(later))
    lines = {name: linregress(hours, [getattr(each, name) for each in later]) for name in FLAT_PER_HOUR}
    return {name: (round(float(line.slope), 2), round(float(line.stderr), 2)) for name, line in lines.items()}


def grows(grown: dict[str, tuple[float, float]]) -> list[str]:
    """What grows by more than is flat, and by more than chance (two standard errors)."""
    return [
        name for name, (slope, error) in grown.items() if slope > FLAT_PER_HOUR[name] and slope > 2 * error
    ]


def measure(folder: Path, hours: float, real: bool) -> dict[str, Any]:
    conference, count = write_conference(folder, hours)
    looks = watched_run(conference, folder / "archive", real)
    if len(looks) != count:
        raise SystemExit(f"{len(looks)} of {count} recordings were done")
    return {
        "hours": hours,
        "models": "embedded" if real else "fakes",
        "growth_per_hour": growth(looks, hours / count),
        "looks": [asdict(each) for each in looks],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_run", description="Watch a long run.")
    parser.add_argument(
        "--hours", type=float, default=24.0, help="of sound; recordings are of an hour, and at least eight"
    )
    parser.add_argument("--real", action="store_true", help="with the embedded profile's weights")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.hours, options.real)
    table = Table("recording", "after s", "resident MB", "open files", "threads")
    for look in found["looks"]:
        table.add_row(*map(str, look.values()))
    console = Console(width=110, highlight=False)
    console.print(table)
    grown = found["growth_per_hour"]
    told = ", ".join(f"{name} {slope:+.2f} ± {error:.2f}" for name, (slope, error) in grown.items())
    console.print(f"left behind by an hour of sound: {told or 'too few recordings to tell'}")
    if grown:
        least_mb = max(FLAT_PER_HOUR["resident_mb"], 2 * grown["resident_mb"][1])
        console.print(f"a rise of less than {least_mb:.0f} MB an hour would not be told from chance")
    if options.out:
        document = {"made": provenance("benchmarks.long_run"), "figures": found}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if rising := grows(grown):
        raise SystemExit(f"not flat: {', '.join(rising)}")


if __name__ == "__main__":
    main()
