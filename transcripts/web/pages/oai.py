"""`/oai`: what harvesters of catalogues ask. Open to all, where the room was started with `--oai`."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from transcripts.harvest import offers
from transcripts.web.guard import BODY_BYTES_MAX
from transcripts.web.harvesting import Repository, answer
from transcripts.web.rendering import base_of
from transcripts.web.state import state_of
from transcripts.web.visitors import FIELDS_MAX, Room

router = APIRouter()


@router.get("/oai", include_in_schema=False)
def asked(request: Request, room: Room) -> Response:
    """OAI-PMH by GET."""
    return _answered(request, room, list(request.query_params.multi_items()))


@router.post("/oai", include_in_schema=False)
async def posted(request: Request, room: Room) -> Response:
    """OAI-PMH by POST: the same arguments as a form. Nothing is changed, so no form token is asked for."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"A request may hold {BODY_BYTES_MAX} bytes.")
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise HTTPException(400, "The form cannot be read.") from error
    return await run_in_threadpool(_answered, request, room, pairs)


def _answered(request: Request, room: Room, arguments: list[tuple[str, str]]) -> Response:
    state = state_of(room.archive)
    key = (tuple(sorted(state.panels.items())), state.common)
    found = room.once("harvest", key, lambda: offers(room.archive))
    here = f"{base_of(request)}/"
    repository = Repository(f"{here}oai", here, room.settings.oai_email, found)
    return Response(answer(repository, arguments), media_type="text/xml; charset=utf-8")


__all__ = ["router"]
