"""`symposia estimate`: hours, memory and disk that a conference will take, from speeds measured here."""

from __future__ import annotations

import heapq
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flows.config import Conference, Source, load_conference
from flows.doctor import models_of
from flows.models import Models
from flows.profiles import Profile, load_profile
from flows.speeds import Speeds, foreign_share, speeds_of
from flows.stages import stages_of
from flows.work import duration_s
from flows.yamlfile import configs_dir
from nlp.weights import at_hand
from transcripts.errors import ModelError

_DISK = {"archive": "archive", "index": "search index", "work": "results of stages"}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole conference. `elapsed_s` is until the last of the workers is done."""

    sound_s: float
    stages_s: dict[str, float]
    elapsed_s: float
    memory_mb: float
    disk_mb: dict[str, float]

    @property
    def work_s(self) -> float:
        return sum(self.stages_s.values())


def estimate_conference(path: Path, profile_name: str, workers: int) -> None:
    """Print the estimate, and how it is known.

    Raises ConfigurationError for a conference or profile that is not valid, ModelError where models are
    not at hand, so that nothing can be measured, and MediaError for a recording that cannot be read.
    """
    conference = load_conference(path)
    profile = load_profile(profile_name)
    _check_at_hand(profile)
    durations = {each: duration_s(each) for each in conference.sources}
    speeds, kept = speeds_of(Models(profile, configs_dir() / "themes.yaml", _say), _say)
    show(estimate(conference, durations, speeds, workers), len(durations), workers, speeds, kept)


def estimate(
    conference: Conference, durations: dict[Source, float], speeds: Speeds, workers: int
) -> Estimate:
    """What sources of these lengths (seconds) take: each stage in proportion to the demo's.

    Translation is in proportion to the languages of the panel that are not the target's, for each target
    language. Recordings are dealt out the longest
    first, each to the worker who is free first.
    """
    stages_s: defaultdict[str, float] = defaultdict(float)
    each_s = []
    spoken = {panel.id: panel.languages for panel in conference.panels}
    for source, length_s in durations.items():
        total_s = 0.0
        for stage in stages_of(source):
            captions = source.captions and stage.name in {"transcript", "speakers"}  # they are only read
            took_s = 0.0 if captions else speeds.stages_s.get(stage.name, 0.0)
            if stage.name == "translation":
                took_s *= foreign_share(spoken[source.panel_id], conference.targets) / speeds.foreign
            stages_s[stage.name] += took_s * length_s / speeds.sound_s
            total_s += took_s * length_s / speeds.sound_s
        each_s.append(total_s)
    sound_s = sum(durations.values())
    return Estimate(
        sound_s,
        dict(stages_s),
        speeds.load_s + longest_share_s(each_s, workers),
        speeds.memory_mb,
        {what: amount * sound_s / speeds.sound_s for what, amount in speeds.disk_mb.items()},
    )


def longest_share_s(parts_s: Sequence[float], workers: int) -> float:
    """When the last of the workers is done, who each take the longest part that is left."""
    loads = [0.0] * workers
    for part_s in sorted(parts_s, reverse=True):
        heapq.heapreplace(loads, loads[0] + part_s)
    return max(loads)


def show(found: Estimate, recordings: int, workers: int, speeds: Speeds, kept: Path) -> None:
    """Print an estimate, and how it is known."""
    console = Console(highlight=False, soft_wrap=True)
    table = Table.grid(padding=(0, 2))
    for name, seconds in found.stages_s.items():
        table.add_row(f"  {name}", _time(seconds))
    disk = ", ".join(f"{_DISK[what]} {_size(amount)}" for what, amount in found.disk_mb.items())
    elapsed = f"{_time(found.elapsed_s)}, loading the models included"
    if workers > 1:
        elapsed += f", with {workers} workers, each a machine like this one"
    lines = (
        f"recordings  {recordings}, {_time(found.sound_s)} of sound or captions",
        f"work        {_time(found.work_s)}, by stage:",
        table,
        f"until done  {elapsed}",
        f"memory      {_size(found.memory_mb)} a worker",
        f"disk        {_size(sum(found.disk_mb.values()))} beside the recordings: {disk}",
        f"known from  the demo panel ({_time(speeds.sound_s)}), which took {_time(speeds.total_s)} on this "
        f"machine with these models on {speeds.measured_on}",
        f"            kept in {kept}; delete that file to measure again",
        "taken for   as dense in speech as the demo, and time in proportion to length. Music and silence "
        "take less; other work on the machine, or many doubtful stretches, more.",
    )
    for line in lines:
        if isinstance(line, str):
            console.print(line, markup=False)
        else:
            console.print(line)


def _check_at_hand(profile: Profile) -> None:
    missing = [name for name in models_of(profile) if at_hand(name) is None]
    if missing:
        raise ModelError(
            f"{', '.join(missing)}: not on this machine so far, so that nothing can be measured. Run a short "
            "recording with this profile ('symposia run'), which fetches the models, and try again."
        )


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _size(amount_mb: float) -> str:
    return f"{amount_mb:.1f} MB" if amount_mb < 1000 else f"{amount_mb / 1000:.1f} GB"


def _say(line: str) -> None:
    sys.stderr.write(f"symposia: {line}\n")


__all__ = ["Estimate", "duration_s", "estimate", "estimate_conference", "longest_share_s"]
