"""The web application: pages, API and files of one archive, behind one guard."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as PlainHTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.records import running_version
from transcripts.web.guard import SECURE_HEADERS, Guard
from transcripts.web.observed import Observed
from transcripts.web.pages import account, api, home, media, oai, panel, review, rights, search
from transcripts.web.rendering import STATIC, page, with_query
from transcripts.web.room import ReadingRoom, RoomSettings
from transcripts.web.visitors import (
    STRANGER,
    LoginNeededError,
    OldFormError,
    Visitor,
    posted,
    visitor_or_stranger,
    written,
)
from transcripts.web.wording import N_

PAGES = (home, panel, media, search, review, rights, account, api)

_TITLES = {
    400: N_("This cannot be read"),
    403: N_("This is not open to you"),
    404: N_("Not found"),
    409: N_("Somebody else changed this"),
    413: N_("This is too large"),
    429: N_("Too many attempts"),
}
_FOR_PROGRAMS = ("/api/", "/media/")


class _Files(StaticFiles):
    """Files whose address says what they hold: they never change."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        answer = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        answer.headers["cache-control"] = "public, max-age=31536000, immutable"
        return answer


def create_app(archive: Archive, settings: RoomSettings | None = None) -> FastAPI:
    """The reading room of an open archive, as an ASGI application."""
    app = FastAPI(
        title="symposia",
        version=running_version() or "0",
        description="Search, passages, layers and exports of one archive.",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry={"auto_configure": False},  # nothing leaves the machine
    )
    room = ReadingRoom(archive, settings)
    app.state.room = room
    app.add_middleware(GZipMiddleware, minimum_size=1500, compresslevel=1)
    app.add_middleware(Guard, settings=room.settings)
    app.add_middleware(Observed)
    for each in PAGES:
        app.include_router(each.router)
    if room.settings.oai_email:
        app.include_router(oai.router)
    app.mount("/static", _Files(directory=STATIC))
    app.add_exception_handler(LoginNeededError, _login_first)
    app.add_exception_handler(OldFormError, _old_form)
    app.add_exception_handler(PlainHTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(SymposiaError, _in_words)
    app.add_exception_handler(Exception, _defect)
    return app


def _is_for_programs(request: Request) -> bool:
    path = request.url.path
    return path.startswith(_FOR_PROGRAMS) and path != "/api/docs"


async def _login_first(request: Request, _needed: Exception) -> Response:
    if _is_for_programs(request):
        return JSONResponse({"detail": "Log in first."}, 401)
    if request.method == "POST" and (kept := await _kept(request)):
        said = N_(
            "Your session has ended, and nothing was changed. "
            "Copy what you wrote, log in and send it once more."
        )
        return await run_in_threadpool(_error, request, 403, said, kept)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(with_query("/login", next=here if request.method == "GET" else "/"), 303)


async def _kept(request: Request) -> Sequence[tuple[str, str]]:
    """What was written into a form that nobody has looked at yet; nothing where it is none."""
    try:
        return written(await posted(request))
    except PlainHTTPException:
        return ()


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlainHTTPException)
    return _error(request, error.status_code, str(error.detail))


def _old_form(request: Request, error: Exception) -> Response:
    assert isinstance(error, OldFormError)
    said = N_(
        "This form is older than your session, and nothing was changed. "
        "Copy what you wrote, load the page again and send it once more."
    )
    return _error(request, 403, said, error.kept)


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    said = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
    return _error(request, 422, said)


def _in_words(request: Request, error: Exception) -> Response:
    """An error that a person can mend, such as an archive that is locked. Strangers need not know more."""
    visitor = _whoever(request)
    said = N_("The archive cannot be read at the moment. Try again in a while.")
    return _error(request, 503, said if visitor is STRANGER else str(error), visitor=visitor)


def _defect(request: Request, _error_itself: Exception) -> Response:
    said = "This is a defect of symposia. The terminal in which it was started says more."
    answer = _error(request, 500, said)
    for name, value in SECURE_HEADERS.items():  # this answer passes by the guard
        answer.headers[name] = value
    return answer


def _error(
    request: Request,
    status: int,
    said: str,
    kept: Sequence[tuple[str, str]] = (),
    visitor: Visitor | None = None,
) -> Response:
    if _is_for_programs(request):
        return JSONResponse({"detail": said}, status)
    title = _TITLES.get(status, N_("This did not work"))
    visitor = visitor or _whoever(request)
    return page(request, "error.html", visitor, status, title=title, reason=said, kept=kept)


def _whoever(request: Request) -> Visitor:
    """Who is told of an error: a stranger, where the archive that knows them is what fails."""
    try:
        return visitor_or_stranger(request)
    except Exception:  # of any kind: the first one is told
        return STRANGER


__all__ = ["PAGES", "create_app"]
