"""How soon `symposia status` answers and `symposia run` finds nothing to do, with thousands of recordings.

    python -m benchmarks.fleet_size
    python -m benchmarks.fleet_size --recordings 1000 --keep DIR

The archive is made of caption files of 20 cues each, one panel a file, with every layer. The first is
parsed and cut into passages as ever, its translations are made up, and vectors it has none; the others are
its copies, with the keys that their stages have in the embedded profile. `--keep` names a folder where it
is found again.
Each command is timed whole, from the start of Python, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from sqlalchemy import Connection, insert, select

from benchmarks.provenance import provenance
from flows.conference import conference_record
from flows.config import load_conference
from flows.jobs import Job, Step
from flows.layers import Embeddings, Layer, Names, Tags, TranslationEmbeddings, Translations
from flows.models import Models
from flows.profiles import load_profile
from flows.stages import stages_of
from flows.work import AllKept, bring_up_to_date, job_for, stat_key
from transcripts import schema
from transcripts.archive import Archive
from transcripts.columns import METADATA
from transcripts.records import Signature, ThemeTag, Translation
from transcripts.search import SearchIndex

PASSAGES = 20
MADE_UP = Signature("made-up")
WORDS = ("cámara", "actor", "máquina", "voz", "película", "guion", "sueño", "luz", "público", "derecho")
TARGETS_S = {"status": 1.0, "run": 20.0}


def write_conference(folder: Path, recordings: int) -> Path:
    """A conference file with a caption file for each panel."""
    rng = np.random.default_rng(0)
    cues = []
    for at in range(PASSAGES):
        times = f"00:{3 * at:02d}:00.000 --> 00:{3 * at:02d}:05.000"
        cues.append(f"{times}\n<v Ann>{' '.join(rng.choice(WORDS, 8))} {at}.\n")
    panels = []
    for number in range(recordings):
        name = f"panel-{number:05d}"
        (folder / f"{name}.vtt").write_text("WEBVTT\n\n" + "\n".join(cues), "utf-8")
        captions = f"[{{path: {name}.vtt, language: es}}]"
        panels.append(f"  - {{id: {name}, title: Panel {number}, captions: {captions}}}\n")
    head = "id: fleet\ntitle: Fleet\ntarget_language: en\nspeakers: [{id: ann, name: Ann}]\npanels:\n"
    path = folder / "conference.yaml"
    path.write_text(head + "".join(panels), "utf-8")
    return path


def made_up(step: Step) -> Layer:
    """What a stage makes; without a model where it would need one."""
    stage, job, made = step.stage, step.job, step.made
    rng = np.random.default_rng(0)
    if stage.name == "translation":
        said = made["passages"].passages
        return Translations(
            tuple(Translation(each.id, "en", f"In English: {each.text}", 0.8, MADE_UP) for each in said)
        )
    if stage.name == "embedding":
        return Embeddings(())
    if stage.name == "translation_embedding":
        return TranslationEmbeddings(())
    if stage.name == "names":
        return Names(())
    if stage.name == "themes":
        themes = [theme.id for theme in job.models.taxonomy.themes]
        return Tags(
            tuple(
                ThemeTag(each.id, theme, 0.4, rng.random() < 0.2, MADE_UP)
                for each in made["passages"].passages
                for theme in themes
            )
        )
    return step.make(lambda reached_s: None)


def renamed(value: Any, old: str, new: str) -> Any:
    """A column's value, of another recording."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, list):
        return [renamed(each, old, new) for each in value]
    return value


def multiply(connection: Connection, first: str, keys: Mapping[str, Mapping[str, str]]) -> None:
    """Give the archive more recordings like its first, with the keys of their own stages."""
    for table in METADATA.sorted_tables:
        column = table.c.id if table is schema.recordings else table.c.get("recording_id")
        if column is None:
            continue
        rows = [dict(row) for row in connection.execute(select(table).where(column == first)).mappings()]
        for name, own in keys.items() if rows else ():
            copies = [{key: renamed(value, first, name) for key, value in row.items()} for row in rows]
            if table is schema.stages:
                copies = [{**row, "key": own[row["stage"]]} for row in copies]
            if table is schema.recordings:
                copies = [{**row, "panel_id": name} for row in copies]
            connection.execute(insert(table), copies)


def keys_of(job: Job, digests: Mapping[str, str]) -> dict[str, str]:
    """What `bring_up_to_date` would keep as the keys of a recording's stages and files."""
    files = {f"file:{number}:{path.name}": stat_key(path) for number, path in enumerate(job.hashes)}
    return files | {stage.name: stage.key(job, digests) for stage in stages_of(job.source)}


def make_archive(folder: Path, recordings: int) -> None:
    conference = load_conference(write_conference(folder, recordings))
    models = Models(load_profile("embedded"), conference.themes, lambda line: None)
    with Archive.open(folder / "archive", create=True) as archive:
        archive.set_conference(conference_record(conference))
        first, *others = conference.sources
        bring_up_to_date(
            job_for(first, conference, models, archive),
            archive,
            lambda steps: [made_up(each) for each in steps],
        )
        digests = {each.stage: each.digest for each in archive.stages(first.recording_id).values()}
        none = AllKept({})
        keys = {
            each.recording_id: keys_of(job_for(each, conference, models, none), digests) for each in others
        }
        with archive.writing() as connection:
            multiply(connection, first.recording_id, keys)
        SearchIndex.open(archive).refresh()


def seconds_of(*arguments: str) -> tuple[float, str]:
    """How long a command took, from the start of Python, and what it said."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "flows.cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout + done.stderr


def measure(folder: Path, recordings: int, times: int) -> dict[str, Any]:
    archive = str(folder / "archive")
    if not (folder / "archive").exists():
        folder.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        make_archive(folder, recordings)
        print(f"made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    found: dict[str, Any] = {"recordings": recordings, "passages": recordings * PASSAGES}
    for name, arguments, said in (
        ("status", ("status", "--archive", archive), f"{recordings} recordings"),
        ("run", ("run", str(folder / "conference.yaml"), "--archive", archive), "nothing to do"),
    ):
        taken = []
        for _ in range(times):
            seconds, output = seconds_of(*arguments)
            if said not in output:
                raise SystemExit(f"{name} did not say {said!r}: {output[-500:]}")
            taken.append(seconds)
        found[f"{name}_s"] = round(float(np.median(taken)), 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fleet_size", description="Measure status and run on many recordings."
    )
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5, help="how often each command is timed")
    parser.add_argument("--keep", type=Path, help="where the made-up archive lies, and is found again")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as scratch:
        folder = (options.keep or Path(scratch)) / f"fleet-{options.recordings}"
        found = measure(folder, options.recordings, options.times)
    console = Console(width=110, highlight=False)
    for name, value in found.items():
        target = TARGETS_S.get(name.removesuffix("_s"))
        console.print(f"{name}: {value:,}" + (f" (wanted: under {target:g} s)" if target else ""))
    if options.out:
        document = {"made": provenance("benchmarks.fleet_size"), "figures": found}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
