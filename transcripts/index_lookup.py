"""Looking up in one version of the search index. Any number of threads may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from lancedb.query import BooleanQuery, FullTextOperator, MatchQuery, Occur
from numpy.typing import NDArray

from transcripts.errors import ArchiveError
from transcripts.index_columns import Columns, Positions

QueryVector = Sequence[float] | NDArray[np.float32]

_FIRST = 1_000  # word matches that are asked for first; 20 times as many until all are there
_MORE = 20
# Of the approximate index over vectors: how many of its parts are looked at, and by how much more than
# is wanted are compared exactly.
_PARTS = 20
_REFINED = 3


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows by how well they fit, best first."""

    positions: Positions
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lookup:
    """One version of the table, with its columns. `dimensions` is 0 where there are no embeddings."""

    table: Any
    columns: Columns
    dimensions: int
    approximate: bool  # whether there is an index over vectors

    def matching(self, where: str) -> Positions:
        """All rows that a filter takes, in no order that means anything."""
        if not where:
            return np.arange(len(self.columns), dtype=np.int64)
        found = self.table.search().where(where).select([]).with_row_id(True).limit(None).to_arrow()
        return self._positions(found)

    def containing(self, forms: Sequence[Sequence[str]]) -> Positions:
        """Rows that have all tokens of at least one of the forms."""
        if not forms:
            return np.zeros(0, dtype=np.int64)
        each = [MatchQuery(" ".join(form), "words", operator=FullTextOperator.AND) for form in forms]
        query = each[0] if len(each) == 1 else BooleanQuery([(Occur.SHOULD, one) for one in each])
        return self._positions(self._asked(self.table.search(query), "", len(self.columns)))

    def by_words(self, tokens: Sequence[str], where: str, weakest: float) -> Ranking:
        """Rows with any of the tokens by BM25, as far down as `weakest` times the best score."""
        if not tokens or not len(self.columns):
            return _nothing()
        query, limit = MatchQuery(" ".join(tokens), "words"), _FIRST
        while True:
            found = self._asked(self.table.search(query), where, limit)
            scores = found["_score"].to_numpy().astype(np.float64)
            least = weakest * scores.max(initial=0.0)
            if len(scores) < limit or scores.min() < least:
                return self._ranked(self._positions(found), scores, least)
            limit *= _MORE

    def by_meaning(self, vector: QueryVector, where: str, depth: int) -> Ranking:
        """The rows nearest to a vector of shape (dim,), by cosine, those above 0.

        Raises ArchiveError when the vector is not of the length of the archive's.
        """
        if not self.dimensions or not len(self.columns):
            return _nothing()
        if len(vector) != self.dimensions:
            raise ArchiveError(
                f"the query's embedding has {len(vector)} numbers, the archive's have "
                f"{self.dimensions}; search with the profile that the archive was made with"
            )
        query = self.table.search(np.asarray(vector, dtype=np.float32), vector_column_name="vector")
        query = query.distance_type("dot")
        if self.approximate:
            query = query.nprobes(_PARTS).refine_factor(_REFINED)
        found = self._asked(query, where, depth)
        cosines = 1.0 - found["_distance"].to_numpy().astype(np.float64)
        return self._ranked(self._positions(found), cosines, 0.0)

    def vector(self, passage_id: str) -> NDArray[np.float32] | None:
        """The stored vector of a passage; None where there is none."""
        at = self.columns.position_of(passage_id)
        if at is None or not self.dimensions:
            return None
        address = int(self.columns.addresses[at])
        (row,) = self.table.take_row_ids([address]).select(["vector"]).to_list()
        vector = np.asarray(row["vector"], dtype=np.float32)
        return vector if vector.any() else None

    def _asked(self, query: Any, where: str, limit: int) -> pa.Table:
        """Row ids and scores."""
        query = query.where(where, prefilter=True) if where else query
        score = "_distance" if hasattr(query, "refine_factor") else "_score"
        return query.select([score]).with_row_id(True).limit(max(1, limit)).to_arrow()

    def _positions(self, found: pa.Table) -> Positions:
        return self.columns.positions(found["_rowid"].to_numpy())

    def _ranked(self, positions: Positions, scores: NDArray[np.float64], above: float) -> Ranking:
        strong = scores >= above if above else scores > 0
        positions, scores = positions[strong], scores[strong]
        order = self.columns.by_score(positions, scores)
        return Ranking(positions[order], scores[order])


def _nothing() -> Ranking:
    return Ranking(np.zeros(0, dtype=np.int64), np.zeros(0))
