"""How fast this machine is with a profile: measured on the packaged demo panel, and kept in the cache."""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from flows.conference import conference_record
from flows.config import load_conference
from flows.jobs import Job, Step
from flows.layers import Layer, layer_bytes
from flows.models import Models
from flows.stages import stages_of
from flows.work import bring_up_to_date, job_for
from flows.yamlfile import configs_dir
from nlp.cache import cache_dir
from nlp.machine import thread_count
from transcripts.archive import Archive
from transcripts.files import write_atomically
from transcripts.records import digest_of
from transcripts.search import SearchIndex

PANEL = "opening"  # of the demo: 262 s, five voices, four languages
FORM = 2  # raised when Speeds means something else

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Speeds:
    """What one panel took: seconds by stage, megabytes (of 10^6 bytes) of memory at the peak and of disk.

    `load_s` is what loading the models took, once a run; `foreign` is `foreign_share` of the panel.
    """

    measured_on: str  # ISO date
    sound_s: float
    load_s: float
    stages_s: dict[str, float]
    memory_mb: float
    disk_mb: dict[str, float]
    foreign: float

    @property
    def total_s(self) -> float:
        return self.load_s + sum(self.stages_s.values())


def speeds_of(models: Models, say: Say) -> tuple[Speeds, Path]:
    """What is kept of this machine with these models, or else measured now; and where it is kept.

    Raises what the stages raise, and SymposiaError when the cache cannot be written.
    """
    with Archive.in_memory() as empty:
        job = _demo_job(models, empty)
    kept = cache_dir() / "speeds" / f"{_name(job)}.json"
    known = _read(kept)
    if known is None:
        say("Measuring how fast this machine is, on the demo panel (once for these models; some minutes) ...")
        known = measure(models)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(asdict(known), indent=1))
    return known, kept


def measure(models: Models) -> Speeds:
    """Work through the demo panel, into an archive that is thrown away."""
    stages_s: dict[str, float] = {}
    results_mb = 0.0

    def perform(steps: Sequence[Step]) -> list[Layer]:
        nonlocal results_mb
        layers = []
        for step in steps:
            began_s = time.monotonic()
            layers.append(step.make(lambda reached_s: None))
            name = step.stage.name
            stages_s[name] = stages_s.get(name, 0.0) + time.monotonic() - began_s
            results_mb += len(layer_bytes(layers[-1])) / 1e6
        return layers

    with tempfile.TemporaryDirectory(prefix="symposia-speed-") as folder:
        directory = Path(folder)
        with Archive.open(directory, create=True) as archive:
            job = _demo_job(models, archive)
            load_s = _load(job)
            empty_mb = _size_mb(directory)
            bring_up_to_date(job, archive, perform)
            archive_mb = _size_mb(directory) - empty_mb
            SearchIndex.open(archive).refresh()
            index_mb = _size_mb(directory / "index") if (directory / "index").is_dir() else 0.0
            (recording,) = archive.recordings()
    return Speeds(
        datetime.now(UTC).date().isoformat(),
        recording.duration_s,
        load_s,
        stages_s,
        _peak_mb(),
        {"archive": archive_mb, "index": index_mb, "work": results_mb},
        foreign_share(job.panel.languages, job.conference.targets),
    )


def _load(job: Job) -> float:
    """Load what a recording needs; the seconds that took."""
    started_s = time.monotonic()
    for name in ("listener", "diarizer", "transcriber", "translator", "embedder", "tagger"):
        getattr(job.models, name)
    for code in job.panel.languages:
        job.models.translator.translate([""], code, job.conference.target_language)  # loads what it needs
    return time.monotonic() - started_s


def foreign_share(languages: Collection[str], targets: Collection[str]) -> float:
    """How often what is said is translated: each language is taken to be spoken as much as the others."""
    return sum(1.0 - (target in languages) / len(languages) for target in targets)


def _demo_job(models: Models, archive: Archive) -> Job:
    conference = load_conference(configs_dir() / "demo" / "conference.yaml")
    archive.set_conference(conference_record(conference))
    source = conference.source(PANEL)
    return job_for(source, conference, models, archive)


def _name(job: Job) -> str:
    """Of what was measured: the machine, and the signature of each stage with where its model runs."""
    profile = job.models.profile
    engines = (profile.speech, profile.translation, profile.embedding, profile.themes)
    machine = [platform.machine(), platform.processor(), os.cpu_count(), thread_count(0), platform.node()]
    signatures = [stage.signature(job).digest for stage in stages_of(job.source)]
    devices = [[engine.device, engine.threads] for engine in engines]
    return digest_of([FORM, job.fingerprint, machine, signatures, devices])[:24]


def _read(path: Path) -> Speeds | None:
    try:
        return Speeds(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _size_mb(directory: Path) -> float:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file()) / 1e6


def _peak_mb() -> float:
    """The most memory that this process has held so far, where the system tells; else what it holds now."""
    try:
        import resource
    except ImportError:  # Windows
        return float(psutil.Process().memory_info().rss / 1e6)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if platform.system() == "Darwin" else peak * 1024 / 1e6


__all__ = ["Speeds", "foreign_share", "measure", "speeds_of"]
