"""What is made of the archive once and shown often: panels as they are read, at a glance, in HTML."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import partial

from markupsafe import Markup

from transcripts.records import Recording
from transcripts.web.glance import PanelGlance, glance_at, lanes_of
from transcripts.web.reading import PanelReading, outline_panel, read_panel, words_of_recording
from transcripts.web.rendering import part
from transcripts.web.room import ReadingRoom
from transcripts.web.state import state_of
from transcripts.web.visitors import Visitor
from transcripts.web.wording import Wording


def panel_reading(room: ReadingRoom, panel_id: str, visitor: Visitor) -> PanelReading | None:
    """A panel as a visitor may read it; None where there is none for them."""
    state = state_of(room.archive).of_panel(panel_id)
    key = (state, visitor.may_edit)
    reading = room.once("reading", key, lambda: read_panel(room.archive, panel_id, visitor))
    return replace(reading, state=state) if reading else None


def glances(room: ReadingRoom, visitor: Visitor) -> list[PanelGlance]:
    """Every panel that a visitor may see, at a glance, in the order of the days."""
    state = state_of(room.archive)
    found = []
    for panel in room.archive.panels():
        key = (state.of_panel(panel.id), visitor.may_edit)
        glance = room.once("glance", key, partial(_glance, room, panel.id, visitor))
        if glance is not None:
            found.append(glance)
    return sorted(found, key=lambda glance: glance.held_on or "9999")


def _glance(room: ReadingRoom, panel_id: str, visitor: Visitor) -> PanelGlance | None:
    reading = outline_panel(room.archive, panel_id, visitor)
    return glance_at(reading) if reading else None


@dataclass(frozen=True, slots=True)
class PanelPage:
    """What a panel's page shows, kept packed: a panel of three hours is 1.5 million characters of HTML."""

    title: str
    packed: bytes

    @property
    def main(self) -> Markup:
        return Markup(zlib.decompress(self.packed).decode("utf-8"))  # noqa: S704 - the template escaped it


def panel_page(room: ReadingRoom, panel_id: str, visitor: Visitor, words: Wording) -> PanelPage | None:
    """A panel's page as the visitor's language and role want it; None where there is none for them."""
    key = (state_of(room.archive).of_panel(panel_id), visitor.may_edit, words.code)
    return room.once("panel", key, lambda: _panel_page(room, panel_id, visitor, words))


def _panel_page(room: ReadingRoom, panel_id: str, visitor: Visitor, words: Wording) -> PanelPage | None:
    reading = panel_reading(room, panel_id, visitor)
    if reading is None:
        return None
    lanes = lanes_of(reading, with_voices=True)
    main = part(words, "panel_main.html", reading=reading, lanes=lanes, may_edit=visitor.may_edit)
    # Half a letter (a lone surrogate) becomes a question mark, as in every page.
    return PanelPage(reading.title, zlib.compress(main.encode("utf-8", "replace"), level=1))


def word_times(
    room: ReadingRoom, reading: PanelReading, recording: Recording, visitor: Visitor
) -> dict[str, list[int]]:
    """Word times of the passages of one recording that the visitor may see."""
    key = (reading.state, visitor.may_edit, recording.id)
    entries = [line.entry for line in reading.lines if line.entry.passage.recording_id == recording.id]
    return room.once("words", key, lambda: words_of_recording(room.archive, recording, entries))
