"""The search of a published site, in a real browser, against the server's search by words.

    python -m benchmarks.site_search --out site_search.json

The short queries of ../shared/themes, as in `benchmarks.search`; the site is published, opened in
Chromium from a plain file server, and asked by its own page. Needs ../shared and Chromium.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.provenance import provenance
from benchmarks.search import DEPTH, SHARED, Asked, Find, archive_of, dev_queries, figures, ours
from flows.models import Models
from flows.profiles import load_profile
from flows.yamlfile import configs_dir
from transcripts.search import SearchIndex
from transcripts.site.publish import publish
from transcripts.site.settings import Site

_ASKED = """async (query) => {
  const start = performance.now();
  const found = await symposiaSearch.find(query);
  const first = await Promise.all(found.slice(0, DEPTH).map((each) => each.data()));
  return [first.map((each) => each.raw_url || each.url), performance.now() - start];
}""".replace("DEPTH", str(DEPTH))


@contextmanager
def opened(site: Path) -> Iterator[Page]:
    """The search page of a site, in Chromium, from a plain file server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as file servers do
        disable_nagle_algorithm = True

        def log_message(self, *_: Any) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/search.html")
        page.wait_for_function("window.symposiaSearch")
        yield page
        browser.close()
    server.shutdown()


def measure(site: Path, asked: Sequence[Asked], server: Find) -> dict[str, Any]:
    """Recall of both, and how long each query took in the browser, in milliseconds."""
    took_ms: list[float] = []
    with opened(site) as page:

        def published(query: str) -> list[str]:
            ids, ms = page.evaluate(_ASKED, query)
            took_ms.append(ms)
            return [str(each).strip("/") for each in ids]

        found = {"server, words": figures(server, asked), "published": figures(published, asked)}
    took_ms.sort()
    return {**found, "median_ms": took_ms[len(took_ms) // 2], "slowest_ms": took_ms[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.site_search", description="Measure it.")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    if not (SHARED / "themes").is_dir():
        parser.error("../shared/themes is not here, and its queries are what is asked")
    models = Models(load_profile("embedded"), configs_dir() / "themes.yaml", lambda line: None)
    texts, asked = dev_queries(models)
    with tempfile.TemporaryDirectory() as folder, archive_of(texts, models) as archive:
        index = SearchIndex.open(archive)
        publish(archive, Path(folder) / "site", Site(), include="draft", with_media=False)
        found = measure(Path(folder) / "site", asked, ours(index, "words"))
    table = Table("way", "recall@10", "by language", title=f"{len(asked)} short queries")
    for name in ("server, words", "published"):
        by_language = "  ".join(
            f"{code} {value:.2f}" for code, value in found[name]["recall_by_language"].items()
        )
        table.add_row(name, f"{found[name]['recall']:.3f}", by_language)
    console = Console(width=120, highlight=False)
    console.print(table)
    console.print(f"in the browser: median {found['median_ms']:.0f} ms, slowest {found['slowest_ms']:.0f} ms")
    if options.out:
        document = {"made": provenance("benchmarks.site_search"), **found}
        options.out.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
