"""Whether a passage is withheld today; asked at every reading, so that an embargo ends by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select

from transcripts.schema import readings, recordings, restrictions

# Times of neighbouring passages may share this much without one being heard in the other.
_TOLERANCE_S = 0.25


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def is_in_force(day: str = "") -> ColumnElement[bool]:
    """Whether a restriction holds on a day (today): it was not lifted, and its own day has not come."""
    ends = restrictions.c.until
    return and_(restrictions.c.lifted_at == "", or_(ends == "", ends > (day or today())))


def is_restricted(connection: Connection) -> ColumnElement[bool]:
    """Whether a reading is withheld today, for itself, its speaker or its panel.

    A passage is withheld with all that is heard in its time, so that neither new cuts nor
    another voice let a part of it out. For queries that join `readings` and `recordings`;
    where nothing is withheld, it costs them nothing.
    """
    kinds = connection.execute(select(restrictions.c.kind).where(is_in_force()).distinct()).scalars()
    return _concerned(tuple(sorted(kinds)), today())


@lru_cache(maxsize=16)  # SQLAlchemy takes longer to write it than SQLite to answer
def _concerned(kinds: Sequence[str], day: str) -> ColumnElement[bool]:
    """Whether a restriction of one of these kinds that holds on a day concerns a reading."""
    holds = is_in_force(day)
    heard = readings.alias()
    start_s, end_s = restrictions.c.start_s, restrictions.c.end_s
    middle_s = (heard.c.start_s + heard.c.end_s) / 2
    heard_in = or_(
        restrictions.c.target == heard.c.id,
        and_(heard.c.start_s < end_s - _TOLERANCE_S, heard.c.end_s > start_s + _TOLERANCE_S),
        and_(start_s <= middle_s, middle_s <= end_s),
    )
    targets = select(restrictions.c.target).where(holds)
    cut_out = select(heard.c.id).join(restrictions, restrictions.c.recording_id == heard.c.recording_id)
    concerns = {
        "panel": recordings.c.panel_id.in_(targets.where(restrictions.c.kind == "panel")),
        "speaker": func.coalesce(readings.c.speaker_id, "").in_(
            targets.where(restrictions.c.kind == "speaker")
        ),
        "passage": readings.c.id.in_(cut_out.where(restrictions.c.kind == "passage", holds, heard_in)),
    }
    return or_(false(), *(concerns[kind] for kind in kinds))
