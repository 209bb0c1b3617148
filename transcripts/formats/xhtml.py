"""Documents as pages of XHTML: what books and PDFs are made of."""

from __future__ import annotations

from lxml import etree

from transcripts.document import Document, Remark
from transcripts.formats.reading_text import clock, heading, is_to_left, reviewed_so_far
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import XML_LANG, added

XHTML = "http://www.w3.org/1999/xhtml"


def xhtml_page(title: str, language: str, **namespaces: str) -> tuple[etree._Element, etree._Element]:
    """A page and its body."""
    root = etree.Element(f"{{{XHTML}}}html", nsmap={None: XHTML, **namespaces})  # type: ignore[dict-item]
    _speaks(root, language)
    head = added(root, f"{{{XHTML}}}head")
    added(head, f"{{{XHTML}}}title", one_line(title, "") or "untitled")
    return root, added(root, f"{{{XHTML}}}body")


def _speaks(element: etree._Element, language: str) -> None:
    element.set(XML_LANG, language or "und")
    element.set("lang", language or "und")
    element.set("dir", "rtl" if is_to_left(language) else "ltr")


def add_chapter(body: etree._Element, document: Document) -> None:
    """A recording: its heading, how far it was reviewed, and each remark with its translations."""
    added(body, f"{{{XHTML}}}h1", heading(document))
    if words := reviewed_so_far(document):
        added(added(body, f"{{{XHTML}}}p"), f"{{{XHTML}}}em", words)
    for remark in document.remarks:
        _remark(body, remark)


def _remark(body: etree._Element, remark: Remark) -> None:
    about = added(body, f"{{{XHTML}}}p")
    added(about, f"{{{XHTML}}}strong", one_line(remark.speaker or "unknown speaker", "")).tail = " "
    added(about, f"{{{XHTML}}}span", clock(remark.span.start_s), class_="time")
    _speaks(added(body, f"{{{XHTML}}}p", one_line(remark.text, remark.language)), remark.language)
    for each in remark.renderings:
        below = added(body, f"{{{XHTML}}}p", one_line(each.text, each.language), class_="translation")
        _speaks(below, each.language)


__all__ = ["XHTML", "add_chapter", "xhtml_page"]
