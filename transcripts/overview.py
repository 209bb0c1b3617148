"""An archive as a whole: in figures, and as one value that can be compared."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Table, Text, cast, func, select

from transcripts import schema
from transcripts.holdings import Summary
from transcripts.keeping import stored_rows

_NOT_CONTENT = frozenset({"position", "recording_id"})  # row keys, told by place in the dump


def _count(connection: Connection, table: Table, *only: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*only)).scalar_one())


def _tally(connection: Connection, column: Column[Any], *only: Any) -> dict[str, int]:
    """How many rows there are of each value."""
    statement = select(column, func.count()).where(*only).group_by(column).order_by(column)
    return {str(value): int(number) for value, number in connection.execute(statement)}


def _read(connection: Connection) -> tuple[int, dict[str, int], dict[str, int]]:
    """How many passages are translated, and how many carry each kind of flag, they or their translations.

    Passages with the same flags are counted by the database, which looks at each once. A kind is what
    stands before a colon: 'glossary' of 'glossary:HEARD=FORM'.
    """
    columns = schema.readings.c
    alike: list[ColumnElement[Any]] = [
        cast(columns.flags, Text),
        cast(columns.translation_flags, Text),
        columns.translation.is_not(None),
    ]
    translated, tallies = 0, (Counter[str](), Counter[str]())
    for *written, has_translation, number in connection.execute(
        select(*alike, func.count()).group_by(*alike)
    ):
        translated += number if has_translation else 0
        for tally, flags in zip(tallies, written, strict=True):
            tally.update(dict.fromkeys((flag.partition(":")[0] for flag in json.loads(flags)), number))
    own, of_translations = (dict(sorted(tally.items())) for tally in tallies)
    return translated, own, of_translations


def _themes(connection: Connection) -> dict[str, int]:
    """Passages of each theme, as machines assigned them and people decided."""
    table = schema.reading_themes
    return _tally(connection, table.c.theme_id, table.c.belongs)


def summary(connection: Connection) -> Summary:
    """See `Archive.summary`."""
    translated, flags, translation_flags = _read(connection)
    return Summary(
        panels=_count(connection, schema.panels),
        recordings=_count(connection, schema.recordings),
        failures=_count(connection, schema.failures),
        duration_s=connection.execute(select(func.sum(schema.recordings.c.duration_s))).scalar_one() or 0.0,
        segments=_count(connection, schema.segments),
        passages=_count(connection, schema.readings),
        translations=translated,
        reviews=_count(connection, schema.reviews),
        languages=_tally(connection, schema.readings.c.language),
        themes=_themes(connection),
        recordings_passages=_tally(connection, schema.readings.c.recording_id),
        passage_flags=flags,
        translation_flags=translation_flags,
        untranscribed=_tally(connection, schema.gaps.c.recording_id),
    )


def _plain(row: RowMapping, without: Iterable[str]) -> dict[str, Any]:
    """A row as JSON-able content: vectors as their sha256."""
    return {
        key: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for key, value in row.items()
        if key not in without
    }


def _sorted_rows(connection: Connection, table: Table, *without: str) -> list[dict[str, Any]]:
    statement = select(table).order_by(*table.primary_key)
    return [_plain(row, without) for row in connection.execute(statement).mappings()]


def dump(connection: Connection) -> dict[str, Any]:
    """See `Archive.dump`."""
    signatures = {row["digest"]: row for row in _sorted_rows(connection, schema.signatures)}
    recordings = []
    used: set[str] = set()
    for recording in _sorted_rows(connection, schema.recordings, "path", "revision"):
        layers: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for table in schema.LAYERS:
            for row in stored_rows(connection, table, recording["id"]):
                layers[table.name].append(_plain(row, _NOT_CONTENT))
                used.add(row.get("signature", ""))
        recordings.append({**recording, **layers})
    return {
        "conferences": _sorted_rows(connection, schema.conferences),
        "speakers": _sorted_rows(connection, schema.speakers),
        "panels": _sorted_rows(connection, schema.panels),
        "recordings": recordings,
        "failures": _sorted_rows(connection, schema.failures, "path", "reason", "command"),
        "signatures": [signatures[digest] for digest in sorted(used - {""})],
        "reviews": _sorted_rows(connection, schema.reviews, "id", "at"),
        "restrictions": _sorted_rows(connection, schema.restrictions, "id", "at", "lifted_at"),
    }
