"""A conference that is run, corrected and run again, and what must come of it whatever happened on the way.

The base is a run of the first edition of the conference file, with corrections. What is disturbed is the
run of the second: one recording has other captions, one is new, two are as they were. Between the
disturbed run and the next one, a person corrects a passage.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from disturbances import Disturbance, start

from flows.verifying import Verify, verify_archive
from flows.yamlfile import configs_dir
from transcripts.archive import Archive
from transcripts.files import place_at
from transcripts.place import Place
from transcripts.query import parse
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex

RUN_S = 300  # no run takes longer, undisturbed or not

HEAD = f"""
id: talks
title: Talks
target_language: es
themes: {configs_dir()}/themes.yaml
speakers: [{{id: ann, name: Ann}}]
panels:
  - {{id: opening, title: Opening, captions: [{{path: opening.vtt, language: en}}]}}
  - {{id: voice, title: Voice, languages: [en, es], recording: {configs_dir()}/demo/voices/moderator-uk.opus}}
  - {{id: floor, title: Floor, captions: [{{path: floor.vtt, language: en}}]}}
"""
NEW = "  - {id: closing, title: Closing, captions: [{path: closing.vtt, language: es}]}\n"
ASKED = ("machine", "corregido", "between", "despedida")


def captions(*texts: str) -> str:
    cues = [
        f"00:{10 * number:02d}.000 --> 00:{10 * number + 4:02d}.000\n<v Ann>{text}\n"
        for number, text in enumerate(texts)
    ]
    return "WEBVTT\n\n" + "\n".join(cues)


def files_of(archive: Place) -> Path:
    """Where an archive's index and results lie; those of a database where the environment says so."""
    return archive if isinstance(archive, Path) else place_at(os.environ["SYMPOSIA_FILES"])


@dataclass(frozen=True)
class Trial:
    """A folder with the conference files and the base; archives of single trials are copied from it."""

    root: Path

    @property
    def base(self) -> Path:
        return self.root / "base"

    def prepare(self) -> None:
        """Write the files and make the base."""
        self.root.mkdir(exist_ok=True)
        (self.root / "one.yaml").write_text(HEAD, "utf-8")
        (self.root / "two.yaml").write_text(HEAD.replace("floor.vtt", "floor-again.vtt") + NEW, "utf-8")
        for name, texts in {
            "opening": ("The machine is my partner.", "We taught it to dream.", "It asked for nothing."),
            "floor": ("Who owns the voice of an actor?", "Nobody asked me.", "We all should."),
            "floor-again": ("Who owns the voice of an actor?", "No one ever asked me.", "We all should."),
            "closing": ("Gracias a todos.", "Una despedida sin máquina."),
        }.items():
            (self.root / f"{name}.vtt").write_text(captions(*texts), "utf-8")
        self.make_base(self.base)

    def make_base(self, at: Place) -> None:
        """Run the first edition, and correct what came of it."""
        self.run_through(at, "one")
        self.correct(at, "opening", 1, "text", "We corrected it to dream.")
        self.correct(at, "floor", 0, "translation", "¿De quién es la voz? (corregido)")
        self.correct(at, "voice", 0, "theme:ethics", "True")

    def copied(self, to: Path) -> Path:
        """A copy of the base, to be disturbed."""
        shutil.copytree(self.base, to)
        return to

    def command(self, archive: Place, edition: str = "two") -> list[str]:
        return ["run", str(self.root / f"{edition}.yaml"), "--archive", str(archive)]

    def log(self, archive: Place) -> Path:
        return self.root / f"{files_of(archive).name}.log"

    def disturbed(self, archive: Place, disturbance: Disturbance, after_s: float = RUN_S) -> int | None:
        """The exit code of a run that something happens to; it is killed after some seconds."""
        process = self.begun(archive, disturbance)
        process.join(after_s)
        process.kill()
        process.join()
        return process.exitcode

    def begun(self, archive: Place, disturbance: Disturbance) -> ForkServerProcess:
        """A run in a process of its own."""
        return start(self.command(archive), self.log(archive), files_of(archive), disturbance)

    def run_through(self, archive: Place, edition: str = "two") -> int:
        """A run that nothing happens to: how many moments it had."""
        log = self.log(archive)
        process = start(self.command(archive, edition), log, files_of(archive), Disturbance())
        process.join(RUN_S)
        assert process.exitcode == 0, log.read_text()
        return int(log.with_suffix(".moments").read_text())

    def correct(self, archive: Place, recording: str, number: int, field: str, value: str) -> None:
        with Archive.open(archive) as opened:
            passage = opened.entries_of_recordings([recording])[number].passage
            ReviewDesk(opened).correct(passage.id, field, value, reviewer="ana")

    def correct_between(self, archive: Place) -> None:
        self.correct(archive, "opening", 2, "text", "It asked for something in between.")

    @cached_property
    def expected(self) -> dict[str, Any]:
        """What comes of a run that nothing happens to."""
        return self.came_to(self.root / "undisturbed")

    def strays(self, archive: Place) -> set[str]:
        """Results of stages that no undisturbed run leaves."""
        undisturbed = {path.name for path in (self.root / "undisturbed" / "work").iterdir()}
        return {path.name for path in (files_of(archive) / "work").iterdir()} - undisturbed

    def came_to(self, archive: Place) -> dict[str, Any]:
        """Everything that must be the same, whatever happened: records, readings, results, hits."""
        with Archive.open(archive) as opened:
            index = SearchIndex.open(opened)
            return {
                "dump": opened.dump(),
                "entries": opened.entries(),
                "failures": opened.failures(),
                "strays": sorted(self.strays(archive)),
                "hits": {
                    words: [hit.entry.passage.id for hit in index.find(parse(words)).hits] for words in ASKED
                },
                "faults": verify_archive(archive, Verify()),
            }
