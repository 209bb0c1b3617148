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
from transcripts.formats.elan import write_elan
from transcripts.formats.epub import write_epub
from transcripts.formats.exmaralda import write_exmaralda
from transcripts.formats.pdf import write_pdf
from transcripts.formats.praat import write_textgrid
from transcripts.formats.reading_text import write_markdown, write_text
from transcripts.formats.speech_tables import write_ctm, write_rttm
from transcripts.formats.subtitles import Cue, write_srt, write_vtt
from transcripts.formats.tables import write_csv, write_json_lines
from transcripts.formats.tei import write_tei
from transcripts.formats.word import write_docx

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
        "txt": _together(".txt", write_text),
        "md": _together(".md", write_markdown),
        "docx": _together(".docx", write_docx),
        "epub": _together(".epub", write_epub),
        "pdf": _together(".pdf", write_pdf),
        "csv": _together(".csv", write_csv),
        "jsonl": _together(".jsonl", write_json_lines),
        "tei": _apiece(".tei.xml", write_tei),
        "exb": _apiece(".exb", write_exmaralda),
        "eaf": _apiece(".eaf", write_elan),
        "textgrid": _apiece(".TextGrid", write_textgrid),
        "rttm": _together(".rttm", write_rttm),
        "ctm": _together(".ctm", write_ctm),
    }
)

__all__ = ["WRITERS", "File", "Writer", "file_name"]
