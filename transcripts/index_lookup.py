"""Looking up in one version of the search index. Any number of threads may."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.query import BooleanQuery, FullTextOperator, MatchQuery, Occur
from numpy.typing import NDArray

from transcripts.analysis import tokens_of_phrase
from transcripts.errors import ArchiveError
from transcripts.index_columns import Columns, Positions
from transcripts.index_filters import EVERY, Condition, Filter
from transcripts.offsets import LanguageOffsets
from transcripts.phrases import phrase_writing
from transcripts.waiting import waited

Vector = NDArray[np.float32]
QueryVector = Sequence[float] | Vector

# Word matches that are asked for first; 20 times as many until all are there. Of a million passages, 8,000
# are enough for 99 of 100 searches of two words, and 20,000 take half as long again for the slowest.
_FIRST = 8_000
_MORE = 20
_SAMPLE = 2_000  # rows by which the share that a filter takes is known well enough
# Of the approximate index over vectors: how many of its parts are looked at, and by how much more than
# is wanted are compared exactly: 5 times of all passages, and the fewer, the fewer a filter leaves to be in
# each other's way. Of a fifth of a million passages, twice as many find of the nearest ten what 5 times as
# many find (95 %), of a 25th, one time as many, in two thirds of the time.
_PARTS = 8
_REFINED = 5
# Rows that have a phrase up to which a search is narrowed to them by name.
_NAMED = 20_000
_READ_AT_ONCE = 50_000  # writings of rows, 15 MB
# Chosen with the share of offset in `offsets`, see docs/benchmarks.md.
FEEDBACK = 5
FEEDBACK_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows by how well they fit, best first."""

    positions: Positions
    scores: NDArray[np.float64]

    def without(self, unwanted: Positions) -> Ranking:
        kept = ~np.isin(self.positions, unwanted) if len(unwanted) else slice(None)
        return Ranking(self.positions[kept], self.scores[kept])

    def first(self, count: int) -> Ranking:
        return Ranking(self.positions[:count], self.scores[:count])


@dataclass(frozen=True, slots=True)
class Lookup:
    """One version of the table, with its columns. Without embeddings, nothing has a meaning."""

    table: Any
    columns: Columns
    offsets: LanguageOffsets
    embedded: bool
    approximate: bool  # whether there is an index over vectors
    whole: bool  # whether the indexes have all rows

    def matching(self, where: Filter) -> Positions:
        """All rows that a filter takes, in no order that means anything."""
        return np.flatnonzero(where.kept(self.columns))

    def with_phrases(self, phrases: Sequence[str], rows: Positions) -> Positions:
        """Those of some rows, in order, in whose writing all the phrases stand; letters have to be in each.

        Read are those that have the words of each; where none of its words is certain to be a word of
        theirs (kana, numbers), all that are left: a million in three seconds.
        """
        for needed in filter(None, map(tokens_of_phrase, phrases)):
            rows = rows[np.isin(rows, self._having(needed))]
        return self._written(rows, phrases, np.logical_and)

    def with_any_phrase(self, phrases: Sequence[str], rows: Positions) -> Positions:
        """Those in whose writing at least one of the phrases stands, as `with_phrases`."""
        needed = list(map(tokens_of_phrase, phrases))
        if all(needed):
            having = [self._having(each) for each in needed]
            rows = rows[np.isin(rows, np.concatenate([NOTHING.positions, *having]))]
        return self._written(rows, phrases, np.logical_or)

    def _written(self, rows: Positions, phrases: Sequence[str], together: np.ufunc) -> Positions:
        """Those of the rows in whose writing the phrases stand, all or any of them."""
        found = [NOTHING.positions]
        for start in range(0, len(rows), _READ_AT_ONCE):
            addresses = self.columns.addresses[rows[start : start + _READ_AT_ONCE]].tolist()
            read = waited(self.table.take_row_ids(addresses).with_row_id().select(["writing"]).to_arrow())
            each = (pc.match_substring(read["writing"], phrase_writing(phrase)) for phrase in phrases)
            has = together.reduce([one.to_numpy().astype(bool) for one in each])
            found.append(np.sort(self._positions(read)[has]))
        return np.concatenate(found)

    def narrowed(self, rows: Positions, where: Filter) -> tuple[Filter, Positions]:
        """Rows that a filter takes, as a filter by name; of many, that filter and the rows not wanted."""
        if len(rows) > _NAMED:
            return where, np.setdiff1d(np.arange(len(self.columns)), rows, assume_unique=True)
        them = Condition("passage_id", frozenset(self.columns.ids(rows)))
        return Filter((((them,),),)), NOTHING.positions

    def containing(self, forms: Sequence[Sequence[str]]) -> Positions:
        """Rows that have all tokens of at least one of the forms."""
        match: Any = MatchQuery  # its defaults are not typed
        if not forms:
            return np.zeros(0, dtype=np.int64)
        each = [match(" ".join(form), "words", operator=FullTextOperator.AND) for form in forms]
        query = each[0] if len(each) == 1 else BooleanQuery([(Occur.SHOULD, one) for one in each])
        return self._positions(self._with_words(query, EVERY, len(self.columns)))

    def _having(self, needed: Sequence[Collection[str]]) -> Positions:
        """Rows that have at least one token of each set."""
        match: Any = MatchQuery
        each = [(Occur.MUST, match(" ".join(some), "words")) for some in needed]
        query = BooleanQuery(each) if len(each) > 1 else each[0][1]
        return self._positions(self._with_words(query, EVERY, len(self.columns)))

    def by_words(self, tokens: Sequence[str], where: Filter, weakest: float = 0.0) -> Ranking:
        """Rows with any of the tokens by BM25, as far down as `weakest` times the best score."""
        match: Any = MatchQuery
        if not tokens or not len(self.columns):
            return NOTHING
        query, limit = match(" ".join(tokens), "words"), _FIRST
        while True:
            found = self._with_words(query, where, limit)
            scores = found["_score"].to_numpy().astype(np.float64)
            least = weakest * scores.max(initial=0.0)
            if len(scores) < limit or scores.min() < least:
                return self._ranked(self._positions(found), scores, least)
            limit *= _MORE

    def by_meaning(self, vector: QueryVector, where: Filter, depth: int) -> Ranking:
        """The rows nearest to a unit vector of shape (dim,), by cosine, those above 0."""
        if not self.embedded or not len(self.columns):
            return NOTHING
        found = self._nearest(vector, where, self._wide(depth, where), "vector")
        return self._by_cosine(found, np.asarray(vector, dtype=np.float32)).first(depth)

    def by_query(self, vector: QueryVector, text: str, where: Filter, depth: int) -> Ranking:
        """The rows nearest to what a query looks for, by the embedding of its text, of shape (dim,).

        That is the vector without a part of its language's offset, moved towards what is nearest to it
        (pseudo-relevance feedback; Rocchio 1971, for embeddings Li et al. 2021,
        https://arxiv.org/abs/2108.11044): a short query says little of what it means. Where the index
        is approximate, what is near to the moved vector is looked for among what is near to the first.
        Raises ArchiveError when the vector is not of the length of the archive's.
        """
        if len(vector) != self.offsets.dimensions:
            raise ArchiveError(
                f"the query's embedding has {len(vector)} numbers, the archive's have "
                f"{self.offsets.dimensions}; search with the profile that the archive was made with"
            )
        asked = self.offsets.query(np.asarray(vector, dtype=np.float32), text)
        count = min(FEEDBACK, len(self.columns) // 10)
        if not count or not self.embedded:
            return self.by_meaning(asked, where, depth)
        wide = self._wide(depth, where) if self.approximate else count
        near = self._nearest(asked, where, wide, "vector")
        moved = _moved(asked, _as_rows(near["vector"]), count)
        if not self.approximate:
            return self.by_meaning(moved, where, depth)
        return self._by_cosine(near, moved).first(depth)

    def vectors(self, positions: Positions) -> Vector:
        """Stored vectors, shape (rows, dim), in no order that means anything; zeros for no embedding."""
        addresses = self.columns.addresses[positions].tolist()
        return _as_rows(waited(self.table.take_row_ids(addresses).select(["vector"]).to_arrow())["vector"])

    def _with_words(self, query: MatchQuery | BooleanQuery, where: Filter, limit: int) -> pa.Table:
        """Row ids and BM25 of rows that a query takes, best first."""
        return self._asked(self.table.query().nearest_to_text(query), where, limit)

    def _nearest(self, vector: QueryVector, where: Filter, limit: int, *columns: str) -> pa.Table:
        """Row ids and distances, and columns, of what is nearest to a vector.

        By an approximate index distances are approximate, and only some of its parts are looked at;
        all of them where a filter leaves too little in those.
        """
        query = self.table.query().nearest_to(np.asarray(vector, dtype=np.float32)).column("vector")
        query = query.distance_type("dot")
        if not self.approximate:
            return self._asked(query, where, limit, *columns)
        found = self._asked(query.nprobes(_PARTS), where, limit, *columns)
        if len(found) < min(limit, len(self.columns)):
            found = self._asked(query.minimum_nprobes(_PARTS).maximum_nprobes(0), where, limit, *columns)
        return found

    def _asked(self, query: Any, where: Filter, limit: int, *columns: str) -> pa.Table:
        """Row ids and scores, and columns."""
        is_nearness = hasattr(query, "refine_factor")
        query = query.where(where.sql) if where.sql else query
        if self.whole and (self.approximate or not is_nearness):
            query = query.fast_search()  # looks at nothing but the index
        score = "_distance" if is_nearness else "_score"
        return waited(query.select([score, *columns]).with_row_id().limit(max(1, limit)).to_arrow())

    def _wide(self, depth: int, where: Filter) -> int:
        """How many to ask for, so that the nearest are among them."""
        if not self.approximate:
            return depth
        some = np.arange(0, len(self.columns), 1 + len(self.columns) // _SAMPLE)
        share = float(where.kept(self.columns, some).mean())
        return round(depth * (1 + (_REFINED - 1) * share))

    def _by_cosine(self, found: pa.Table, vector: Vector) -> Ranking:
        """What was found, by its cosine to a unit vector, where that is above 0."""
        cosines = (_as_rows(found["vector"]) @ vector if len(found) else np.zeros(0)).astype(np.float64)
        return self._ranked(self._positions(found), cosines, 0.0)

    def _positions(self, found: pa.Table) -> Positions:
        return self.columns.positions(found["_rowid"].to_numpy())

    def _ranked(self, positions: Positions, scores: NDArray[np.float64], above: float) -> Ranking:
        strong = scores >= above if above else scores > 0
        positions, scores = positions[strong], scores[strong]
        order = self.columns.by_score(positions, scores)
        return Ranking(positions[order], scores[order])


def _moved(vector: Vector, others: Vector, count: int) -> Vector:
    """A unit vector moved towards the mean of so many that are nearest to it, of shape (others, dim)."""
    if not len(others):
        return vector
    cosines = others @ vector
    near = others[[at for at in np.argsort(-cosines)[:count] if cosines[at] > 0]]
    if not len(near):
        return vector
    moved: Vector = vector + FEEDBACK_WEIGHT * near.mean(axis=0)
    return moved / np.linalg.norm(moved)


def _as_rows(vectors: pa.ChunkedArray) -> Vector:
    """A column of vectors as an array of shape (rows, dim)."""
    flat = vectors.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    found: Vector = flat.reshape(len(vectors), -1) if len(vectors) else np.zeros((0, 1), dtype=np.float32)
    return found


NOTHING = Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
