"""An archive's database as one file of a directory: SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from transcripts.database import BUSY_TIMEOUT_MS, Database, Passing, json_text, json_value
from transcripts.errors import ArchiveError

DATABASE_NAME = "archive.sqlite"
LOCKS = "locks"  # folder of what is held alone; empty files

_IN_WORDS = {
    "disk is full": "the disk is full; free some space and run the same command again, nothing is lost",
    "disk i/o error": "the disk cannot be read or written (full, or failing); check it and run again",
    "locked": Passing(
        "another process has been writing to it for a long time; wait for it to end and run again"
    ),
    "readonly": "it is read-only; make the directory and its files writable",
    "read-only": "it is read-only; make the directory and its files writable",
    "unable to open": "it cannot be opened; check that its directory exists and may be read and written",
    "malformed": "the database is damaged; restore archive.sqlite from a copy and run 'symposia index "
    "--rebuild', or move it away and run again",
    "not a database": "archive.sqlite is not a database of symposia; move it away and run again",
}


class SqliteDatabase(Database):
    """The file DIR/archive.sqlite, or a database in memory where `directory` is None.

    WAL with synchronous=FULL: what was committed survives a kill and a power
    cut. Transactions are begun by us, and a writing one takes the write lock at
    once, so that two writers wait for each other instead of failing half-way.
    """

    in_words = _IN_WORDS

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        self.place = f"the archive {directory}" if directory else "the archive in memory"
        self.engine = _in_memory() if directory is None else _on_disk(directory / DATABASE_NAME)
        self._held: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)  # of one in memory
        event.listen(self.engine, "connect", _configure)
        event.listen(self.engine, "begin", _begin)
        if directory is not None:
            event.listen(self.engine, "close", _optimise)

    def _readers(self) -> Engine:
        return self.engine

    def _writers(self) -> Engine:
        return self.engine.execution_options(writing=True)

    @contextmanager
    def hold(self, name: str, *, wait: bool) -> Iterator[bool]:
        if self.directory is None:
            lock: Any = self._held[name]
            held = lock.acquire(blocking=wait)
        else:
            held = True
            try:
                (self.directory / LOCKS).mkdir(exist_ok=True)
                lock = FileLock(self.directory / LOCKS / f"{name}.lock", timeout=-1 if wait else 0)
                lock.acquire()
            except Timeout:
                held = False
            except OSError as error:
                raise ArchiveError(
                    f"{self.directory} cannot be written ({error.strerror}): check its permissions."
                ) from error
        try:
            yield held
        finally:
            if held:
                lock.release()

    def damage(self, connection: Connection) -> list[str]:
        said = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)")]
        found = [f"{DATABASE_NAME} is damaged: {line}" for line in said if line != "ok"]
        if not found:
            for table, row, target, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
                found.append(f"row {row} of {table} points at nothing in {target}")
        return found

    def size_bytes(self) -> int:
        return (self.directory / DATABASE_NAME).stat().st_size if self.directory else 0


def _in_memory() -> Engine:
    return create_engine(
        "sqlite://",
        poolclass=StaticPool,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
        json_serializer=json_text,
        json_deserializer=json_value,
    )


def _on_disk(path: Path) -> Engine:
    url = URL.create("sqlite", database=str(path))
    return create_engine(url, hide_parameters=True, json_serializer=json_text, json_deserializer=json_value)


def _configure(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # no transaction of the driver's own
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _optimise(connection: Any, _record: object) -> None:
    # Of tables that grew, SQLite counts what its indexes hold: without that, it looked for ten
    # passages by their language, among all of that language, and not by their ids.
    with suppress(sqlite3.Error):  # a reader of a read-only archive, or beside a writer
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("PRAGMA analysis_limit = 400")  # rows of an index; a few ms
        connection.execute("PRAGMA optimize")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


__all__ = ["DATABASE_NAME", "LOCKS", "SqliteDatabase"]
