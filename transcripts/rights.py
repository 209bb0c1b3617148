"""What is withheld from all but editors: panels, speakers and passages, for good or until a date.

Nothing is removed. Whether something is withheld is asked of the day at every reading, so
that an embargo begins at once and ends by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, or_

from transcripts.schema import readings, recordings, restrictions

# Times of neighbouring passages may share this much without one being heard in the other.
_TOLERANCE_S = 0.25


def is_restricted() -> ColumnElement[bool]:
    """Whether a reading is withheld today, for itself, its speaker or its panel.

    A passage is withheld with all that is heard in its time, so that neither new cuts nor
    another voice let a part of it out. For queries that join `readings` and `recordings`.
    """
    today = datetime.now(UTC).date().isoformat()
    held = or_(restrictions.c.until == "", restrictions.c.until > today)
    target, start_s, end_s = restrictions.c.target, restrictions.c.start_s, restrictions.c.end_s
    middle_s = (readings.c.start_s + readings.c.end_s) / 2
    heard_in = and_(
        restrictions.c.recording_id == readings.c.recording_id,
        or_(
            and_(readings.c.start_s < end_s - _TOLERANCE_S, readings.c.end_s > start_s + _TOLERANCE_S),
            and_(start_s <= middle_s, middle_s <= end_s),
        ),
    )
    return or_(
        exists().where(restrictions.c.kind == "panel", target == recordings.c.panel_id, held),
        exists().where(restrictions.c.kind == "speaker", target == readings.c.speaker_id, held),
        exists().where(restrictions.c.kind == "passage", or_(target == readings.c.id, heard_in), held),
    )
