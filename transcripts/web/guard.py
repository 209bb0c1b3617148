"""What every request must pass and what every answer carries: hosts, origins, sizes, headers.

Pages hold nothing inline and load nothing from elsewhere; the policy says so to the browser,
so that text of an archive can never become a script.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from transcripts.web.room import RoomSettings

BODY_BYTES_MAX = 1_000_000  # of a form: a passage is some hundred words
ADDRESS_BYTES_MAX = 32_000  # percent-encoded: a query of 2,000 letters of any script has up to 24,000

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
SECURE_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HARMLESS = {"GET", "HEAD", "OPTIONS"}


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, settings: RoomSettings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message))
            await send(message)

        refused = self._refusal(scope)
        if refused:
            status, reason = refused
            await PlainTextResponse(f"{reason}\n", status)(scope, receive, send_guarded)
        else:
            await self.app(scope, receive, send_guarded)

    def _add_headers(self, headers: MutableHeaders) -> None:
        for name, value in SECURE_HEADERS.items():
            headers.setdefault(name, value)
        # Rights may change at any moment: nothing is shown from a cache without asking again.
        headers.setdefault("cache-control", "no-store" if self.settings.login else "private, no-cache")
        if self.settings.login and self.settings.secure_cookies:
            headers.setdefault("strict-transport-security", "max-age=31536000")

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason where a request goes no further."""
        headers = Headers(scope=scope)
        if not self.settings.login and (refusal := self._not_local(headers)):
            return 403, refusal
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > ADDRESS_BYTES_MAX:
            return 414, f"The address is longer than {ADDRESS_BYTES_MAX} bytes."
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return 400, "The Content-Length of the request is no number."
        if int(length) > BODY_BYTES_MAX:
            return 413, f"A request may hold {BODY_BYTES_MAX} bytes, not {length}."
        if scope["method"] not in _HARMLESS and not _own_origin(headers):
            return 403, "This change was asked for by a page of another site, and was not made."
        return None

    def _not_local(self, headers: Headers) -> str:
        """Why a request is not from the one local user who needs no login; empty if it is."""
        host = headers.get("host", "").casefold()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name not in self.settings.hosts:
            return (
                f"This reading room is open to its own machine only, not as '{name[:80]}'. "
                "Start it with --login to have people log in."
            )
        if "forwarded" in headers or any(key.startswith("x-forwarded-") for key in headers):
            return (
                "This request was passed on by a proxy, and nobody need log in here. "
                "Start the reading room with --login."
            )
        return ""


def _own_origin(headers: Headers) -> bool:
    """Whether a changing request comes from our own pages, or from no browser at all."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.casefold() == headers.get("host", "").casefold()


__all__ = ["ADDRESS_BYTES_MAX", "BODY_BYTES_MAX", "SECURE_HEADERS", "Guard"]
