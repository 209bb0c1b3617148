"""Writing into an archive's tables, inside a transaction that the archive opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update

from transcripts import schema
from transcripts.database import upsert
from transcripts.holdings import RecordingLayers, StageRecord
from transcripts.readings import project
from transcripts.records import Recording
from transcripts.rows import layer_rows, recording_row, signature_row
from transcripts.whereabouts import find_again


def meta_value(connection: Connection, key: str) -> str:
    return str(connection.execute(select(schema.meta.c.value).where(schema.meta.c.key == key)).scalar_one())


def archive_and_revision(connection: Connection) -> tuple[str, int]:
    """Which archive it is, and how often it has changed."""
    mine = schema.meta.c.key.in_(("archive_id", "revision"))
    rows = connection.execute(select(schema.meta.c.key, schema.meta.c.value).where(mine))
    found = dict(rows.tuples().all())
    return found["archive_id"], int(found["revision"])


def raise_revision(connection: Connection) -> int:
    """Count one change that the search index must follow; the new revision."""
    mine = schema.meta.c.key == "revision"
    revision = int(connection.execute(select(schema.meta.c.value).where(mine).with_for_update()).scalar_one())
    connection.execute(update(schema.meta).where(mine).values(value=str(revision + 1)))
    return revision + 1


def touch(connection: Connection, recording_id: str) -> None:
    """Make the readings of a recording again after a person's change, and have the search index follow."""
    mine = schema.recordings.c.id == recording_id
    revision = raise_revision(connection)
    connection.execute(update(schema.recordings).where(mine).values(revision=revision))
    project(connection, recording_id, revision)


def _put_signatures(connection: Connection, layers: RecordingLayers, stages: Sequence[StageRecord]) -> None:
    known = set(connection.execute(select(schema.signatures.c.digest)).scalars())
    used = layers.signatures() | {each.signature.digest: each.signature for each in stages if each.signature}
    new = [signature_row(signature) for digest, signature in used.items() if digest not in known]
    if new:
        connection.execute(insert(schema.signatures), new)


def stored_rows(connection: Connection, table: Table, recording_id: str) -> Sequence[RowMapping]:
    """A layer of a recording, in order."""
    statement = select(table).where(table.c.recording_id == recording_id).order_by(table.c.position)
    return connection.execute(statement).mappings().all()


def put_recording(
    connection: Connection, recording: Recording, layers: RecordingLayers, stages: Sequence[StageRecord]
) -> bool:
    """See `Archive.keep`."""
    clear_failure(connection, recording.id)
    rows = layer_rows(recording.id, layers, stages)
    stale = [
        table
        for table in schema.LAYERS
        if rows[table] != [dict(row) for row in stored_rows(connection, table, recording.id)]
    ]
    row: dict[str, Any] = recording_row(recording)
    mine = schema.recordings.c.id == recording.id
    there = connection.execute(select(schema.recordings).where(mine)).mappings().one_or_none()
    if not stale and there is not None and dict(there) == {**row, "revision": there["revision"]}:
        return False
    revision = raise_revision(connection)
    upsert(connection, schema.recordings, {**row, "revision": revision})
    _put_signatures(connection, layers, stages)
    for table in stale:
        connection.execute(delete(table).where(table.c.recording_id == recording.id))
        if rows[table]:
            connection.execute(insert(table), rows[table])
    project(connection, recording.id, revision)
    find_again(connection, recording.id)
    return True


def clear_failure(connection: Connection, recording_id: str) -> None:
    connection.execute(delete(schema.failures).where(schema.failures.c.recording_id == recording_id))
