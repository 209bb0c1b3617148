"""Documents for Word and its like (DOCX), through python-docx."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from transcripts.document import Document, Remark
from transcripts.formats.containers import unzipped, zipped
from transcripts.formats.reading_text import clock, heading, is_to_left, reviewed_so_far
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import xml_text

# Fonts that Word and LibreOffice have or replace; which one a letter takes goes by its script.
_FONTS = {"ascii": "Noto Serif", "hAnsi": "Noto Serif", "cs": "Noto Naskh Arabic"}
_EAST_ASIAN = {"ja": "Noto Serif CJK JP", "ko": "Noto Serif CJK KR", "zh": "Noto Serif CJK SC"}
_GREY = "595959"


def write_docx(documents: Sequence[Document]) -> bytes:
    """A chapter a recording; remarks as paragraphs, each with its language and direction."""
    import docx

    made = docx.Document()
    made.core_properties.title = xml_text(documents[0].conference_title)[:255]
    made.core_properties.author = "symposia"
    made.core_properties.comments = ""
    day = documents[0].panel.held_on or "1980-01-01"
    made.core_properties.created = made.core_properties.modified = datetime.fromisoformat(day)
    for document in documents:
        made.add_heading(xml_text(heading(document)), level=1)
        if words := reviewed_so_far(document):
            made.add_paragraph().add_run(words).italic = True
        for remark in document.remarks:
            _remark(made, remark)
    file = io.BytesIO()
    made.save(file)
    return zipped(unzipped(file.getvalue()))


def _remark(made: Any, remark: Remark) -> None:
    paragraph = made.add_paragraph()
    paragraph.paragraph_format.keep_with_next = bool(remark.renderings)
    who = paragraph.add_run(xml_text(one_line(f"{remark.speaker or 'unknown speaker'} ", "")))
    who.bold = True
    when = paragraph.add_run(f"{clock(remark.span.start_s)}  ")
    _property(when, "color", val=_GREY)
    _said(paragraph, remark.text, remark.language)
    for each in remark.renderings:
        below = made.add_paragraph()
        below._p.style = "Quote"  # the id: python-docx would go through all styles for it
        _said(below, each.text, each.language)


def _said(paragraph: Any, text: str, language: str) -> None:
    """A text in its language: fonts, hyphenation and direction follow from that."""
    from docx.oxml import OxmlElement

    code = language.partition("-")[0]
    run = paragraph.add_run(xml_text(one_line(text, language)))
    fonts = {**_FONTS, "eastAsia": _EAST_ASIAN.get(code, _EAST_ASIAN["ja"])}
    _property(run, "rFonts", **fonts)
    kind = "bidi" if is_to_left(language) else "eastAsia" if code in _EAST_ASIAN else "val"
    if is_to_left(language):
        _property(run, "rtl")
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
    if language:
        _property(run, "lang", **{kind: language})


def _property(run: Any, name: str, **values: str) -> None:
    """Set a property of a run that python-docx has no name for."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    element = OxmlElement(f"w:{name}")
    for key, value in values.items():
        element.set(qn(f"w:{key}"), value)
    run._r.get_or_add_rPr().append(element)


__all__ = ["write_docx"]
