"""Documents as an electronic book (EPUB 3.3, https://www.w3.org/TR/epub-33/)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from lxml import etree

from transcripts.document import Document
from transcripts.formats.containers import zipped
from transcripts.formats.reading_text import heading
from transcripts.formats.subtitles import one_line
from transcripts.formats.xhtml import XHTML, add_chapter, xhtml_page
from transcripts.formats.xml_files import added

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
    """A page with the book's style, and its body."""
    root, body = xhtml_page(title, language, epub=_OPS)
    link = {"rel": "stylesheet", "type": "text/css", "href": "style.css"}
    added(root[0], f"{{{XHTML}}}link", **link)
    return root, body


def _contents(chapters: Sequence[tuple[str, Document]], language: str) -> bytes:
    root, body = _page("Contents", language)
    nav = added(body, f"{{{XHTML}}}nav")
    nav.set(f"{{{_OPS}}}type", "toc")
    items = added(nav, f"{{{XHTML}}}ol")
    for name, document in chapters:
        added(added(items, f"{{{XHTML}}}li"), f"{{{XHTML}}}a", heading(document) or name, href=name)
    return _bytes(root)


def _chapter(document: Document) -> bytes:
    root, body = _page(heading(document), document.target_language)
    add_chapter(body, document)
    return _bytes(root)


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


__all__ = ["write_epub"]
