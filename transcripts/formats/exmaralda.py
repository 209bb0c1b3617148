"""EXMARaLDA's basic transcriptions (.exb, https://exmaralda.org/en/)."""

from __future__ import annotations

from lxml import etree

from transcripts.document import Document
from transcripts.formats.tiers import Voice, below, layers, milliseconds, voices
from transcripts.formats.xml_files import added, xml_bytes


def write_exmaralda(document: Document) -> bytes:
    """A verbal tier a voice; beside it, annotation tiers with what stands under its remarks."""
    root = etree.Element("basic-transcription")
    spoken = voices(document)
    head = added(root, "head")
    information = added(head, "meta-information")
    added(information, "project-name", document.conference_title)
    added(information, "transcription-name", document.panel.title)
    added(information, "referenced-file", url=document.recording.path)
    details = added(information, "ud-meta-information")
    added(details, "ud-information", document.recording.id).set("attribute-name", "recording")
    added(information, "comment", "Written by symposia")
    added(information, "transcription-convention")
    table = added(head, "speakertable")
    for number, voice in enumerate(spoken):
        _speaker(added(table, "speaker", id=f"SPK{number}"), voice)
    body = added(root, "basic-body")
    points = sorted({time for voice in spoken for each in voice.remarks for time in milliseconds(each)})
    timeline = added(body, "common-timeline")
    for number, time_ms in enumerate(points):
        added(timeline, "tli", id=f"T{number}", time=f"{time_ms / 1000:.3f}")
    at = {time_ms: f"T{number}" for number, time_ms in enumerate(points)}
    for number, voice in enumerate(spoken):
        _tier(body, f"SPK{number}", voice, "", at)
        for layer in layers(voice.remarks):
            _tier(body, f"SPK{number}", voice, layer, at)
    return xml_bytes(root)


def _speaker(speaker: etree._Element, voice: Voice) -> None:
    added(speaker, "abbreviation", voice.name)
    added(speaker, "sex", value="u")
    used = added(speaker, "languages-used")
    for language in dict.fromkeys(each.language for each in voice.remarks):
        added(used, "language", lang=language)
    for name in ("l1", "l2"):
        added(speaker, name)
    information = added(speaker, "ud-speaker-information")
    if voice.speaker_id:
        added(information, "ud-information", voice.speaker_id).set("attribute-name", "speaker")
    added(speaker, "comment")


def _tier(body: etree._Element, speaker: str, voice: Voice, layer: str, at: dict[int, str]) -> None:
    """The tier of what is said, or of one layer below it."""
    category, kind = layer or "v", "a" if layer else "t"
    tier = added(body, "tier", id=f"TIE{len(body) - 1}", speaker=speaker, category=category, type=kind)
    tier.set("display-name", f"{voice.name} [{category}]")
    for remark in voice.remarks:
        if text := below(remark).get(layer, "") if layer else remark.text:
            start_ms, end_ms = milliseconds(remark)
            added(tier, "event", text, start=at[start_ms], end=at[end_ms])


__all__ = ["write_exmaralda"]
