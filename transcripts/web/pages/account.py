"""Logging in and out, one's account, and preferences."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from transcripts.accounts import SESSION_S, TooManyAttemptsError
from transcripts.web.rendering import LANGUAGE_COOKIE, LOOK_COOKIE, page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import STRANGER, Posted, Room, SomeVisitor, Stranger, cookie_name
from transcripts.web.wording import INTERFACES, N_

router = APIRouter(include_in_schema=False)
A_YEAR_S = 365 * 24 * 3600
ROLE_WORDS = {"reader": N_("reader"), "editor": N_("editor"), "administrator": N_("administrator")}
WRONG = N_("Name and password do not go together.")
TOO_MANY = N_("Logging in has failed too often. Try again in some minutes.")


@router.get("/login")
def login_page(request: Request, visitor: Stranger) -> Response:
    """The page on which people log in; those who are in go on."""
    going_to = own_address(request.query_params.get("next", "/"))
    if visitor is not STRANGER:
        return RedirectResponse(going_to, 303)
    return page(request, "login.html", visitor, next=going_to, name="", trouble="")


@router.post("/login")
def login(request: Request, visitor: Stranger, room: Room, form: Posted) -> Response:
    """Start a session. It says neither whether the name is there nor how long the check took."""
    going_to = own_address(form["next"])
    if not room.settings.login:
        return RedirectResponse(going_to, 303)
    context = {"next": going_to, "name": form["name"][:200]}
    address = request.client.host if request.client else ""
    try:
        with room.logging_in:
            user = room.accounts.authenticate(form["name"], form["password"], address)
    except TooManyAttemptsError as error:
        answer: Response = page(request, "login.html", visitor, 429, trouble=TOO_MANY, **context)
        answer.headers["retry-after"] = str(error.wait_s)
        return answer
    if user is None:
        return page(request, "login.html", visitor, 401, trouble=WRONG, **context)
    answer = RedirectResponse(going_to, 303)
    token = room.accounts.start_session(user)
    answer.set_cookie(
        cookie_name(room),
        token,
        max_age=int(SESSION_S),
        httponly=True,
        samesite="lax",
        secure=room.settings.secure_cookies,
    )
    return answer


@router.post("/logout")
def logout(request: Request, _visitor: SomeVisitor, room: Room, _form: Posted) -> Response:
    """End the session, in the archive too: the token is worth nothing afterwards."""
    name = cookie_name(room)
    if token := request.cookies.get(name):
        room.accounts.end_session(token)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(name, httponly=True, samesite="lax", secure=room.settings.secure_cookies)
    return answer


@router.get("/account")
def account(request: Request, visitor: SomeVisitor, room: Room) -> Response:
    """Who one is here; for administrators, who else may enter."""
    users = room.accounts.users() if visitor.may_administer else ()
    return page(request, "account.html", visitor, users=users, ROLE_WORDS=ROLE_WORDS)


@router.post("/preferences")
def preferences(form: Posted, room: Room) -> Response:
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
