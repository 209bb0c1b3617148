"""The tables of an archive when it is opened: made where there are none, brought up to date."""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from transcripts import schema
from transcripts.columns import METADATA
from transcripts.database import Database
from transcripts.errors import ArchiveError
from transcripts.files import in_object_store, place_at

FILES = "SYMPOSIA_FILES"  # environment: where the files of an archive in a database lie
_ELSE = "its database holds something else"
MAKE_ONE = "'symposia run CONFERENCE.yaml --archive DIR' makes one"


def prepare(database: Database, *, create: bool, upgrade: bool = True) -> Path | None:
    """Have an archive's tables there and of this version; where its files lie (None: nowhere).

    Without `upgrade`, older tables stay as they are.

    Raises ArchiveError where there are none and none are to be made, or others than ours.
    """
    facts = facts_of(database)
    if "schema_version" not in facts:
        _make_tables(database, create)
        facts = facts_of(database)
    if not facts.get("schema_version", "").isdecimal():
        raise ArchiveError(f"{database.place} is not an archive of symposia: {_ELSE}; {MAKE_ONE}")
    _bring_up_to_date(database, int(facts["schema_version"]), upgrade)
    if not database.files_apart:
        return database.directory
    files = place_at(os.environ.get(FILES) or facts["files"])
    if not in_object_store(files):
        with suppress(OSError):  # who cannot write there can still read the record
            files.mkdir(parents=True, exist_ok=True)
    return files


def facts_of(database: Database) -> dict[str, str]:
    """What the archive says of itself; nothing where there is none."""
    with database.reading() as connection:
        return _facts(connection) if inspect(connection).has_table("meta") else {}


def _facts(connection: Connection) -> dict[str, str]:
    return {row.key: row.value for row in connection.execute(select(schema.meta))}


def _make_tables(database: Database, create: bool) -> None:
    with database.writing() as connection:
        there = inspect(connection).get_table_names()
        if "meta" in there:  # another process was faster
            return
        if there or not create:
            what = _ELSE if there else "its database is empty"
            raise ArchiveError(f"{database.place} is not an archive of symposia: {what}; {MAKE_ONE}")
        start = {
            "schema_version": str(schema.SCHEMA_VERSION),
            "archive_id": uuid.uuid4().hex,
            "revision": "0",
            **({"files": _files(database)} if database.files_apart else {}),
        }
        METADATA.create_all(connection)
        connection.execute(
            insert(schema.meta), [{"key": key, "value": value} for key, value in start.items()]
        )


def _files(database: Database) -> str:
    given = os.environ.get(FILES)
    if not given:
        raise ArchiveError(
            f"{database.place} is new: say in {FILES} where its files are to lie (search index, results "
            "under way): a directory that every machine at work on it can write, or the URI of an object "
            "store (s3://BUCKET/FOLDER); the archive remembers it"
        )
    return str(place_at(given))


def _bring_up_to_date(database: Database, version: int, upgrade: bool) -> None:
    """Migrate an older archive, in one transaction; refuse one that cannot be, or that is newer."""
    if version > schema.SCHEMA_VERSION:
        raise ArchiveError(
            f"{database.place} was written by a newer symposia (its tables have version {version}, this "
            f"symposia knows {schema.SCHEMA_VERSION}); update symposia, or use a copy of the archive "
            "from before"
        )
    if version == schema.SCHEMA_VERSION:
        return
    from transcripts.migrations import OLDEST, migrate

    if version < OLDEST:
        raise ArchiveError(
            f"{database.place} was written by a development version of symposia (its tables have version "
            f"{version}, this symposia knows {schema.SCHEMA_VERSION}); run the conference again, "
            "into a new archive"
        )
    if not upgrade:
        return
    with database.writing() as connection:
        present = int(_facts(connection)["schema_version"])
        if present < schema.SCHEMA_VERSION:  # else another process was faster
            migrate(connection, present)


__all__ = ["FILES", "MAKE_ONE", "facts_of", "prepare"]
