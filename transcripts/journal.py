"""The journal of reviews in the archive's tables: reading it, adding to it, where its lines hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from transcripts.changes import undone
from transcripts.errors import ArchiveError, ConflictError
from transcripts.holdings import Entry
from transcripts.keeping import touch
from transcripts.records import Review
from transcripts.rows import review_of, review_row
from transcripts.schema import readings, recordings, review_places, reviews
from transcripts.whereabouts import followed

_BUILDS_ON_ALL = {"split", "merge"}
_MOST_NAME = 200

# Where lines of the journal hold: passage ids by review; of one that has no place, ''.
Places = Mapping[int, Collection[str]]


def read(connection: Connection, *only: ColumnElement[bool]) -> tuple[Review, ...]:
    """Reviews, oldest first."""
    rows = connection.execute(select(reviews).where(*only).order_by(reviews.c.id)).mappings()
    return tuple(map(review_of, rows))


def places_of(connection: Connection, recording_id: str) -> Places:
    """Where the reviews of a recording that hold are found now."""
    table, found = review_places.c, dict[int, list[str]]()
    statement = select(table.review_id, table.passage_id).where(table.recording_id == recording_id)
    for review_id, passage_id in connection.execute(statement.order_by(table.review_id, table.passage_id)):
        found.setdefault(review_id, []).append(passage_id)
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of a passage that a person wants: a field, what it holds, what it should hold."""

    entry: Entry
    field: str
    before: str
    after: str
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)


def add(connection: Connection, wanted: Sequence[Wanted], reviewer: str) -> tuple[Review, ...]:
    """Add changes of passages of one recording, and have them hold.

    Raises ArchiveError when a passage cannot take its change; nothing is kept then.
    """
    if not wanted:
        return ()
    recording_id = wanted[0].entry.passage.recording_id
    sound = select(recordings.c.sha256).where(recordings.c.id == recording_id)
    sha256, person, now = connection.execute(sound).scalar_one(), named(reviewer), _now()
    added = tuple(
        _inserted(
            connection,
            Review(
                each.entry.passage.id,
                each.field,
                each.before,
                each.after,
                person,
                now,
                _state_after(each),
                recording_id=recording_id,
                span=each.entry.passage.span,
                text=each.entry.passage.text,
                sha256=sha256,
                detail=each.detail,
            ),
        )
        for each in wanted
    )
    _carry_out(connection, recording_id, wanted[0].field)
    places = places_of(connection, recording_id)
    for review in added:
        if not any(places.get(review.id, ())):
            raise ArchiveError(f"passage '{review.passage_id}' cannot take this change of its {review.field}")
    return added


def _carry_out(connection: Connection, recording_id: str, field: str) -> None:
    """Have the journal hold as it is now, after a change of a field, or after one was taken back.

    What a withheld passage becomes stays withheld. One that was united with another comes out as it
    went in.
    """
    with nullcontext() if field == "merge" else followed(connection, recording_id):
        touch(connection, recording_id)


def _state_after(wanted: Wanted) -> str:
    if wanted.field == "state":
        return wanted.after
    return "reviewed" if wanted.entry.state == "approved" else wanted.entry.state


def take_back(connection: Connection, review: Review, reviewer: str) -> Review:
    """Add that a review holds no more.

    Raises ConflictError where another one builds on it, or would lose its place.
    """
    of_recording = read(connection, reviews.c.recording_id == review.recording_id)
    gone = undone(of_recording)
    if review.id in gone:
        raise ArchiveError(f"change {review.id} was taken back already")
    places = places_of(connection, review.recording_id)
    later = [each for each in of_recording if each.id > review.id and each.id not in gone]
    field = _field(review, of_recording)
    _refuse_later(review, field, later, places)
    where = next(filter(None, places.get(review.id, ())), review.passage_id)
    state = select(readings.c.state).where(readings.c.id == where)
    taken = replace(
        review,
        passage_id=where,
        field="undo",
        before=review.after,
        after=review.before,
        reviewer=named(reviewer),
        at=_now(),
        state=connection.execute(state).scalar() or "draft",
        detail={"review": review.id, "field": review.field},
    )
    added = _inserted(connection, taken)
    _carry_out(connection, review.recording_id, field)
    now = places_of(connection, review.recording_id)
    for each in of_recording:
        if any(places.get(each.id, ())) and each.id in now and not any(now[each.id]):
            raise _built_upon(review, each)
    return added


def _field(review: Review, of_recording: Sequence[Review]) -> str:
    """The field of a change; of a taking back, that of what was taken back in the end."""
    by_id = {each.id: each for each in of_recording}
    while review.field == "undo":
        review = by_id[review.detail["review"]]
    return review.field


def _refuse_later(review: Review, field: str, later: Sequence[Review], places: Places) -> None:
    mine = {review.passage_id, *places.get(review.id, ())} - {""}
    vouched = {"state"} if field in ("text", "translation") else set()
    for each in later:
        builds = field in _BUILDS_ON_ALL or each.field in {field, *_BUILDS_ON_ALL, *vouched}
        if each.field != "undo" and builds and mine & {each.passage_id, *places.get(each.id, ())}:
            raise _built_upon(review, each)


def _built_upon(review: Review, other: Review) -> ConflictError:
    return ConflictError(
        f"change {review.id} cannot be taken back: {other.reviewer} has changed the {other.field} "
        f"since (change {other.id}); take that back first",
        expected=review.after,
        present=other.after,
        offered=review.before,
    )


def _inserted(connection: Connection, review: Review) -> Review:
    key = connection.execute(insert(reviews), review_row(review)).inserted_primary_key
    return replace(review, id=key[0] if key else 0)


def named(person: str) -> str:
    """The name of a person who does something. Raises ArchiveError for none."""
    name = " ".join(person.split())
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise ArchiveError(f"{person!r} is no name of a person: say who does this")
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
