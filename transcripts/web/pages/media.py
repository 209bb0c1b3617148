"""The sound: original files, a range at a time, and their captions."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import FileResponse, Response

from transcripts.errors import SymposiaError
from transcripts.files import in_object_store, is_there, place_at
from transcripts.formats.media_types import MEDIA_TYPES
from transcripts.formats.subtitles import Cue, write_vtt
from transcripts.web.answers import REFUSALS
from transcripts.web.pages.panel import reading_or_404
from transcripts.web.reading import PanelReading
from transcripts.web.room import ReadingRoom
from transcripts.web.stored_file import StoredFile
from transcripts.web.visitors import Room, SomeVisitor, Visitor

router = APIRouter(responses=REFUSALS)


@router.get("/media/{recording_id}", response_class=FileResponse)
@router.head("/media/{recording_id}", include_in_schema=False)
def media(recording_id: str, visitor: SomeVisitor, room: Room, request: Request) -> Response:
    """The original file of a recording. Ranges are answered, so that a player can seek.

    403 where part of the recording is withheld from the visitor, 404 where there is no sound, 503 where
    it lies in an object store that does not answer.
    """
    reading = _reading_of(room, recording_id, visitor)
    recording = next(each for each in reading.recordings if each.id == recording_id)
    if reading.silent:
        raise HTTPException(403, "Part of this recording is withheld, and so its sound is.")
    path = place_at(recording.path)
    kind = MEDIA_TYPES.get(path.suffix.lower())
    try:
        there = recording.kind != "captions" and kind is not None and is_there(path)
        if there and kind and in_object_store(path):
            return StoredFile(path, kind, request)
    except (OSError, SymposiaError) as error:
        raise HTTPException(503, "The store of the recordings does not answer: try again later.") from error
    if not there:
        raise HTTPException(404, "The file of this recording is not where it was when it was read.")
    return FileResponse(path, media_type=kind)


@router.get("/media/{recording_id}/{language}.vtt", response_class=Response)
def captions(recording_id: str, language: str, visitor: SomeVisitor, room: Room) -> Response:
    """The passages of a recording as WebVTT: `spoken`, as they were said, or in the target language."""
    reading = _reading_of(room, recording_id, visitor)
    if language not in ("spoken", reading.target_language):
        raise HTTPException(404, "There are no captions in this language.")
    cues = []
    for line in reading.lines:
        passage = line.entry.passage
        if passage.recording_id != recording_id:
            continue
        spoken = language == "spoken" or line.entry.translation is None
        text = passage.text if spoken else line.entry.translation or ""
        cues.append(Cue(passage.span, text, passage.language if spoken else language, line.entry.speaker))
    return Response(write_vtt(cues).encode("utf-8", "replace"), media_type="text/vtt; charset=utf-8")


def _reading_of(room: ReadingRoom, recording_id: str, visitor: Visitor) -> PanelReading:
    panel_id = next((each.panel_id for each in room.archive.recordings() if each.id == recording_id), None)
    if panel_id is None:
        raise HTTPException(404, "There is no such recording.")
    return reading_or_404(room, panel_id, visitor)


__all__ = ["router"]
