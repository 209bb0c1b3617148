"""Logging in and out, one's password, and preferences."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from transcripts.web.rendering import LANGUAGE_COOKIE, LOOK_COOKIE
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Posted, Room, Stranger
from transcripts.web.wording import INTERFACES

router = APIRouter(include_in_schema=False)
A_YEAR_S = 365 * 24 * 3600


@router.post("/preferences")
def preferences(form: Posted, _visitor: Stranger, room: Room) -> Response:
    """Keep the interface language and the appearance in the browser."""
    answer = RedirectResponse(own_address(form["next"]), 303)
    if form["interface"] in INTERFACES:
        _keep(answer, room, LANGUAGE_COOKIE, form["interface"])
    if form["look"] in ("", "light", "dark"):
        _keep(answer, room, LOOK_COOKIE, form["look"])
    return answer


def _keep(answer: Response, room: ReadingRoom, name: str, value: str) -> None:
    secure = room.settings.login and room.settings.secure_cookies
    answer.set_cookie(name, value, max_age=A_YEAR_S, httponly=True, samesite="lax", secure=secure)


def own_address(asked: str) -> str:
    """An address within this site to go on to; the home page for any other."""
    inside = asked.startswith("/") and not asked.startswith(("//", "/\\"))
    return asked if inside and asked.isprintable() else "/"


def request_address(request: Request) -> str:
    return request.client.host if request.client else ""
