"""What workers bring, and what orchestration costs.

    python -m benchmarks.fleet --spread          # two workers against one, a core each
    python -m benchmarks.fleet --overhead        # a recording of an hour, in one process
    python -m benchmarks.fleet --spread --minutes 1 --recordings 2    # does it work?

Workers are pinned to a core each and models compute in one thread, as on two machines; the time is from
the command that submits the recordings to its end, with the starts of all processes. Overhead is all that
a run takes besides its stages: Python, Prefect's server, models' imports, the archive. Wants the machine
for itself. `--hours 0.1` tries the second on less than an hour.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.prefect_fleet import ROOT, PrefectFleet
from benchmarks.provenance import provenance
from benchmarks.speech_inputs import load_panel, read_sound, write_sound
from flows.yamlfile import configs_dir
from nlp.audio import SAMPLE_RATE_HZ
from transcripts.logs import PLACE

WAIT_S = 120  # for workers to poll
PROFILE = (configs_dir() / "profiles" / "embedded.yaml").read_text("utf-8")


def one_thread(folder: Path) -> Path:
    """The embedded profile, with models that compute in one thread."""
    path = folder / "one-thread.yaml"
    text = re.sub(r"^(speech|translation|embedding):$", r"\1:\n  threads: 1", PROFILE, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    return path


def conference(folder: Path, recordings: dict[str, float], seconds_of_demo: float) -> Path:
    """The demo panel, as long as asked, as panels of a conference."""
    panel = load_panel("demo")
    sound = read_sound(panel.path)[: round(seconds_of_demo * SAMPLE_RATE_HZ)]
    lines = ["id: talks", "title: Talks", "target_language: en", "panels:"]
    for name, seconds in recordings.items():
        times = max(1, round(seconds * SAMPLE_RATE_HZ / len(sound)))
        write_sound(folder / f"{name}.flac", [sound] * times)
        codes = ", ".join(panel.languages)
        lines.append(f"  - {{id: {name}, title: {name}, languages: [{codes}], recording: {name}.flac}}")
    path = folder / "talks.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_s(environment: dict[str, str], *arguments: str) -> tuple[float, str]:
    """How long `symposia run` takes, and what it says."""
    command = [sys.executable, "-m", "flows.cli", "run", *arguments]
    started_s = time.monotonic()
    done = subprocess.run(
        command,
        env=environment,
        cwd=ROOT,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(done.stdout)
    return time.monotonic() - started_s, done.stdout


def spread(folder: Path, recordings: int, minutes: float) -> dict[str, Any]:
    """Seconds with one worker and with two, and how many times as fast two are."""
    names = {f"p{number}": minutes * 60 for number in range(recordings)}
    file, profile = conference(folder, names, min(minutes * 60, 264)), one_thread(folder)
    fleet = PrefectFleet(folder)
    taken: dict[int, float] = {}
    try:
        fleet.start_server()
        fleet.deploy()
        for workers in (1, 2):
            for core in range(workers):
                worker = fleet.start_worker(OMP_NUM_THREADS="1")
                os.sched_setaffinity(worker.pid, {core})
            wait_for_workers(fleet, workers)
            arguments = ("--archive", str(folder / f"with-{workers}"), "--profile", str(profile))
            taken[workers], _ = run_s(fleet.environment, str(file), *arguments, "--on", "recording/fleet")
            fleet.stop_workers()
    finally:
        fleet.close()
    return {"one_worker_s": taken[1], "two_workers_s": taken[2], "times_as_fast": taken[1] / taken[2]}


def wait_for_workers(fleet: PrefectFleet, count: int) -> None:
    """Until as many poll for work: their start is not what is measured."""
    polling = "Worker '.*' started!"
    before, until = len(re.findall(polling, fleet.log())), time.monotonic() + WAIT_S
    while len(re.findall(polling, fleet.log())) < before + count:
        if time.monotonic() > until:
            raise TimeoutError(f"{count} workers were started, and did not all poll within {WAIT_S} s")
        time.sleep(0.2)


def overhead(folder: Path, hours: float) -> dict[str, Any]:
    """Seconds of a run and of its stages, and what the rest is of the stages', by what goes on meanwhile."""
    file, log = conference(folder, {"long": hours * 3600}, 264), folder / "log.jsonl"
    started = datetime.now(UTC)
    total_s, _ = run_s({**os.environ, PLACE: str(log)}, str(file), "--archive", str(folder / "archive"))
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    stages_s = {each["stage"]: 0.0 for each in events if "stage" in each}
    at: dict[str, float] = {}
    for each in events:
        after_s = (datetime.fromisoformat(each["at"]) - started).total_seconds()
        if each["event"] == "stage done":
            stages_s[each["stage"]] += each["seconds"]
            at["last stage"] = after_s
        else:
            at.setdefault(each["event"], after_s)
    in_stages_s = sum(stages_s.values())
    rest_s = {
        "Python, files, Prefect's imports": at["run started"],
        "Prefect's server, until the first stage": at["stage started"] - at["run started"],
        "between stages": at["last stage"] - at["stage started"] - in_stages_s,
        "keeping": at["recording done"] - at["last stage"],
        "report": at["run ended"] - at["recording done"],
        "index, summary, the server's end": total_s - at["run ended"],
    }
    overhead = (total_s - in_stages_s) / in_stages_s
    return {"run_s": total_s, "overhead": overhead, "rest_s": rest_s, "stages_s": stages_s}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--spread", action="store_true", help="two workers against one")
    parser.add_argument("--overhead", action="store_true", help="what a run takes besides its stages")
    parser.add_argument("--recordings", type=int, default=6)
    parser.add_argument("--minutes", type=float, default=4.4, help="length of each")
    parser.add_argument("--hours", type=float, default=1.0, help="length of the long one")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        if asked.spread:
            folder = Path(name) / "spread"
            folder.mkdir()
            figures |= spread(folder, asked.recordings, asked.minutes)
        if asked.overhead:
            folder = Path(name) / "overhead"
            folder.mkdir()
            figures |= overhead(folder, asked.hours)
    Console().print_json(json.dumps({**figures, **provenance("benchmarks.fleet")}))


if __name__ == "__main__":
    main()
