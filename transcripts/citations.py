"""Hits as quotations: ready citations, and result sets in the formats of libraries and editors.

Every quotation has a permanent id (its passage's), a link with the second, and words that say
who spoke, where and when, in which language, who translated, and whether a person looked at it.
Texts may hold anything: each format escapes what it would take for its own signs.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import regex as re

from transcripts.formats.tables import safe_cell
from transcripts.holdings import Entry
from transcripts.quality import MIXED, UNSEEN, quality_word
from transcripts.results import Hit

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
UNKNOWN_SPEAKER = "unidentified speaker"


def link(entry: Entry, base: str = "") -> str:
    """Where a passage is heard: `base` is the address of the web app, without a slash at its end."""
    second = int(entry.passage.span.start_s)
    return f"{base}/panels/{quote(entry.panel_id, safe='')}?t={second}#{quote(entry.passage.id, safe='')}"


def time_code(seconds: float) -> str:
    """Hours, minutes and seconds, as 1:02:03."""
    minutes, second = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def citation(entry: Entry) -> str:
    """One line that says what a quotation is of, as precisely as the archive knows."""
    return ", ".join(citation_parts(entry)) + "."


def citation_parts(entry: Entry) -> list[str]:
    """What a citation says, one after the other: each may be written from right to left."""
    speaker = _speaker(entry)
    if entry.affiliation and (entry.passage.speaker_id is not None or not entry.speaker):
        speaker = f"{speaker} ({_line(entry.affiliation)})"
    span = entry.passage.span
    times = f"{time_code(span.start_s)}–{time_code(span.end_s)}"
    parts = [speaker, f"“{_line(entry.panel_title) or entry.panel_id}”", _line(entry.conference_title)]
    parts += [entry.held_on, times, f"in {entry.passage.language}", _made_by(entry)]
    return [part for part in parts if part]


def _speaker(entry: Entry) -> str:
    """Who is quoted; the label of a voice that nobody has named is no name."""
    speaker = _line(entry.speaker)
    if entry.passage.speaker_id is None and speaker:
        return f"{UNKNOWN_SPEAKER} ({speaker})"
    return speaker or UNKNOWN_SPEAKER


def _made_by(entry: Entry) -> str:
    """Who translated, and whether a person looked at it."""
    reviewed = f"reviewed by {_line(entry.reviewer)}" if entry.reviewer else "reviewed"
    looked_at = reviewed if entry.state in ("reviewed", "approved") else "unreviewed"
    if entry.translation is None:
        return looked_at
    unseen = " (unreviewed)" if UNSEEN in entry.translation_flags else ""
    return f"trans. by {translator(entry)}{unseen}, {looked_at}"


def translator(entry: Entry) -> str:
    """The model that translated, or that a person did; empty where nothing is translated."""
    if entry.translation is None:
        return ""
    if entry.translation_signature is None:
        return "a person"
    return _line(entry.translation_signature.model) + (
        " and others" if MIXED in entry.translation_flags else ""
    )


def hit_document(hit: Hit, base: str = "") -> dict[str, Any]:
    """A hit as `docs/schemas/search.schema.json` describes it."""
    entry, passage = hit.entry, hit.entry.passage
    return {
        "passage_id": passage.id,
        "link": link(entry, base),
        "citation": citation(entry),
        "conference": entry.conference_id,
        "conference_title": entry.conference_title,
        "panel": entry.panel_id,
        "panel_title": entry.panel_title,
        "held_on": entry.held_on or None,
        "recording": passage.recording_id,
        "start_s": passage.span.start_s,
        "end_s": passage.span.end_s,
        "speaker": entry.speaker or None,
        "affiliation": entry.affiliation or None,
        "language": passage.language,
        "text": passage.text,
        "text_marks": [list(mark) for mark in hit.text_marks],
        "translation": entry.translation,
        "translation_marks": [list(mark) for mark in hit.translation_marks],
        "translated_by": translator(entry) or None,
        "quality": quality_word(entry.quality, entry.translation_flags),
        "state": entry.state,
        "reviewer": entry.reviewer or None,
        "themes": [
            {"id": theme, "score": score, "evidence": list(entry.evidence.get(theme) or ()) or None}
            for theme, score in entry.themes
        ],
        "score": hit.score,
        "matched_by": list(hit.matched_by),
    }


def as_json(hits: Sequence[Hit], base: str = "") -> str:
    return json.dumps([hit_document(hit, base) for hit in hits], ensure_ascii=False, indent=1) + "\n"


_COLUMNS = (
    "passage_id",
    "link",
    "conference_title",
    "panel",
    "panel_title",
    "held_on",
    "recording",
    "start_s",
    "end_s",
    "speaker",
    "affiliation",
    "language",
    "text",
    "translation",
    "translated_by",
    "quality",
    "state",
    "reviewer",
    "themes",
    "score",
    "matched_by",
    "citation",
)


def as_csv(hits: Sequence[Hit], base: str = "") -> str:
    """A row a hit, with a byte order mark, by which spreadsheets know UTF-8.

    What a spreadsheet would run as a formula gets an apostrophe before it (OWASP).
    """
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    for hit in hits:
        found = hit_document(hit, base)
        found["themes"] = " ".join(theme["id"] for theme in found["themes"])
        found["matched_by"] = " ".join(found["matched_by"])
        rows.writerow(["" if found[name] is None else safe_cell(found[name]) for name in _COLUMNS])
    return "\ufeff" + written.getvalue()


# BibTeX counts braces even behind a backslash, so they are written as commands.
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "#$%&_"},
}


def as_bibtex(hits: Sequence[Hit], base: str = "") -> str:
    """An entry a hit, in UTF-8, for BibTeX and BibLaTeX."""
    keys: set[str] = set()
    return "\n".join(_bibtex(hit.entry, _key(hit.passage_id, keys), base) for hit in hits)


def _bibtex(entry: Entry, key: str, base: str) -> str:
    span = entry.passage.span
    fields = {
        "author": f"{{{_latex(_speaker(entry))}}}",
        "title": f"{{{_latex(_title(entry))}}}",
        "howpublished": f"{_latex(entry.conference_title)}, {time_code(span.start_s)}",
        "year": entry.held_on[:4],
        "month": entry.held_on[5:7],
        "date": entry.held_on,
        "language": _latex(entry.passage.language),
        "abstract": _latex(entry.passage.text),
        "annote": _latex(entry.translation or ""),
        "note": _latex(citation(entry)),
        "url": link(entry, base),
    }
    lines = [f"  {name} = {{{value}}},\n" for name, value in fields.items() if value]
    return f"@misc{{{key},\n{''.join(lines)}}}\n"


def _key(passage_id: str, taken: set[str]) -> str:
    """A key that BibTeX takes, and that no other entry has."""
    plain = re.sub(r"[^A-Za-z0-9_:.-]+", "-", passage_id).strip("-") or "quote"
    number, key = 2, plain
    while key in taken:
        number, key = number + 1, f"{plain}-{number}"
    taken.add(key)
    return key


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in _line(text))


def _title(entry: Entry) -> str:
    return entry.panel_title or entry.panel_id


def as_csl(hits: Sequence[Hit], base: str = "") -> str:
    """An item a hit in CSL-JSON, as Zotero, Pandoc and other users of citation styles read it."""
    return json.dumps([_csl(hit.entry, base) for hit in hits], ensure_ascii=False, indent=1) + "\n"


def _csl(entry: Entry, base: str) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": entry.passage.id,
        "type": "speech",
        "title": _line(_title(entry)),
        "author": [{"literal": _speaker(entry)}],
        "event-title": _line(entry.conference_title),
        "language": entry.passage.language,
        "abstract": entry.passage.text,
        "note": citation(entry),
        "section": time_code(entry.passage.span.start_s),
        "URL": link(entry, base),
    }
    if entry.held_on:
        item["issued"] = {"date-parts": [[int(part) for part in entry.held_on.split("-") if part.isdigit()]]}
    return item


_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>#|~$&!]|^[-+=]|(?<=^\d{1,9})[.)]")


def as_markdown(hits: Sequence[Hit], base: str = "") -> str:
    """A quotation a hit, with its translation and its citation below."""
    return "\n".join(_markdown(hit.entry, base) for hit in hits)


def _markdown(entry: Entry, base: str) -> str:
    lines = [f"> {_plain(entry.passage.text)}"]
    if entry.translation:
        lines += [">", f"> — {_plain(entry.translation)}"]
    return "\n".join([*lines, "", f"[{_plain(citation(entry))}]({link(entry, base)})", ""])


def _plain(text: str) -> str:
    """Text that Markdown takes for nothing but text."""
    return _MARKDOWN.sub(r"\\\g<0>", _line(text))


def _line(text: str) -> str:
    """On one line, without control characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())


EXPORTS: Mapping[str, Callable[[Sequence[Hit], str], str]] = MappingProxyType(
    {"csv": as_csv, "json": as_json, "bibtex": as_bibtex, "csl": as_csl, "markdown": as_markdown}
)
