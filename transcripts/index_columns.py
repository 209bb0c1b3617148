"""What hits are counted and ordered by, held in memory beside the index: some 80 bytes a passage.

A row is known by its address in the table, which stays as it is until LanceDB compacts its
files. `Columns` keeps rows sorted by address; a position is a row's place in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.expr import col
from numpy.typing import NDArray

from transcripts.database import chunks

Positions = NDArray[np.int64]

CODED = ("panel_id", "recording_id", "language", "speaker", "speaker_label", "state", "quality")
LISTED = ("themes", "names")
_READ = ["passage_id", "start_ms", *LISTED, *CODED]
_HELD = ["passage_id", *LISTED]
_ADDRESS = "_rowid"


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns of a version of the table. `codes` stand for `values`, which are sorted."""

    table: pa.Table  # ids and lists, sorted by address
    addresses: NDArray[np.uint64]
    codes: Mapping[str, NDArray[np.int32]]
    values: Mapping[str, list[str]]
    starts_ms: NDArray[np.int64]

    @classmethod
    def read(cls, table: Any) -> Self:
        """All rows of a LanceDB table."""
        return cls._of(_scan(table))

    @classmethod
    def _of(cls, rows: pa.Table) -> Self:
        addresses: NDArray[np.uint64] = rows[_ADDRESS].to_numpy()
        order = np.argsort(addresses)
        rows = rows.take(order).combine_chunks()
        codes, values = {}, {}
        for name in CODED:
            codes[name], values[name] = _coded(rows[name])
        starts_ms = rows["start_ms"].to_numpy()
        return cls(rows.select(_HELD), addresses[order], codes, values, starts_ms)

    def following(self, table: Any, changed: Collection[str]) -> Self:
        """As `read`, where the rows of these passages alone were deleted or written since."""
        new = [_scan(table, col("passage_id").isin(some).to_sql()) for some in chunks(sorted(changed))]
        added = self._of(pa.concat_tables(new))
        kept = ~self.having("passage_id", changed)
        addresses = np.concatenate([self.addresses[kept], added.addresses])
        if np.any(addresses[1:] < addresses[:-1]):  # rows have moved
            return self.read(table)
        codes, values = {}, {}
        for name in CODED:
            values[name] = sorted({*self.values[name], *added.values[name]})
            codes[name] = np.concatenate(
                [
                    _recoded(self.codes[name][kept], self.values[name], values[name]),
                    _recoded(added.codes[name], added.values[name], values[name]),
                ]
            )
        held = pa.concat_tables([self.table.filter(pa.array(kept)), added.table]).combine_chunks()
        starts_ms = np.concatenate([self.starts_ms[kept], added.starts_ms])
        return type(self)(held, addresses, codes, values, starts_ms)

    def __len__(self) -> int:
        return len(self.addresses)

    def positions(self, addresses: NDArray[np.uint64]) -> Positions:
        """Where rows with these addresses are; all of them have to be there."""
        return np.searchsorted(self.addresses, addresses).astype(np.int64)

    def ids(self, positions: Positions) -> list[str]:
        found: list[str] = self.table["passage_id"].take(pa.array(positions)).to_pylist()
        return found

    def position_of(self, passage_id: str) -> int | None:
        at = int(pc.index(self.table["passage_id"], passage_id).as_py())
        return at if at >= 0 else None

    def having(self, name: str, values: Collection[str]) -> NDArray[np.bool_]:
        """Whether each row has one of the values in a column, or in the list of a column of `LISTED`."""
        if name in CODED:
            wanted = np.array([value in values for value in self.values[name]] or [False])
            return wanted[self.codes[name]]
        if name not in LISTED:
            return _are_among(self.table[name], values)
        held = self.table[name].combine_chunks()
        ends = np.concatenate([[0], np.cumsum(_are_among(held.flatten(), values))])
        bounds = held.offsets.to_numpy()
        found: NDArray[np.bool_] = ends[bounds[1:] - bounds[0]] > ends[bounds[:-1] - bounds[0]]
        return found

    def counts(self, name: str, positions: Positions) -> dict[str, int]:
        """How many of the rows have each value of a column of `CODED`; values that none has are left out."""
        found = np.bincount(self.codes[name][positions], minlength=len(self.values[name]))
        return {value: int(n) for value, n in zip(self.values[name], found, strict=True) if n}

    def listed_counts(self, name: str, positions: Positions) -> dict[str, int]:
        """How many of the rows have each value in a column of `LISTED`."""
        held = self.table[name]
        if len(positions) < len(self):
            held = held.take(pa.array(positions))
        counted = pc.value_counts(pc.list_flatten(held)).to_pylist()
        return {each["values"]: each["counts"] for each in counted}

    def by_time(self, positions: Positions, panels: Sequence[str]) -> Positions:
        """The rows in the order of the programme: these panels in this order, recording, time."""
        rank = {panel: number for number, panel in enumerate(panels)}
        ranks = np.array([rank.get(panel, len(rank)) for panel in self.values["panel_id"]] or [0])
        keys = (
            self.starts_ms[positions],
            self.codes["recording_id"][positions],
            ranks[self.codes["panel_id"][positions]],
        )
        ordered: Positions = positions[np.lexsort(keys)]
        return ordered

    def by_score(self, positions: Positions, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """The order of the rows, best first; of equal ones, by recording and time."""
        keys = (self.starts_ms[positions], self.codes["recording_id"][positions], -scores)
        order: NDArray[np.int64] = np.lexsort(keys)
        return order


def _scan(table: Any, where: str = "") -> pa.Table:
    rows = table.search().select(_READ).with_row_id(True).limit(None)
    return (rows.where(where) if where else rows).to_arrow()


def _recoded(codes: NDArray[np.int32], values: list[str], among: list[str]) -> NDArray[np.int32]:
    """Codes that stood for `values`, as they stand for other values that hold all of those."""
    if values == among:
        return codes
    rank = {value: number for number, value in enumerate(among)}
    return np.array([rank[value] for value in values] or [0], dtype=np.int32)[codes]


def _are_among(column: Any, values: Collection[str]) -> NDArray[np.bool_]:
    found = pc.is_in(column, pa.array(sorted(values), pa.string()))
    flags: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], list[str]]:
    """Numbers that stand for the values of a column, in the order of the values."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    values = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=values.__getitem__)
    rank = np.empty(len(values), dtype=np.int32)
    rank[order] = np.arange(len(values), dtype=np.int32)
    codes = rank[encoded.indices.to_numpy()] if len(values) else np.zeros(0, dtype=np.int32)
    return codes, sorted(values)
