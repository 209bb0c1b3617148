"""Passages cut into what a translation model reads at once: a sentence, or a few short ones.

Small models lose their thread in long texts (measured with Gemma 270M on spoken passages:
chrF 26 -> 34 for Japanese when cut at sentence ends), and every model has a length it
cannot pass. Nothing is dropped: the units of a text hold all its words in order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from nlp.languages import language

# Titles and the like, and initials: a full stop after one ends no sentence.
ABBREVIATIONS = (
    *("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Rev", "Hon", "Gov", "Gen", "Sen", "Rep", "vs", "approx"),
    *("Sr", "Sra", "Srta", "Dra", "Ud", "Uds", "Lic", "Ing", "EE", "UU", "núm", "pág", "aprox"),
)
IN_SENTENCE = "".join(rf"(?<!\b{each}\.)" for each in (*ABBREVIATIONS, "[A-HJ-Za-z]"))
# After a sentence end: closing quotes and brackets go with it. Full-width marks need no blank after them.
SENTENCE_END = re.compile(rf"(?<=[.!?…؟۔।։]){IN_SENTENCE}([\"'”’»)\]]*)\s+|(?<=[。！？｡])([」』”’）]*)\s*")
CLAUSE_END = re.compile(r"(?<=[,;:،؛–—])\s+|(?<=[、，；：])")
BLANK = re.compile(r"\s+")

# A foreign word or a number within text that has no blanks between words, for `regex`.
FOREIGN = r"[\p{Latin}\p{N}]+(?:[.,:][\p{Latin}\p{N}]+)*"

Bounds = tuple[int, int]  # of a piece, in characters of its text

# Letters of an alphabet that say as much as one letter of a script (250 parallel sentences of news and
# Wikipedia: English has 2.0 times the letters of Japanese and 2.2 times those of Korean; of Chinese
# about 3 times). One sentence in twenty lies beyond 0.7 and 1.4 times the usual length.
DENSITY = {"Japanese": 2.0, "Han": 3.0, "Hangul": 2.2}

# In letters of an alphabet:
SHORT_LETTERS = 16  # a shorter sentence is read with its neighbour: 'Yes. Thank you.'
LONG_LETTERS = 320  # a longer sentence is cut at clauses, or else at blanks


def density(code: str) -> float:
    """How much a letter of a language's writing says, next to one of an alphabet."""
    return DENSITY.get(language(code).script, 1.0)


def units_of(text: str, code: str) -> list[str]:
    """The units of a text in a language, each on one line; none for a blank text."""
    plain = plain_text(text)
    short, long = SHORT_LETTERS / density(code), LONG_LETTERS / density(code)
    pieces = [
        piece
        for sentence in _split(plain, (0, len(plain)), SENTENCE_END)
        for piece in _within(plain, sentence, long, (CLAUSE_END, BLANK))
    ]
    return [plain[start:end] for start, end in _joined(pieces, short, long)]


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, each on one line, however short or long."""
    plain = plain_text(text)
    return [plain[start:end] for start, end in _split(plain, (0, len(plain)), SENTENCE_END)]


def plain_text(text: str) -> str:
    """A text on one line, without what models choke on: lone surrogates and control characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    visible = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in whole)
    return BLANK.sub(" ", visible).strip()


def _split(text: str, bounds: Bounds, ends: re.Pattern[str]) -> list[Bounds]:
    """Pieces of a stretch of a text, each with the mark that ends it, without the blanks around it."""
    pieces, start = [], bounds[0]
    for end in ends.finditer(text, *bounds):
        close = max((end.end(group) for group in range(1, (end.re.groups or 0) + 1)), default=-1)
        pieces.append((start, max(end.start(), close)))
        start = end.end()
    pieces.append((start, bounds[1]))
    stripped = (
        (end - len(text[start:end].lstrip()), start + len(text[start:end].rstrip())) for start, end in pieces
    )
    return [(start, end) for start, end in stripped if start < end]


def _within(text: str, bounds: Bounds, long: float, ends: tuple[re.Pattern[str], ...]) -> Iterator[Bounds]:
    """A stretch cut so that no piece is longer than allowed, at the best ends that there are."""
    start, end = bounds
    if end - start <= long:
        yield bounds
    elif ends:
        for piece in _joined(_split(text, bounds, ends[0]), long / 2, long):
            yield from _within(text, piece, long, ends[1:])
    else:
        for at in range(start, end, int(long)):
            yield at, min(at + int(long), end)


def _joined(pieces: list[Bounds], short: float, long: float) -> Iterator[Bounds]:
    """Pieces with short ones put together with the next, or at the end with the one before.

    What stands between them in the text, a blank or nothing, stays.
    """
    held: list[Bounds] = []
    for start, end in pieces:
        first, last = held[-1] if held else (start, start)
        if held and min(last - first, end - start) < short and end - first <= long:
            held[-1] = first, end
        else:
            held.append((start, end))
    return iter(held)
