"""The HTTP API: panels, passages, layers, word times and exports; and its documentation as a page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import HTMLResponse, Response

from transcripts.formats.subtitles import Cue, write_srt, write_vtt
from transcripts.holdings import Entry
from transcripts.web import shown
from transcripts.web.answers import (
    HistoryAnswer,
    LayersAnswer,
    PanelAnswer,
    PassageAnswer,
    SignatureAnswer,
    WordsAnswer,
)
from transcripts.web.pages.panel import reading_or_404
from transcripts.web.rendering import page
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Room, SomeVisitor, Visitor
from transcripts.web.wording import clock

router = APIRouter(prefix="/api")
ExportForm = Literal["json", "csv", "txt", "srt", "vtt"]


@router.get("/panels")
def panels(visitor: SomeVisitor, room: Room) -> list[PanelAnswer]:
    """Every panel, at a glance."""
    return [PanelAnswer.of(glance) for glance in shown.glances(room, visitor)]


@router.get("/panels/{panel_id}/passages")
def passages(
    panel_id: str,
    visitor: SomeVisitor,
    room: Room,
    limit: int = Query(1000, ge=1, le=10_000),
    offset: int = Query(0, ge=0, le=10**9),
) -> list[PassageAnswer]:
    """The passages of a panel, in the order of time."""
    lines = reading_or_404(room, panel_id, visitor).lines[offset : offset + limit]
    return [PassageAnswer.of(line.entry, room.settings.base_url) for line in lines]


@router.get("/panels/{panel_id}/words")
def words(panel_id: str, recording: str, visitor: SomeVisitor, room: Room) -> WordsAnswer:
    """When each word of a recording is said."""
    reading = reading_or_404(room, panel_id, visitor)
    found = next((each for each in reading.recordings if each.id == recording), None)
    if found is None:
        raise HTTPException(404, "The panel has no such recording.")
    return WordsAnswer(recording=found.id, passages=shown.word_times(room, reading, found, visitor))


@router.get("/panels/{panel_id}/export", response_class=Response)
def export(panel_id: str, visitor: SomeVisitor, room: Room, form: ExportForm = "json") -> Response:
    """The panel's transcript as a file."""
    reading = reading_or_404(room, panel_id, visitor)
    kind, write = _WRITERS[form]
    text = write([line.entry for line in reading.lines])
    headers = {"content-disposition": f'attachment; filename="{_file_name(panel_id)}.{form}"'}
    return Response(text.encode("utf-8", "replace"), media_type=f"{kind}; charset=utf-8", headers=headers)


@router.get("/passages/{passage_id}")
def passage(passage_id: str, visitor: SomeVisitor, room: Room) -> PassageAnswer:
    """One passage."""
    return PassageAnswer.of(entry_or_404(room, passage_id, visitor), room.settings.base_url)


@router.get("/passages/{passage_id}/layers")
def layers(passage_id: str, visitor: SomeVisitor, room: Room) -> LayersAnswer:
    """One passage with what made it, the times of its words, and (for editors) its history."""
    entry = entry_or_404(room, passage_id, visitor)
    reading = reading_or_404(room, entry.panel_id, visitor)
    recording = next(each for each in reading.recordings if each.id == entry.passage.recording_id)
    signature = entry.translation_signature
    history = room.archive.reviews(passage_id) if visitor.may_edit else ()
    return LayersAnswer(
        passage=PassageAnswer.of(entry, room.settings.base_url),
        translation_signature=SignatureAnswer.of(signature) if signature else None,
        words=shown.word_times(room, reading, recording, visitor).get(passage_id, []),
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
    """A passage that the visitor may see."""
    entry = room.archive.entries_by_id([passage_id], visitor.selection()).get(passage_id)
    if entry is None:
        raise HTTPException(404, "There is no such passage.")
    return entry


def _file_name(panel_id: str) -> str:
    """The id as a file name that no system takes for something else."""
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in panel_id)
    return kept[:80] or "panel"


def _as_json(entries: Iterable[Entry]) -> str:
    answers = [PassageAnswer.of(entry).model_dump() for entry in entries]
    return json.dumps(answers, ensure_ascii=False, indent=1) + "\n"


def _as_csv(entries: Iterable[Entry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    columns = [name for name in PassageAnswer.model_fields if name not in ("themes", "flags")]
    writer.writerow([*columns, "themes", "flags"])
    for entry in entries:
        answer = PassageAnswer.of(entry)
        themes = " ".join(theme.id for theme in answer.themes)
        cells: list[Any] = [*(getattr(answer, name) for name in columns), themes, " ".join(answer.flags)]
        writer.writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def safe_cell(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _as_text(entries: Iterable[Entry]) -> str:
    blocks = []
    for entry in entries:
        start = clock(entry.passage.span.start_s)
        block = f"[{start}] {entry.speaker} ({entry.passage.language})\n{entry.passage.text}\n"
        blocks.append(block + (f"→ {entry.translation}\n" if entry.translation else ""))
    return "\n".join(blocks)


def _cues(entries: Iterable[Entry]) -> list[Cue]:
    return [Cue(e.passage.span, e.passage.text, e.passage.language, e.speaker) for e in entries]


_WRITERS: dict[str, tuple[str, Callable[[list[Entry]], str]]] = {
    "json": ("application/json", _as_json),
    "csv": ("text/csv", _as_csv),
    "txt": ("text/plain", _as_text),
    "srt": ("application/x-subrip", lambda entries: write_srt(_cues(entries))),
    "vtt": ("text/vtt", lambda entries: write_vtt(_cues(entries))),
}
