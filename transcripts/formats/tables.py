"""Documents as CSV and as JSON lines: a remark a row, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from transcripts.document import Document, Remark
from transcripts.formats.transcript_json import PROBABILITY_DIGITS, TIME_DIGITS
from transcripts.quality import quality_word

COLUMNS = (
    "conference",
    "panel",
    "panel_title",
    "held_on",
    "recording",
    "passage_id",
    "start_s",
    "end_s",
    "speaker",
    "language",
    "text",
    "translation",
    "translation_language",
    "translation_quality",
    "themes",
    "flags",
    "state",
)
# Spreadsheets take a cell that begins so for a formula, and run it; OWASP's remedy is an apostrophe
# before it (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(documents: Sequence[Document]) -> str:
    """All remarks in one table, with a byte order mark, by which spreadsheets know UTF-8.

    A text that a spreadsheet would run as a formula has an apostrophe before it.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for document in documents:
        writer.writerows([safe_cell(value) for value in _row(document, each)] for each in document.remarks)
    return "\ufeff" + file.getvalue()


def _row(document: Document, remark: Remark) -> Iterator[str | float]:
    panel = document.panel
    yield from (document.conference_id, panel.id, panel.title, panel.held_on, document.recording.id)
    yield from (remark.id, _seconds(remark.span.start_s), _seconds(remark.span.end_s))
    yield from (remark.speaker, remark.language, remark.text)
    said = remark.renderings[0] if remark.renderings else None
    yield said.text if said else ""
    yield said.language if said else ""
    yield quality_word(said.quality, said.flags) if said else ""
    yield " ".join(theme.id for theme in remark.themes)
    yield " ".join(dict.fromkeys((*remark.flags, *(said.flags if said else ()))))
    yield remark.state


def safe_cell(value: str | float) -> str | float:
    """What may stand in a cell of a table that a spreadsheet opens."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def write_json_lines(documents: Sequence[Document]) -> str:
    """A JSON object a remark, with everything that is exported of it (docs/schemas/export.schema.json)."""
    lines = (
        json.dumps(_object(document, remark), ensure_ascii=False)
        for document in documents
        for remark in document.remarks
    )
    return "".join(f"{line}\n" for line in lines)


def _object(document: Document, remark: Remark) -> dict[str, Any]:
    return {
        "passage_id": remark.id,
        "conference": document.conference_id,
        "panel": document.panel.id,
        "recording": document.recording.id,
        "start_s": _seconds(remark.span.start_s),
        "end_s": _seconds(remark.span.end_s),
        "speaker_id": remark.speaker_id,
        "speaker": remark.speaker,
        "language": remark.language,
        "text": remark.text,
        "translations": [asdict(each) for each in remark.renderings],
        "themes": [asdict(each) for each in remark.themes],
        "names": [
            {"start": each.start, "end": each.end, "kind": each.kind, "target_id": each.target_id}
            for each in remark.names
        ],
        "words": [
            {
                "text": word.text,
                "start_s": _seconds(word.span.start_s),
                "end_s": _seconds(word.span.end_s),
                "probability": round(word.probability, PROBABILITY_DIGITS),
            }
            for word in remark.words
        ],
        "confidence": round(remark.confidence, PROBABILITY_DIGITS),
        "flags": list(remark.flags),
        "state": remark.state,
    }


def _seconds(time_s: float) -> float:
    return round(time_s, TIME_DIGITS)


__all__ = ["safe_cell", "write_csv", "write_json_lines"]
