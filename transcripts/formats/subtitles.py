"""Captions in SubRip (SRT) and WebVTT: read with care for what people type, written so that nothing is lost.

Reading follows the WebVTT standard (https://www.w3.org/TR/webvtt1/) through webvtt-py;
SubRip has no standard, so it is read as players read it. Every text that `write_vtt`
or `write_srt` writes comes back the same from `read_captions`, but for line breaks,
control characters and blanks at the ends.
"""

from __future__ import annotations

import codecs
import html
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from transcripts.errors import FormatError
from transcripts.files import opened_to_read
from transcripts.records import Segment, Span

MOST_BYTES = 50_000_000  # ten hours of captions are about 1 MB
# Languages written without blanks between words, whose lines join without one.
UNSPACED = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_TIMING = re.compile(r"\s*-?\d[\d:.,]*\s*-->")
# WebVTT's tags and times, and the HTML that people type; '<laughs>' and 'I <3 film' are words.
_TAG_NAMES = "b|br|c|em|font|i|lang|p|rt|ruby|s|span|strong|u|v"
_TAG_BODY = rf"/?(?:{_TAG_NAMES})(?:[\s./][^<>]*)?>|\d[\d:.\u2060]*>"
_TAG = re.compile(rf"<(?={_TAG_BODY})(/?)(\w+)([^>]*)>", re.IGNORECASE)
_BLOCK = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)")  # what begins no caption
_KANA_OR_HAN = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")  # scripts without blanks, of lines to be joined
_ENTITY = re.compile(r"&#?\w+;")
# SubRip cannot escape. What a reader would take for markup gets an invisible WORD JOINER.
_JOINER = "\u2060"
_LOOKS_LIKE_MARKUP = re.compile(
    rf"<(?={_JOINER}*(?:{_TAG_BODY}))|&(?={_JOINER}*#?\w+;)|\{{(?={_JOINER}*\\)|--(?={_JOINER}*>)"
    rf"|\d(?={_JOINER}*:\d+:\d+[.,]\d)",  # a time: some readers look for nothing else
    re.IGNORECASE,
)
_PROTECTED = re.compile(f"({_LOOKS_LIKE_MARKUP.pattern}){_JOINER}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cue:
    """One caption: when it is spoken, its text, in which language and by whom if known.

    The text is one line, but for captions laid out to be written. `id` is '' where the file has none.
    """

    span: Span
    text: str
    language: str
    voice: str | None = None
    id: str = ""


def cues_of(segments: Iterable[Segment]) -> tuple[Cue, ...]:
    """Transcribed segments as captions; the speaker's label is the voice."""
    return tuple(Cue(each.span, each.text, each.language, each.speaker) for each in segments)


def read_captions(path: Path, language: str) -> tuple[Cue, ...]:
    """The captions of an SRT or WebVTT file, in the order of time.

    `language` is that of the file, '' where nobody knows; a WebVTT `<lang>` around a whole voice
    overrides it. A cue of several voices gives one Cue each, all with the span of the cue. Styling is
    removed, and so are the readings of ruby. Raises FormatError, naming the file and
    the remedy, when it cannot be read, holds no captions, or has impossible times.
    """
    text = _decoded(path)
    is_vtt = text.startswith("WEBVTT")
    try:
        captions = webvtt.from_buffer(io.StringIO(text), format="vtt" if is_vtt else "srt").captions
    except (MalformedFileError, MalformedCaptionError) as error:
        raise FormatError(
            f"{path} holds no captions: give a SubRip (.srt) file, which begins with the number 1 and then a "
            "line such as '00:00:01,000 --> 00:00:03,500', or a WebVTT (.vtt) file, which begins with WEBVTT."
        ) from error
    _check_none_lost(path, text, len(captions))
    cues = [
        cue
        for number, caption in enumerate(captions, 1)
        for cue in _cues(path, number, caption, language, is_vtt)
    ]
    if not cues:
        raise FormatError(f"{path} holds no text in its captions: give a file with captions, or remove it.")
    return tuple(sorted(cues, key=lambda cue: cue.span))


def write_srt(cues: Iterable[Cue], *, laid_out: bool = False) -> str:
    """The cues as a SubRip file, in the order of time. SubRip has no place for voices, languages and ids.

    A text is written on one line; one that is laid out already keeps its lines.
    """
    blocks = (
        f"{number}\n{_times(cue, ',')}\n{_LOOKS_LIKE_MARKUP.sub(_protect, text)}\n"
        for number, (text, cue) in enumerate(_written(cues, laid_out), 1)
    )
    return "\n".join(blocks)


def write_vtt(cues: Iterable[Cue], *, laid_out: bool = False) -> str:
    """The cues as a WebVTT file, in the order of time, with their ids, voices and languages.

    A text is written on one line; one that is laid out already keeps its lines.
    """
    blocks = (
        f"{_identifier(cue.id)}{_times(cue, '.')}\n{_marked_up(text, cue)}\n"
        for text, cue in _written(cues, laid_out)
    )
    return "\n".join(["WEBVTT\n", *blocks])


def one_line(text: str, language: str) -> str:
    """A text without line breaks and control characters, its lines joined as the language writes words."""
    lines = [_CONTROLS.sub("", line.replace("\t", " ")).strip() for line in text.splitlines()]
    joined = ""
    for line in filter(None, lines):
        latin = f"{joined[-1:]}{line[0]}".isascii() and joined[-1:].isalnum() and line[0].isalnum()
        joined += line if not joined or (language in UNSPACED and not latin) else f" {line}"
    return joined


def _decoded(path: Path) -> str:
    """The text of the file, which is UTF-8, or UTF-16 with a byte order mark; leading blanks removed."""
    try:
        with opened_to_read(path) as file:
            content = file.read(MOST_BYTES + 1)
    except IsADirectoryError as error:
        raise FormatError(f"{path} is a folder: name the caption file in it.") from error
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror or error}): check the path and its permissions."
        ) from error
    if not content:
        raise FormatError(f"{path} is empty (0 bytes): copy the captions again from their source.")
    if len(content) > MOST_BYTES:
        raise FormatError(
            f"{path} is larger than {MOST_BYTES:,} bytes: name a caption file, not a recording."
        )
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if is_utf16 else "utf-8-sig").lstrip()
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text (byte 0x{content[error.start]:02x} at {error.start:,}): "
            "open it in the editor it was written with and save it as UTF-8."
        ) from error


def _check_none_lost(path: Path, text: str, read_count: int) -> None:
    """Raise FormatError when the reader passed over cues that it did not understand."""
    lines = re.split(r"\r\n|\r|\n", text)
    timed = [
        number for number, line in enumerate(lines[:-1]) if _TIMING.match(line) and lines[number + 1].strip()
    ]
    if read_count < len(timed):
        raise FormatError(
            f"{path}: {len(timed) - read_count} of {len(timed)} captions cannot be read: give each a number, "
            "a line of times such as '00:01:02,500 --> 00:01:04,000' (in WebVTT with '.' for ','), its text, "
            "and a blank line."
        )


def _cues(path: Path, number: int, caption: webvtt.Caption, language: str, is_vtt: bool) -> Iterator[Cue]:
    payload = caption.raw_text if is_vtt else re.sub(r"\{\\[^}]*\}", "", caption.raw_text)
    for voice, tagged, raw in _voices(payload):
        code = tagged or language
        script = code or ("ja" if _KANA_OR_HAN.search(raw) else "")
        text = one_line(raw if is_vtt else _PROTECTED.sub(r"\1", raw), script)
        if not text:
            continue
        start_ms, end_ms = caption.start_time.in_milliseconds(), caption.end_time.in_milliseconds()
        if end_ms <= start_ms:
            raise FormatError(
                f"{path}: caption {number} ends at {caption.end}, not after it starts at {caption.start}: "
                "correct its times."  # what it says is left out: reasons get into logs
            )
        cue_id = (caption.identifier or "").strip() if is_vtt else ""
        yield Cue(Span(start_ms / 1000, end_ms / 1000), text, code, voice, cue_id)


def _voices(payload: str) -> Iterator[tuple[str | None, str | None, str]]:
    """(voice, language, text) for each stretch of one voice; the language if one tag holds all of it."""
    for voice, group in groupby(_runs(payload), key=lambda run: run[0]):
        runs = list(group)
        tagged = {language for _, language, text in runs if text.strip()}
        yield voice, tagged.pop() if len(tagged) == 1 else None, "".join(text for _, _, text in runs)


def _runs(payload: str) -> Iterator[tuple[str | None, str | None, str]]:
    """(voice, language, text) between tags, without what stands in ruby's <rt>."""
    voice: str | None = None
    languages: list[str | None] = []
    in_reading, at = False, 0
    for tag in [*_TAG.finditer(payload), None]:
        text = payload[at : tag.start() if tag else None]
        if text and not in_reading:
            unescaped = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
            yield voice, languages[-1] if languages else None, unescaped
        if tag is None:
            return
        at = tag.end()
        closing, name, rest = tag[1], tag[2].lower(), tag[3]
        annotation = _annotation(rest)
        match name:
            case "v":
                voice = None if closing else annotation or None
            case "lang" if closing:
                languages = languages[:-1]
            case "lang":
                languages.append(annotation.partition("-")[0].lower() or None)
            case "rt" | "ruby":
                in_reading = name == "rt" and not closing
            case "br" | "p":
                yield voice, None, "\n"


def _annotation(rest: str) -> str:
    """`Ann Lee` of the tag `<v.loud Ann Lee>`, whose rest after the name is given."""
    if rest.startswith("."):
        rest = " ".join(rest.split(maxsplit=1)[1:])
    return " ".join(html.unescape(rest).split())


def _written(cues: Iterable[Cue], laid_out: bool) -> Iterator[tuple[str, Cue]]:
    """The cues that have text, with it on one line or on its lines, in the order of time."""
    for cue in sorted(cues, key=lambda each: each.span):
        lines = cue.text.splitlines() if laid_out else [cue.text]
        if text := "\n".join(filter(None, (one_line(line, cue.language) for line in lines))):
            yield text, cue


def _identifier(cue_id: str) -> str:
    """The line before the times; an id that would be taken for something else is left out."""
    can_be = cue_id == one_line(cue_id, "") and "-->" not in cue_id and not _BLOCK.match(cue_id)
    return f"{cue_id}\n" if cue_id and can_be else ""


def _times(cue: Cue, mark: str) -> str:
    """The line of times. Both formats want an end after the start, so it is at least a millisecond later."""
    start_ms = max(0, round(cue.span.start_s * 1000))
    end_ms = max(start_ms + 1, round(cue.span.end_s * 1000))
    return f"{_clock(start_ms, mark)} --> {_clock(end_ms, mark)}"


def _marked_up(text: str, cue: Cue) -> str:
    marked = html.escape(text, quote=False)
    if cue.language:
        marked = f"<lang {cue.language}>{marked}</lang>"
    voice = " ".join(_CONTROLS.sub("", cue.voice or "").split())
    end = " >" if voice.endswith("--") else ">"  # no '-->' anywhere: it is a line of times
    return f"<v {html.escape(voice, quote=False)}{end}{marked}</v>" if voice else marked


def _protect(match: re.Match[str]) -> str:
    return match[0] + _JOINER


def _clock(time_ms: int, mark: str) -> str:
    """Hours are written with two digits, or as many as they need."""
    minutes, ms = divmod(time_ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}{mark}{ms % 1000:03d}"
