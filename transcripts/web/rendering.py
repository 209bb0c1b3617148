"""Templates to pages: what every template can use, in the visitor's interface language."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from jinja2 import Environment
from starlette.responses import HTMLResponse

from transcripts.web.templating import TEMPLATES, environment_of
from transcripts.web.visitors import STRANGER, Visitor, room_of
from transcripts.web.wording import INTERFACES, Wording, chosen, wording

STATIC = Path(__file__).parent / "static"
LANGUAGE_COOKIE, LOOK_COOKIE = "symposia-language", "symposia-look"


@cache
def environment(code: str) -> Environment:
    """The templates of the reading room in one interface language."""
    words = wording(code)
    made = environment_of([TEMPLATES], words)
    made.globals.update(
        interfaces=INTERFACES,
        static=static_address,
        passage_address=passage_address,
        with_query=with_query,
    )
    return made


def interface(request: Request) -> Wording:
    """The interface language of a visitor: their choice, else what their browser prefers."""
    asked = [request.query_params.get("interface", ""), request.cookies.get(LANGUAGE_COOKIE, "")]
    return chosen(asked, request.headers.get("accept-language", ""))


def page(
    request: Request, template: str, visitor: Visitor, status: int = 200, **context: Any
) -> HTMLResponse:
    """A whole page."""
    words = interface(request)
    look = request.cookies.get(LOOK_COOKIE, "")
    text = (
        environment(words.code)
        .get_template(template)
        .render(
            visitor=visitor,
            stranger=visitor is STRANGER,
            login=room_of(request).settings.login,
            look=look if look in {"light", "dark"} else "",
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            **context,
        )
    )
    # A text of the archive may hold half a letter (a lone surrogate); it is shown as a question mark.
    content = text.encode("utf-8", "replace")
    headers = {"content-language": words.code, "vary": "cookie, accept-language"}
    return HTMLResponse(content, status, headers)


def part(words: Wording, template: str, **context: Any) -> str:
    """A part of a page, to be remembered and put into pages as it is."""
    return environment(words.code).get_template(template).render(**context)


@cache
def static_address(name: str) -> str:
    """A file of `static/`, with what it holds in the address: a browser may keep it for good."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def passage_address(panel_id: str, passage_id: str, start_s: float, play: bool = False) -> str:
    """The link to a passage and its second; with `play`, the sound begins at once."""
    at = f"t={int(start_s)}" + ("&play=1" if play else "")
    return f"/panels/{quote(panel_id, safe='')}?{at}#{quote(passage_id, safe='')}"


def base_of(request: Request) -> str:
    """How links that are taken away begin: as the room was told, else as the visitor came."""
    return room_of(request).settings.link_base or f"{request.url.scheme}://{request.url.netloc}"


def with_query(path: str, *pairs: tuple[str, Any], **more: Any) -> str:
    """An address with a query; what is empty is left out."""
    given = [(name, str(value)) for name, value in [*pairs, *more.items()] if value not in ("", None, ())]
    return f"{path}?{urlencode(given)}" if given else path


__all__ = [
    "LANGUAGE_COOKIE",
    "LOOK_COOKIE",
    "STATIC",
    "base_of",
    "environment",
    "interface",
    "page",
    "part",
    "passage_address",
    "with_query",
]
