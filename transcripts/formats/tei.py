"""TEI as ISO 24624 uses it to transcribe speech (https://www.iso.org/standard/37338.html).

A timeline; an annotationBlock a passage with who speaks from when to when, its utterance with an anchor
at every word whose time is known, and span groups for translations, themes, names, flags and state.
What symposia calls things is in `n`, as ids of XML cannot hold every name.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator
from urllib.parse import quote

from lxml import etree

from transcripts.document import Document, Remark
from transcripts.formats.xml_files import XML_ID, XML_LANG, added, xml_bytes, xml_text
from transcripts.records import Signature, running_version

_VERSION = re.compile(r"\d+[a-z]*\d*(\.\d+[a-z]*\d*){0,3}")  # teidata.versionNumber

TEI = "http://www.tei-c.org/ns/1.0"
_T = f"{{{TEI}}}"


def write_tei(document: Document) -> bytes:
    """The document; docs/formats.md says what is where."""
    root = etree.Element(f"{_T}TEI", nsmap={None: TEI})  # type: ignore[dict-item]  # the stubs forget None
    root.set(XML_LANG, document.target_language or "und")
    people = _people(document)
    _header(added(root, f"{_T}teiHeader"), document, people)
    text = added(root, f"{_T}text")
    points = sorted({0, *(_ms(time_s) for each in document.remarks for time_s in _times(each))})
    timeline = added(text, f"{_T}timeline", unit="s")
    for number, time_ms in enumerate(points):
        when = added(timeline, f"{_T}when")
        when.set(XML_ID, f"T{number}")
        if number:
            when.set("interval", f"{time_ms / 1000:.3f}")
            when.set("since", "#T0")
    at = {time_ms: f"#T{number}" for number, time_ms in enumerate(points)}
    body = added(text, f"{_T}body")
    themes = {theme.id: f"#theme{number}" for number, theme in enumerate(document.themes, 1)}
    for number, remark in enumerate(document.remarks, 1):
        who = f"#{people[_who(remark)]}"
        start, end = at[_ms(remark.span.start_s)], at[_ms(remark.span.end_s)]
        block = added(body, f"{_T}annotationBlock", who=who, start=start, end=end, n=remark.id)
        block.set(XML_ID, f"p{number}")
        _utterance(added(block, f"{_T}u"), remark, f"p{number}-s", at)
        _spans(block, remark, themes, {"from_": start, "to": end})
    return xml_bytes(root)


def _who(remark: Remark) -> tuple[str, str]:
    return remark.speaker_id or "", remark.speaker


def _people(document: Document) -> dict[tuple[str, str], str]:
    """An XML id for each who speaks, named or not."""
    found = dict.fromkeys(map(_who, document.remarks))
    return {who: f"speaker{number}" for number, who in enumerate(found, 1)}


def _header(header: etree._Element, document: Document, people: dict[tuple[str, str], str]) -> None:
    description = added(header, f"{_T}fileDesc")
    title = f"{document.conference_title}: {document.panel.title}"
    added(added(description, f"{_T}titleStmt"), f"{_T}title", title)
    added(
        added(description, f"{_T}publicationStmt"), f"{_T}p", "Exported by symposia; rights: see the archive."
    )
    source = added(added(description, f"{_T}sourceDesc"), f"{_T}recordingStmt")
    was = document.recording
    kind = {"type": was.kind} if was.kind in ("audio", "video") else {}
    recording = added(source, f"{_T}recording", **kind, dur=f"PT{was.duration_s:.3f}S", n=was.id)
    if document.panel.held_on:
        added(recording, f"{_T}date", document.panel.held_on, when=document.panel.held_on)
    mime = mimetypes.guess_type(was.path)[0] or "application/octet-stream"
    media = added(recording, f"{_T}media", mimeType=mime, url=quote(was.path))
    added(media, f"{_T}desc", f"sha256 {was.sha256}")
    encoding = added(header, f"{_T}encodingDesc")
    _programs(added(encoding, f"{_T}appInfo"), document.signatures)
    if document.themes:
        taxonomy = added(added(encoding, f"{_T}classDecl"), f"{_T}taxonomy")
        taxonomy.set(XML_ID, "themes")
        for number, theme in enumerate(document.themes, 1):
            category = added(taxonomy, f"{_T}category", n=theme.id)
            category.set(XML_ID, f"theme{number}")
            added(category, f"{_T}catDesc", theme.name)
    profile = added(header, f"{_T}profileDesc")
    usage = added(profile, f"{_T}langUsage")
    for language in dict.fromkeys((*document.languages, *document.rendered_languages)):
        added(usage, f"{_T}language", language, ident=language)
    partners = added(added(profile, f"{_T}particDesc"), f"{_T}listPerson")
    known = {speaker.id: speaker for speaker in document.speakers}
    for (speaker_id, name), xml_id in people.items():
        person = added(partners, f"{_T}person", **({"n": speaker_id} if speaker_id else {}))
        person.set(XML_ID, xml_id)
        added(person, f"{_T}persName", name or "unknown")
        if speaker_id in known and known[speaker_id].affiliation:
            added(person, f"{_T}affiliation", known[speaker_id].affiliation)


def _programs(info: etree._Element, signatures: tuple[Signature, ...]) -> None:
    added(
        added(info, f"{_T}application", ident="symposia", version=running_version() or "0"),
        f"{_T}label",
        "symposia",
    )
    for each in {signature.digest: signature for signature in signatures}.values():
        version = each.code_version if _VERSION.fullmatch(each.code_version) else "0"
        made = added(info, f"{_T}application", ident=each.component, version=version)
        added(made, f"{_T}label", " ".join(filter(None, (each.component, each.model, each.revision))))
        if each.licence:
            added(made, f"{_T}p", f"Licence: {each.licence}")


def _ms(time_s: float) -> int:
    return max(0, round(time_s * 1000))


def _times(remark: Remark) -> Iterator[float]:
    yield remark.span.start_s
    yield remark.span.end_s
    yield from (word.span.start_s for word in remark.words)


def _utterance(utterance: etree._Element, remark: Remark, segment: str, at: dict[int, str]) -> None:
    """The text, with an anchor before each word whose time is known."""
    utterance.set(XML_LANG, remark.language or "und")
    utterance.set("cert", _share(remark.confidence))
    seg = added(utterance, f"{_T}seg", type="passage")
    seg.set(XML_ID, segment)
    text, reached = xml_text(remark.text), 0
    pieces: list[tuple[str, str]] = []  # a time point, and the text that follows it
    for word in remark.words:
        found = text.find(xml_text(word.text.strip()), reached)
        if not word.text.strip() or found < 0:
            continue
        pieces.append((at[_ms(word.span.start_s)], ""))
        if len(pieces) == 1:
            seg.text = text[:found]
        else:
            pieces[-2] = (pieces[-2][0], text[reached:found])
        reached = found
    if not pieces:
        seg.text = text
    else:
        pieces[-1] = (pieces[-1][0], text[reached:])
    for point, tail in pieces:
        added(seg, f"{_T}anchor", synch=point).tail = tail


def _spans(block: etree._Element, remark: Remark, themes: dict[str, str], place: dict[str, str]) -> None:
    for each in remark.renderings:
        group = added(block, f"{_T}spanGrp", type="translation")
        group.set(XML_LANG, each.language)
        sure = {"cert": _share(each.quality)} if each.quality is not None else {}
        added(group, f"{_T}span", each.text, **place, **sure)
        _group(block, "translation-flag", each.flags, place)
    if remark.themes:
        group = added(block, f"{_T}spanGrp", type="theme")
        for theme in remark.themes:
            start, end = theme.evidence or (0, 0)
            point = {"ana": themes[theme.id]} if theme.id in themes else {}
            said = remark.text[start:end]
            added(group, f"{_T}span", said, **place, n=theme.id, cert=_share(theme.score), **point)
    if remark.names:
        group = added(block, f"{_T}spanGrp", type="name")
        for mention in remark.names:
            whose = ":".join(filter(None, (mention.kind, mention.target_id)))
            added(group, f"{_T}span", remark.text[mention.start : mention.end], **place, n=whose)
    _group(block, "flag", remark.flags, place)
    _group(block, "state", (remark.state,), place)


def _group(block: etree._Element, kind: str, values: tuple[str, ...], place: dict[str, str]) -> None:
    if values:
        group = added(block, f"{_T}spanGrp", type=kind)
        for value in values:
            added(group, f"{_T}span", value, **place)


def _share(value: float) -> str:
    """A share of 0..1 as TEI's `cert` takes it."""
    return f"{min(1.0, max(0.0, value)):.4f}"


__all__ = ["TEI", "write_tei"]
