"""What is made of the archive once and shown often: panels as they are read, at a glance, in HTML."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime

from markupsafe import Markup

from transcripts.records import Recording
from transcripts.web.glance import PanelGlance, glance_at, lanes_of
from transcripts.web.reading import PanelReading, read_panel, words_of_recording
from transcripts.web.rendering import part
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Visitor
from transcripts.web.wording import Wording


def _as_it_is(room: ReadingRoom, panel_id: str, visitor: Visitor) -> Hashable:
    """All that a view of a panel depends on: its revision, the rights of today, who reads."""
    day = datetime.now(UTC).date().isoformat()
    return panel_id, room.archive.panel_revision(panel_id), day, visitor.may_edit


def panel_reading(room: ReadingRoom, panel_id: str, visitor: Visitor) -> PanelReading | None:
    key = ("reading", _as_it_is(room, panel_id, visitor))
    return room.once(key, lambda: read_panel(room.archive, panel_id, visitor))


def glances(room: ReadingRoom, visitor: Visitor) -> list[PanelGlance]:
    """Every panel that a visitor may see, at a glance, in the order of the days."""
    found = []
    for panel in room.archive.panels():
        key = ("glance", _as_it_is(room, panel.id, visitor))
        glance = room.once(key, lambda panel_id=panel.id: _glance(room, panel_id, visitor))
        if glance is not None:
            found.append(glance)
    return sorted(found, key=lambda glance: glance.held_on or "9999")


def _glance(room: ReadingRoom, panel_id: str, visitor: Visitor) -> PanelGlance | None:
    reading = read_panel(room.archive, panel_id, visitor)
    return glance_at(reading) if reading else None


def transcript(room: ReadingRoom, reading: PanelReading, visitor: Visitor, words: Wording) -> Markup:
    """The passages of a panel in HTML, as the visitor's language and role want them."""
    key = ("transcript", _as_it_is(room, reading.panel_id, visitor), words.code)
    return room.once(
        key,
        lambda: Markup(  # noqa: S704 - the template escapes what it is given
            part(words, "transcript.html", reading=reading, may_edit=visitor.may_edit)
        ),
    )


def timeline(room: ReadingRoom, reading: PanelReading, visitor: Visitor, words: Wording) -> Markup:
    """The timeline of a panel in SVG."""
    key = ("timeline", _as_it_is(room, reading.panel_id, visitor), words.code)
    return room.once(
        key,
        lambda: Markup(  # noqa: S704 - as above
            part(words, "timeline.html", lanes=lanes_of(reading, with_voices=True), large=True)
        ),
    )


def word_times(room: ReadingRoom, reading: PanelReading, recording: Recording, visitor: Visitor) -> dict[str, list[int]]:
    """Word times of the passages of one recording that the visitor may see."""
    key = ("words", _as_it_is(room, reading.panel_id, visitor), recording.id)
    entries = [line.entry for line in reading.lines if line.entry.passage.recording_id == recording.id]
    return room.once(key, lambda: words_of_recording(room.archive, recording, entries))
