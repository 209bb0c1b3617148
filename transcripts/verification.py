"""Whether an archive is still what was put into it: originals, tables, what is derived, and what lies about.

Everything is read, nothing is changed. What machines made is compared with its hash in `flows/verifying.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, delete, insert, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.files import hash_of_file, in_object_store, is_there
from transcripts.originals import Original, originals
from transcripts.readings import project
from transcripts.rows import Row
from transcripts.sqlite import DATABASE_NAME, LOCKS
from transcripts.withheld import is_in_force

Watch = Callable[[int], None]  # told of the bytes read

# What lies in an archive's directory and is its own.
_OWN = frozenset(
    {
        DATABASE_NAME,
        *(f"{DATABASE_NAME}{end}" for end in ("-wal", "-shm", "-journal")),
        "index",
        "work",
        LOCKS,
        ".run.lock",  # of before there was a folder of locks
        "index.lock",
        "defects.log",
        "themes-trained.json",
    }
)
FROM_A_COPY = (
    "restore the database (archive.sqlite) from a copy and run 'symposia index --rebuild', or restore a "
    "package with 'symposia restore'"
)
_RUN = "run the conference again: it makes these layers anew"
_DERIVED = "'symposia verify --mend' makes it anew from layers and journal"

# Columns that name rows of other tables, where the database itself does not watch.
_REFERENCES: tuple[tuple[Column[Any], Column[Any], str], ...] = (
    (schema.passages.c.speaker_id, schema.speakers.c.id, _RUN),
    (schema.turns.c.speaker_id, schema.speakers.c.id, _RUN),
    (schema.readings.c.speaker_id, schema.speakers.c.id, "add the speaker to the conference file and run it"),
    (schema.readings.c.origin, schema.passages.c.id, _DERIVED),
    (schema.readings.c.signature, schema.signatures.c.digest, FROM_A_COPY),
    (schema.stages.c.signature, schema.signatures.c.digest, FROM_A_COPY),
    (schema.reviews.c.recording_id, schema.recordings.c.id, "add the recording to the conference file again"),
    (schema.review_places.c.review_id, schema.reviews.c.id, FROM_A_COPY),
)
_RESTRICTED = {
    "panel": schema.panels.c.id,
    "speaker": schema.speakers.c.id,
}
# What readings are made of, and what they are.
_SOURCES = (schema.recordings, schema.passages, schema.translations, schema.theme_tags, schema.reviews)
_READ = (schema.readings, schema.reading_themes, schema.review_places)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was: what, and how to mend it. `recording_id` where readings are stale."""

    what: str
    mend: str
    stale: str = ""


def database_faults(archive: Archive) -> list[Fault]:
    """Damage of the database file, rows that point at nothing, and readings that nothing explains."""
    damage = archive.damage()
    if damage:
        return [Fault(said, FROM_A_COPY) for said in damage]
    with archive.reading() as connection:
        found = [*_references(connection), *_segments(connection)]
        if not found:
            found = list(_derived(connection))
    return found


def _references(connection: Connection) -> Iterator[Fault]:
    for column, target, mend in _REFERENCES:
        lost = select(column).where(column.is_not(None), column.not_in(select(target)))
        if isinstance(column.type, Text):
            lost = lost.where(column != "")
        for value in connection.execute(lost.distinct().order_by(column)).scalars():
            where = f"{column.table.name}.{column.name}"
            yield Fault(f"{where} names {value!r}, which is not in {target.table.name}", mend)
    table = schema.restrictions.c
    for kind, target in _RESTRICTED.items():
        lost = select(table.target).where(
            is_in_force(), table.kind == kind, table.target.not_in(select(target))
        )
        for value in connection.execute(lost.order_by(table.target)).scalars():
            yield Fault(
                f"the {kind} {value!r} is withheld, and is not there: under another id it is shown",
                f"withhold it under its new id ('symposia rights restrict {kind} ID'), then lift this one",
            )


def _segments(connection: Connection) -> Iterator[Fault]:
    """Passages of segments that are not there."""
    table = schema.segments.c
    known: dict[str, set[str]] = {}
    for recording_id, segment_id in connection.execute(select(table.recording_id, table.id)):
        known.setdefault(recording_id, set()).add(segment_id)
    columns = schema.passages.c
    for row in connection.execute(select(columns.recording_id, columns.id, columns.segment_ids)):
        lost = sorted(set(row.segment_ids) - known.get(row.recording_id, set()))
        if lost:
            yield Fault(f"passage {row.id!r} is made of segments that are not there: {', '.join(lost)}", _RUN)


def _derived(connection: Connection) -> Iterator[Fault]:
    """Recordings whose readings are not what layers and journal give, made anew beside the archive."""
    with Archive.in_memory() as beside, beside.writing() as target:
        for table in (schema.conferences, schema.panels, schema.speakers, schema.signatures):
            _copy(target, table, connection.execute(select(table)).mappings().all())
        for recording_id in connection.execute(select(schema.recordings.c.id)).scalars().all():
            for table in _SOURCES:
                _copy(target, table, connection.execute(_of(table, recording_id)).mappings().all())
            project(target, recording_id, 0)
            stale = [
                t.name
                for t in _READ
                if _plain(connection, t, recording_id) != _plain(target, t, recording_id)
            ]
            for table in (*reversed(_READ), *reversed(_SOURCES)):
                target.execute(delete(table).where(_column(table) == recording_id))
            if stale:
                what = f"{', '.join(stale)} of {recording_id!r} are not what layers and journal give"
                yield Fault(what, _DERIVED, recording_id)


def _column(table: Table) -> Column[Any]:
    return table.c.id if table is schema.recordings else table.c.recording_id


def _of(table: Table, recording_id: str) -> Any:
    return select(table).where(_column(table) == recording_id)


def _copy(target: Connection, table: Table, rows: Sequence[Any]) -> None:
    if rows:
        target.execute(insert(table), [dict(row) for row in rows])


def _plain(connection: Connection, table: Table, recording_id: str) -> list[Row]:
    """Rows without the number of the change that made them."""
    rows = connection.execute(_of(table, recording_id).order_by(*table.primary_key)).mappings()
    return [{name: value for name, value in row.items() if name != "revision"} for row in rows]


def original_faults(archive: Archive, watch: Watch) -> Iterator[Fault]:
    """Originals that are missing or have changed; every byte of the others is read."""
    for each in originals(archive):
        fault = _original_fault(each, watch)
        if fault:
            yield fault


def _original_fault(each: Original, watch: Watch) -> Fault | None:
    told = f" (sha256 {each.sha256})" if each.sha256 else ""
    where = f"{each.path}, the original of {each.recording.id!r}{told},"
    back = "put it back there from a copy; if it was moved: 'symposia verify --look-in FOLDER --mend'"
    try:
        if not is_there(each.path):
            return Fault(f"{where} is missing", back)
        found = hash_of_file(each.path, "sha256", watch)
    except (OSError, ValueError, SymposiaError) as error:
        return Fault(
            f"{where} cannot be read ({error})", "check the disk and its permissions, or take a copy"
        )
    if each.sha256 and found != each.sha256:
        mend = f"{back}; if the new one is right, run the conference again"
        return Fault(f"{where} has changed: it has sha256 {found} now", mend)
    return None


def stray_files(archive: Archive) -> Iterator[Fault]:
    """Files beside the archive's own that are nobody's, such as what a killed program left."""
    if archive.files is None or in_object_store(archive.files) or not archive.files.is_dir():
        return
    directory = archive.files.resolve()
    ours = [each.path for each in originals(archive) if not in_object_store(each.path)]
    used = {each.resolve() for each in ours if is_there(each)}
    for path in sorted(directory.iterdir()):
        inside = sorted(path.rglob("*")) if path.name == "originals" and path.is_dir() else [path]
        for each in inside:
            if each.name in _OWN and each.parent == directory:
                continue
            if each.resolve() in used or (each.is_dir() and any(each in one.parents for one in used)):
                continue
            if each.is_dir() and each.parent != directory:
                continue
            mend = "move it elsewhere, or delete it if nobody needs it"
            yield Fault(f"{each} belongs to no recording and is no part of the archive", mend)


__all__ = ["Fault", "database_faults", "original_faults", "stray_files"]
