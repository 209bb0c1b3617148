"""The formats that `symposia export` writes, in one table: from documents to files.

docs/formats.md says what each holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from transcripts.document import Document
from transcripts.formats.captions import captions, tracks
from transcripts.formats.subtitles import Cue, write_srt, write_vtt

_UNSAFE = re.compile(r"[^\w.-]+|^\.+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class File:
    """A file to be written. `recording_id` is '' where it is of several recordings."""

    name: str
    content: str | bytes
    recording_id: str = ""
    track: str = ""


Writer = Callable[[Sequence[Document]], Iterator[File]]


def _apiece(suffix: str, write: Callable[[Document], str | bytes]) -> Writer:
    """A file for each recording."""

    def files(documents: Sequence[Document]) -> Iterator[File]:
        for name, document in _named(documents):
            yield File(f"{name}{suffix}", write(document), document.recording.id)

    return files


def _captions(suffix: str, write: Callable[[Iterable[Cue]], str]) -> Writer:
    """A file for each track of each recording."""

    def files(documents: Sequence[Document]) -> Iterator[File]:
        for name, document in _named(documents):
            for track in tracks(document):
                content = write(captions(document, track))
                yield File(f"{name}.{file_name(track)}{suffix}", content, document.recording.id, track)

    return files


def _together(suffix: str, write: Callable[[Sequence[Document]], str | bytes]) -> Writer:
    """One file for all recordings; named after the panel where they are of one."""

    def files(documents: Sequence[Document]) -> Iterator[File]:
        of = {each.panel.id for each in documents}
        name = of.pop() if len(of) == 1 else documents[0].conference_id
        yield File(f"{file_name(name)}{suffix}", write(documents))

    return files


def _named(documents: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    """Each recording with a name for its files: no two the same, on no file system."""
    taken: set[str] = set()
    for document in documents:
        name, number = file_name(document.recording.id), 1
        while name.casefold() in taken:
            number += 1
            name = f"{file_name(document.recording.id)}-{number}"
        taken.add(name.casefold())
        yield name, document


def file_name(text: str) -> str:
    """A text as a part of a file's name: letters of any script, digits, '-', '_' and '.'."""
    return _UNSAFE.sub("-", text)[:_LONGEST_NAME].strip("-") or "untitled"


WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "srt": _captions(".srt", lambda cues: write_srt(cues, laid_out=True)),
        "vtt": _captions(".vtt", lambda cues: write_vtt(cues, laid_out=True)),
    }
)

__all__ = ["WRITERS", "File", "Writer", "file_name"]
