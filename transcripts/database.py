"""What an archive asks of its database, whichever it is, and its errors in words."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, and_, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from transcripts.errors import ArchiveError

CHUNK = 900  # ids in one statement; older SQLite takes 999 parameters
BUSY_TIMEOUT_MS = 30_000  # how long a writer waits for another one


class Passing(str):
    """What something means and what to do, where it may pass by itself."""

    __slots__ = ()


class Database(ABC):
    """A database that holds one archive. `place` names it in messages, `engine` opens connections."""

    place: str
    engine: Engine
    directory: Path | None = None  # that it is a file of
    files_apart = False  # whether the archive's other files lie at a place of their own
    # What the database says -> what it means and what to do. First match wins.
    in_words: Mapping[str, str | Passing]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view, of one moment."""
        with self._worded(), self._readers().begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, the only one that writes: all of it happens, or nothing."""
        with self._worded(), self._writers().begin() as connection:
            yield connection

    @abstractmethod
    def _readers(self) -> Engine: ...

    @abstractmethod
    def _writers(self) -> Engine: ...

    @abstractmethod
    def hold(self, name: str, *, wait: bool) -> AbstractContextManager[bool]:
        """See `Archive.hold`."""

    @abstractmethod
    def damage(self, connection: Connection) -> list[str]:
        """What the database itself finds wrong with what it holds, in its words."""

    @abstractmethod
    def size_bytes(self) -> int: ...

    @contextmanager
    def _worded(self) -> Iterator[None]:
        """Turn a database error into an ArchiveError that names the archive's place."""
        try:
            yield
        except IntegrityError as error:
            raise ArchiveError(
                f"{self.place}: records that do not fit together were refused and nothing was written "
                f"({error.orig}); every id may stand once, and what is referred to must be there"
            ) from error
        except DBAPIError as error:
            said = " ".join(str(error.orig).split())
            meaning = next((words for key, words in self.in_words.items() if key in said.lower()), said)
            raise ArchiveError(f"{self.place}: {meaning}", may_pass=isinstance(meaning, Passing)) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise ArchiveError(
                f"{self.place}: it was given a text that is no Unicode, or too large a number ({error}); "
                "nothing was written"
            ) from error
        except PoolTimeoutError as error:
            raise ArchiveError(
                f"{self.place}: too much is asked of it at once; try again, and if that helps not, start "
                "fewer things at a time",
                may_pass=True,
            ) from error


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


def json_text(value: object) -> str:
    """JSON in its own letters; escaped where a lone surrogate (an odd file name) demands it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return json.dumps(value, separators=(",", ":"))
    return text


def json_value(text: str) -> Any:
    """JSON as values; most of an archive's lists are empty, and those need no parser."""
    return [] if text == "[]" else json.loads(text)


__all__ = ["BUSY_TIMEOUT_MS", "Database", "chunks", "json_text", "json_value", "upsert"]
