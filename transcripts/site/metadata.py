"""What programs read of a site: schema.org in its pages, the map of the site, and the feed of its panels."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lxml import etree
from markupsafe import Markup

from transcripts.document import Document
from transcripts.formats.subtitles import one_line
from transcripts.formats.xml_files import xml_text
from transcripts.site.content import PublishedPanel
from transcripts.site.settings import Site

CLIPS_MAX = 100  # of a panel in its structured data: a page must stay light
_ATOM = "http://www.w3.org/2005/Atom"
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_UNKNOWN_DAY = "1970-01-01"  # a feed must give a day; ours are those of the panels


def page_path(slug: str, number: int) -> str:
    """The path of a page of a panel, counted from 0."""
    return f"panels/{slug}/{'index' if number == 0 else number + 1}.html"


def event(panel: PublishedPanel, site: Site, title: str, media: Mapping[str, str]) -> Markup:
    """A panel as a schema.org Event with its recordings, for the first of its pages."""
    reading = panel.reading
    people = {each.id: each for document in panel.documents for each in document.speakers}
    found = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": panel.title,
        "startDate": reading.held_on,
        "inLanguage": reading.languages,
        "superEvent": {"@type": "EventSeries", "name": reading.conference or title},
        "url": _address(site, page_path(panel.slug, 0)),
        "performer": [
            {
                "@type": "Person",
                "name": each.name,
                "affiliation": {"@type": "Organization", "name": each.affiliation}
                if each.affiliation
                else None,
            }
            for each in people.values()
            if each.name.strip()
        ],
        "recordedIn": [_recording(panel, document, site, media) for document in panel.documents],
    }
    return _script(found)


def _recording(
    panel: PublishedPanel, document: Document, site: Site, media: Mapping[str, str]
) -> dict[str, Any]:
    recording = document.recording
    place = media.get(recording.id, "")
    clips = document.remarks[:: max(1, -(-len(document.remarks) // CLIPS_MAX))]
    where = {at.id: page for page, numbers in enumerate(panel.pages) for at in _remarks(panel, numbers)}
    return {
        "@type": "VideoObject" if recording.kind == "video" else "AudioObject",
        "name": panel.title,
        "description": f"{panel.title}, {panel.reading.conference}",
        "uploadDate": panel.reading.held_on,
        "duration": f"PT{round(recording.duration_s)}S",
        "inLanguage": list(document.languages),
        "contentUrl": _address(site, place) if place else "",
        "license": site.licence_address,
        "transcript": _address(site, page_path(panel.slug, 0)),
        "hasPart": [
            {
                "@type": "Clip",
                "name": f"{each.speaker}: {each.text[:60]}" if each.speaker else each.text[:60],
                "startOffset": int(each.span.start_s),
                "endOffset": max(int(each.span.start_s) + 1, int(each.span.end_s)),
                "inLanguage": each.language,
                "url": _address(site, page_path(panel.slug, where[each.id]))
                + f"?t={int(each.span.start_s)}#{quote(each.id, safe='')}",
            }
            for each in clips
        ],
        "subjectOf": [
            {
                "@type": "CreativeWork",
                "name": panel.title,
                "inLanguage": code,
                "translationOfWork": {
                    "@type": "CreativeWork",
                    "name": panel.title,
                    "inLanguage": list(document.languages),
                },
                "isAccessibleForFree": True,
            }
            for code in document.rendered_languages
        ],
    }


def _remarks(panel: PublishedPanel, numbers: range) -> Sequence[Any]:
    return [panel.reading.lines[at].entry.passage for at in numbers]


def series(panels: Sequence[PublishedPanel], site: Site, title: str) -> Markup:
    """The whole as a schema.org EventSeries, for the home page."""
    return _script(
        {
            "@context": "https://schema.org",
            "@type": "EventSeries",
            "name": title,
            "description": site.subtitle,
            "url": site.address,
            "license": site.licence_address,
            "subEvent": [
                {
                    "@type": "Event",
                    "name": each.title,
                    "startDate": each.reading.held_on,
                    "url": _address(site, page_path(each.slug, 0)),
                }
                for each in panels
            ],
        }
    )


def _script(found: Mapping[str, Any]) -> Markup:
    """Structured data as a script that cannot end early, whatever texts hold."""
    text = json.dumps(_filled(found), ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(f'<script type="application/ld+json">{text}</script>')  # noqa: S704 - see above


def _filled(value: Any) -> Any:
    """The value without what is empty."""
    if isinstance(value, Mapping):
        return {key: _filled(each) for key, each in value.items() if each not in ("", None, [])}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _address(site: Site, path: str) -> str:
    return site.address + quote(path)


def sitemap(site: Site, pages: Iterable[str]) -> bytes:
    """Where every page is, for search engines."""
    top = etree.Element(f"{{{_SITEMAP}}}urlset", nsmap={None: _SITEMAP})  # type: ignore[dict-item]
    for path in pages:
        place = etree.SubElement(etree.SubElement(top, f"{{{_SITEMAP}}}url"), f"{{{_SITEMAP}}}loc")
        place.text = _address(site, path)
    return _xml(top)


def feed(site: Site, title: str, panels: Sequence[PublishedPanel]) -> bytes:
    """The panels as an Atom feed, the latest first."""
    top = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})  # type: ignore[dict-item]
    latest = max((each.reading.held_on for each in panels), default="") or _UNKNOWN_DAY
    _put(top, "title", title)
    _put(top, "id", site.address)
    _put(top, "updated", f"{latest}T00:00:00Z")
    _put(top, "link", rel="self", href=_address(site, "feed.xml"))
    _put(top, "link", rel="alternate", href=site.address)
    _put(_put(top, "author"), "name", title)
    for panel in sorted(panels, key=lambda each: each.reading.held_on, reverse=True):
        entry = _put(top, "entry")
        where = _address(site, page_path(panel.slug, 0))
        _put(entry, "title", panel.title)
        _put(entry, "id", where)
        _put(entry, "updated", f"{panel.reading.held_on or _UNKNOWN_DAY}T00:00:00Z")
        _put(entry, "link", rel="alternate", href=where)
        _put(
            entry,
            "summary",
            ", ".join(voice.name for voice in panel.reading.voices if voice.name) or panel.title,
        )
    return _xml(top)


def _put(parent: Any, name: str, text: str = "", **attributes: str) -> Any:
    made = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    made.text = xml_text(one_line(text, "")) or None
    return made


def _xml(top: Any) -> bytes:
    etree.indent(top)
    content: bytes = etree.tostring(top, xml_declaration=True, encoding="utf-8")
    return content + b"\n"


__all__ = ["event", "feed", "page_path", "series", "sitemap"]
