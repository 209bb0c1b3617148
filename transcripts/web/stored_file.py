"""A file of an object store as an answer, a range at a time: Starlette's FileResponse reads local files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from starlette.responses import StreamingResponse

from transcripts.files import opened_to_read, state_of

_BLOCK_BYTES = 1 << 18
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class StoredFile(StreamingResponse):
    """The bytes of an object, or the one range of them that was asked for (RFC 9110, section 14).

    Anything else that stands in the header, several ranges among it, is answered with all of them, as
    the standard allows. Raises OSError where the store does not answer.
    """

    def __init__(self, path: Path, media_type: str, asked: str) -> None:
        size, state = state_of(path)
        start, end = _asked_for(asked, size)
        headers = {"accept-ranges": "bytes", "etag": f'"{state:x}"'}
        if start >= end and size:  # beyond the end
            headers |= {"content-range": f"bytes */{size}", "content-length": "0"}
            super().__init__(iter(()), 416, headers, media_type)
            return
        whole = (start, end) == (0, size)
        if not whole:
            headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
        headers["content-length"] = str(end - start)
        super().__init__(_read(path, start, end), 200 if whole else 206, headers, media_type)


def _asked_for(asked: str, size: int) -> tuple[int, int]:
    """The first byte asked for, and the one after the last; nothing where the range is beyond the end."""
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not any(found.groups()):
        return 0, size
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size if int(last) else 0
    if last and int(last) < int(first):
        return 0, size  # no range at all
    return int(first), min(size, int(last) + 1) if last else size


def _read(path: Path, start: int, end: int) -> Iterator[bytes]:
    with opened_to_read(path) as file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK_BYTES, end - start))):
            start += len(block)
            yield block


__all__ = ["StoredFile"]
