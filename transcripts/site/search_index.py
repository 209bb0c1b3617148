"""The index that the search of a published site asks in the browser: Pagefind, in parts of some pages each.

One index a part holds all languages, as one language, in words that are made here
(`search_words.py`). Only the parts whose passages have changed are made again; the browser merges them.
What hits are narrowed to (language, theme, speaker) are words as well: Pagefind writes its own filters
in another order each time, and a site is to be the same for the same archive.

Pagefind's program is spoken to directly, as its Python API takes a tenth of a second for each record.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from transcripts.errors import SymposiaError
from transcripts.site.content import PublishedPanel
from transcripts.site.metadata import page_path
from transcripts.site.search_words import search_words
from transcripts.web.wording import clock

A_PART = 720  # passages, at most: a part is made in less than a second
LANGUAGE = "en"  # of all words, whatever they are: its stems are for Latin letters only
PROGRAM = ("pagefind.js", "pagefind-worker.js", f"wasm.{LANGUAGE}.pagefind")


@dataclass(frozen=True, slots=True)
class Record:
    """A passage to be found: where it is (`id`), its words, and what is shown of it."""

    id: str
    words: str
    shown: Mapping[str, str]


def parts(panels: Sequence[PublishedPanel]) -> list[list[tuple[PublishedPanel, int]]]:
    """The pages that share a part: panels, and numbers of their pages."""
    found: list[list[tuple[PublishedPanel, int]]] = []
    held = A_PART
    for panel in panels:
        for number, places in enumerate(panel.pages):
            if held + len(places) > A_PART:
                found.append([])
                held = 0
            found[-1].append((panel, number))
            held += len(places)
    return found


def part_records(pages: Sequence[tuple[PublishedPanel, int]]) -> list[Record]:
    """The passages of these pages."""
    return [record for panel, number in pages for record in _records(panel, number)]


def part_files(records: Sequence[Record], *, with_program: bool) -> dict[str, bytes]:
    """The files of the part of these passages; the first part has the program that all are asked with."""
    return {name: content for name, content in indexed(records).items() if _is_used(name, with_program)}


def indexed(records: Sequence[Record]) -> dict[str, bytes]:
    """Every file that Pagefind makes of these records, by its name.

    Raises SymposiaError where Pagefind is not installed or fails.
    """
    requests = list(_requests(records))
    answers = _asked(requests)
    refused = [each for each in answers if each["type"] == "Error"]
    if refused or len(answers) < len(requests):
        reason = refused[0]["message"] if refused else "it ended too early"
        raise SymposiaError(f"Pagefind could not make the search index: {reason}")
    found = {each["path"]: base64.b64decode(each["content"]) for each in answers[-1]["files"]}
    return dict(sorted(found.items()))


def _asked(requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What Pagefind's program answers. It reads and writes at once, and ends when it hears no more."""
    with subprocess.Popen(
        [_program(), "--service"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=_send, args=(process.stdin, requests))
        writer.start()
        answers: list[bytes] = []
        rest = b""
        while len(answers) < len(requests) and (more := process.stdout.read1(1 << 20)):  # type: ignore[attr-defined]
            *whole, rest = (rest + more).split(b",")
            answers += whole
        writer.join()
        process.terminate()
    return [json.loads(base64.b64decode(each))["payload"] for each in answers]


def _send(pipe: IO[bytes], requests: Sequence[Mapping[str, Any]]) -> None:
    with contextlib.suppress(OSError):  # where it ended, its answers tell
        for number, each in enumerate(requests, 1):
            text = json.dumps({"message_id": number, "payload": each})
            pipe.write(base64.b64encode(text.encode()) + b",")
        pipe.flush()


def _program() -> Path:
    remedy = "the search of a site needs Pagefind: pip install 'pagefind[extended]'"
    try:
        from pagefind.service import get_executable
    except ImportError as error:
        raise SymposiaError(remedy) from error
    program: Path | None = get_executable()
    if program is None:
        raise SymposiaError(remedy)
    return program


def _records(panel: PublishedPanel, page: int) -> Iterator[Record]:
    places = panel.pages[page]
    lines = panel.reading.lines[places.start : places.stop]
    for line, remark in zip(lines, panel.remarks[places.start : places.stop], strict=True):
        entry, passage = line.entry, line.entry.passage
        second = int(passage.span.start_s)
        words = [*search_words(passage.text)]
        for each in remark.renderings:
            words += search_words(each.text)
        words.append(filter_word("l", passage.language))
        words += [filter_word("t", theme) for theme, _ in entry.themes]
        if passage.speaker_id:
            words.append(filter_word("s", f"{entry.conference_id}/{passage.speaker_id}"))
        shown = {
            "where": f"{page_path(panel.slug, page)}?t={second}#{quote(passage.id, safe='')}",
            "clock": clock(passage.span.start_s),
            "panel": panel.title,
            "speaker": entry.speaker,
            "language": passage.language,
            "text": passage.text,
            "into": entry.target_language if entry.translation else "",
            "translation": entry.translation or "",
        }
        yield Record(passage.id, " ".join(words), {name: value for name, value in shown.items() if value})


def _requests(records: Sequence[Record]) -> Iterator[dict[str, Any]]:
    yield {"type": "NewIndex", "config": {"force_language": LANGUAGE}}
    for each in records:
        yield {
            "type": "AddRecord",
            "index_id": 0,
            "url": each.id,
            "content": each.words,
            "language": LANGUAGE,
            "meta": dict(each.shown),
        }
    yield {"type": "GetFiles", "index_id": 0}


def _is_used(name: str, with_program: bool) -> bool:
    """Whether the page asks for a file: its program and its index, not the widgets that come along."""
    return "/" in name or name.endswith((".pf_meta", "entry.json")) or (with_program and name in PROGRAM)


def filter_word(kind: str, name: str) -> str:
    """The word that every passage of a language, theme or speaker has; no text has it."""
    letters = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return "qz" + kind + letters.translate(_LETTERS) + "zq"


_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjklmnprtvw")  # words of consonants have no English ending


__all__ = ["Record", "filter_word", "indexed", "part_files", "part_records", "parts"]
