"""A panel: its sound, its transcript beside the translation, and the times of its words."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response

from transcripts.web import shown
from transcripts.web.reading import PanelReading
from transcripts.web.rendering import interface, page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Room, SomeVisitor, Visitor
from transcripts.web.wording import N_

router = APIRouter(include_in_schema=False)

NO_PANEL = N_("There is no such panel.")


def reading_or_404(room: ReadingRoom, panel_id: str, visitor: Visitor) -> PanelReading:
    """A panel that the visitor may see. One under embargo is as if it were not there."""
    reading = shown.panel_reading(room, panel_id, visitor)
    if reading is None:
        raise HTTPException(404, NO_PANEL)
    return reading


@router.get("/panels/{panel_id}")
def panel(request: Request, panel_id: str, visitor: SomeVisitor, room: Room) -> Response:
    """The panel's page; `#PASSAGE` leads to a passage, `?t=SECONDS` to a second."""
    shown_panel = shown.panel_page(room, panel_id, visitor, interface(request))
    if shown_panel is None:
        raise HTTPException(404, NO_PANEL)
    return page(request, "panel.html", visitor, panel=shown_panel)
