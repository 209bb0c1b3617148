"""What happens, for those who look after many runs: one JSON object a line, with ids and never a text.

SYMPOSIA_LOG names the file that lines are added to (`/dev/stderr` in a container); unset, nothing is
written. SYMPOSIA_LOG_LEVEL=debug adds a line for each passage. What was said, searched for or written is in
no record, at any level, nor is the name of a reader or an editor: ids lead to the archive, which knows.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from transcripts.errors import ConfigurationError

PLACE, LEVEL = "SYMPOSIA_LOG", "SYMPOSIA_LOG_LEVEL"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}

Fact = str | int | float | bool | list[str]

_LOG = logging.getLogger("symposia")
_LOG.addHandler(logging.NullHandler())  # where nothing was asked for, nothing is written
_LOG.propagate = False
_WITHIN: ContextVar[dict[str, Fact]] = ContextVar("WITHIN")


class _JsonLines(logging.Formatter):
    """A record as a line: when, how grave, what, where within, and its facts."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        facts: dict[str, Fact] = getattr(record, "facts", {})
        told = {"at": at, "level": record.levelname.lower(), "event": record.getMessage(), **facts}
        return json.dumps(told, ensure_ascii=False)


def open_log() -> None:
    """Begin to write, if the environment asks for it and nobody has begun.

    Raises ConfigurationError where the file cannot be written, or there is no such level.
    """
    place = os.environ.get(PLACE)
    if not place or any(isinstance(each, WatchedFileHandler) for each in _LOG.handlers):
        return
    level = os.environ.get(LEVEL, "info").casefold()
    if level not in LEVELS:
        raise ConfigurationError(f"{LEVEL} is {level!r}: set it to {' or '.join(LEVELS)}, or unset it")
    try:
        handler = WatchedFileHandler(place, encoding="utf-8")  # a file that was moved away is begun anew
    except OSError as error:
        raise ConfigurationError(
            f"{PLACE} names {place}, which cannot be written ({error.strerror}): name another file"
        ) from error
    handler.setFormatter(_JsonLines())
    _LOG.addHandler(handler)
    _LOG.setLevel(LEVELS[level])


def log_folder() -> Path | None:
    """Where the log would be written; None where none was asked for."""
    place = os.environ.get(PLACE)
    return Path(place).parent if place else None


def close_log() -> None:
    """Let go of the file."""
    for handler in [each for each in _LOG.handlers if isinstance(each, WatchedFileHandler)]:
        _LOG.removeHandler(handler)
        handler.close()


@contextmanager
def within(**ids: Fact) -> Iterator[None]:
    """Have all records that are made inside carry these ids: run, recording, stage, request, ..."""
    token = _WITHIN.set({**_WITHIN.get({}), **ids})
    try:
        yield
    finally:
        _WITHIN.reset(token)


def log(event: str, level: int = logging.INFO, **facts: Fact) -> None:
    """Write a record: what happened, always in the same words, and facts that hold no text of anybody."""
    if _LOG.isEnabledFor(level):
        _LOG.log(level, event, extra={"facts": {**_WITHIN.get({}), **facts}})


__all__ = ["Fact", "close_log", "log", "log_folder", "open_log", "within"]
