"""A document as captions that can be read in time: where lines break, and how long each caption stands.

The rules are those of broadcasters (https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/,
and Netflix's timed text guides for Japanese and Korean): at most two lines of 42 characters, or 16 in
scripts of wide characters, at most 20 characters a second, no caption under 0.8 s, one at a time.
Nothing is left out to keep them: where speech is faster than people read, captions come later, and
catch up in the next pause. Characters are what readers take for one (grapheme clusters, Unicode UAX 29).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise, zip_longest

import regex

from transcripts.document import Document, Remark
from transcripts.formats.subtitles import UNSPACED, Cue, one_line
from transcripts.records import Span

ORIGINAL = "original"  # the track of what was said, each remark in its own language
MOST_LINES = 2
WIDTH = 42  # characters a line
WIDE_WIDTH = 16  # of scripts whose characters are twice as wide
WIDE = frozenset({"ja", "ko", "yue", "zh"})
MS_PER_CHARACTER = 50  # 20 characters a second
SHORTEST_MS = 800

# What a caption costs that holds nothing, and one that ends within a sentence or a clause: the
# captions of a remark are those that cost least together.
_ALSO = 0.3
_IN_CLAUSE = 0.6
_IN_SENTENCE = 0.25
_SENTENCE_END = regex.compile(r"[.!?؟。！？…][\"'”’»」』)）]*\s*$")
_CLAUSE_END = regex.compile(r"[,;:،؛、，；：–—][\"'”’»」』)）]*\s*$")
_NOT_AT_END = frozenset("「『（(“‘〈《【")
_MARKS = frozenset("、。，．！？!?)）」』】》〉”’…・：；")
_NOT_AT_START = _MARKS | frozenset("ーっゃゅょぁぃぅぇぉッャュョァィゥェォ々")
_HIRAGANA = regex.compile(r"\p{Hiragana}")
_CELL = regex.compile(r"\X")
# What may be one with its neighbours: marks, joiners, flags, modifiers, parts of Hangul syllables.
_JOINS = regex.compile(
    r"[^\p{Grapheme_Cluster_Break=Other}\p{Grapheme_Cluster_Break=LV}\p{Grapheme_Cluster_Break=LVT}\n]"
)


def tracks(document: Document) -> tuple[str, ...]:
    """The original, and each language that is translated into or spoken."""
    return tuple(dict.fromkeys((ORIGINAL, *document.rendered_languages, *document.languages)))


def captions(document: Document, track: str) -> tuple[Cue, ...]:
    """One track of captions, in order of time; `Cue.text` holds the line breaks.

    In the track of a language stand the remarks made in it and those translated into it.
    A caption's id is its remark's, with `/2`, `/3`, ... from the second on.
    """
    pieces = sorted(
        (piece for remark in document.remarks for piece in _pieces(remark, track)),
        key=lambda piece: piece.start_ms,
    )
    return tuple(_in_time(pieces))


def text_of(remark: Remark, track: str) -> str:
    """The text of a remark in a track as readers of its captions put it together again."""
    lines = "\n".join(line for piece in _pieces(remark, track) for line in piece.lines)
    return one_line(lines, remark.language if track in (ORIGINAL, remark.language) else track)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A caption before it has its time: when it is said, and what has to be read."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]
    needed_ms: int
    language: str
    voice: str
    id: str


def _pieces(remark: Remark, track: str) -> Iterator[_Piece]:
    said = track in (ORIGINAL, remark.language)
    rendering = None if said else remark.rendering(track)
    if not said and rendering is None:
        return
    language = remark.language if rendering is None else rendering.language
    text = one_line(remark.text if rendering is None else rendering.text, language)
    if not text:
        return
    laid_out = _laid_out(text, language)
    clock = _Clock(remark, text, with_words=said)
    for number, (start, end, lines, length) in enumerate(laid_out, 1):
        first_s, last_s = clock(start), clock(end)
        yield _Piece(
            max(0, round(first_s * 1000)),
            max(0, round(last_s * 1000)),
            lines,
            max(SHORTEST_MS, MS_PER_CHARACTER * length),
            language,
            remark.speaker,
            remark.id if number == 1 else f"{remark.id}/{number}",
        )


def _in_time(pieces: Sequence[_Piece]) -> Iterator[Cue]:
    """Each after the one before, as long as it takes to read, and no longer than it is said."""
    free_ms = 0
    for piece, following in zip_longest(pieces, pieces[1:]):
        start_ms = max(free_ms, piece.start_ms)
        wanted_ms = min(piece.end_ms, following.start_ms) if following else piece.end_ms
        free_ms = max(start_ms + piece.needed_ms, wanted_ms)
        span = Span(start_ms / 1000, free_ms / 1000)
        yield Cue(span, "\n".join(piece.lines), piece.language, piece.voice or None, piece.id)


def _cells(text: str) -> list[str]:
    """The characters that a reader sees; most texts have nothing that joins any."""
    return _CELL.findall(text) if _JOINS.search(text) else list(text)


class _Clock:
    """When a character of a remark is said: by its words where they are known, else evenly."""

    def __init__(self, remark: Remark, text: str, *, with_words: bool) -> None:
        cells = _cells(text)
        self._span, self._letters = remark.span, [0, *accumulate(not cell.isspace() for cell in cells)]
        words = remark.words if with_words else ()
        self._words = words
        self._ends = [*accumulate(len(_cells("".join(word.text.split()))) for word in words)]

    def __call__(self, cell: int) -> float:
        letters = self._letters[cell]
        if letters == self._letters[-1]:
            return self._span.end_s
        n = bisect_right(self._ends, letters)
        if letters and n < len(self._words):
            return min(max(self._words[n].span.start_s, self._span.start_s), self._span.end_s)
        return self._span.start_s + self._span.duration_s * letters / max(1, self._letters[-1])


def _width(language: str) -> int:
    return WIDE_WIDTH if language.partition("-")[0] in WIDE else WIDTH


def _breaks(cells: Sequence[str], language: str) -> list[int]:
    """Where a line may end (as numbers of cells before it), the beginning and the end included."""
    unspaced, width, found = language.partition("-")[0] in UNSPACED, _width(language), [0]
    for n in range(1, len(cells)):
        before, after = cells[n - 1], cells[n]
        allowed = (before.isspace() and not after.isspace()) or (unspaced and _parts(before, after))
        if allowed or n - found[-1] == width:
            found.append(n)
    return [*found, len(cells)]


def _parts(before: str, after: str) -> bool:
    """Whether a phrase may end here where no blanks are written: after a mark, or before kanji."""
    if after in _NOT_AT_START or before in _NOT_AT_END or after.isspace():
        return False
    return before in _MARKS or (bool(_HIRAGANA.match(before)) and not _HIRAGANA.match(after))


@lru_cache(maxsize=8192)  # the original and the track of its language are laid out alike
def _laid_out(text: str, language: str) -> tuple[tuple[int, int, tuple[str, ...], int], ...]:
    """The captions of a text: from which character to which, their lines, and characters to be read."""
    cells, width = _cells(text), _width(language)
    places = _breaks(cells, language)
    cuts = _divided(cells, places, width)
    found = []
    for start, end in pairwise(cuts):
        parts = [cells[start:end]]
        if _length(cells, start, end) > width:
            fitting = (
                place
                for place in places[bisect_right(places, start) : bisect_left(places, end)]
                if _length(cells, start, place) <= width and _length(cells, place, end) <= width
            )
            middle = min(fitting, key=lambda place: abs(start + end - 2 * place))
            parts = [cells[start:middle], cells[middle:end]]
        lines = tuple(filter(None, ("".join(part).strip() for part in parts)))
        if lines:
            found.append((start, end, lines, sum(len(_cells(line)) for line in lines)))
    return tuple(found)


def _divided(cells: Sequence[str], places: Sequence[int], width: int) -> list[int]:
    """Where the captions of a text end: the division of least cost (dynamic programming)."""
    last = len(places) - 1
    line_end = [0] * (last + 1)  # the farthest place to which a line from a place can go
    k = 0
    for i in range(last + 1):
        while k < last and _length(cells, places[i], places[k + 1]) <= width:
            k += 1
        line_end[i] = k
    reach = [line_end[k] for k in line_end]  # and two lines
    room, first = MOST_LINES * width, 0
    best: list[tuple[float, int]] = [(0.0, 0)]
    for j in range(1, last + 1):
        while reach[first] < j:
            first += 1
        end, ended = places[j], _cost_of_end(cells, places[j]) + _ALSO
        least, at = math.inf, first
        for i in range(first, j):
            empty = 1 - (end - places[i]) / room
            cost = best[i][0] + (empty * empty if empty > 0 else 0.0) + ended
            if cost < least:
                least, at = cost, i
        best.append((least, at))
    cuts, at = [], last
    while at:
        cuts.append(places[at])
        at = best[at][1]
    return [0, *reversed(cuts)]


def _cost_of_end(cells: Sequence[str], place: int) -> float:
    return 0.0 if place == len(cells) else _cost_after("".join(cells[max(0, place - 4) : place]))


@lru_cache(maxsize=100_000)  # the same few letters come again and again
def _cost_after(tail: str) -> float:
    if _SENTENCE_END.search(tail):
        return 0.0
    return _IN_SENTENCE if _CLAUSE_END.search(tail) else _IN_CLAUSE


def _length(cells: Sequence[str], start: int, end: int) -> int:
    """Characters of a line: a blank at its end is not written."""
    return end - start - (end > start and cells[end - 1].isspace())


__all__ = ["ORIGINAL", "captions", "text_of", "tracks"]
