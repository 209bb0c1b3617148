"""How long a site takes to be made, to be made again, and to answer in a browser.

    python -m benchmarks.publishing
    python -m benchmarks.publishing --passages 800 --keep DIR

A made-up archive of ten panels in five languages, without sound, is published by the command as users
give it, timed whole in a process of its own: into an empty folder, again with nothing changed, and again
after each of some corrections of one passage. Where there is Chromium, words are typed on the site's
search page, served by a plain file server, and the time to the first hit is taken.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console

from benchmarks.provenance import provenance
from benchmarks.search_synthetic import LANGUAGES, Maker, fill
from benchmarks.site_search import opened
from transcripts.archive import Archive
from transcripts.review import ReviewDesk

PANELS = 10
CORRECTIONS = 5
TYPED = 25  # words, in all languages
_TYPE = """async (word) => {
  const box = document.querySelector("input[type=search]");
  const [hits, status] = ["hits", "status"].map((id) => document.getElementById(id));
  hits.replaceChildren();
  status.textContent = "";
  box.value = word;
  const began = performance.now();
  box.dispatchEvent(new Event("input", { bubbles: true }));
  while (!hits.firstElementChild && !status.textContent) await new Promise((done) => setTimeout(done, 1));
  const taken = hits.firstElementChild ? performance.now() - began : null;
  while (!status.textContent) await new Promise((done) => setTimeout(done, 10)); // all have come
  return taken;
}"""


def published_s(archive: Path, site: Path) -> float:
    """Seconds of `symposia publish`, from the start of Python."""
    command = [sys.executable, "-m", "flows.cli", "publish", "--archive", str(archive), "--include", "draft"]
    began = time.perf_counter()
    subprocess.run([*command, str(site)], check=True, capture_output=True)
    return time.perf_counter() - began


def corrected(archive: Path, number: int, a_panel: int) -> None:
    """One word more in one passage of the first panel."""
    with Archive.open(archive) as opened_archive:
        passage_id = f"rec-0000-{37 * number % a_panel:06d}"
        before = opened_archive.entries_by_id([passage_id])[passage_id].passage.text
        desk = ReviewDesk(opened_archive)
        desk.correct(passage_id, "text", f"{before} {number}", reviewer="bench", expected=before)


def typed_ms(site: Path, words: Sequence[str]) -> list[float]:
    """Milliseconds from typing a word to its first hit, for each that has one, on a page that is open."""
    with opened(site) as page:
        page.wait_for_timeout(2000)
        return [taken for word in words if (taken := page.evaluate(_TYPE, word)) is not None]


def measure(folder: Path, passages: int) -> dict[str, Any]:
    archive, site = folder / f"made-up-{passages}", folder / f"site-{passages}"
    maker, a_panel = Maker(), -(-passages // PANELS)
    if not (archive / "archive.sqlite").exists():
        fill(archive, passages, maker, a_panel)
    shutil.rmtree(site, ignore_errors=True)
    found: dict[str, Any] = {"whole_s": published_s(archive, site)}
    found["unchanged_s"] = published_s(archive, site)
    after = []
    for number in range(CORRECTIONS):
        corrected(archive, number, a_panel)
        after.append(published_s(archive, site))
    found["one_correction_s"] = median(after)
    files = [path for path in site.rglob("*") if path.is_file()]
    found["site_mb"] = sum(path.stat().st_size for path in files) / 1e6
    found["largest_page_kb"] = max(path.stat().st_size for path in files if path.suffix == ".html") / 1e3
    try:
        times = typed_ms(site, [maker.query(LANGUAGES[n % len(LANGUAGES)], 1) for n in range(TYPED)])
        found |= {"first_hit_ms_median": median(times), "first_hit_ms_slowest": max(times)}
    except Exception as error:  # without a browser, the rest counts
        sys.stderr.write(f"not opened in a browser: {error}\n")
    return {name: round(value, 2) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.publishing", description="Measure publishing a site."
    )
    parser.add_argument("--passages", type=int, default=10_000)
    parser.add_argument("--keep", type=Path, help="where archive and site lie, and are found again")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        found = measure(options.keep or Path(scratch), options.passages)
    console = Console(width=120, highlight=False)
    for name, value in found.items():
        console.print(f"{name}: {value:,}")
    if options.out:
        document = {"made": provenance("benchmarks.publishing"), "passages": options.passages, **found}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
