"""How fast the reading room's pages come, on a made-up archive, with several people reading at once.

    python -m benchmarks.pages
    python -m benchmarks.pages --passages 100000 --users 8 --pause 1 --keep DIR

A page's time is that to its first byte. Queries are embedded by the embedded profile's model; the
vectors of passages are made up. Every panel is opened once before. Each user asks for another page
`--pause` seconds after the last one came; people take longer. Where there is Chromium, a panel of
three hours is opened in it too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.provenance import provenance
from benchmarks.search_synthetic import LANGUAGES, PER_RECORDING, THEMES, Maker, fill
from transcripts.archive import Archive
from transcripts.search import SearchIndex


def address(kind: str, maker: Maker, rng: random.Random, panels: int) -> str:
    """An address of a kind of page, another one each time."""
    code = rng.choice(LANGUAGES)
    asked = {"q": maker.query(code, 2)}
    return {
        "home": "/",
        "panel": f"/panels/panel-{rng.randrange(panels):04d}",
        "search": "/search?" + urlencode(asked),
        "search, filtered": "/search?" + urlencode(asked | {"language": code, "theme": rng.choice(THEMES)}),
        "list by theme": "/search?" + urlencode({"theme": rng.choice(THEMES), "page": rng.randrange(1, 50)}),
    }[kind]


KINDS = ("home", "panel", "search", "search, filtered", "list by theme")


@contextmanager
def server(directory: Path, port: int) -> Iterator[psutil.Process]:
    """The reading room in a process of its own, from its start."""
    command = [sys.executable, "-m", "flows.cli", "serve", "--archive", str(directory), "--port", str(port)]
    with subprocess.Popen(command) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def first_answer_s(base: str) -> float:
    """Seconds until the home page has come."""
    began = time.perf_counter()
    while time.perf_counter() - began < 300:
        try:
            httpx.get(base + "/", timeout=300).raise_for_status()
            return time.perf_counter() - began
        except httpx.TransportError:
            time.sleep(0.02)
    raise SystemExit("the reading room did not open within five minutes")


def visit(
    base: str, next_address: Callable[[], tuple[str, str]], pause_s: float, until: float
) -> Iterator[tuple[str, float]]:
    """What one user waits for, page by page: kind and ms to the first byte."""
    with httpx.Client(base_url=base, timeout=120) as client:
        while time.perf_counter() < until:
            kind, wanted = next_address()
            began = time.perf_counter()
            with client.stream("GET", wanted) as answer:
                taken = 1000 * (time.perf_counter() - began)
                answer.read()
            answer.raise_for_status()
            yield kind, taken
            time.sleep(pause_s)


def reading(
    base: str, panels: int, users: int, pause_s: float, seconds: float
) -> dict[str, dict[str, float]]:
    """Times by kind of page, in ms: median and 95th percentile."""
    maker, lock = Maker(), threading.Lock()  # of the words that the archive has
    until = time.perf_counter() + seconds

    def one(number: int) -> list[tuple[str, float]]:
        rng = random.Random(number)

        def next_address() -> tuple[str, str]:
            kind = rng.choice(KINDS)
            with lock:
                return kind, address(kind, maker, rng, panels)

        return list(visit(base, next_address, pause_s, until))

    times: defaultdict[str, list[float]] = defaultdict(list)
    with ThreadPoolExecutor(users) as readers:
        for pages in readers.map(one, range(users)):
            for kind, taken in pages:
                times[kind].append(taken)
                times["all"].append(taken)
    seen = [kind for kind in (*KINDS, "all") if times[kind]]
    return {kind: {"pages": len(times[kind]), **_spread(times[kind])} for kind in seen}


def _visited(base: str, number: int) -> float:
    """Milliseconds until a panel's page has come whole."""
    began = time.perf_counter()
    httpx.get(f"{base}/panels/panel-{number:04d}", timeout=60).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def _spread(times: Sequence[float]) -> dict[str, int]:
    return {name: round(float(np.percentile(times, share))) for name, share in (("p50", 50), ("p95", 95))}


def usable_s(base: str) -> float | None:
    """Seconds until a panel of three hours is all there and hears keys, in Chromium; None without it."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page()
        page.goto(base + "/")
        began = time.perf_counter()
        page.goto(base + "/panels/panel-0001", wait_until="domcontentloaded")
        page.keyboard.press("n")
        page.locator("article.line:focus").wait_for()
        taken = time.perf_counter() - began
        assert page.locator("article.line").count() == PER_RECORDING
        started.close()
    return round(taken, 2)


def measure(directory: Path, passages: int, options: argparse.Namespace) -> dict[str, Any]:
    if not (directory / "archive.sqlite").exists():
        fill(directory, passages, Maker())
    with Archive.open(directory) as archive:
        SearchIndex.open(archive).refresh()
    base = f"http://127.0.0.1:{options.port}"
    panels = max(1, passages // PER_RECORDING)
    with server(directory, options.port) as process:
        found: dict[str, Any] = {"start_s": round(first_answer_s(base), 2)}
        found["panel_first_ms"] = _spread([_visited(base, number) for number in range(panels)])
        reading(base, panels, 2, 0.0, 10.0)  # warm
        found["panel_usable_s"] = usable_s(base) if panels > 1 else None
        for pause_s in (options.pause, 0.0):
            times = reading(base, panels, options.users, pause_s, options.seconds)
            found[f"{options.users} users, {pause_s:g} s between pages"] = times
        found["resident_mb"] = round(process.memory_info().rss / 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pages", description="Measure the reading room."
    )
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=8)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds that a user reads a page")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they read")
    parser.add_argument("--port", type=int, default=8799)
    parser.add_argument("--keep", type=Path, help="where made-up archives lie, and are found again")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with tempfile.TemporaryDirectory() as scratch:
        directory = (options.keep or Path(scratch)) / f"made-up-{options.passages}"
        found = measure(directory, options.passages, options)
    console = Console(width=120, highlight=False)
    for name, times in found.items():
        if isinstance(times, dict) and "all" in times:
            table = Table("page", "pages", "p50 ms", "p95 ms", title=name)
            for kind, each in times.items():
                table.add_row(kind, *(str(each[column]) for column in ("pages", "p50", "p95")))
            console.print(table)
        else:
            console.print(f"{name}: {times}")
    if options.out:
        document = {"made": provenance("benchmarks.pages"), "figures": found}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
