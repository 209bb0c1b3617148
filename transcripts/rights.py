"""Withholding panels, speakers and passages from all but editors: for good, or until a day.

Nothing is removed, and who withheld what, why, and who lifted it stays on record.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, and_, false, func, insert, select, update

from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.journal import named
from transcripts.schema import panels, readings, recordings, speakers
from transcripts.schema import restrictions as table
from transcripts.whereabouts import extents, held_extents
from transcripts.withheld import is_in_force, today

KINDS = ("panel", "speaker", "passage")
_KEPT = ("kind", "target", "reason", "until", "by", "at", "lifted_by", "lifted_at")
_COLUMNS = {"panel": panels.c.id, "speaker": speakers.c.id, "passage": readings.c.id}


@dataclass(frozen=True, slots=True)
class Restriction:
    """That something is withheld. `until` is the day on which it ends, '' for never (ISO 8601).

    `lost` says that the recording is another file since, in which the passage was not found: all of
    the recording is withheld, until an editor has withheld its passages there and lifts this.
    """

    kind: str
    target: str
    reason: str
    until: str
    by: str
    at: str
    lifted_by: str = ""
    lifted_at: str = ""
    lost: bool = False


def restrict(
    archive: Archive, kind: str, target: str, *, reason: str, by: str, until: str | None = None
) -> Restriction:
    """Withhold a panel, a speaker or a passage, by its id; an earlier restriction of it is replaced.

    A speaker is withheld in all conferences of the archive. A passage is withheld with whatever
    is heard in its time, and in that of the restriction that is replaced. Raises ArchiveError for
    what is not there, no reason, or a day gone by.
    """
    ends = _day(until)
    if not reason.strip():
        raise ArchiveError("say why it is withheld: those who come later will want to know")
    restriction = Restriction(kind, target, reason.strip(), ends, named(by), _now())
    with archive.writing() as connection:
        place = _place(connection, kind, target)
        _lift(connection, kind, target, by)
        row = {name: getattr(restriction, name) for name in _KEPT}
        connection.execute(insert(table), {**row, **place})
    return restriction


def lift(archive: Archive, kind: str, target: str, *, by: str) -> None:
    """Show again what was withheld. Raises ArchiveError when it is not."""
    with archive.writing() as connection:
        if not _lift(connection, kind, target, named(by)):
            raise ArchiveError(f"the {kind} '{target}' is not withheld; 'symposia rights list' shows what is")


def restrictions(archive: Archive, *, everything: bool = False) -> tuple[Restriction, ...]:
    """What is withheld today, or everything that ever was, oldest first."""
    lost = func.coalesce(table.c.sha256 != recordings.c.sha256, false())
    statement = select(*(table.c[name] for name in _KEPT), lost.label("lost")).order_by(table.c.id)
    statement = statement.outerjoin_from(table, recordings, recordings.c.id == table.c.recording_id)
    if not everything:
        statement = statement.where(is_in_force())
    with archive.reading() as connection:
        return tuple(Restriction(**row) for row in connection.execute(statement).mappings())


def _day(until: str | None) -> str:
    """A day as it is kept and compared; '' for none."""
    if until is None:
        return ""
    try:
        ends = date.fromisoformat(until).isoformat()
    except ValueError:
        raise ArchiveError(f"{until!r} is no day: write it as 2026-12-31") from None
    if ends <= today():
        raise ArchiveError(f"an embargo until {until} is over: give a later day, or none for good")
    return ends


def _place(connection: Connection, kind: str, target: str) -> dict[str, Any]:
    """Where a passage is and was withheld; of the others, nothing. Raises ArchiveError for what is not there.

    Where it was withheld in another file, and nobody knows where that is in this one, it stays so.
    """
    if kind not in KINDS:
        raise ArchiveError(f"{kind!r} cannot be withheld: take one of {', '.join(KINDS)}")
    known = connection.execute(select(_COLUMNS[kind]).where(_COLUMNS[kind] == target)).first()
    if known is None:
        raise ArchiveError(f"the archive has no {kind} '{target}': give the id of one that it has")
    if kind != "passage":
        return {}
    place = extents(connection, readings.c.id == target)[target]
    for held in held_extents(connection, table.c.target == target).values():
        place = held.reaching(place) if held.sha256 == place.sha256 else held
    return asdict(place)


def _lift(connection: Connection, kind: str, target: str, by: str) -> bool:
    mine = and_(table.c.kind == kind, table.c.target == target, table.c.lifted_at == "")
    lifted = update(table).where(mine).values(lifted_by=by, lifted_at=_now())
    return connection.execute(lifted).rowcount > 0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
