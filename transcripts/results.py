"""What a search gives back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from transcripts.analysis import query_words, scripts_sought, tokens
from transcripts.holdings import Entry
from transcripts.phrases import phrase_spans
from transcripts.query import Notice, SearchQuery

Mark = tuple[int, int]  # characters of a text, from and to


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with what is shown beside it.

    `score` is BM25 in mode 'words', the cosine in mode 'meaning' and the fused
    evidence in mode 'hybrid': higher is better, within one search only.
    `matched_by` holds 'words', 'meaning', both, or nothing where nothing was
    searched for. The marks are the characters of text and translation that were
    looked for, in order, without overlap.
    """

    entry: Entry
    score: float = 0.0
    matched_by: tuple[str, ...] = ()
    text_marks: tuple[Mark, ...] = ()
    translation_marks: tuple[Mark, ...] = ()

    @property
    def passage_id(self) -> str:
        return self.entry.passage.id


class Count(NamedTuple):
    """How many hits have a value of a facet. `value` is what a filter of the query takes."""

    value: str
    name: str
    hits: int


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits, how many there are in all, and how they are spread.

    `facets` has 'theme', 'name' (who or what is mentioned), 'language', 'speaker', 'panel' and
    'state', most hits first, and 'day', in order of time; speakers without a name are not
    counted under 'speaker'.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[Count, ...]] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """A keyword in its context: what stands before it, itself, and what follows."""

    before: str
    keyword: str
    after: str


def marked(entry: Entry, query: SearchQuery, score: float = 0.0, matched_by: tuple[str, ...] = ()) -> Hit:
    """A hit with everything marked that a query looks for, inflected forms and parts of compounds too."""
    sought, scripts = frozenset(query_words(query.sought)), scripts_sought(query.sought)
    text, language = entry.passage.text, entry.passage.language
    of_phrases = (span for phrase in query.phrases for span in phrase_spans(text, phrase))
    return Hit(
        entry,
        score,
        matched_by,
        tuple(_merged([*_spans(text, language, sought, scripts), *of_phrases])),
        tuple(_merged(_spans(entry.translation or "", entry.target_language, sought, scripts))),
    )


def _spans(text: str, language: str, sought: frozenset[str], scripts: frozenset[str]) -> Iterator[Mark]:
    if sought and text:
        yield from ((start, end) for token, start, end in tokens(text, language, scripts) if token in sought)


def _merged(marks: Iterable[Mark]) -> Iterator[Mark]:
    """In order; those that touch or overlap become one."""
    last: Mark | None = None
    for mark in sorted(marks):
        if last and mark[0] <= last[1]:
            last = last[0], max(last[1], mark[1])
            continue
        if last:
            yield last
        last = mark
    if last:
        yield last


def contexts(text: str, marks: Iterable[Mark], width: int = 40) -> list[Context]:
    """Each mark of a text with up to `width` characters on either side, on one line."""
    return [
        Context(
            _line(("…" if start > width else "") + text[max(0, start - width) : start]),
            _line(text[start:end]),
            _line(text[end : end + width] + ("…" if end + width < len(text) else "")),
        )
        for start, end in marks
    ]


def _line(text: str) -> str:
    return " ".join(text.split("\n"))
