"""Clauses: the parts of a passage that may carry a theme each.

Cut at marks of punctuation. What is too short to mean much by itself goes with its neighbour,
and speech without punctuation is cut after a dozen words. Lengths are in letters of an
alphabet: writing that carries more in a letter counts for more.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import regex

from nlp.languages import language
from nlp.units import FOREIGN, IN_SENTENCE, density

WITHIN = r"(?!(?<=[\p{Latin}\p{N}])[.,:،](?=[\p{Latin}\p{N}]))"  # no mark of 2.5, 12:30 or example.org
CLOSING = r"(?:\s*[»”’)」』]|[\"'])*\s*"  # a straight quote after a blank opens what follows
ENDS = regex.compile(
    rf"{WITHIN}[.!?。！？؟…]+{IN_SENTENCE}{CLOSING}|{WITHIN}[,;:،؛、，；：]{CLOSING}|\s+[–—-]+\s+"
)
SENTENCE = regex.compile(rf"[.!?。！？؟…]{CLOSING}$")
WORD = regex.compile(r"\S+\s*")
# Where words have no blanks between: foreign words and numbers as a whole, else letters with their marks.
LETTERS = regex.compile(rf"(?:{FOREIGN}|[\p{{Katakana}}ー]+|\X)\s*")


@dataclass(frozen=True, slots=True)
class ClauseOptions:
    """How passages are cut into clauses."""

    shortest: int = 25  # letters of an alphabet: a clause of fewer goes with its neighbour
    longest: int = 90  # and one of more is cut between words


def clauses(text: str, code: str, options: ClauseOptions) -> list[tuple[int, int]]:
    """Character ranges that cover a text in a language, in order; none for a blank text.

    They touch each other, and begin and end where the text does.
    """
    if not text.strip():
        return []
    weight = density(code)
    bounds = [0, *(match.end() for match in ENDS.finditer(text) if match.end() < len(text)), len(text)]
    cut = [
        part
        for start, end in itertools.pairwise(bounds)
        for part in _parts(text, start, end, code, max(1, int(options.longest / weight)))
    ]
    joined: list[tuple[int, int]] = []
    for start, end in cut:
        before = joined[-1] if joined else None
        # what ends a sentence is joined with the next only where one of them is a word or two
        least = options.shortest / (3 if SENTENCE.search(text, 0, start) else 1)
        if before and min(_letters(text, *before), _letters(text, start, end)) * weight < least:
            joined[-1] = before[0], end
        else:
            joined.append((start, end))
    return joined


def _parts(text: str, start: int, end: int, code: str, longest: int) -> list[tuple[int, int]]:
    """A stretch in parts of about one length, none much longer than `longest`, cut between words."""
    length = end - start
    count = -(-length // longest)
    if count <= 1:
        return [(start, end)]
    words = [match.end() for match in (WORD if language(code).spaced else LETTERS).finditer(text, start, end)]
    found = [start]
    for number in range(1, count):
        wanted = start + number * length // count
        near = min(words, key=lambda at: abs(at - wanted)) if len(words) > count else wanted
        if found[-1] < near < end:
            found.append(near)
    return list(itertools.pairwise([*found, end]))


def _letters(text: str, start: int, end: int) -> int:
    return sum(map(str.isalnum, text[start:end]))
