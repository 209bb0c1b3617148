"""Figures for Prometheus, of this process: what readers ask for, what runs do and how long it takes.

SYMPOSIA_METRICS says where they can be had: a port of this machine (`9100`), an address with a port
(`0.0.0.0:9100`, for others to read), or a file that ends in `.prom` (for node_exporter's textfile collector),
which is written every 15 s and in the end. Unset, they are counted and not shown.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
import time
from contextlib import suppress
from pathlib import Path

from prometheus_client import Counter, Histogram, start_http_server, write_to_textfile
from prometheus_client.registry import REGISTRY

from transcripts.errors import ConfigurationError

PLACE = "SYMPOSIA_METRICS"
WRITTEN_EVERY_S = 15.0
_PORT = re.compile(r"(?:(?P<address>.+):)?(?P<port>\d{1,5})")
# Of a stage: from captions that are read at once to days of speech on one processor.
_STAGE_S = (0.1, 1, 10, 60, 300, 1800, 7200, 36_000, 172_800)

REQUESTS = Histogram(
    "symposia_request_seconds", "Requests of the reading room", ("method", "route", "status")
)
SEARCHES = Counter("symposia_searches", "Searches of the reading room")
EDITS = Counter("symposia_edits", "Changes that people made in the reading room")
STAGES = Histogram(
    "symposia_stage_seconds", "Stages of recordings, as far as not cached", ("stage",), buckets=_STAGE_S
)
RECORDINGS = Counter("symposia_recordings", "Recordings that a run looked at", ("outcome",))
DOUBTS = Counter("symposia_doubts", "Passages and translations that were flagged", ("flag",))

_opened = threading.Lock()


def open_metrics() -> None:
    """Show the figures where the environment says, if nobody has begun to.

    Raises ConfigurationError where that cannot be had.
    """
    place = os.environ.get(PLACE)
    if not place or not _opened.acquire(blocking=False):
        return
    try:
        if found := _PORT.fullmatch(place):
            start_http_server(int(found["port"]), found["address"] or "127.0.0.1")
        elif place.endswith(".prom"):
            _write_now_and_then(Path(place))
        else:
            raise ConfigurationError(
                f"{PLACE} is {place!r}: set it to a port, ADDRESS:PORT, or a file that ends in .prom"
            )
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"{PLACE} is {place!r}, which cannot be had ({error}): choose another, one a process"
        ) from error


def _write_now_and_then(path: Path) -> None:
    write_to_textfile(str(path), REGISTRY)  # told at once where that cannot be

    def write() -> None:
        while True:
            time.sleep(WRITTEN_EVERY_S)
            _write(path)

    threading.Thread(target=write, name="metrics", daemon=True).start()
    atexit.register(_write, path)


def _write(path: Path) -> None:
    """A disk that is full for a while must not end a run of days."""
    with suppress(OSError):
        write_to_textfile(str(path), REGISTRY)


__all__ = ["DOUBTS", "EDITS", "RECORDINGS", "REQUESTS", "SEARCHES", "STAGES", "open_metrics"]
