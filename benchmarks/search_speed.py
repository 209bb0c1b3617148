"""How fast search is and how much memory it takes, on made-up archives of any size.

Searching is measured in a process of its own, so that what building takes does not count.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.search_synthetic import LANGUAGES, THEMES, Maker, fill
from flows.serving import settle_memory
from nlp.machine import one_heap_a_core
from transcripts import analysis, index_rows
from transcripts.archive import Archive
from transcripts.query import Mode, SearchQuery
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex

_WARM_UP = 20
_MEASURED = 100
_READERS = 8


def measure_speed(passages: int, keep: Path | None) -> dict[str, Any]:
    """Build, search, correct. With `keep`, the archive is left there, and taken up again."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = (keep or Path(scratch)) / f"made-up-{passages}"
        built = _build(directory, passages)
        command = [sys.executable, "-m", "benchmarks.search_speed", str(directory)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        return {**built, **json.loads(done.stdout)}


def _build(directory: Path, passages: int) -> dict[str, Any]:
    known = directory / "built.json"  # another benchmark's archive has none
    if not (directory / "archive.sqlite").exists():
        fill(directory, passages, Maker())
    if not (directory / "index" / "state.json").exists():
        # The texts of large archives come again and again; what was analysed once is remembered.
        setattr(index_rows, "words", cache(analysis.words))  # noqa: B010 - not a name that it exports
        began = time.perf_counter()
        with Archive.open(directory) as archive:
            SearchIndex.open(archive).refresh()
        built = {
            "build_s": round(time.perf_counter() - began, 1),
            "analysed_texts": min(passages, 20_000 * len(LANGUAGES)) * 2,
        }
        known.write_text(json.dumps(built), "utf-8")
    size = sum(path.stat().st_size for path in (directory / "index").rglob("*") if path.is_file())
    built = json.loads(known.read_text("utf-8")) if known.exists() else {}
    return {**built, "index_mb": round(size / 1e6)}


def search_figures(directory: Path) -> dict[str, Any]:
    """Times in ms and memory in MB of a process that only searches (and corrects, at the end)."""
    one_heap_a_core()  # as `symposia serve` does
    maker = Maker()
    with Archive.open(directory) as archive:
        near = (vector for _ in itertools.count() for vector in maker.vectors(100))
        index = SearchIndex.open(archive, lambda text: next(near))
        began = time.perf_counter()
        index.find(SearchQuery(maker.query("en", 2)))
        found: dict[str, Any] = {"first_ms": round(1000 * (time.perf_counter() - began)), "ms": {}}
        settle_memory()
        for name, make in _kinds(maker).items():
            times = [_timed(index, make(n)) for n in range(_WARM_UP + _MEASURED)]
            found["ms"][name] = _spread(times[_WARM_UP:]) | {"cold": round(max(times[:3]), 1)}
        filtered = _kinds(maker)["hybrid, filtered"]
        with ThreadPoolExecutor(_READERS) as readers:
            queries = [filtered(n) for n in range(_READERS * 40)]
            found["ms"][f"hybrid, filtered, {_READERS} at once"] = _spread(
                list(readers.map(lambda query: _timed(index, query), queries))
            )
        found["resident_mb"] = round(psutil.Process().memory_info().rss / 1e6)
        found["correction_ms"] = _spread([_corrected(archive, index, maker, n) for n in range(5)])
    return found


def _kinds(maker: Maker) -> dict[str, Callable[[int], SearchQuery]]:
    """Kinds of queries, two words each, in all languages."""

    def query(n: int, mode: Mode = "hybrid", *, filtered: bool = False) -> SearchQuery:
        code = LANGUAGES[n % len(LANGUAGES)]
        narrow = {"languages": (code,), "themes": (THEMES[n % len(THEMES)],)} if filtered else {}
        return SearchQuery(maker.query(code, 2), mode=mode, **narrow)  # type: ignore[arg-type]

    return {
        "words": lambda n: query(n, "words"),
        "words, filtered": lambda n: query(n, "words", filtered=True),
        "meaning": lambda n: query(n, "meaning"),
        "meaning, filtered": lambda n: query(n, "meaning", filtered=True),
        "hybrid": query,
        "hybrid, filtered": lambda n: query(n, filtered=True),
        "phrase": lambda n: SearchQuery(phrases=(maker.query("en", 1),)),
        "list, filtered": lambda n: SearchQuery(themes=(THEMES[n % 3],), offset=1_000),
    }


def _timed(index: SearchIndex, query: SearchQuery) -> float:
    began = time.perf_counter()
    index.find(query)
    return 1000 * (time.perf_counter() - began)


def _corrected(archive: Archive, index: SearchIndex, maker: Maker, number: int) -> float:
    """From a person's correction to finding it, in ms."""
    passage_id = f"rec-0000-{number:06d}"
    word = f"corrected{'abcdefgh'[number]}"
    before = archive.entries_by_id([passage_id])[passage_id].passage.text
    began = time.perf_counter()
    ReviewDesk(archive).correct(passage_id, "text", f"{word} {before}", reviewer="bench", expected=before)
    hits = index.find(SearchQuery(word, mode="words")).hits
    taken = 1000 * (time.perf_counter() - began)
    assert [hit.passage_id for hit in hits] == [passage_id]
    ReviewDesk(archive).correct(passage_id, "text", before, reviewer="bench", expected=f"{word} {before}")
    return taken


def _spread(times: Sequence[float]) -> dict[str, float]:
    return {name: round(float(np.percentile(times, share)), 1) for name, share in (("p50", 50), ("p95", 95))}


def show_speed(passages: int, found: dict[str, Any], console: Console) -> None:
    table = Table("search", "p50 ms", "p95 ms", "first ms", title=f"{passages:,} passages")
    for name, times in found["ms"].items():
        table.add_row(name, str(times["p50"]), str(times["p95"]), str(times.get("cold", "")))
    console.print(table)
    console.print({name: value for name, value in found.items() if name != "ms"})


if __name__ == "__main__":
    print(json.dumps(search_figures(Path(sys.argv[1]))))
