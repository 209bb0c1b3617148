"""The search page: hits in source and translation, facets, neighbours, more like this."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from transcripts.holdings import Entry
from transcripts.query import NOTICES, Notice
from transcripts.results import Context, Hit, Results, contexts
from transcripts.web.asking import FILTERS, HITS_A_PAGE, Asked
from transcripts.web.doubtful import quality_of
from transcripts.web.rendering import interface, page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Room, SomeVisitor, Visitor
from transcripts.web.wording import N_, Wording

router = APIRouter(include_in_schema=False)

FACETS = {
    "theme": N_("Theme"),
    "language": N_("Language"),
    "speaker": N_("Speaker"),
    "panel": N_("Panel"),
    "name": N_("Mentioned"),
    "state": N_("State"),
}
VALUES_SHOWN = 12
FORMS = {"csv": "CSV", "json": "JSON", "bibtex": "BibTeX", "csl": "CSL-JSON", "markdown": "Markdown"}


@dataclass(frozen=True, slots=True)
class FoundHit:
    """A hit as the page shows it. Texts are in pieces, with whether each was looked for."""

    entry: Entry
    quality: str
    text: list[tuple[bool, str]]
    translation: list[tuple[bool, str]]
    themes: list[tuple[str, str, int]]
    contexts: list[tuple[str, Context]]  # each with its language
    neighbours: tuple[Entry, ...] = ()


@router.get("/search")
def search(request: Request, visitor: SomeVisitor, room: Room) -> Response:
    """Search by words and meaning, or list what the filters take."""
    asked = Asked.of(request.query_params)
    results = _results(room, asked, visitor)
    pages = -(-results.total // HITS_A_PAGE) if not asked.like else 1
    if 0 < pages < asked.page:
        asked = replace(asked, page=pages)
        results = _results(room, asked, visitor)
    words = interface(request)
    names = _theme_names(room)
    return page(
        request,
        "search.html",
        visitor,
        typed=asked.typed,
        narrowed=bool(asked.filters),
        like=asked.like,
        sort=asked.sort or "relevance",
        context=asked.view == "context" and bool(asked.typed),
        total=results.total,
        hits=[_found(hit, names, _near(room, hit, asked, visitor)) for hit in results.hits],
        facets=_facets(results, asked),
        days=_days(results),
        chips=_chips(asked, names),
        notices=[notice_text(notice, words) for notice in results.notices],
        forms=FORMS,
        address=asked.address,
        page_number=asked.page,
        pages=pages,
        page_address=lambda number: asked.address(page=number),
    )


def _results(room: ReadingRoom, asked: Asked, visitor: Visitor) -> Results:
    if not asked.like:
        return room.index.find(asked.query(), restricted=visitor.may_edit)
    hits = room.index.more_like(asked.like, HITS_A_PAGE, restricted=visitor.may_edit)
    return Results(hits, len(hits))


def _near(room: ReadingRoom, hit: Hit, asked: Asked, visitor: Visitor) -> tuple[Entry, ...]:
    if hit.passage_id != asked.around:
        return ()
    return room.index.neighbours(hit.passage_id, restricted=visitor.may_edit)


def _theme_names(room: ReadingRoom) -> dict[str, tuple[str, int]]:
    """Name and colour of each theme."""
    names: dict[str, tuple[str, int]] = {}
    for conference in room.archive.conferences():
        for number, theme in enumerate(conference.themes):
            names.setdefault(theme.id, (theme.name, number))
    return names


def _found(hit: Hit, names: dict[str, tuple[str, int]], near: tuple[Entry, ...]) -> FoundHit:
    entry = hit.entry
    text, translation = entry.passage.text, entry.translation or ""
    return FoundHit(
        entry,
        quality_of(entry),
        pieces(text, hit.text_marks),
        pieces(translation, hit.translation_marks),
        [(theme, *names.get(theme, (theme, 0))) for theme, _ in entry.themes],
        [
            *((entry.passage.language, each) for each in contexts(text, hit.text_marks)),
            *((entry.target_language, each) for each in contexts(translation, hit.translation_marks)),
        ],
        near,
    )


def pieces(text: str, marks: tuple[tuple[int, int], ...]) -> list[tuple[bool, str]]:
    """A text cut at its marks: whether each piece is marked, and the piece."""
    cut: list[tuple[bool, str]] = []
    reached = 0
    for start, end in marks:
        cut += [(False, text[reached:start]), (True, text[start:end])]
        reached = end
    return [(lit, piece) for lit, piece in [*cut, (False, text[reached:])] if piece]


def _facets(results: Results, asked: Asked) -> list[dict[str, Any]]:
    """Each facet with its values, their counts, and the address that narrows to them (or no longer)."""
    shown = []
    for name, label in FACETS.items():
        chosen = asked.filters.get(name, ())
        counts = results.facets.get(name, ())
        values = [
            {
                "value": count.value,
                "name": count.name,
                "hits": count.hits,
                "chosen": count.value in chosen,
                "address": asked.toggled(name, count.value),
            }
            for count in counts[:VALUES_SHOWN]
        ]
        if values:
            shown.append({"field": name, "name": label, "values": values})
    return shown


def _days(results: Results) -> list[dict[str, Any]]:
    days = results.facets.get("day", ())
    most = max((day.hits for day in days), default=1)
    return [
        {"value": day.value, "hits": day.hits, "height": max(1, round(40 * day.hits / most))} for day in days
    ]


def _chips(asked: Asked, names: dict[str, tuple[str, int]]) -> list[dict[str, str]]:
    """What the search is narrowed to, each with the address without it."""
    return [
        {
            "field": name,
            "name": names.get(value, (value, 0))[0] if name == "theme" else value,
            "address": asked.toggled(name, value),
        }
        for name in FILTERS
        for value in asked.filters.get(name, ())
    ]


def notice_text(notice: Notice, words: Wording) -> str:
    """A notice of the query language in the interface language."""
    said = words.text(NOTICES[notice.kind])
    said = said.replace("{value}", notice.value, 1).replace("{known}", notice.known, 1)
    return said[:1].upper() + said[1:] + "."
