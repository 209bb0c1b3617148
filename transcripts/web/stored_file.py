"""A file of an object store as an answer, a range at a time: Starlette's FileResponse reads local files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import StreamingResponse

from transcripts.files import opened_to_read, state_of

_BLOCK_BYTES = 1 << 18
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class StoredFile(StreamingResponse):
    """The bytes of an object, or the one range of them that was asked for (RFC 9110, section 14).

    Whatever else stands in the header, several ranges among it, is answered with all of them, as the
    standard allows; so is a range of what the object was before. To HEAD, the store is not read.
    Raises OSError where it does not answer.
    """

    def __init__(self, path: Path, media_type: str, request: Request) -> None:
        size, state = state_of(path)
        headers = {"accept-ranges": "bytes", "etag": f'"{state:x}"'}
        asked = _asked_for(request.headers.get("range", ""), size)
        if request.headers.get("if-range", headers["etag"]) != headers["etag"]:
            asked = None
        start, end = asked or (0, size)
        if asked and start >= end:  # beyond the end
            headers["content-range"], start, end, status = f"bytes */{size}", 0, 0, 416
        elif asked:
            headers["content-range"], status = f"bytes {start}-{end - 1}/{size}", 206
        else:
            status = 200
        headers["content-length"] = str(end - start)
        body = _read(path, start, end) if request.method != "HEAD" and start < end else iter(())
        super().__init__(body, status, headers, media_type)


def _asked_for(header: str, size: int) -> tuple[int, int] | None:
    """The first byte asked for and the one after the last, which may be beyond the end; None for all."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (size, size)
    if last and int(last) < int(first):
        return None  # no range at all
    return int(first), min(size, int(last) + 1) if last else size


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    with opened_to_read(path) as file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK_BYTES, end - start))):
            start += len(block)
            yield block


__all__ = ["StoredFile"]
