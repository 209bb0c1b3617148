"""One transcribed recording as a JSON document, or as plain text to read.

The document is described by docs/schemas/transcript.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from transcripts.formats.subtitles import one_line
from transcripts.records import Gap, Recording, Segment, Signature, Span, Word

NOTHING: Mapping[str, str] = MappingProxyType({})
TIME_DIGITS = 3  # milliseconds, as captions have
PROBABILITY_DIGITS = 4


def transcript_document(
    recording: Recording,
    segments: Iterable[Segment],
    gaps: Iterable[Gap],
    signature: Signature,
    english: Mapping[str, str] = NOTHING,
) -> dict[str, Any]:
    """What `symposia transcribe --format json` writes, ready for `json.dumps`.

    `english` is a second opinion by segment id: what was translated straight from the sound.
    """
    return {
        "recording": {
            "path": recording.path,
            "sha256": recording.sha256,
            "duration_s": round(recording.duration_s, TIME_DIGITS),
        },
        "segments": [_segment(each, english.get(each.id)) for each in segments],
        "untranscribed": [{**_times(gap.span), "reason": gap.reason} for gap in gaps],
        "signature": asdict(signature),
    }


def transcript_text(
    segments: Iterable[Segment], gaps: Iterable[Gap] = (), english: Mapping[str, str] = NOTHING
) -> str:
    """A line a segment, `[hh:mm:ss] S1 (ja): text`, and one for each gap, in the order of time.

    A second opinion follows its text in brackets: `[en: ...]`.
    """
    lines = []
    for each in segments:
        second = f" [en: {one_line(english[each.id], 'en')}]" if each.id in english else ""
        lines.append((each.span, f"{_speaker(each)}: {one_line(each.text, each.language)}{second}"))
    lines += ((gap.span, f"(not transcribed: {gap.reason})") for gap in gaps)
    return "".join(f"[{_clock(span.start_s)}] {line}\n" for span, line in sorted(lines))


def _segment(segment: Segment, second_opinion: str | None) -> dict[str, Any]:
    return {
        **_times(segment.span),
        "language": segment.language,
        "language_probability": round(segment.language_probability, PROBABILITY_DIGITS),
        "speaker": segment.speaker,
        "text": segment.text,
        "confidence": round(segment.confidence, PROBABILITY_DIGITS),
        "flags": list(segment.flags),
        "channel": segment.channel,
        "second_opinion": second_opinion,
        "words": [_word(each) for each in segment.words],
    }


def _word(word: Word) -> dict[str, Any]:
    return {
        "text": word.text,
        **_times(word.span),
        "probability": round(word.probability, PROBABILITY_DIGITS),
    }


def _times(span: Span) -> dict[str, float]:
    return {"start_s": round(span.start_s, TIME_DIGITS), "end_s": round(span.end_s, TIME_DIGITS)}


def _speaker(segment: Segment) -> str:
    return f"{segment.speaker} ({segment.language})" if segment.speaker else f"({segment.language})"


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
