"""Rights, for editors: withholding panels, speakers and passages, and showing them again."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from transcripts.errors import ArchiveError
from transcripts.holdings import Selection
from transcripts.rights import Restriction, lift, restrict, restrictions
from transcripts.web.pages.account import own_address
from transcripts.web.rendering import page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Editor, Posted, Room, Visitor
from transcripts.web.wording import clock

router = APIRouter(include_in_schema=False)


@router.get("/rights")
def rights(request: Request, visitor: Editor, room: Room) -> Response:
    """What is withheld today, and the form that withholds more."""
    return _page(request, visitor, room)


@router.post("/rights")
def withhold(request: Request, visitor: Editor, room: Room, form: Posted) -> Response:
    """Withhold something from now on. `what` is 'panel:ID' or 'speaker:ID'; a passage comes in two fields."""
    kind, _, target = form["what"].partition(":")
    if not form["what"]:
        kind, target = form["kind"], form["target"]
    try:
        restrict(
            room.archive,
            kind,
            target,
            reason=form["reason"][:1000],
            by=visitor.name,
            until=form["until"] or None,
        )
    except ArchiveError as error:
        return _page(request, visitor, room, str(error))
    return RedirectResponse(own_address(form["next"] or "/rights"), 303)


@router.post("/rights/lift")
def show_again(request: Request, visitor: Editor, room: Room, form: Posted) -> Response:
    """Show again what was withheld."""
    try:
        lift(room.archive, form["kind"], form["target"], by=visitor.name)
    except ArchiveError as error:
        return _page(request, visitor, room, str(error))
    return RedirectResponse("/rights", 303)


def _page(request: Request, visitor: Visitor, room: ReadingRoom, trouble: str = "") -> Response:
    conferences = room.archive.conferences()
    speakers = {speaker.id: speaker for each in conferences for speaker in each.speakers}
    return page(
        request,
        "rights.html",
        visitor,
        status=400 if trouble else 200,
        trouble=trouble,
        panels=[panel for each in conferences for panel in each.panels],
        speakers=list(speakers.values()),
        held=_named(room, restrictions(room.archive)),
    )


def _named(room: ReadingRoom, held: tuple[Restriction, ...]) -> list[dict[str, Any]]:
    """Each restriction with the name of what it withholds."""
    conferences = room.archive.conferences()
    names = {("panel", panel.id): panel.title for each in conferences for panel in each.panels}
    names |= {("speaker", speaker.id): speaker.name for each in conferences for speaker in each.speakers}
    passages = [each.target for each in held if each.kind == "passage"]
    for passage_id, entry in room.archive.entries_by_id(passages, Selection(restricted=True)).items():
        names["passage", passage_id] = f"{entry.panel_title}, {clock(entry.passage.span.start_s)}"
    return [{"restriction": each, "name": names.get((each.kind, each.target), each.target)} for each in held]
