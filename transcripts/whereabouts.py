"""Where withheld passages are: what withholds them goes along with them.

In its file a passage is withheld by its seconds, whatever becomes of it: where people change its
times or divide it, these grow. In another file seconds mean nothing: there it is looked for by its
words, and unless they are found, once, all of the recording is withheld (`transcripts/withheld.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from sqlalchemy import ColumnElement, Connection, select, update

from transcripts.records import Span
from transcripts.schema import passages, readings, recordings, restrictions
from transcripts.withheld import cuts, is_in_force


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a restriction reaches: seconds of a file, and the words said there.

    The words are those of the passage that has the very time; '' where none has it.
    """

    recording_id: str
    start_s: float
    end_s: float
    text: str
    sha256: str

    @property
    def span(self) -> Span:
        return Span(self.start_s, self.end_s)

    def reaching(self, other: Extent) -> Extent:
        """An extent that holds another one of the same file, too."""
        both = self.span.cover(other.span)
        whole = next((each for each in (self, other) if each.span == both), None)
        return whole or replace(self, start_s=both.start_s, end_s=both.end_s, text="")


def extents(connection: Connection, *only: ColumnElement[bool]) -> dict[str, Extent]:
    """Where passages are, as they are read."""
    where = (readings.c.recording_id, readings.c.start_s, readings.c.end_s, readings.c.text)
    statement = select(readings.c.id, *where, recordings.c.sha256).join(recordings).where(*only)
    return {row.id: Extent(*row[1:]) for row in connection.execute(statement)}


def held_extents(connection: Connection, *only: ColumnElement[bool]) -> dict[int, Extent]:
    """How far restrictions of passages reach that hold today, by their number."""
    columns = [restrictions.c[name] for name in Extent.__dataclass_fields__]
    statement = select(restrictions.c.id, *columns).where(restrictions.c.kind == "passage", is_in_force())
    return {row.id: Extent(*row[1:]) for row in connection.execute(statement.where(*only))}


@contextmanager
def followed(connection: Connection, recording_id: str) -> Iterator[None]:
    """Withhold what withheld passages become by a change of times or cuts that is made meanwhile."""
    sha256 = select(recordings.c.sha256).where(recordings.c.id == recording_id).scalar_subquery()
    mine = held_extents(
        connection, restrictions.c.recording_id == recording_id, restrictions.c.sha256 == sha256
    )
    held: dict[int, set[str]] = {}
    if mine:
        for restriction_id, passage_id in connection.execute(cuts().where(restrictions.c.id.in_(mine))):
            held.setdefault(restriction_id, set()).add(passage_id)
    before = extents(connection, readings.c.recording_id == recording_id) if held else {}
    yield
    after = extents(connection, readings.c.recording_id == recording_id) if held else {}
    stayed = {each for each in before if each in after and before[each].span == after[each].span}
    for restriction_id, ids in held.items():
        reach = mine[restriction_id]
        if not ids <= stayed:  # new ones are parts of one of them
            for each in after.keys() - stayed:
                if each in ids or each not in before:
                    reach = reach.reaching(after[each])
        if reach != mine[restriction_id]:
            _put(connection, restriction_id, reach)


def find_again(connection: Connection, recording_id: str) -> None:
    """Have restrictions that were made of another file of a recording hold where their words are now.

    Only the same words will do, said once: what is alike may be something else, and would let out
    what it was taken for.
    """
    sha256 = connection.execute(
        select(recordings.c.sha256).where(recordings.c.id == recording_id)
    ).scalar_one()
    here = (restrictions.c.recording_id == recording_id, restrictions.c.sha256 != sha256)
    for restriction_id, extent in held_extents(connection, *here).items():
        span = _said(connection, recording_id, extent.text)
        if span is not None:
            found = replace(extent, start_s=span.start_s, end_s=span.end_s, sha256=sha256)
            _put(connection, restriction_id, found)


def _put(connection: Connection, restriction_id: int, extent: Extent) -> None:
    connection.execute(update(restrictions).where(restrictions.c.id == restriction_id).values(asdict(extent)))


def _said(connection: Connection, recording_id: str, text: str) -> Span | None:
    """The one time at which a text is said, by machines and as it is read; None for none, or several."""
    found: Span | None = None
    for table in (passages, readings):
        said = select(table.c.start_s, table.c.end_s)
        said = said.where(table.c.recording_id == recording_id, table.c.text == text, table.c.text != "")
        spans = [Span(*times) for times in connection.execute(said)]
        if len(spans) > 1:
            return None
        for span in spans:
            found = span if found is None else found.cover(span)
    return found


__all__ = ["Extent", "extents", "find_again", "followed", "held_extents"]
