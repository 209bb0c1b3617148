"""Whether a passage is withheld today; asked at every reading, so that an embargo ends by itself."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from transcripts.schema import readings, recordings, restrictions

# Times of neighbouring passages may share this much without one being heard in the other.
_TOLERANCE_S = 0.25


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def is_in_force() -> ColumnElement[bool]:
    """Whether a restriction holds: it was not lifted, and its day has not come."""
    ends = restrictions.c.until
    return and_(restrictions.c.lifted_at == "", or_(ends == "", ends > today()))


def is_restricted(connection: Connection) -> ColumnElement[bool]:
    """Whether a reading is withheld today, for itself, its speaker or its panel.

    A passage is withheld with all that is heard in its time, so that neither new cuts nor
    another voice let a part of it out. For queries that join `readings` and `recordings`;
    where nothing is withheld, it costs them nothing.
    """
    held = is_in_force()
    target, start_s, end_s = restrictions.c.target, restrictions.c.start_s, restrictions.c.end_s
    middle_s = (readings.c.start_s + readings.c.end_s) / 2
    heard_in = and_(
        restrictions.c.recording_id == readings.c.recording_id,
        or_(
            and_(readings.c.start_s < end_s - _TOLERANCE_S, readings.c.end_s > start_s + _TOLERANCE_S),
            and_(start_s <= middle_s, middle_s <= end_s),
        ),
    )
    concerns = {
        "panel": target == recordings.c.panel_id,
        "speaker": target == readings.c.speaker_id,
        "passage": or_(target == readings.c.id, heard_in),
    }
    kinds = connection.execute(select(restrictions.c.kind).where(held).distinct()).scalars()
    found = [exists().where(restrictions.c.kind == kind, concerns[kind], held) for kind in sorted(kinds)]
    return or_(false(), *found)
