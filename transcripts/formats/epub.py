"""Documents as an electronic book (EPUB 3.3, https://www.w3.org/TR/epub-33/)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from lxml import etree

from transcripts.document import Document, Remark
from transcripts.formats.containers import zipped
from transcripts.formats.reading_text import clock, heading, is_to_left, reviewed_so_far
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import XML_LANG, added

_XHTML = "http://www.w3.org/1999/xhtml"
_OPS = "http://www.idpf.org/2007/ops"
_OPF = "http://www.idpf.org/2007/opf"
_DC = "http://purl.org/dc/elements/1.1/"
_CONTAINER = "urn:oasis:names:tc:opendocument:xmlns:container"
_STYLE = """body { line-height: 1.5; }
.time { color: #595959; font-size: 0.85em; }
.translation { margin-inline-start: 1.5em; font-style: italic; }
:lang(ja), :lang(ko), :lang(fa) { font-style: normal; }
"""


def write_epub(documents: Sequence[Document]) -> bytes:
    """A chapter a recording; each text with its language and direction."""
    first = documents[0]
    chapters = [(f"chapter{n}.xhtml", document) for n, document in enumerate(documents, 1)]
    files = [(name, _chapter(document)) for name, document in chapters]
    return zipped(
        [
            ("mimetype", b"application/epub+zip"),
            ("META-INF/container.xml", _container()),
            ("EPUB/package.opf", _package(documents, [name for name, _ in files])),
            ("EPUB/nav.xhtml", _contents(chapters, first.target_language)),
            ("EPUB/style.css", _STYLE.encode()),
            *((f"EPUB/{name}", content) for name, content in files),
        ]
    )


def _container() -> bytes:
    """Where a reading system begins."""
    root = etree.Element(f"{{{_CONTAINER}}}container", nsmap={None: _CONTAINER})  # type: ignore[dict-item]
    root.set("version", "1.0")
    files = added(root, f"{{{_CONTAINER}}}rootfiles")
    place = {"full-path": "EPUB/package.opf", "media-type": "application/oebps-package+xml"}
    added(files, f"{{{_CONTAINER}}}rootfile", **place)
    return _bytes(root)


def _package(documents: Sequence[Document], names: Sequence[str]) -> bytes:
    first = documents[0]
    root = etree.Element(f"{{{_OPF}}}package", nsmap={None: _OPF, "dc": _DC})  # type: ignore[dict-item]
    root.set("version", "3.0")
    root.set("unique-identifier", "id")
    about = added(root, f"{{{_OPF}}}metadata")
    recordings = " ".join(each.recording.sha256 for each in documents)
    name = uuid.uuid5(uuid.NAMESPACE_OID, f"{first.conference_id} {recordings}")
    added(about, f"{{{_DC}}}identifier", f"urn:uuid:{name}", id="id")
    one = len({each.panel.id for each in documents}) == 1
    title = f"{first.conference_title}: {first.panel.title}" if one else first.conference_title
    added(about, f"{{{_DC}}}title", one_line(title, "") or "untitled")
    spoken = dict.fromkeys(
        language for each in documents for language in (*each.languages, *each.rendered_languages)
    )
    for language in filter(None, spoken or {"und": None}):
        added(about, f"{{{_DC}}}language", language)
    for speaker in dict.fromkeys(speaker.name for each in documents for speaker in each.speakers):
        added(about, f"{{{_DC}}}contributor", one_line(speaker, ""))
    day = first.panel.held_on or "1980-01-01"
    added(about, f"{{{_OPF}}}meta", f"{day}T00:00:00Z", property="dcterms:modified")
    manifest = added(root, f"{{{_OPF}}}manifest")
    page = "application/xhtml+xml"
    item = f"{{{_OPF}}}item"
    added(manifest, item, **{"id": "nav", "href": "nav.xhtml", "media-type": page, "properties": "nav"})
    added(manifest, item, **{"id": "style", "href": "style.css", "media-type": "text/css"})
    spine = added(root, f"{{{_OPF}}}spine")
    for number, href in enumerate(names, 1):
        added(manifest, item, **{"id": f"c{number}", "href": href, "media-type": page})
        added(spine, f"{{{_OPF}}}itemref", idref=f"c{number}")
    return _bytes(root)


def _page(title: str, language: str) -> tuple[etree._Element, etree._Element]:
    """A page and its body."""
    namespaces = {None: _XHTML, "epub": _OPS}
    root = etree.Element(f"{{{_XHTML}}}html", nsmap=namespaces)  # type: ignore[arg-type]
    _speaks(root, language)
    head = added(root, f"{{{_XHTML}}}head")
    added(head, f"{{{_XHTML}}}title", one_line(title, "") or "untitled")
    added(head, f"{{{_XHTML}}}link", rel="stylesheet", type="text/css", href="style.css")
    return root, added(root, f"{{{_XHTML}}}body")


def _speaks(element: etree._Element, language: str) -> None:
    element.set(XML_LANG, language or "und")
    element.set("lang", language or "und")
    element.set("dir", "rtl" if is_to_left(language) else "ltr")


def _contents(chapters: Sequence[tuple[str, Document]], language: str) -> bytes:
    root, body = _page("Contents", language)
    nav = added(body, f"{{{_XHTML}}}nav")
    nav.set(f"{{{_OPS}}}type", "toc")
    items = added(nav, f"{{{_XHTML}}}ol")
    for name, document in chapters:
        added(added(items, f"{{{_XHTML}}}li"), f"{{{_XHTML}}}a", heading(document) or name, href=name)
    return _bytes(root)


def _chapter(document: Document) -> bytes:
    root, body = _page(heading(document), document.target_language)
    added(body, f"{{{_XHTML}}}h1", heading(document))
    if words := reviewed_so_far(document):
        added(added(body, f"{{{_XHTML}}}p"), f"{{{_XHTML}}}em", words)
    for remark in document.remarks:
        _remark(body, remark)
    return _bytes(root)


def _remark(body: etree._Element, remark: Remark) -> None:
    about = added(body, f"{{{_XHTML}}}p")
    added(about, f"{{{_XHTML}}}strong", one_line(remark.speaker or "unknown speaker", "")).tail = " "
    added(about, f"{{{_XHTML}}}span", clock(remark.span.start_s), class_="time")
    _speaks(added(body, f"{{{_XHTML}}}p", one_line(remark.text, remark.language)), remark.language)
    for each in remark.renderings:
        below = added(body, f"{{{_XHTML}}}p", one_line(each.text, each.language), class_="translation")
        _speaks(below, each.language)


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


__all__ = ["write_epub"]
