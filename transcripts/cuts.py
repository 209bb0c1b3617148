"""Cutting a passage in two, and putting two together, with all that is known of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from transcripts.alignment import mapped
from transcripts.page import Belonging, Reading
from transcripts.quality import MIXED, STALE
from transcripts.records import Passage, Review, Span

_UNSPACED = {"ja", "zh", "yue", "th", "lo", "km", "my", "bo"}  # written without blanks between words


def joined(first: str, second: str, language: str) -> str:
    """Two pieces of text as one, as the language writes it."""
    return first + ("" if language in _UNSPACED else " ") + second


def stale(reading: Reading) -> Reading:
    """The reading with a sign that its translation, if a machine's, is of another text."""
    return with_flag(reading, STALE) if reading.signature else reading


def with_flag(reading: Reading, flag: str) -> Reading:
    """The reading with a flag of its translation."""
    return replace(reading, translation_flags=tuple(dict.fromkeys((*reading.translation_flags, flag))))


def divided(reading: Reading, at: int, at_s: float, review: Review) -> tuple[Reading, Reading]:
    """A reading in two, at a character of its text and a time."""
    passage, whole = reading.passage, reading.translation or ""
    at_s = min(max(at_s, passage.span.start_s), passage.span.end_s)
    cut = mapped(int(review.detail["translation_at"]), str(review.detail["translation"]), whole)
    spans = Span(passage.span.start_s, at_s), Span(at_s, passage.span.end_s)
    texts = passage.text[:at].strip(), passage.text[at:].strip()
    translations = whole[:cut].strip() or None, whole[cut:].strip() or None
    offset = len(passage.text) - len(passage.text[at:].lstrip())
    ranges = (0, len(texts[0])), (offset, offset + len(texts[1]))
    first, second = (
        replace(
            stale(reading),
            passage=replace(passage, span=span, text=text),
            translation=translation,
            themes=_themes_within(reading, *bounds),
        )
        for span, text, translation, bounds in zip(spans, texts, translations, ranges, strict=True)
    )
    return first, second


def _themes_within(reading: Reading, start: int, end: int) -> dict[str, Belonging]:
    """The themes of a part of the text: those said there, or said of the whole."""
    found = {}
    for theme, each in reading.themes.items():
        if each.evidence is None or (each.decided and not each.belongs):
            found[theme] = each
        elif start < each.evidence[1] and each.evidence[0] < end:
            evidence = max(each.evidence[0], start) - start, min(each.evidence[1], end) - start
            found[theme] = replace(each, evidence=evidence)
    return found


def united(first: Reading, second: Reading) -> Reading:
    """Two readings as one. Of translations of two hands, a flag says so."""
    a, b = first.passage, second.passage
    text = joined(a.text, b.text, a.language)
    offset = len(text) - len(b.text)
    themes = dict(first.themes)
    for theme, each in second.themes.items():
        moved = each.evidence and (each.evidence[0] + offset, each.evidence[1] + offset)
        mine = themes.get(theme)
        if mine is None or (each.decided, each.score) > (mine.decided, mine.score):
            themes[theme] = replace(each, evidence=moved)
    translated = [each for each in (first, second) if each.translation]
    signatures = list(dict.fromkeys(each.signature for each in translated))
    flags = [*first.translation_flags, *second.translation_flags, *([MIXED] if len(signatures) > 1 else ())]
    qualities = [each.quality for each in (first, second) if each.quality is not None]
    states = [each.state for each in (first, second)]
    return Reading(
        replace(
            a,
            text=text,
            span=a.span.cover(b.span),
            segment_ids=tuple(dict.fromkeys((*a.segment_ids, *b.segment_ids))),
            flags=tuple(dict.fromkeys((*a.flags, *b.flags))),
            confidence=min(a.confidence, b.confidence),
            speaker_share=min(a.speaker_share, b.speaker_share),
        ),
        first.origin,
        " ".join(each.translation or "" for each in translated) or None,
        min(qualities, default=None),
        next(filter(None, signatures), None),
        tuple(dict.fromkeys(flags)),
        min(states, key=("draft", "reviewed", "approved").index),
        first.reviewer or second.reviewer,
        themes,
    )


def natural_cut(text: str, share: float) -> int:
    """Where to cut a text at about a share (0..1) of it: after a sentence, else between words."""
    wanted = round(share * len(text))
    for pattern in (r"[.!?؟][\"'”’»)]*\s+|[。！？…」]+", r"\s+"):
        ends = [found.end() for found in re.finditer(pattern, text) if found.end() < len(text)]
        if ends:
            return min(ends, key=lambda end: abs(end - wanted))
    return wanted


def time_at(position: int, passage: Passage, words: Sequence[tuple[str, float]]) -> float:
    """When a character of a passage's text is said, by the words heard in it and their starts (s).

    Without words, and inside the first of them, as far along in time as in the text.
    """
    span = passage.span
    heard = [(text, start_s) for text, start_s in words if span.start_s <= start_s < span.end_s]
    at = mapped(position, passage.text, "".join(text for text, _ in heard))
    reached = 0
    for text, start_s in heard:
        reached += len(text)
        if reached > at:
            if start_s > span.start_s:
                return start_s
            break
    return span.start_s + span.duration_s * position / max(1, len(passage.text))
