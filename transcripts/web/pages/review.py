"""Review, for editors: the queue of doubts, and the desk at which a passage is corrected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from transcripts.entries import count, entries_by_id
from transcripts.errors import ArchiveError
from transcripts.holdings import Conference, Entry, Selection
from transcripts.review import STATES, ReviewDesk
from transcripts.schema import reading_themes, readings
from transcripts.web.differences import changes
from transcripts.web.pages.api import entry_or_404
from transcripts.web.rendering import page, with_query
from transcripts.web.room import ReadingRoom
from transcripts.web.saving import Saved, fields_of, label_of, looked_at, save, unsaved, unseen
from transcripts.web.visitors import Editor, Posted, Room, Visitor
from transcripts.web.wording import INTERFACES, N_

router = APIRouter(include_in_schema=False)
QUEUE_A_PAGE = 25


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which part of the queue an editor works on."""

    panel: str = ""
    language: str = ""
    state: str = "draft"

    @classmethod
    def of(cls, request: Request) -> Chosen:
        given = request.query_params
        state = given.get("state", "draft")
        return cls(
            given.get("panel", "")[:300],
            given.get("language", "")[:40],
            state if state in STATES else "draft",
        )

    def selection(self) -> Selection:
        return Selection(
            panels=frozenset({self.panel}) if self.panel else None,
            languages=frozenset({self.language}) if self.language else None,
            states=frozenset({self.state}),
            restricted=True,
        )

    def address(self, path: str, **more: Any) -> str:
        state = self.state if self.state != "draft" else ""
        return with_query(path, panel=self.panel, language=self.language, state=state, **more)

    def desk(self, passage_id: str, **more: Any) -> str:
        return self.address(f"/review/{quote(passage_id, safe='')}", **more)


@router.get("/review")
def queue(request: Request, visitor: Editor, room: Room, page_number: str = "1") -> Response:
    """What waits for a person, most doubtful first; and corrections that lost their place."""
    chosen = Chosen.of(request)
    desk = ReviewDesk(room.archive)
    number = (
        int(page_number) if page_number.isascii() and page_number.isdigit() and len(page_number) < 6 else 1
    )
    with room.archive.reading() as connection:
        pages = -(-count(connection, chosen.selection()) // QUEUE_A_PAGE)
    number = max(1, min(number, pages))
    entries = desk.queue(chosen.selection(), limit=QUEUE_A_PAGE, offset=QUEUE_A_PAGE * (number - 1))
    conferences = room.archive.conferences()
    return page(
        request,
        "queue.html",
        visitor,
        entries=entries,
        chosen=chosen,
        panels=[panel for conference in conferences for panel in conference.panels],
        languages=_languages(conferences),
        lost=desk.unanchored(),
        page_number=number,
        pages=pages,
        page_address=lambda to: chosen.address("/review", page_number=to),
    )


@router.get("/review/{passage_id}")
def desk(request: Request, passage_id: str, visitor: Editor, room: Room) -> Response:
    """The desk: everything about a passage that a person can change."""
    entry = entry_or_404(room, passage_id, visitor)
    if entry.passage.id != passage_id:
        return RedirectResponse(Chosen.of(request).desk(entry.passage.id))
    return _desk_page(request, room, visitor, entry)


@router.post("/review/{passage_id}")
def correct(request: Request, passage_id: str, visitor: Editor, room: Room, form: Posted) -> Response:
    """Save what was changed. A conflict is shown with both texts, and what was written stays in the form."""
    entry = entry_or_404(room, passage_id, visitor)
    passage_id = entry.passage.id
    chosen = Chosen.of(request)
    review_desk = ReviewDesk(room.archive)
    themes = [theme.id for theme in _conference(room, entry).themes]
    saved = save(review_desk, passage_id, form, themes, visitor.name)
    deed = form["deed"]
    if saved.all_well and deed in STATES:
        seen = looked_at(form, saved, entry)
        try:
            review_desk.set_state(passage_id, deed, visitor.name, expected=seen)
        except ArchiveError as error:  # of a conflict, the page shows all that is other than it was
            saved.conflicts = unseen(seen, entry_or_404(room, passage_id, visitor))
            saved.troubles = [] if saved.conflicts else [str(error)]
    if not saved.all_well:
        entry = entry_or_404(room, passage_id, visitor)
        return _desk_page(request, room, visitor, entry, saved, unsaved(form, saved))
    following = _next_in_queue(review_desk, chosen, passage_id) if deed in ("reviewed", "approved") else None
    return RedirectResponse(chosen.desk(following or passage_id, saved=1), 303)


@router.post("/review/{passage_id}/split")
def split(request: Request, passage_id: str, visitor: Editor, room: Room, form: Posted) -> Response:
    """Divide a passage where the editor began a new line."""
    entry = entry_or_404(room, passage_id, visitor)
    text = form["was_text"]
    first, found, rest = form["cut"].strip().partition("\n")
    at = len(first.rstrip())
    if not found or text[:at] != first.rstrip() or text[at:].split() != rest.split():
        said = N_("Begin one new line where the second passage begins, and change nothing else here.")
        return _desk_page(request, room, visitor, entry, saved=Saved(troubles=[said]))
    desk = ReviewDesk(room.archive)
    return _done_or_told(
        request,
        room,
        visitor,
        entry,
        lambda: desk.split(entry.passage.id, at, reviewer=visitor.name, expected=text),
    )


@router.post("/review/{passage_id}/merge")
def merge(request: Request, passage_id: str, visitor: Editor, room: Room, form: Posted) -> Response:
    """Join a passage with the one after it."""
    entry = entry_or_404(room, passage_id, visitor)
    desk = ReviewDesk(room.archive)
    return _done_or_told(
        request,
        room,
        visitor,
        entry,
        lambda: desk.merge(entry.passage.id, form["next"], reviewer=visitor.name),
    )


@router.post("/review/{passage_id}/undo")
def undo(request: Request, passage_id: str, visitor: Editor, room: Room, form: Posted) -> Response:
    """Take back one change."""
    entry = entry_or_404(room, passage_id, visitor)
    number = form["review"]
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise HTTPException(400, "The change to undo is no number.")
    desk = ReviewDesk(room.archive)
    return _done_or_told(request, room, visitor, entry, lambda: desk.undo(int(number), visitor.name))


def _done_or_told(request: Request, room: ReadingRoom, visitor: Visitor, entry: Entry, deed: Any) -> Response:
    """Do it and go back to the desk; else show the desk with what stands against it."""
    try:
        deed()
    except ArchiveError as error:
        return _desk_page(request, room, visitor, entry, saved=_told(error))
    passage_id = entry.passage.id
    there = room.archive.entries_by_id([passage_id], visitor.selection())
    chosen = Chosen.of(request)
    return RedirectResponse(chosen.desk(passage_id, saved=1) if there else chosen.address("/review"), 303)


def _told(error: ArchiveError) -> Saved:
    return Saved(troubles=[str(error)])


def _conference(room: ReadingRoom, entry: Entry) -> Conference:
    return next(each for each in room.archive.conferences() if each.id == entry.conference_id)


def _languages(conferences: Sequence[Conference]) -> list[str]:
    spoken = [code for each in conferences for panel in each.panels for code in panel.languages]
    return list(dict.fromkeys([*spoken, *INTERFACES]))


def _next_in_queue(desk: ReviewDesk, chosen: Chosen, passage_id: str) -> str | None:
    ids = [entry.passage.id for entry in desk.queue(chosen.selection(), limit=2)]
    return next((each for each in ids if each != passage_id), None)


def _tagged(room: ReadingRoom, passage_id: str) -> dict[str, tuple[float, bool, bool]]:
    """Score, whether it belongs, whether a person said so: of each theme of a passage."""
    table = reading_themes.c
    statement = select(table.theme_id, table.score, table.belongs, table.decided)
    with room.archive.reading() as connection:
        rows = connection.execute(statement.where(table.passage_id == passage_id))
        return {theme: (score, bool(belongs), bool(decided)) for theme, score, belongs, decided in rows}


def _desk_page(
    request: Request,
    room: ReadingRoom,
    visitor: Visitor,
    entry: Entry,
    saved: Saved | None = None,
    written: Mapping[str, str] | None = None,
) -> Response:
    """The desk; with what was written in place of what stands there, where it could not be saved."""
    passage_id = entry.passage.id
    conference = _conference(room, entry)
    review_desk = ReviewDesk(room.archive)
    chosen = Chosen.of(request)
    tagged = _tagged(room, passage_id)
    was = fields_of(entry)
    for theme in conference.themes:
        _, belongs, decided = tagged.get(theme.id, (0.0, False, False))
        was[f"theme:{theme.id}"] = str(belongs) if decided else ""
    outcome = saved or Saved()
    return page(
        request,
        "desk.html",
        visitor,
        status=409 if outcome.conflicts else 400 if outcome.troubles else 200,
        entry=entry,
        chosen=chosen,
        was=was,
        shown={**was, **(written or {})},
        saved="saved" in request.query_params and not saved,
        conflicts=outcome.conflicts,
        troubles=outcome.troubles,
        speakers=[("", "—"), *((speaker.id, speaker.name) for speaker in conference.speakers)],
        languages=list(dict.fromkeys([entry.passage.language, *_languages([conference])])),
        themes=[
            {"id": each.id, "name": each.name, "score": _score(tagged, each.id)} for each in conference.themes
        ],
        next_id=_next_in_queue(review_desk, chosen, passage_id),
        following=_following(room, entry),
        history=_history(review_desk, passage_id),
    )


def _score(tagged: Mapping[str, tuple[float, bool, bool]], theme: str) -> float | None:
    score, _, decided = tagged.get(theme, (0.0, False, True))
    return None if decided else score


def _following(room: ReadingRoom, entry: Entry) -> Entry | None:
    """The passage after this one in its recording."""
    passage = entry.passage
    after = select(readings.c.id).where(
        readings.c.recording_id == passage.recording_id, readings.c.position == passage.ordinal + 1
    )
    with room.archive.reading() as connection:
        ids = list(connection.execute(after).scalars())
        return next(iter(entries_by_id(connection, ids, Selection(restricted=True)).values()), None)


def _history(desk: ReviewDesk, passage_id: str) -> list[dict[str, Any]]:
    """What was changed, newest first, each with its difference."""
    return [
        {
            "id": change.review.id,
            "review": change.review,
            "label": label_of(change.review.field),
            "changes": changes(change.review.before, change.review.after),
            "undone": change.undone,
            "may_undo": not change.undone,
        }
        for change in reversed(desk.history(passage_id))
    ]


__all__ = ["router"]
