"""A panel as a IIIF Presentation 3 manifest: a canvas a recording, captions and themes as annotations.

See https://iiif.io/api/presentation/3.0/ and, for captions,
https://iiif.io/api/cookbook/recipe/0219-using-caption-file/.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from transcripts.document import Document
from transcripts.formats.media_types import MEDIA_TYPES
from transcripts.site.content import PublishedPanel
from transcripts.site.metadata import page_path
from transcripts.site.settings import Site

Track = tuple[str, str, str]  # name of the track, language, path in the site


def manifest(
    panel: PublishedPanel, site: Site, media: Mapping[str, str], tracks: Mapping[str, Sequence[Track]]
) -> str:
    """The manifest as JSON; `site` has an address."""
    base = f"{site.address}iiif/{quote(panel.slug)}"
    found: dict[str, Any] = {
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": f"{base}.json",
        "type": "Manifest",
        "label": {"none": [panel.title]},
        "summary": {"none": [panel.reading.conference or panel.title]},
        "homepage": [
            {
                "id": site.address + quote(page_path(panel.slug, 0)),
                "type": "Text",
                "label": {"none": [panel.title]},
                "format": "text/html",
            }
        ],
        "metadata": [
            {"label": {"en": ["Languages"]}, "value": {"none": panel.reading.languages}},
            {
                "label": {"en": ["Speakers"]},
                "value": {"none": [each.name for each in panel.reading.voices if each.name] or ["-"]},
            },
        ],
        "items": [
            _canvas(f"{base}/{number}", document, site, media, tracks.get(document.recording.id, ()))
            for number, document in enumerate(panel.documents, 1)
        ],
    }
    if panel.reading.held_on:
        found["navDate"] = f"{panel.reading.held_on}T00:00:00Z"
    if site.licence_address.startswith(("http://creativecommons.org/", "http://rightsstatements.org/")):
        found["rights"] = site.licence_address
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def _canvas(
    base: str, document: Document, site: Site, media: Mapping[str, str], tracks: Sequence[Track]
) -> dict[str, Any]:
    recording = document.recording
    canvas = f"{base}/canvas"
    reached_s = max((each.span.end_s for each in document.remarks), default=0.0)
    duration_s = max(recording.duration_s, reached_s, 0.001)
    found: dict[str, Any] = {
        "id": canvas,
        "type": "Canvas",
        "label": {"none": [recording.id]},
        "duration": duration_s,
        "items": [],
        "annotations": [
            {
                "id": f"{base}/captions",
                "type": "AnnotationPage",
                "items": _captions(base, canvas, site, tracks),
            },
            {
                "id": f"{base}/themes",
                "type": "AnnotationPage",
                "items": list(_themes(base, canvas, document)),
            },
        ],
    }
    if recording.kind == "video":
        found |= {"width": 1920, "height": 1080}  # of the canvas, onto which the video is fitted
    body = _sound(document, site, media.get(recording.id, ""), duration_s)
    if body:
        painting = {
            "id": f"{base}/sound",
            "type": "Annotation",
            "motivation": "painting",
            "body": body,
            "target": canvas,
        }
        found["items"] = [{"id": f"{base}/page", "type": "AnnotationPage", "items": [painting]}]
    found["annotations"] = [each for each in found["annotations"] if each["items"]]
    return found


def _sound(document: Document, site: Site, place: str, duration_s: float) -> dict[str, Any]:
    if not place:
        return {}
    video = document.recording.kind == "video"
    size = {"width": 1920, "height": 1080} if video else {}
    return {
        "id": site.address + quote(place),
        "type": "Video" if video else "Sound",
        "format": MEDIA_TYPES[Path(place).suffix.lower()],
        "duration": duration_s,
        **size,
    }


def _captions(base: str, canvas: str, site: Site, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{base}/captions/{quote(track, safe='')}",
            "type": "Annotation",
            "motivation": "supplementing",
            "body": {
                "id": site.address + quote(path),
                "type": "Text",
                "format": "text/vtt",
                "label": {"none": [track]},
                "language": language,
            },
            "target": canvas,
        }
        for track, language, path in tracks
    ]


def _themes(base: str, canvas: str, document: Document) -> Any:
    names = {each.id: each.name for each in document.themes}
    for remark in document.remarks:
        start_s, end_s = remark.span.start_s, max(remark.span.end_s, remark.span.start_s + 0.001)
        for theme in remark.themes:
            yield {
                "id": f"{base}/themes/{quote(remark.id, safe='')}/{quote(theme.id, safe='')}",
                "type": "Annotation",
                "motivation": "tagging",
                "body": {
                    "type": "TextualBody",
                    "value": names.get(theme.id) or theme.id,
                    "format": "text/plain",
                },
                "target": f"{canvas}#t={start_s:.3f},{end_s:.3f}",
            }


__all__ = ["Track", "manifest"]
