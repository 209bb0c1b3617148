"""How the archive's database is opened, and its errors in words."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Table, and_, create_engine, event, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from transcripts.errors import ArchiveError

CHUNK = 900  # ids in one statement; older SQLite takes 999 parameters
BUSY_TIMEOUT_MS = 30_000  # how long a writer waits for another one

# What SQLite says -> what it means and what to do. First match wins.
_IN_WORDS = {
    "disk is full": "the disk is full; free some space and run the same command again, nothing is lost",
    "disk i/o error": "the disk cannot be read or written (full, or failing); check it and run again",
    "locked": "another process has been writing to it for a long time; wait for it to end and run again",
    "readonly": "it is read-only; make the directory and its files writable",
    "read-only": "it is read-only; make the directory and its files writable",
    "unable to open": "it cannot be opened; check that its directory exists and may be read and written",
    "malformed": "the database is damaged; restore archive.sqlite from a copy, or move it away and run again",
    "not a database": "archive.sqlite is not a database of symposia; move it away and run again",
}


def chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many ids at a time as one statement takes."""
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Write a row that its primary key identifies, unless it is there already."""
    mine = and_(*(column == row[column.name] for column in table.primary_key))
    there = connection.execute(select(table).where(mine)).mappings().one_or_none()
    if there is None:
        connection.execute(insert(table), row)
    elif dict(there) != row:
        connection.execute(update(table).where(mine), row)


def _dumps(value: object) -> str:
    """JSON in its own letters; escaped where a lone surrogate (an odd file name) demands it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return json.dumps(value, separators=(",", ":"))
    return text


def _loads(text: str) -> Any:
    """JSON as values; most of an archive's lists are empty, and those need no parser."""
    return [] if text == "[]" else json.loads(text)


def sqlite_engine(path: Path | None) -> Engine:
    """An engine on a SQLite file, or in memory when `path` is None.

    WAL with synchronous=FULL: what was committed survives a kill and a power
    cut. Transactions are begun by us, and a writing one takes the write lock at
    once, so that two writers wait for each other instead of failing half-way.
    """
    if path is None:
        engine = create_engine(
            "sqlite://",
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
            json_serializer=_dumps,
            json_deserializer=_loads,
        )
    else:
        url = URL.create("sqlite", database=str(path))
        engine = create_engine(url, json_serializer=_dumps, json_deserializer=_loads)

    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # no transaction of the driver's own
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def optimise(connection: Any, _record: object) -> None:
        # Of tables that grew, SQLite counts what its indexes hold: without that, it looked for ten
        # passages by their language, among all of that language, and not by their ids.
        with suppress(sqlite3.Error):  # a reader of a read-only archive, or beside a writer
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA analysis_limit = 400")  # rows of an index; a few ms
            connection.execute("PRAGMA optimize")

    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    if path is not None:
        event.listen(engine, "close", optimise)
    return engine


@contextmanager
def in_words(place: str) -> Iterator[None]:
    """Turn a database error into an ArchiveError that names the archive's place."""
    try:
        yield
    except IntegrityError as error:
        raise ArchiveError(
            f"{place}: records that do not fit together were refused and nothing was written "
            f"({error.orig}); every id may stand once, and what is referred to must be there"
        ) from error
    except DBAPIError as error:
        said = str(error.orig)
        meaning = next((words for key, words in _IN_WORDS.items() if key in said.lower()), said)
        raise ArchiveError(f"{place}: {meaning}") from error
