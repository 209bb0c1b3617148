"""What is told of every request to those who look after the room: how long it took, never what was asked.

A request is known by its route (`/panels/{panel_id}`), so that neither an address nor what was searched for
is in any log or figure. The ids in an address are told where they are those of something that is there.
"""

from __future__ import annotations

import logging
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from transcripts.logs import Fact, log, within
from transcripts.metrics import EDITS, REQUESTS, SEARCHES

_SEARCHES = {"/search", "/api/search", "/api/search/export"}
_EDITS = ("/review/", "/rights")
_IDS = ("panel_id", "recording_id", "passage_id")
_METHODS = {"GET", "HEAD", "POST"}


class Observed:
    """ASGI middleware around all others."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started_s, error = 500, time.monotonic(), ""

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with within(request=secrets.token_hex(6)):
            try:
                await self.app(scope, receive, send_seen)
            except BaseException as raised:
                error = type(raised).__name__
                raise
            finally:
                _tell(scope, status, time.monotonic() - started_s, error)


def _tell(scope: Scope, status: int, seconds: float, error: str) -> None:
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    REQUESTS.labels(method, route, status).observe(seconds)
    if route in _SEARCHES and status == 200:
        SEARCHES.inc()
    if method == "POST" and route.startswith(_EDITS) and status == 303:
        EDITS.inc()
    facts: dict[str, Fact] = {"method": method, "route": route, "status": status}
    facts |= {"seconds": round(seconds, 4)}
    if error:
        facts["error"] = error
    if status < 400:
        facts |= {name: value for name, value in scope.get("path_params", {}).items() if name in _IDS}
    log("request answered", logging.ERROR if status >= 500 else logging.INFO, **facts)


__all__ = ["Observed"]
