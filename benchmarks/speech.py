"""Speech: symposia against faster-whisper on the same audio, with the same weights.

    make bench-speech                                         everything, three runs a system
    python -m benchmarks.speech --quick                       a minute of the demo, one run: does it work?
    python -m benchmarks.speech --panels demo --only symposia --only oracle
    python -m benchmarks.speech --long                        memory at one hour and at ten
    python -m benchmarks.speech --markdown                    the tables of the last whole measurement

docs/benchmarks.md tells what every figure means. A measurement of everything writes
benchmarks/results/speech.json; any other prints, and writes where --out says.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.provenance import provenance
from benchmarks.speech_figures import (
    confidence_figures,
    non_speech_figures,
    overall_figures,
    panel_figures,
    speaker_figures,
    word_time_figures,
)
from benchmarks.speech_inputs import (
    RECORDED,
    Input,
    first_minute,
    load_panel,
    long_input,
    non_speech_input,
    panel_names,
    recorded_meetings,
    word_times,
)
from benchmarks.speech_report import markdown, show
from benchmarks.speech_systems import BEAM_SIZE, COMPUTE_TYPE, MODEL, SYSTEMS, Job, Output, run_apart
from benchmarks.speech_targets import checks
from nlp.machine import thread_count
from nlp.weights import resolve

DESCRIPTION = (__doc__ or "").splitlines()[0]
RESULTS = Path(__file__).resolve().parent / "results" / "speech.json"
WHOLE_RUNS = 3  # as many as it takes for a median
GROUPS = ("meetings", "word-times", "non-speech")  # what can be asked for beside panels
QUICK_SCALE = 0.1  # of the sounds without speech

talk = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: systems in their order, runs of each, inputs by name (none: all)."""

    systems: tuple[str, ...]
    runs: int
    inputs: tuple[str, ...]
    quick: bool
    folder: Path  # for sound that is made

    def wants(self, name: str) -> bool:
        return name in self.inputs or not self.inputs


class Runner:
    """Runs systems on recordings, each time in a process of its own, and keeps what failed."""

    def __init__(self) -> None:
        weights = resolve(MODEL, talk.print)
        self.made = provenance("benchmarks.speech") | {
            "weights": {"model": MODEL, "revision": weights.revision, "licence": weights.licence},
            "compute_type": COMPUTE_TYPE,
            "beam_size": BEAM_SIZE,
            "threads": thread_count(0),
            "systems": {
                name: {"label": each.label, "settings": dict(each.settings)} for name, each in SYSTEMS.items()
            },
            "signatures": {},
        }
        self.failures: list[str] = []
        self._weights = str(weights.path)

    def alternating(
        self, given: Input, systems: Sequence[str], runs: int = 1, *, word_times: bool = False
    ) -> dict[str, list[Output]]:
        """The outputs of each system: A, B, C, then A, B, C again. A system that fails is left out."""
        found: dict[str, list[Output]] = {name: [] for name in systems}
        for number in range(runs):
            for name in [name for name in systems if name in found]:
                try:
                    output = run_apart(self._job(given, name, word_times))
                except RuntimeError as error:
                    talk.print(str(error), style="red", markup=False)
                    self.failures.append(str(error).splitlines()[0].rstrip(":"))
                    del found[name]
                    continue
                found[name].append(output)
                self.made["signatures"] = dict(output.signatures) or self.made["signatures"]
                speed_x = given.duration_s / output.speech_s
                talk.print(f"{given.name}, run {number + 1} of {runs}, {name}: {speed_x:.1f} x real time")
        return found

    def _job(self, given: Input, name: str, word_times: bool) -> Job:
        turns = tuple((turn.span.start_s, turn.span.end_s, turn.language) for turn in given.turns)
        return Job(name, str(given.path), given.languages, self._weights, thread_count(0), word_times, turns)


def measure(plan: Plan, runner: Runner) -> dict[str, Any]:
    """Everything that the plan asks for, as the document that is written."""
    panels = [load_panel(name) for name in panel_names() if plan.wants(name)]
    if plan.quick:
        panels = [first_minute(panel, plan.folder) for panel in panels]
    outputs = {panel.name: (panel, runner.alternating(panel, plan.systems, plan.runs)) for panel in panels}
    ours = [(panel, found["symposia"][0]) for panel, found in outputs.values() if found.get("symposia")]
    document: dict[str, Any] = {
        "panels": {name: panel_figures(panel, found) for name, (panel, found) in outputs.items()},
        "overall": overall_figures(outputs),
        "confidence": confidence_figures(ours) if ours else None,
        "speakers": _speakers(plan, runner, [pair for pair in ours if pair[0].voices]),
    }
    untold = [name for name in plan.systems if name != "oracle"]  # there are no turns to tell
    if plan.wants("word-times"):
        given = word_times(plan.folder)
        found = runner.alternating(given, untold, word_times=True)
        document["word_times"] = {name: word_time_figures(given, runs[0]) for name, runs in found.items()}
    if plan.wants("non-speech"):
        given = non_speech_input(plan.folder, QUICK_SCALE if plan.quick else 1.0)
        found = runner.alternating(given, untold)
        document["non_speech"] = {name: non_speech_figures(given, runs[0]) for name, runs in found.items()}
    return document


def _speakers(plan: Plan, runner: Runner, panels: Sequence[tuple[Input, Output]]) -> dict[str, Any]:
    """Who speaks when: on panels of few speakers, and on meetings."""
    found = {"panels": speaker_figures(panels)} if panels else {}
    if "symposia" in plan.systems and plan.wants("meetings") and not plan.quick:
        meetings = [(each, runner.alternating(each, ["symposia"])) for each in recorded_meetings()]
        heard = [(each, runs["symposia"][0]) for each, runs in meetings if runs]
        if heard:
            found["meetings"] = speaker_figures(heard)
    return found


def measure_long(hours: Sequence[float], talk_share: float, runner: Runner, folder: Path) -> dict[str, Any]:
    """Memory and speed of symposia on long recordings, made of the panels and deleted again."""
    panels = [load_panel(name) for name in panel_names()]
    recordings = {}
    for length in hours:
        given = long_input(folder, panels, length, talk_share)
        for output in runner.alternating(given, ["symposia"]).get("symposia", []):
            with_speakers_s = output.speech_s + output.speakers_s
            recordings[given.name] = {
                "memory_mb": round(output.speech_memory_mb),
                "memory_with_speakers_mb": round(output.memory_mb),
                "speed_x": round(given.duration_s / output.speech_s, 2),
                "speed_with_speakers_x": round(given.duration_s / with_speakers_s, 2),
            }
        given.path.unlink()
    peaks = [each["memory_with_speakers_mb"] for each in recordings.values()]
    ratio = round(peaks[-1] / peaks[0], 3) if len(peaks) == len(hours) else None
    return {"recordings": recordings, "memory_ratio": ratio, "talk_share": talk_share}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech", description=DESCRIPTION)
    add = parser.add_argument
    add("--runs", type=int, default=WHOLE_RUNS, help="runs of a system on a panel; medians count")
    add("--only", action="append", choices=SYSTEMS, help="measure this system; may be repeated")
    add("--panels", default="", help=f"inputs, with commas: {', '.join([*panel_names(), *GROUPS])}")
    add("--quick", action="store_true", help="one run on a minute of the demo")
    add("--long", action="store_true", help="only memory on long recordings, of symposia alone")
    add("--hours", default="1,10", help="the lengths of these, with commas")
    add("--talk", type=float, default=1.0, help="share of these that is talk, the rest silence")
    add("--out", type=Path, help=f"where to write (if everything is measured: {RESULTS.name})")
    add("--markdown", action="store_true", help="measure nothing: print the tables of --out")
    options = parser.parse_args()
    options.panels = [name for name in options.panels.split(",") if name]
    unknown = [name for name in options.panels if name not in {*panel_names(), *GROUPS}]
    if unknown:
        parser.error(f"--panels names what is not here: {', '.join(unknown)}")
    if options.runs < 1 or options.talk <= 0:
        parser.error("--runs begins at 1, and --talk is more than 0")
    if options.quick:
        options.runs, options.panels = 1, options.panels or ["demo", "word-times", "non-speech"]
    return options


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _document(options: argparse.Namespace, held: dict[str, Any]) -> dict[str, Any]:
    """Measure what is asked for; of an earlier document, what the other measurement found is kept."""
    runner = Runner()
    with tempfile.TemporaryDirectory() as name:
        if options.long:
            hours = [float(each) for each in options.hours.split(",")]
            found = measure_long(hours, options.talk, runner, Path(name))
            document = {"made": runner.made} | held | {"long": {"made": runner.made, **found}}
        else:
            systems = tuple(options.only or SYSTEMS)
            plan = Plan(systems, options.runs, tuple(options.panels), options.quick, Path(name))
            document = {"made": runner.made, **measure(plan, runner)}
            document |= {"long": held["long"]} if "long" in held else {}
    return document | {"failures": runner.failures, "checks": checks(document)}


def main() -> None:
    options = _options()
    is_part = options.quick or options.only or options.panels or not RECORDED.exists()
    is_whole = not is_part and options.runs >= WHOLE_RUNS
    out = options.out or (RESULTS if is_whole or options.long else None)
    held = _read(out) if out else {}
    if options.markdown:
        print(markdown(held) if held else "There are no figures yet: run 'make bench-speech'.")
        return
    os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is to be fetched while time is taken
    if not RECORDED.exists():
        talk.print("../shared/audio is not here: the demo is measured alone, and its clips for word times.")
    document = _document(options, held)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    show(document, Console(highlight=False, width=180))
    if document.get("failures"):
        sys.exit("Failed: " + "; ".join(document["failures"]))


if __name__ == "__main__":
    main()
