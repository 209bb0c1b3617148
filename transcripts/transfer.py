"""An archive's whole record from one database into another, accounts and history included."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, func, insert, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.columns import METADATA
from transcripts.database import json_text
from transcripts.errors import ArchiveError

Watch = Callable[[int], None]  # told of rows that were copied, or compared

_ROWS_AT_ONCE = 500


def rows_of(archive: Archive) -> int:
    """How many rows an archive's record has."""
    with archive.reading() as connection:
        return sum(_count(connection, table) for table in METADATA.sorted_tables)


def transfer(
    source: Archive, target: Archive, watch: Watch, take_along: Callable[[], None] = lambda: None
) -> None:
    """Copy the record of one archive into another that is empty, and compare both: in one transaction.

    `take_along` is called last, before the new archive is there for anybody. The new archive keeps the id of
    the old one. Raises ArchiveError, and then the target is as empty as it was, where it holds something,
    where a run is at work on the source, or where not every value arrived.
    """
    with source.hold("run") as held:
        if not held:
            raise ArchiveError("a run is at work on the archive: wait until it ends, or stop it")
        with source.reading() as old, target.writing() as new:
            if any(_count(new, table) for table in METADATA.sorted_tables if table is not schema.meta):
                raise ArchiveError("the new archive holds something already: name one that is empty, or none")
            own = _files(new)
            new.execute(delete(schema.meta))
            for table in METADATA.sorted_tables:
                _copy(old, new, table, watch)
                _count_on(new, table)
            for table in METADATA.sorted_tables:
                if _digest(old, table, watch) != _digest(new, table, lambda rows: None):
                    raise ArchiveError(
                        f"the table '{table.name}' did not arrive as it was, and nothing was written: "
                        "please report it"
                    )
            new.execute(delete(schema.meta).where(schema.meta.c.key == "files"))
            if own:
                new.execute(insert(schema.meta), own)
            take_along()


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _files(connection: Connection) -> list[dict[str, Any]]:
    """Where an archive's own files lie, as a row of `meta`; none for a directory."""
    rows = connection.execute(select(schema.meta).where(schema.meta.c.key == "files")).mappings()
    return [dict(row) for row in rows]


def _rows(connection: Connection, table: Table) -> Iterator[list[RowMapping]]:
    """All rows in the order of their keys, some at a time."""
    statement = select(table).order_by(*table.primary_key)
    result = connection.execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    for rows in result.mappings().partitions():
        yield list(rows)


def _copy(old: Connection, new: Connection, table: Table, watch: Watch) -> None:
    for rows in _rows(old, table):
        new.execute(insert(table), [dict(row) for row in rows])
        watch(len(rows))


def _count_on(connection: Connection, table: Table) -> None:
    """Have the next row that is numbered by PostgreSQL follow those that brought their numbers along."""
    column = table.autoincrement_column
    if column is None or connection.dialect.name != "postgresql":
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    newest = select(func.max(column)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.coalesce(newest, 1), newest.is_not(None))))


def _digest(connection: Connection, table: Table, watch: Watch) -> str:
    """The sha256 of every value of a table."""
    made = hashlib.sha256()
    for rows in _rows(connection, table):
        for row in rows:
            values = [value.hex() if isinstance(value, bytes) else value for value in row.values()]
            made.update(json_text(values).encode() + b"\n")
        watch(len(rows))
    return made.hexdigest()


__all__ = ["rows_of", "transfer"]
