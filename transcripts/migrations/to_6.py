"""What withholds a passage says what it was made of: the file and the words."""

from __future__ import annotations

from datetime import date
from typing import Any

from alembic import op
from sqlalchemy import Column, Connection, Text, text

revision = "6"
down_revision = "5"

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

_OF_READING = """
    SELECT readings.start_s, readings.end_s, readings.text FROM readings
    WHERE readings.id = :target AND readings.recording_id = :recording_id
"""
_SHA256 = "SELECT sha256 FROM recordings WHERE id = :recording_id"
_FOUND = """
    UPDATE restrictions SET until = :until, start_s = :start_s, end_s = :end_s, text = :text, sha256 = :sha256
    WHERE id = :id
"""


def upgrade() -> None:
    op.add_column("restrictions", Column("text", _TEXT))
    op.add_column("restrictions", Column("sha256", _TEXT))
    connection = op.get_bind()
    held = text("SELECT * FROM restrictions WHERE lifted_at = '' ORDER BY id")
    for row in connection.execute(held).mappings().all():
        connection.execute(text(_FOUND), _now(connection, dict(row)))


def _now(connection: Connection, row: dict[str, Any]) -> dict[str, Any]:
    """A restriction that reaches as far as its passage does: its times may have been changed since."""
    if row["until"]:  # was kept as it was written: 20270815
        row["until"] = date.fromisoformat(row["until"]).isoformat()
    if row["kind"] != "passage" or row["start_s"] is None:
        return row
    passage = connection.execute(text(_OF_READING), row).one_or_none()
    row["text"] = ""
    if passage is not None:
        row["start_s"] = min(row["start_s"], passage.start_s)
        row["end_s"] = max(row["end_s"], passage.end_s)
        if (row["start_s"], row["end_s"]) == (passage.start_s, passage.end_s):
            row["text"] = passage.text
    row["sha256"] = connection.execute(text(_SHA256), row).scalar()
    return row
