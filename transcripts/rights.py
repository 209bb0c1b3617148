"""Withholding panels, speakers and passages from all but editors: for good, or until a day.

Nothing is removed, and who withheld what, why, and who lifted it stays on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update

from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.journal import named
from transcripts.schema import panels, readings, speakers
from transcripts.schema import restrictions as table
from transcripts.withheld import is_in_force, today

KINDS = ("panel", "speaker", "passage")
_COLUMNS = {"panel": panels.c.id, "speaker": speakers.c.id, "passage": readings.c.id}


@dataclass(frozen=True, slots=True)
class Restriction:
    """That something is withheld. `until` is the day on which it ends, '' for never (ISO 8601)."""

    kind: str
    target: str
    reason: str
    until: str
    by: str
    at: str
    lifted_by: str = ""
    lifted_at: str = ""


def restrict(
    archive: Archive, kind: str, target: str, *, reason: str, by: str, until: str | None = None
) -> Restriction:
    """Withhold a panel, a speaker or a passage, by its id; an earlier restriction of it is replaced.

    A speaker is withheld in all conferences of the archive. A passage is withheld with whatever
    is heard in its time. Raises ArchiveError for what is not there, no reason, or a day gone by.
    """
    _check_day(until)
    if not reason.strip():
        raise ArchiveError("say why it is withheld: those who come later will want to know")
    restriction = Restriction(kind, target, reason.strip(), until or "", named(by), _now())
    with archive.writing() as connection:
        place = _place(connection, kind, target)
        _lift(connection, kind, target, by)
        row = {name: getattr(restriction, name) for name in Restriction.__dataclass_fields__}
        connection.execute(insert(table), {**row, **place})
    return restriction


def lift(archive: Archive, kind: str, target: str, *, by: str) -> None:
    """Show again what was withheld. Raises ArchiveError when it is not."""
    with archive.writing() as connection:
        if not _lift(connection, kind, target, named(by)):
            raise ArchiveError(f"the {kind} '{target}' is not withheld; 'symposia rights list' shows what is")


def restrictions(archive: Archive, *, everything: bool = False) -> tuple[Restriction, ...]:
    """What is withheld today, or everything that ever was, oldest first."""
    columns = [table.c[name] for name in Restriction.__dataclass_fields__]
    statement = select(*columns).order_by(table.c.id)
    if not everything:
        statement = statement.where(is_in_force())
    with archive.reading() as connection:
        return tuple(Restriction(**row) for row in connection.execute(statement).mappings())


def _check_day(until: str | None) -> None:
    try:
        past = until is not None and date.fromisoformat(until).isoformat() <= today()
    except ValueError:
        raise ArchiveError(f"{until!r} is no day: write it as 2026-12-31") from None
    if past:
        raise ArchiveError(f"an embargo until {until} is over: give a later day, or none for good")


def _place(connection: Connection, kind: str, target: str) -> dict[str, Any]:
    """Where a passage is; of the others, nothing. Raises ArchiveError for what is not there."""
    if kind not in KINDS:
        raise ArchiveError(f"{kind!r} cannot be withheld: take one of {', '.join(KINDS)}")
    known = connection.execute(select(_COLUMNS[kind]).where(_COLUMNS[kind] == target)).first()
    if known is None:
        raise ArchiveError(f"the archive has no {kind} '{target}': give the id of one that it has")
    if kind != "passage":
        return {}
    where = select(readings.c.recording_id, readings.c.start_s, readings.c.end_s)
    return dict(connection.execute(where.where(readings.c.id == target)).mappings().one())


def _lift(connection: Connection, kind: str, target: str, by: str) -> bool:
    mine = and_(table.c.kind == kind, table.c.target == target, table.c.lifted_at == "")
    lifted = update(table).where(mine).values(lifted_by=by, lifted_at=_now())
    return connection.execute(lifted).rowcount > 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
