"""Whether a passage is withheld today; asked at every reading, so that an embargo ends by itself.

A passage is withheld by its seconds of a file, a speaker by name. Where neither tells any more what
is to be withheld (the recording is another file since, a correction that names the speaker found no
passage), more is withheld rather than less, until an editor has looked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, exists, false, func, or_, select

from transcripts.database import chunks
from transcripts.schema import readings, recordings, restrictions, review_places, reviews, turns

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
    return _concerned(_kinds(connection), today())


def withheld_by_place(connection: Connection) -> set[str]:
    """Recordings in which something is withheld by its time, be it that no passage is there any more."""
    kinds, found = _kinds(connection), set[str]()
    if "passage" in kinds:
        cut_out = select(restrictions.c.recording_id).where(restrictions.c.kind == "passage", is_in_force())
        found |= set(connection.execute(cut_out).scalars())
    if "speaker" in kinds:
        lost = _lost_namings(today()).subquery()
        found |= set(connection.execute(select(lost.c.recording_id)).scalars())
    return found


def silenced(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """Those of the recordings whose sound is withheld today, whatever passages there are.

    A recording is one file: something of it is withheld, or somebody who is withheld speaks in
    it, be it without a word that was understood.
    """
    found = withheld_by_place(connection) & set(recording_ids)
    if "speaker" in _kinds(connection):
        for ids in chunks(sorted(set(recording_ids) - found)):
            speaks = turns.c.speaker_id.in_(_targets("speaker", today()))
            heard = select(turns.c.recording_id).where(turns.c.recording_id.in_(ids), speaks)
            found |= set(connection.execute(heard).scalars())
    return found


def unseen_panels(connection: Connection) -> set[str]:
    """Panels that have passages, and none that is not withheld today."""
    kinds = _kinds(connection)
    if not kinds:  # nothing is: none has to be looked at
        return set()
    restricted = _concerned(kinds, today())
    mine = readings.c.recording_id == recordings.c.id
    statement = select(recordings.c.panel_id, exists().where(mine, ~restricted).correlate(recordings))
    rows = connection.execute(statement.where(exists().where(mine))).all()
    return {panel_id for panel_id, _ in rows} - {panel_id for panel_id, seen in rows if seen}


def cuts(day: str = "") -> Select[Any]:
    """Which restriction of a passage (`restriction_id`) withholds which reading (`passage_id`) on a day."""
    heard, file = readings.alias(), recordings.alias()
    start_s, end_s = restrictions.c.start_s, restrictions.c.end_s
    here = or_(restrictions.c.target == heard.c.id, _is_heard_in(heard, start_s, end_s))
    return (
        select(restrictions.c.id.label("restriction_id"), heard.c.id.label("passage_id"))
        .join(heard, heard.c.recording_id == restrictions.c.recording_id)
        .join(file, file.c.id == restrictions.c.recording_id)
        .where(restrictions.c.kind == "passage", is_in_force(day))
        .where(or_(restrictions.c.sha256 != file.c.sha256, here))
    )


def _kinds(connection: Connection) -> tuple[str, ...]:
    return tuple(sorted(connection.execute(_kinds_in_force(today())).scalars()))


@lru_cache(maxsize=2)
def _kinds_in_force(day: str) -> Select[Any]:
    return select(restrictions.c.kind).where(is_in_force(day)).distinct()


@lru_cache(maxsize=16)  # SQLAlchemy takes longer to write it than SQLite to answer
def _concerned(kinds: Sequence[str], day: str) -> ColumnElement[bool]:
    """Whether a restriction of one of these kinds that holds on a day concerns a reading."""
    speaker = func.coalesce(readings.c.speaker_id, "").in_(_targets("speaker", day))
    concerns = {
        "panel": recordings.c.panel_id.in_(_targets("panel", day)),
        "speaker": or_(speaker, readings.c.id.in_(_near_lost_namings(day))),
        "passage": readings.c.id.in_(select(cuts(day).subquery().c.passage_id)),
    }
    return or_(false(), *(concerns[kind] for kind in kinds))


def _targets(kind: str, day: str) -> Select[Any]:
    return select(restrictions.c.target).where(restrictions.c.kind == kind, is_in_force(day))


def _is_heard_in(
    heard: FromClause, start_s: ColumnElement[float], end_s: ColumnElement[float]
) -> ColumnElement[bool]:
    """Whether a reading is heard in a time."""
    middle_s = (heard.c.start_s + heard.c.end_s) / 2
    return or_(
        and_(heard.c.start_s < end_s - _TOLERANCE_S, heard.c.end_s > start_s + _TOLERANCE_S),
        and_(start_s <= middle_s, middle_s <= end_s),
    )


def _lost_namings(day: str) -> Select[Any]:
    """Corrections that hold, name a speaker who is withheld, and found no passage; where they were made.

    Not those after which somebody else was named there.
    """
    later, places = reviews.alias(), review_places.c
    nowhere = select(places.review_id).where(places.passage_id == "")
    renamed = exists().where(
        later.c.recording_id == reviews.c.recording_id,
        later.c.passage_id == reviews.c.passage_id,
        later.c.field == "speaker",
        later.c.id > reviews.c.id,
        and_(later.c.start_s <= reviews.c.start_s, later.c.end_s >= reviews.c.end_s),
        exists().where(places.review_id == later.c.id),
    )
    names = and_(reviews.c.field == "speaker", reviews.c.after.in_(_targets("speaker", day)))
    return select(reviews).where(reviews.c.id.in_(nowhere), names, ~renamed)


def _near_lost_namings(day: str) -> Select[Any]:
    """What is heard where such a correction was made; in another file, everything."""
    heard, file, lost = readings.alias(), recordings.alias(), _lost_namings(day).subquery()
    return (
        select(heard.c.id)
        .join(lost, lost.c.recording_id == heard.c.recording_id)
        .join(file, file.c.id == heard.c.recording_id)
        .where(or_(lost.c.sha256 != file.c.sha256, _is_heard_in(heard, lost.c.start_s, lost.c.end_s)))
    )
