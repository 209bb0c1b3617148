"""What a file from elsewhere says of stretches of a recording: read from every format that `import` takes."""

from __future__ import annotations

import json
import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from transcripts.errors import FormatError
from transcripts.formats.captions import ORIGINAL
from transcripts.formats.subtitles import read_captions
from transcripts.formats.tei import TEI
from transcripts.formats.xml_files import XML_ID, XML_LANG, parsed
from transcripts.records import Span

MOST_BYTES = 200_000_000
_T = f"{{{TEI}}}"
_NUMBERED = re.compile(r" \(\d+\)$")  # a second tier of a voice


@dataclass(frozen=True, slots=True)
class Offer:
    """What a file says of a stretch of speech; None, '' or nothing where it does not say.

    `speaker` is an id or a name. `is_exact` says that text, times and themes are meant to the
    letter; captions and other transcripts have blanks and times of their own. `recording_id` is ''
    where the file says of all of it at once what recording it is of, or nothing.
    """

    span: Span
    text: str | None
    language: str = ""
    passage_id: str = ""
    speaker: str = ""
    translations: Mapping[str, str] = field(default_factory=dict)
    themes: frozenset[str] | None = None
    is_exact: bool = False
    recording_id: str = ""


@dataclass(frozen=True, slots=True)
class Offers:
    """All that a file says, in its order. `track` is the language of captions, or 'original'."""

    offers: tuple[Offer, ...]
    recording_id: str = ""
    track: str = ORIGINAL


def read_offers(path: Path, track: str | None) -> Offers:
    """The offers of a file, its format told by its content.

    The track of captions is the one given, or the last part of the file's name, as in
    `panel.en.srt`. Raises FormatError, naming the file and the remedy, for what cannot be read.
    """
    content = _content(path)
    head = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    try:
        if head.startswith(b"<"):
            return _xml(parsed(content.lstrip(), str(path)), path)
        if head.startswith((b"{", b"[")):
            return _json(content.decode("utf-8-sig"), path)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise FormatError(
            f"{path} lacks what its format needs ({type(error).__name__}: {error}): "
            "save it again in the program it is from"
        ) from error
    told = track or (path.suffixes[-2].removeprefix(".") if len(path.suffixes) > 1 else ORIGINAL)
    told = told if track or re.fullmatch(r"[a-z]{2,3}", told) else ORIGINAL
    cues = read_captions(path, "" if told == ORIGINAL else told)
    found = (Offer(cue.span, cue.text, cue.language, cue.id, cue.voice or "") for cue in cues)
    return Offers(tuple(found), track=told)


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise FormatError(f"{path} is a folder: name a file in it")
        if path.stat().st_size > MOST_BYTES:
            raise FormatError(f"{path} is larger than {MOST_BYTES:,} bytes: name a transcript")
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}): check the path") from error


def _xml(root: etree._Element, path: Path) -> Offers:
    tag = etree.QName(root).localname
    if tag not in _XML:
        raise FormatError(f"{path} is XML of a kind that is not known (<{tag}>): give TEI, .exb or .eaf")
    recording_id, offers = _XML[tag](root)
    return Offers(tuple(offers), recording_id)


def _tei(root: etree._Element) -> tuple[str, Iterator[Offer]]:
    times = {"": 0.0}
    for when in root.iter(f"{_T}when"):
        since = times[when.get("since", "").lstrip("#")] if when.get("interval") else 0.0
        times[str(when.get(XML_ID))] = since + float(when.get("interval", "0"))
    people = {
        str(person.get(XML_ID)): person.get("n") or person.findtext(f"{_T}persName") or ""
        for person in root.iter(f"{_T}person")
    }
    recording = root.find(f".//{_T}recording")

    def offers() -> Iterator[Offer]:
        for block in root.iter(f"{_T}annotationBlock"):
            said = block.findall(f"{_T}u")
            groups = block.findall(f"{_T}spanGrp")
            themes = [span.get("n", "") for each in groups if each.get("type") == "theme" for span in each]
            ends = (times[block.get(name, "").lstrip("#")] for name in ("start", "end"))
            yield Offer(
                Span(*ends),
                " ".join("".join(map(str, each.itertext())) for each in said).strip() or None,
                said[0].get(XML_LANG, "") if said else "",
                block.get("n", ""),
                people.get(block.get("who", "").lstrip("#"), ""),
                {
                    each.get(XML_LANG, ""): " ".join(str(span.text or "") for span in each)
                    for each in groups
                    if each.get("type") == "translation"
                },
                frozenset(filter(None, themes)) if block.get("n") else None,
                is_exact=True,
            )

    return (recording.get("n", "") if recording is not None else ""), offers()


def _layered(span: Span, text: str | None, speaker: str, below: Mapping[str, str]) -> Offer:
    """An offer of tier-based formats, by what stands under it."""
    prefix = "translation-"
    said = {key.removeprefix(prefix): value for key, value in below.items() if key.startswith(prefix)}
    ours = "passage" in below
    return Offer(
        span,
        text,
        below.get("language", ""),
        below.get("passage", ""),
        speaker,
        said,
        frozenset(below.get("themes", "").split()) if ours else None,
        is_exact=True,
    )


def _filled(points: Iterable[tuple[str | None, str | None]]) -> dict[str | None, float]:
    """Points of time by their ids. Who divides a piece in an editor often leaves the time of the cut open.

    It is then as far along as the point is between those whose times are known, as the editors show it.
    """
    listed = list(points)
    known = [(n, float(time)) for n, (_, time) in enumerate(listed) if time is not None]
    found = {}
    for n, (name, _) in enumerate(listed):
        after = bisect(known, n, key=lambda point: point[0])
        (left, start), (right, end) = known[max(0, after - 1)], known[min(after, len(known) - 1)]
        share = (n - left) / (right - left) if right > left else 0.0
        found[name] = start + share * (end - start)
    return found


def _elan(root: etree._Element) -> tuple[str, Iterator[Offer]]:
    milliseconds = _filled(
        (each.get("TIME_SLOT_ID"), each.get("TIME_VALUE")) for each in root.iter("TIME_SLOT")
    )
    slots = {name: time_ms / 1000 for name, time_ms in milliseconds.items()}
    below: dict[str, dict[str, str]] = {}
    for tier in root.iter("TIER"):
        for each in tier.iter("REF_ANNOTATION"):
            layer = tier.get("TIER_ID", "").partition("@")[0]
            value = each.findtext("ANNOTATION_VALUE") or ""
            below.setdefault(each.get("ANNOTATION_REF", ""), {})[layer] = value

    def offers() -> Iterator[Offer]:
        for tier in root.iter("TIER"):
            speaker = tier.get("PARTICIPANT") or _NUMBERED.sub("", tier.get("TIER_ID", ""))
            for each in tier.iter("ALIGNABLE_ANNOTATION"):
                span = Span(*(slots[each.get(f"TIME_SLOT_REF{n}")] for n in (1, 2)))
                under = below.get(each.get("ANNOTATION_ID", ""), {})
                yield _layered(span, each.findtext("ANNOTATION_VALUE") or None, speaker, under)

    properties = root.iterfind("HEADER/PROPERTY[@NAME='symposia-recording']")
    return next((each.text or "" for each in properties), ""), offers()


def _exmaralda(root: etree._Element) -> tuple[str, Iterator[Offer]]:
    times = _filled((each.get("id"), each.get("time")) for each in root.iter("tli"))
    people = {
        each.get("id"): each.findtext(".//ud-information[@attribute-name='speaker']")
        or _NUMBERED.sub("", each.findtext("abbreviation") or "")
        for each in root.iter("speaker")
    }
    below: dict[tuple[str | None, ...], dict[str, str]] = {}
    for tier in root.iterfind(".//tier[@type='a']"):
        for event in tier.iter("event"):
            key = tier.get("speaker"), event.get("start"), event.get("end")
            below.setdefault(key, {})[tier.get("category", "")] = event.text or ""

    def offers() -> Iterator[Offer]:
        for tier in root.iterfind(".//tier[@type='t']"):
            for event in tier.iter("event"):
                key = tier.get("speaker"), event.get("start"), event.get("end")
                span = Span(times[key[1]], times[key[2]])
                yield _layered(span, event.text or None, people.get(key[0], ""), below.get(key, {}))

    recording = root.findtext(".//ud-meta-information/ud-information[@attribute-name='recording']")
    return recording or "", offers()


_XML = {"TEI": _tei, "ANNOTATION_DOCUMENT": _elan, "basic-transcription": _exmaralda}


def _json(text: str, path: Path) -> Offers:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict) and "segments" in whole:
        return Offers(tuple(_segment(each, whole) for each in whole["segments"]))
    rows = [whole] if isinstance(whole, dict) else whole
    try:
        rows = rows or [json.loads(line) for line in text.split("\n") if line.strip()]
    except ValueError as error:
        raise FormatError(f"{path} is neither JSON nor JSON lines ({error}): save it again") from error
    offers = tuple(map(_row, rows))
    recordings = {each.recording_id for each in offers}
    return Offers(offers, recordings.pop() if len(recordings) == 1 else "")


def _row(row: Mapping[str, Any]) -> Offer:
    """A line of `symposia export --format jsonl`."""
    return Offer(
        Span(float(row["start_s"]), float(row["end_s"])),
        _written(row["text"]),
        str(row.get("language") or ""),
        str(row.get("passage_id") or ""),
        str(row.get("speaker_id") or row.get("speaker") or ""),
        {str(each["language"]): _written(each["text"]) for each in row.get("translations", ())},
        frozenset(str(each["id"]) for each in row["themes"]) if "themes" in row else None,
        is_exact=True,
        recording_id=str(row.get("recording") or ""),
    )


def _written(value: object) -> str:
    """A text of JSON; null and numbers are none."""
    if not isinstance(value, str):
        raise TypeError(f"a text cannot be {value!r}")
    return value


def _segment(segment: Mapping[str, Any], whole: Mapping[str, Any]) -> Offer:
    """A segment of Whisper's or WhisperX's JSON, or of `symposia transcribe --format json`."""
    start_s = segment["start"] if "start" in segment else segment["start_s"]
    end_s = segment["end"] if "end" in segment else segment["end_s"]
    return Offer(
        Span(float(start_s), float(end_s)),
        _written(segment["text"]).strip() or None,
        str(segment.get("language") or ""),
        speaker="",  # labels of another run say nothing about ours
    )


__all__ = ["Offer", "Offers", "read_offers"]
