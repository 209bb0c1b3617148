"""Why a passage carries a theme: the words that speak for it, and the term or the example that shows it.

The clause that speaks most for a theme carries it, and so do those beside it that speak nearly as
much. On 54 marks that one of us made (benchmarks/data/theme_evidence.yaml) the words found agree
with an F1 of 0.79; the best clause alone has 0.61, the clause that is missed most where it is left
out 0.59, and the best of all runs of up to three clauses, embedded each, 0.80.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nlp.clauses import ClauseOptions, clauses
from nlp.embeddings import Vectors
from nlp.languages import language
from nlp.taxonomy import Remark, Theme
from nlp.themes import Tagger, ThemeScore
from transcripts.records import Clause, Embedding, Passage, ThemeTag

# Log-odds that a clause beside the best one may speak less. On the marks, F1 is 0.70 at 1, 0.79 from
# 1.8 to 2.2 and 0.76 at 3; the share of found words that are mostly marked is best at 1.8.
NEARLY = 1.8

Bounds = Sequence[tuple[int, int]]  # of clauses, in characters


class Reason(NamedTuple):
    """The characters of a text that speak for a theme, and the term said there or the likest example."""

    start: int
    end: int
    nearest: str


def reason(tagger: Tagger, theme: int, text: str, code: str, bounds: Bounds, vectors: Vectors) -> Reason:
    """Why a text in a language carries a theme; its clauses' vectors come as (clauses, dim)."""
    parts = [text[start:end] for start, end in bounds]
    spoken = tagger.log_odds(parts, vectors)[:, theme]
    best = first = last = int(np.argmax(spoken))
    while first > 0 and spoken[first - 1] >= spoken[best] - NEARLY:
        first -= 1
    while last + 1 < len(bounds) and spoken[last + 1] >= spoken[best] - NEARLY:
        last += 1
    found = text[bounds[first][0] : bounds[last][1]]
    start = bounds[first][0] + len(found) - len(found.lstrip())
    end = max(start, bounds[first][0] + len(found.rstrip()))
    term = said_term(tagger.taxonomy.themes[theme], text[start:end], code)
    return Reason(start, end, term or tagger.nearest(theme, vectors[best]))


def reasons(
    tagger: Tagger, texts: Sequence[tuple[str, str]], scores: Sequence[Sequence[ThemeScore]]
) -> list[dict[str, Reason]]:
    """Of each text (and its language) why it carries its assigned themes, by theme; embedded in one go."""
    bounds = [
        clauses(text, code, ClauseOptions()) if any(each.assigned for each in found) else []
        for (text, code), found in zip(texts, scores, strict=True)
    ]
    vectors = tagger.embedded(
        [text[start:end] for (text, _), held in zip(texts, bounds, strict=True) for start, end in held]
    )
    ends = itertools.accumulate(map(len, bounds))
    return [
        {
            each.theme_id: reason(tagger, number, text, code, held, vectors[end - len(held) : end])
            for number, each in enumerate(found)
            if each.assigned and held
        }
        for (text, code), found, held, end in zip(texts, scores, bounds, ends, strict=True)
    ]


def tag_passages(
    tagger: Tagger,
    passages: Sequence[Passage],
    embeddings: Sequence[Embedding],
    parts: Sequence[Clause],
) -> list[ThemeTag]:
    """A tag for every theme of every embedded passage, assigned or not; assigned ones with evidence.

    `parts` are the clauses of the passages, in their order.
    """
    if not embeddings:
        return []
    held = {passage.id: passage for passage in passages}
    vectors = np.array([embedding.vector for embedding in embeddings], dtype=np.float32)
    texts = [held[each.passage_id].text if each.passage_id in held else "" for each in embeddings]
    members = {
        passage_id: list(each) for passage_id, each in itertools.groupby(parts, lambda part: part.passage_id)
    }
    return [
        _tag(tagger, number, score, held.get(embedding.passage_id), embedding, members)
        for embedding, row in zip(embeddings, tagger.score_passages(vectors, texts), strict=True)
        for number, score in enumerate(tagger.assign(row))
    ]


def _tag(
    tagger: Tagger,
    theme: int,
    score: ThemeScore,
    passage: Passage | None,
    embedding: Embedding,
    members: dict[str, list[Clause]],
) -> ThemeTag:
    tag = ThemeTag(embedding.passage_id, *score, tagger.signature)
    parts = members.get(embedding.passage_id)
    if not (score.assigned and passage and parts):
        return tag
    vectors = np.array([part.vector for part in parts], dtype=np.float32)
    bounds = [(part.start, part.end) for part in parts]
    start, end, nearest = reason(tagger, theme, passage.text, passage.language, bounds, vectors)
    return ThemeTag(embedding.passage_id, *score, tagger.signature, (start, end), nearest)


def said_term(theme: Theme, text: str, code: str) -> str:
    """The longest of a theme's terms that is said in a text in a language; '' where none is."""
    plain = _folded(text)
    for term in sorted((each for each in theme.terms if each.language == code), key=_length):
        pattern = re.escape(_folded(term.text))
        if language(code).spaced:
            pattern = rf"(?<!\w){pattern}" if code == "ko" else rf"(?<!\w){pattern}(?!\w)"
        if re.search(pattern, plain):
            return term.text
    return ""


def _length(term: Remark) -> int:
    return -len(term.text)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
