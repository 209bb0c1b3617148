"""Who speaks when, and which word is said when, as speech research evaluates it: RTTM and CTM.

Both are tables of fields between blanks (NIST, Rich Transcription 2009 evaluation plan, appendix A;
CTM in the documentation of SCTK). A blank in a name becomes an underscore.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transcripts.document import Document, Remark
from transcripts.formats.subtitles import UNSPACED, one_line
from transcripts.formats.tiers import milliseconds
from transcripts.records import Span, Word

_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


def write_rttm(documents: Sequence[Document]) -> str:
    """A line a remark, times to the millisecond; neighbouring remarks of a speaker stay apart."""
    lines = []
    for document in documents:
        for remark in document.remarks:
            start_ms, end_ms = milliseconds(remark)
            times = f"{start_ms / 1000:.3f} {(end_ms - start_ms) / 1000:.3f}"
            who = _field(remark.speaker)
            lines.append(f"SPEAKER {_field(document.recording.id)} 1 {times} <NA> <NA> {who} <NA> <NA>\n")
    return "".join(lines)


def write_ctm(documents: Sequence[Document]) -> str:
    """A line a word, in order of time, with the decoder's probability.

    Where a text was corrected, its words stand evenly in the time of the remark, without one.
    """
    lines = []
    for document in documents:
        rows = [row for remark in document.remarks for row in _words(remark)]
        for start_ms, length_ms, text, sure in sorted(rows, key=lambda row: row[0]):
            times = f"{start_ms / 1000:.3f} {length_ms / 1000:.3f}"
            lines.append(f"{_field(document.recording.id)} 1 {times} {_field(text)} {sure}\n")
    return "".join(lines)


def _words(remark: Remark) -> Iterator[tuple[int, int, str, str]]:
    for word in remark.words:
        if word.text.strip():
            yield (*_ms(word.span), word.text, f"{word.probability:.4f}")
    if not remark.words:
        for word in evenly(remark):
            yield (*_ms(word.span), word.text, "NA")


def evenly(remark: Remark) -> Iterator[Word]:
    """The words of a text whose times nobody knows, in proportion to their length.

    Scripts without blanks between words are given letter by letter.
    """
    text = one_line(remark.text, remark.language)
    words = list(text.replace(" ", "")) if remark.language in UNSPACED else text.split()
    letters, reached, span = sum(map(len, words)), 0, remark.span
    for word in words:
        start_s = span.start_s + span.duration_s * reached / letters
        reached += len(word)
        yield Word(word, Span(start_s, span.start_s + span.duration_s * reached / letters), 0.0)


def _ms(span: Span) -> tuple[int, int]:
    """Start and length in milliseconds, so that neighbours that touch still do."""
    start_ms = max(0, round(span.start_s * 1000))
    return start_ms, max(0, round(span.end_s * 1000) - start_ms)


def _field(text: str) -> str:
    """A text as one field: no blanks, never empty, never a comment."""
    field = _BLANKS.sub("_", text.strip()) or "<NA>"
    return f"\\{field}" if field.startswith(";;") else field


__all__ = ["evenly", "write_ctm", "write_rttm"]
