"""The home page: the archive at a glance."""

from __future__ import annotations

from collections import defaultdict

from fastapi import APIRouter, Request
from starlette.responses import Response

from transcripts.web.glance import PanelGlance, themes_over_time
from transcripts.web.rendering import page, with_query
from transcripts.web.shown import glances
from transcripts.web.visitors import Room, SomeVisitor

router = APIRouter(include_in_schema=False)
PANELS_A_PAGE = 24


@router.get("/")
def home(request: Request, visitor: SomeVisitor, room: Room, page_number: str = "1") -> Response:
    """Panels, hours, languages, themes over time, doubts that wait for a person."""
    panels = glances(room, visitor)
    names: dict[str, str] = {}
    for panel in panels:
        names.update(panel.theme_names)
    pages = -(-len(panels) // PANELS_A_PAGE)
    number = int(page_number) if page_number.isdecimal() and len(page_number) < 6 else 1
    number = max(1, min(number, pages))
    first = (number - 1) * PANELS_A_PAGE
    return page(
        request,
        "home.html",
        visitor,
        panels=panels[first : first + PANELS_A_PAGE],
        page_number=number,
        pages=pages,
        page_address=lambda to: with_query("/", page_number=to),
        total=_total(panels),
        themes=[(theme, name, number) for number, (theme, name) in enumerate(names.items())],
        columns=themes_over_time(panels, names),
        failures=room.archive.failures() if visitor.may_edit else (),
        conferences=list(dict.fromkeys(panel.conference for panel in panels)),
    )


def _total(panels: list[PanelGlance]) -> dict[str, object]:
    languages: defaultdict[str, float] = defaultdict(float)
    for panel in panels:
        for code, seconds in panel.languages_s.items():
            languages[code] += seconds
    spoken = sum(languages.values()) or 1.0
    return {
        "panels": len(panels),
        "hours": round(sum(panel.duration_s for panel in panels) / 3600, 1),
        "minutes": round(sum(panel.duration_s for panel in panels) / 60),
        "passages": sum(panel.passages for panel in panels),
        "doubts": sum(panel.doubts for panel in panels),
        "voices": len({voice for panel in panels for voice in panel.voices}),
        "languages": [
            (code, seconds, round(100 * seconds / spoken))
            for code, seconds in sorted(languages.items(), key=lambda each: -each[1])
        ],
    }
