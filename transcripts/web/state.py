"""In which state an archive is: what views that are remembered depend on."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select

from transcripts.archive import Archive
from transcripts.schema import conferences, panels, recordings, restrictions, speakers


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """Equal states give equal views.

    `panels` has the newest revision among the recordings of each panel, and how many these are. It
    tells what they are: whatever comes or changes gets a revision of its own that is newer than all.
    """

    panels: dict[str, tuple[int, int]]
    common: Hashable  # programme, names, what is withheld today

    def of_panel(self, panel_id: str) -> Hashable:
        return panel_id, self.panels.get(panel_id), self.common


def state_of(archive: Archive) -> ArchiveState:
    """Read in a few milliseconds, at every request: what another process changes is seen at once."""
    newest = select(recordings.c.panel_id, func.max(recordings.c.revision), func.count())
    programme = (
        select(conferences.c.id, conferences.c.title, conferences.c.target_language, conferences.c.themes),
        select(panels.c.id, panels.c.title, panels.c.held_on, panels.c.position),
        select(speakers.c.conference_id, speakers.c.id, speakers.c.name, speakers.c.affiliation),
        select(restrictions.c.id, restrictions.c.until, restrictions.c.lifted_at),
    )
    with archive.reading() as connection:
        of_panels = connection.execute(newest.group_by(recordings.c.panel_id))
        revisions = {panel_id: (int(revision), int(number)) for panel_id, revision, number in of_panels}
        rows = tuple(tuple(map(tuple, connection.execute(statement))) for statement in programme)
    return ArchiveState(revisions, (hash(repr(rows)), datetime.now(UTC).date()))


__all__ = ["ArchiveState", "state_of"]
