"""The HTTP API: panels, passages, layers, word times and exports; and its documentation as a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, Response

from transcripts.citations import EXPORTS
from transcripts.formats.subtitles import Cue, write_srt, write_vtt
from transcripts.holdings import Entry
from transcripts.results import Hit
from transcripts.web import shown
from transcripts.web.answers import (
    REFUSALS,
    HistoryAnswer,
    LayersAnswer,
    PanelAnswer,
    PassageAnswer,
    SearchAnswer,
    SearchFields,
    SignatureAnswer,
    WordsAnswer,
)
from transcripts.web.asking import Asked
from transcripts.web.pages.panel import reading_or_404
from transcripts.web.rendering import base_of, page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Room, SomeVisitor, Visitor
from transcripts.web.wording import N_, clock

router = APIRouter(prefix="/api", responses=REFUSALS)
ExportForm = Literal["json", "csv", "bibtex", "csl", "markdown", "txt", "srt", "vtt"]
QuoteForm = Literal["json", "csv", "bibtex", "csl", "markdown"]
EXPORTED_MAX = 5000  # hits in one file


@router.get("/panels")
def panels(visitor: SomeVisitor, room: Room) -> list[PanelAnswer]:
    """Every panel, at a glance."""
    return [PanelAnswer.of(glance) for glance in shown.glances(room, visitor)]


@router.get("/panels/{panel_id}/passages")
def passages(
    request: Request,
    panel_id: str,
    visitor: SomeVisitor,
    room: Room,
    limit: int = Query(1000, ge=1, le=10_000),
    offset: int = Query(0, ge=0, le=10**9),
) -> list[PassageAnswer]:
    """The passages of a panel, in the order of time."""
    lines = reading_or_404(room, panel_id, visitor).lines[offset : offset + limit]
    return [PassageAnswer.of(line.entry, base_of(request)) for line in lines]


@router.get("/panels/{panel_id}/words")
def words(panel_id: str, recording: str, visitor: SomeVisitor, room: Room) -> WordsAnswer:
    """When each word of a recording is said."""
    reading = reading_or_404(room, panel_id, visitor)
    found = next((each for each in reading.recordings if each.id == recording), None)
    if found is None:
        raise HTTPException(404, "The panel has no such recording.")
    return WordsAnswer(recording=found.id, passages=shown.word_times(room, reading, found, visitor))


@router.get("/panels/{panel_id}/export", response_class=Response)
def export(
    request: Request, panel_id: str, visitor: SomeVisitor, room: Room, form: ExportForm = "json"
) -> Response:
    """The panel's transcript as a file."""
    reading = reading_or_404(room, panel_id, visitor)
    entries = [line.entry for line in reading.lines]
    if form in EXPORTS:
        text = EXPORTS[form]([Hit(entry) for entry in entries], base_of(request))
    else:
        text = _WRITERS[form](entries)
    return _file(text, panel_id, form)


@router.get("/search")
def search(
    request: Request, visitor: SomeVisitor, room: Room, asked: Annotated[SearchFields, Query()]
) -> SearchAnswer:
    """Passages by words and meaning, as the search page finds them, with facets and notices."""
    results = room.index.find(asked.query(), restricted=visitor.may_edit)
    return SearchAnswer.of(results, base_of(request))


@router.get("/search/export", response_class=Response)
def search_export(
    request: Request, visitor: SomeVisitor, room: Room, form: QuoteForm = "markdown", passage: str = ""
) -> Response:
    """The hits of a search (its address with this path), or one `passage`, as quotations with citations."""
    if passage:
        hits: tuple[Hit, ...] = (Hit(entry_or_404(room, passage, visitor)),)
    else:
        query = replace(Asked.of(request.query_params).query(EXPORTED_MAX), offset=0)
        hits = room.index.find(query, restricted=visitor.may_edit).hits
    return _file(EXPORTS[form](hits, base_of(request)), passage or "search", form)


@router.get("/passages/{passage_id}")
def passage(request: Request, passage_id: str, visitor: SomeVisitor, room: Room) -> PassageAnswer:
    """One passage."""
    return PassageAnswer.of(entry_or_404(room, passage_id, visitor), base_of(request))


@router.get("/passages/{passage_id}/layers")
def layers(request: Request, passage_id: str, visitor: SomeVisitor, room: Room) -> LayersAnswer:
    """One passage with what made it, the times of its words, and (for editors) its history."""
    entry = entry_or_404(room, passage_id, visitor)
    reading = reading_or_404(room, entry.panel_id, visitor)
    recording = next(each for each in reading.recordings if each.id == entry.passage.recording_id)
    signature = entry.translation_signature
    history = room.archive.reviews(entry.passage.id) if visitor.may_edit else ()
    return LayersAnswer(
        passage=PassageAnswer.of(entry, base_of(request)),
        translation_signature=SignatureAnswer.of(signature) if signature else None,
        words=shown.word_times(room, reading, recording, visitor).get(entry.passage.id, []),
        history=[
            HistoryAnswer(
                field=each.field,
                before=each.before,
                after=each.after,
                reviewer=each.reviewer,
                at=each.at,
                state=each.state,
            )
            for each in history
        ],
    )


@router.get("/docs", response_class=HTMLResponse, include_in_schema=False)
def documentation(request: Request, visitor: SomeVisitor) -> Response:
    """What can be asked, as a page: made from the OpenAPI description, without foreign scripts."""
    return page(request, "api.html", visitor, description=request.app.openapi())


def entry_or_404(room: ReadingRoom, passage_id: str, visitor: Visitor) -> Entry:
    """A passage that the visitor may see; for the id of one that was, the passage that holds it now."""
    present = room.archive.present_passage(passage_id) or ""
    entry = room.archive.entries_by_id([present], visitor.selection()).get(present)
    if entry is None:
        raise HTTPException(404, N_("There is no such passage."))
    return entry


def _file_name(panel_id: str) -> str:
    """The id as a file name that no system takes for something else."""
    kept = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in panel_id
    )
    return kept[:80] or "panel"


def _as_text(entries: Iterable[Entry]) -> str:
    blocks = []
    for entry in entries:
        start = clock(entry.passage.span.start_s)
        block = f"[{start}] {entry.speaker} ({entry.passage.language})\n{entry.passage.text}\n"
        blocks.append(block + (f"→ {entry.translation}\n" if entry.translation else ""))
    return "\n".join(blocks)


def _cues(entries: Iterable[Entry]) -> list[Cue]:
    return [Cue(e.passage.span, e.passage.text, e.passage.language, e.speaker) for e in entries]


_WRITERS: dict[str, Callable[[list[Entry]], str]] = {
    "txt": _as_text,
    "srt": lambda entries: write_srt(_cues(entries)),
    "vtt": lambda entries: write_vtt(_cues(entries)),
}
# How a file of each form ends, and what it is.
_FILES = {
    "json": ("json", "application/json"),
    "csv": ("csv", "text/csv"),
    "bibtex": ("bib", "application/x-bibtex"),
    "csl": ("csl.json", "application/json"),
    "markdown": ("md", "text/markdown"),
    "txt": ("txt", "text/plain"),
    "srt": ("srt", "application/x-subrip"),
    "vtt": ("vtt", "text/vtt"),
}


def _file(text: str, name: str, form: str) -> Response:
    ending, kind = _FILES[form]
    headers = {"content-disposition": f'attachment; filename="{_file_name(name)}.{ending}"'}
    return Response(text.encode("utf-8", "replace"), media_type=f"{kind}; charset=utf-8", headers=headers)
