"""The tables of an archive as JSON lines, one file a table, with a description of every column.

The description is a Data Package (https://specs.frictionlessdata.io/data-package/). Accounts are
no part of it: whoever gets a copy of an archive gets nobody's password.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    Table,
    insert,
    inspect,
    select,
)

from transcripts import schema
from transcripts.columns import METADATA
from transcripts.errors import ArchiveError

NOT_DEPOSITED = frozenset({schema.users, schema.sessions, schema.login_attempts})
DESCRIPTION = "datapackage.json"
_ROWS_AT_ONCE = 500
_LARGEST = 1e300  # of a number; neither infinity nor what is none is less
# Which columns are of what kind in a table schema; whatever else is a text.
_KINDS: tuple[tuple[type, str], ...] = (
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Double, "number"),
    (JSON, "any"),
)

Row = dict[str, Any]


def deposited_tables() -> list[Table]:
    """Every table but those of accounts, those referred to first."""
    return [table for table in METADATA.sorted_tables if table not in NOT_DEPOSITED]


def write_tables(connection: Connection, folder: Path, instead: Mapping[str, Mapping[str, Row]]) -> None:
    """Write all tables into a folder, and what their columns mean.

    `instead` has, by table and id, columns that are to hold something else in the files.
    """
    there = set(inspect(connection).get_table_names())
    for table in deposited_tables():
        statement = select(table).order_by(*table.primary_key)
        rows = connection.execute(statement).mappings() if table.name in there else ()
        others = instead.get(table.name, {})
        key = next(iter(table.primary_key)).name
        with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as file:
            for row in rows:
                file.write(_line({**row, **others.get(row[key], {})}) + "\n")
    described = json.dumps(description(), ensure_ascii=False, indent=1)
    (folder / DESCRIPTION).write_text(described + "\n", encoding="utf-8", newline="\n")


def _line(row: Row) -> str:
    """A row as JSON in its own letters; escaped where a lone surrogate (an odd file name) demands it."""
    plain = {
        key: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for key, value in row.items()
    }
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return text if _is_unicode(text) else json.dumps(plain, separators=(",", ":"))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def read_tables(connection: Connection, folder: Path, instead: Mapping[str, Mapping[str, Row]]) -> None:
    """Fill the empty tables of an archive with what `write_tables` wrote.

    Raises ArchiveError, naming file and line, for what does not fit.
    """
    for table in deposited_tables():
        others = instead.get(table.name, {})
        key = next(iter(table.primary_key)).name
        table.create(connection, checkfirst=True)
        rows: list[Row] = []
        for row in _rows(table, folder / f"{table.name}.jsonl"):
            rows.append({**row, **others.get(row[key], {})})
            if len(rows) == _ROWS_AT_ONCE:
                connection.execute(insert(table), rows)
                rows = []
        if rows:
            connection.execute(insert(table), rows)


def _rows(table: Table, path: Path) -> Iterator[Row]:
    names = {column.name for column in table.c}
    binary = [column.name for column in table.c if isinstance(column.type, LargeBinary)]
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            for number, line in enumerate(file, 1):
                row = json.loads(line)
                if not isinstance(row, dict) or row.keys() != names:
                    raise ArchiveError(
                        f"{path.name}, line {number}, has not the columns {', '.join(sorted(names))}: "
                        "the package was made by another version of symposia, or changed"
                    )
                odd = [column.name for column in table.c if not _fits(column, row[column.name])]
                if odd:
                    raise ArchiveError(
                        f"{path.name}, line {number}: {', '.join(odd)} cannot be {row[odd[0]]!r}"
                    )
                yield {**row, **{name: base64.b64decode(row[name], validate=True) for name in binary}}
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read ({error.strerror}): take another copy") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ArchiveError(f"{path.name} does not hold rows of an archive ({error})") from error


def _fits(column: Column[Any], value: object) -> bool:
    """Whether a value that was read can stand in a column."""
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, JSON):
        return True
    if isinstance(column.type, Boolean):
        return isinstance(value, bool)
    if isinstance(column.type, Integer):
        return type(value) is int and abs(value) < 1 << 63
    if isinstance(column.type, Double):
        return isinstance(value, int | float) and type(value) is not bool and abs(value) < _LARGEST
    return isinstance(value, str) and _is_unicode(value)


def table_rows(folder: Path, name: str) -> Iterator[Row]:
    """The rows of one table, as they were written."""
    return _rows(METADATA.tables[name], folder / f"{name}.jsonl")


def description() -> dict[str, Any]:
    """What the files hold: every table and column in words, with types and keys."""
    return {
        "profile": "tabular-data-package",
        "name": "symposia-archive",
        "description": "The tables of an archive of symposia: one JSON object a line, UTF-8.",
        "resources": [_resource(table) for table in deposited_tables()],
    }


def _resource(table: Table) -> dict[str, Any]:
    key = [column.name for column in table.primary_key]
    refers = [
        {
            "fields": column.name,
            "reference": {"resource": each.column.table.name, "fields": each.column.name},
        }
        for column in table.c
        for each in column.foreign_keys
    ]
    return {
        "name": table.name,
        "path": f"{table.name}.jsonl",
        "format": "jsonl",
        "encoding": "utf-8",
        "description": words(table.name, "about"),
        "schema": {
            "fields": [_field(table, column) for column in table.c],
            "primaryKey": key,
            "foreignKeys": refers,
        },
    }


def _field(table: Table, column: Column[Any]) -> dict[str, Any]:
    kind = next((kind for type_, kind in _KINDS if isinstance(column.type, type_)), "string")
    field: dict[str, Any] = {"name": column.name, "type": kind, "description": words(table.name, column.name)}
    return {**field, "constraints": {"required": not column.nullable}}


def words(table: str, column: str) -> str:
    """What a column (or with 'about', a table) holds. Raises KeyError where nobody has described it."""
    told = _dictionary()
    own = told["tables"][table]
    return str(own[column] if column in own else told["common"][column])


@cache
def _dictionary() -> Any:
    text = files("transcripts.deposit").joinpath("dictionary.yaml").read_text("utf-8")
    return YAML(typ="safe", pure=True).load(text)


__all__ = ["DESCRIPTION", "deposited_tables", "description", "read_tables", "table_rows", "write_tables"]
