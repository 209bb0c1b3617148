"""ELAN's annotation files (EAF 3.0, https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from lxml import etree

from transcripts.document import Document
from transcripts.formats.tiers import Voice, below, layers, milliseconds, voices
from transcripts.formats.xml_files import added, xml_bytes

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_MIME = {"audio": "audio/x-wav", "video": "video/mp4"}


def write_elan(document: Document) -> bytes:
    """A tier a voice; under each, tiers with the passage's id, language, translations, themes and so on."""
    root = etree.Element("ANNOTATION_DOCUMENT", nsmap={"xsi": _XSI})
    root.set("AUTHOR", "symposia")
    root.set("DATE", f"{document.panel.held_on or '1970-01-01'}T00:00:00+00:00")
    root.set("FORMAT", "3.0")
    root.set("VERSION", "3.0")
    root.set(f"{{{_XSI}}}noNamespaceSchemaLocation", "http://www.mpi.nl/tools/elan/EAFv3.0.xsd")
    header = added(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if document.recording.kind in _MIME:
        url = f"file:///{document.recording.path}"
        added(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=_MIME[document.recording.kind])
    added(header, "PROPERTY", document.recording.id, NAME="symposia-recording")
    spoken = voices(document)
    points = sorted({time for voice in spoken for each in voice.remarks for time in milliseconds(each)})
    order = added(root, "TIME_ORDER")
    for number, time_ms in enumerate(points, 1):
        added(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time_ms))
    at = {time_ms: f"ts{number}" for number, time_ms in enumerate(points, 1)}
    ids = (f"a{number}" for number in count(1))
    for voice in spoken:
        _tiers(root, voice, at, ids)
    _types(root)
    for language in dict.fromkeys((*document.languages, *document.rendered_languages)):
        added(root, "LANGUAGE", LANG_ID=language, LANG_LABEL=language)
    added(
        root,
        "CONSTRAINT",
        STEREOTYPE="Symbolic_Association",
        DESCRIPTION="1-1 association with a parent annotation",
    )
    return xml_bytes(root)


def _tiers(root: etree._Element, voice: Voice, at: dict[int, str], ids: Iterator[str]) -> None:
    who = {"PARTICIPANT": voice.speaker_id} if voice.speaker_id else {}
    tier = added(root, "TIER", LINGUISTIC_TYPE_REF="passage", TIER_ID=voice.name, **who)
    mine = {}
    for remark in voice.remarks:
        start_ms, end_ms = milliseconds(remark)
        mine[remark.id] = next(ids)
        held = added(
            added(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=mine[remark.id],
            TIME_SLOT_REF1=at[start_ms],
            TIME_SLOT_REF2=at[end_ms],
            LANG_REF=remark.language,
        )
        added(held, "ANNOTATION_VALUE", remark.text)
    for layer in layers(voice.remarks):
        name = f"{layer}@{voice.name}"
        tier = added(root, "TIER", LINGUISTIC_TYPE_REF="below", PARENT_REF=voice.name, TIER_ID=name, **who)
        for remark in voice.remarks:
            if value := below(remark).get(layer, ""):
                place = {"ANNOTATION_ID": next(ids), "ANNOTATION_REF": mine[remark.id]}
                held = added(added(tier, "ANNOTATION"), "REF_ANNOTATION", **place)
                added(held, "ANNOTATION_VALUE", value)


def _types(root: etree._Element) -> None:
    added(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID="passage",
        TIME_ALIGNABLE="true",
        GRAPHIC_REFERENCES="false",
    )
    added(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID="below",
        TIME_ALIGNABLE="false",
        GRAPHIC_REFERENCES="false",
        CONSTRAINTS="Symbolic_Association",
    )


__all__ = ["write_elan"]
