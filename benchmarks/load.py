"""Many people in the reading room at once, reading and correcting: errors, lost edits, how long they wait.

    python -m benchmarks.load
    python -m benchmarks.load --passages 100000 --readers 50 --editors 5 --seconds 600 --keep DIR

On a made-up archive (that of `benchmarks.pages`). Readers open another page `--pause` seconds after the
last one came. Editors open the desk of a passage, save another text, and go on; each has passages of its
own. In the end the server is stopped, and every text that it said is saved must be in the archive.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.pages import first_answer_s, reading, server
from benchmarks.provenance import provenance
from benchmarks.search_synthetic import PER_RECORDING, Maker, fill
from transcripts.archive import Archive
from transcripts.search import SearchIndex

TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')
PASSAGES_OF_AN_EDITOR = 20


@dataclass
class Editor:
    """Somebody who saves one text after the other, and what the server said is saved."""

    texts: dict[str, str]  # by passage id, as this editor knows them
    name: str
    saved: list[tuple[str, str]] = field(default_factory=list)  # passage id and text, in order
    waited_ms: list[float] = field(default_factory=list)

    def work(self, base: str, goes_on: Callable[[], bool], pause_s: float) -> None:
        """Save until told to stop. Raises httpx.TransportError when the server is gone."""
        with httpx.Client(base_url=base, timeout=120) as client:
            while goes_on():
                self.save(client, list(self.texts)[len(self.saved) % len(self.texts)])
                time.sleep(pause_s)

    def save(self, client: httpx.Client, passage_id: str) -> None:
        """Open the desk, save another text, and note it once that is acknowledged."""
        page = client.get(f"/review/{passage_id}").raise_for_status().text
        token = TOKEN.search(page)
        assert token
        text = f"Edited by {self.name}, change {len(self.saved)}."
        form = {"form_token": token[1], "deed": "save", "was_text": self.texts[passage_id], "text": text}
        began = time.perf_counter()
        answer = client.post(f"/review/{passage_id}", data=form)
        if answer.status_code != 303:
            raise SystemExit(f"not saved ({answer.status_code}): {answer.text[:500]}")
        self.waited_ms.append(1000 * (time.perf_counter() - began))
        self.texts[passage_id] = text
        self.saved.append((passage_id, text))


def lost_edits(archive: Archive, editors: Sequence[Editor]) -> list[str]:
    """Texts that were acknowledged and are not in the journal, or are not what is read now."""
    journal = {(each.passage_id, each.after) for each in archive.reviews() if each.field == "text"}
    saved = [each for editor in editors for each in editor.saved]
    last = dict(saved)
    now = archive.entries_by_id(list(last))
    return [text for passage_id, text in saved if (passage_id, text) not in journal] + [
        text for passage_id, text in last.items() if now[passage_id].passage.text != text
    ]


def spread(times_ms: Sequence[float]) -> dict[str, float]:
    """The form of `benchmarks.pages.reading`."""
    return {
        "pages": len(times_ms),
        **{f"p{share}": round(float(np.percentile(times_ms, share))) for share in (50, 95)},
    }


def measure(directory: Path, options: argparse.Namespace) -> dict[str, Any]:
    if not (directory / "archive.sqlite").exists():
        fill(directory, options.passages, Maker())
    with Archive.open(directory) as archive:
        SearchIndex.open(archive).refresh()
        own = archive.entries(limit=options.editors * PASSAGES_OF_AN_EDITOR)
    texts = {each.passage.id: each.passage.text for each in own}
    editors = [
        Editor(dict(list(texts.items())[number :: options.editors]), f"{number}-{time.time_ns()}")
        for number in range(options.editors)
    ]
    base, panels = f"http://127.0.0.1:{options.port}", max(1, options.passages // PER_RECORDING)
    with server(directory, options.port) as process, ThreadPoolExecutor(options.editors) as threads:
        first_answer_s(base)
        until: float = time.perf_counter() + options.seconds

        def goes_on() -> bool:
            return time.perf_counter() < until

        editing = [threads.submit(each.work, base, goes_on, options.pause) for each in editors]
        times = reading(base, panels, options.readers, options.pause, options.seconds)
        for each in editing:
            each.result()
        resident_mb = round(process.memory_info().rss / 1e6)
    with Archive.open(directory) as archive:
        lost = lost_edits(archive, editors)
    times["save"] = spread([ms for each in editors for ms in each.waited_ms])
    return {
        "readers": options.readers,
        "editors": options.editors,
        "seconds": options.seconds,
        "lost edits": len(lost),
        "resident_mb": resident_mb,
        "ms": times,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description="Fill the reading room.")
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--editors", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds that a person looks at a page")
    parser.add_argument("--port", type=int, default=8798)
    parser.add_argument("--keep", type=Path, help="where made-up archives lie, and are found again")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as scratch:
        found = measure((options.keep or Path(scratch)) / f"made-up-{options.passages}", options)
    console = Console(width=110, highlight=False)
    table = Table("what", "times", "p50 ms", "p95 ms")
    for kind, each in found["ms"].items():
        table.add_row(kind, *(str(value) for value in each.values()))
    console.print(table)
    console.print(", ".join(f"{name}: {value}" for name, value in found.items() if name != "ms"))
    if options.out:
        document = {"made": provenance("benchmarks.load"), "figures": found}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if found["lost edits"]:
        sys.exit("edits were lost")


if __name__ == "__main__":
    main()
