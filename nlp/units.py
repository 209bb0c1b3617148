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

# After a sentence end: closing quotes and brackets go with it. Full-width marks need no blank after them.
SENTENCE_END = re.compile(r"(?<=[.!?…؟۔।։])([\"'”’»)\]]*)\s+|(?<=[。！？｡])([」』”’）]*)\s*")
CLAUSE_END = re.compile(r"(?<=[,;:،؛–—])\s+|(?<=[、，；：])")
BLANK = re.compile(r"\s+")

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
    short, long = SHORT_LETTERS / density(code), LONG_LETTERS / density(code)
    pieces = [
        piece
        for sentence in _split(plain_text(text), SENTENCE_END)
        for piece in _within(sentence, long, (CLAUSE_END, BLANK))
    ]
    return list(_joined(pieces, short, long, " " if language(code).spaced else ""))


def plain_text(text: str) -> str:
    """A text on one line, without what models choke on: lone surrogates and control characters."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    visible = "".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in whole)
    return BLANK.sub(" ", visible).strip()


def _split(text: str, ends: re.Pattern[str]) -> list[str]:
    """Pieces of a text, each with the mark that ends it."""
    pieces, start = [], 0
    for end in ends.finditer(text):
        close = max((end.end(group) for group in range(1, (end.re.groups or 0) + 1)), default=-1)
        pieces.append(text[start : max(end.start(), close)])
        start = end.end()
    pieces.append(text[start:])
    return [piece.strip() for piece in pieces if piece.strip()]


def _within(text: str, long: float, ends: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """A text cut so that no piece is longer than allowed, at the best ends that there are."""
    if len(text) <= long:
        yield text
    elif ends:
        for piece in _joined(_split(text, ends[0]), long / 2, long, " "):
            yield from _within(piece, long, ends[1:])
    else:
        for start in range(0, len(text), int(long)):
            yield text[start : start + int(long)]


def _joined(pieces: list[str], short: float, long: float, blank: str) -> Iterator[str]:
    """Pieces with short ones put together with the next, or at the end with the one before."""
    held: list[str] = []
    for piece in pieces:
        if held and (len(held[-1]) < short or len(piece) < short) and len(held[-1]) + len(piece) <= long:
            held[-1] = f"{held[-1]}{blank}{piece}"
        else:
            held.append(piece)
    return iter(held)
