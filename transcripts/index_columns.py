"""What hits are counted and ordered by, held in memory beside the index: some 80 bytes a passage.

A row is known by its address in the table, which stays as it is until LanceDB compacts its
files. `Columns` keeps rows sorted by address; a position is a row's place in that order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.expr import col
from numpy.typing import NDArray

from transcripts.database import chunks
from transcripts.waiting import each_waited

Positions = NDArray[np.int64]
Codes = NDArray[np.int32]

CODED = ("panel_id", "recording_id", "language", "speaker", "speaker_label", "state", "quality")
LISTED = ("themes", "names")
_READ = ["passage_id", "start_ms", *LISTED, *CODED]
_ADDRESS = "_rowid"


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of some rows, one after the other: `codes` of all, and where each row's begin and end."""

    codes: Codes
    bounds: NDArray[np.int64]

    @classmethod
    def of(cls, codes: Codes, lengths: NDArray[np.integer[Any]]) -> Self:
        return cls(codes, np.concatenate([[0], np.cumsum(lengths)]))

    def having(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each row's list has one of the codes that are wanted."""
        ends = np.concatenate([[0], np.cumsum(wanted[self.codes])])[self.bounds]
        return ends[1:] > ends[:-1]

    def at(self, rows: Positions) -> Self:
        """The lists of some of the rows, in their order."""
        starts = self.bounds[rows]
        lengths = self.bounds[rows + 1] - starts
        before = np.cumsum(lengths) - lengths
        places = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
        return type(self).of(self.codes[places], lengths)

    def followed_by(self, others: Self) -> Self:
        """These, and those of further rows."""
        codes = np.concatenate([self.codes, others.codes])
        return type(self)(codes, np.concatenate([self.bounds, self.bounds[-1] + others.bounds[1:]]))


@dataclass(frozen=True, slots=True)
class Columns:
    """Some columns of a version of the table. `codes` stand for `values`, which are sorted."""

    passage_ids: pa.StringArray
    addresses: NDArray[np.uint64]  # sorted
    codes: Mapping[str, Codes]
    lists: Mapping[str, Lists]
    values: Mapping[str, list[str]]
    starts_ms: NDArray[np.int64]

    @classmethod
    def read(cls, table: Any) -> Self:
        """All rows of a table of LanceDB's asynchronous interface."""
        return cls._of(_scan(table))

    @classmethod
    def _of(cls, batches: Iterable[pa.RecordBatch]) -> Self:
        """Rows as they come, never all of their texts at once."""
        coders = {name: _Coder() for name in (*CODED, *LISTED)}
        columns = {name: [np.zeros(0, np.int32)] for name in coders}
        lengths = {name: [np.zeros(0, np.int32)] for name in LISTED}
        addresses, starts_ms = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        passage_ids = [pa.array([], pa.string())]
        for batch in batches:  # copied: whoever holds one column of a batch holds them all
            passage_ids.append(batch["passage_id"].take(pa.array(np.arange(batch.num_rows))))
            addresses.append(batch[_ADDRESS].to_numpy().copy())
            starts_ms.append(batch["start_ms"].to_numpy().copy())
            for name in CODED:
                columns[name].append(coders[name].codes(batch[name]))
            for name in LISTED:
                columns[name].append(coders[name].codes(batch[name].flatten()))
                lengths[name].append(np.diff(batch[name].offsets.to_numpy()))
        values = {name: sorted(coder.known) for name, coder in coders.items()}
        codes = {
            name: _recoded(np.concatenate(columns[name]), list(coder.known), values[name])
            for name, coder in coders.items()
        }
        made = cls(
            pa.concat_arrays(passage_ids),
            np.concatenate(addresses),
            {name: codes[name] for name in CODED},
            {name: Lists.of(codes[name], np.concatenate(lengths[name])) for name in LISTED},
            values,
            np.concatenate(starts_ms),
        )
        if np.all(made.addresses[1:] > made.addresses[:-1]):
            return made
        return made._at(np.argsort(made.addresses))

    def _at(self, rows: Positions) -> Self:
        """Some of the rows, in their order."""
        return type(self)(
            self.passage_ids.take(pa.array(rows)),
            self.addresses[rows],
            {name: codes[rows] for name, codes in self.codes.items()},
            {name: lists.at(rows) for name, lists in self.lists.items()},
            self.values,
            self.starts_ms[rows],
        )

    def following(self, table: Any, changed: Collection[str]) -> Self:
        """As `read`, where the rows of these passages alone were deleted or written since."""
        added = self._of(
            batch
            for some in chunks(sorted(changed))
            for batch in _scan(table, col("passage_id").isin(some).to_sql())
        )
        kept = self._at(np.flatnonzero(~self.having("passage_id", changed)))
        addresses = np.concatenate([kept.addresses, added.addresses])
        if np.any(addresses[1:] < addresses[:-1]):  # rows have moved
            return self.read(table)
        values = {name: sorted({*self.values[name], *added.values[name]}) for name in (*CODED, *LISTED)}
        old, new = kept._coded_as(values), added._coded_as(values)
        return type(self)(
            pa.concat_arrays([kept.passage_ids, added.passage_ids]),
            addresses,
            {name: np.concatenate([old.codes[name], new.codes[name]]) for name in CODED},
            {name: old.lists[name].followed_by(new.lists[name]) for name in LISTED},
            values,
            np.concatenate([kept.starts_ms, added.starts_ms]),
        )

    def _coded_as(self, values: Mapping[str, list[str]]) -> Self:
        """The same rows, with codes for values that hold all of theirs."""

        def codes(name: str, old: Codes) -> Codes:
            return _recoded(old, self.values[name], values[name])

        return type(self)(
            self.passage_ids,
            self.addresses,
            {name: codes(name, old) for name, old in self.codes.items()},
            {name: Lists(codes(name, old.codes), old.bounds) for name, old in self.lists.items()},
            values,
            self.starts_ms,
        )

    def __len__(self) -> int:
        return len(self.addresses)

    def positions(self, addresses: NDArray[np.uint64]) -> Positions:
        """Where rows with these addresses are; all of them have to be there."""
        order = np.argsort(addresses)  # looking up in order keeps to what the processor has at hand
        found = np.empty(len(addresses), dtype=np.int64)
        found[order] = np.searchsorted(self.addresses, addresses[order])
        return found

    def ids(self, positions: Positions) -> list[str]:
        found: list[str] = self.passage_ids.take(pa.array(positions)).to_pylist()
        return found

    def position_of(self, passage_id: str) -> int | None:
        at = int(pc.index(self.passage_ids, passage_id).as_py())
        return at if at >= 0 else None

    def having(self, name: str, values: Collection[str], rows: Positions | None = None) -> NDArray[np.bool_]:
        """Whether each row, or some, have one of the values in a column, or in a list of `LISTED`."""
        if name == "passage_id":
            ids = self.passage_ids if rows is None else self.passage_ids.take(pa.array(rows))
            found = pc.is_in(ids, pa.array(sorted(values), pa.string()))
            flags: NDArray[np.bool_] = found.to_numpy(zero_copy_only=False).astype(bool)
            return flags
        wanted = np.array([value in values for value in self.values[name]] or [False])
        if name in CODED:
            return wanted[self.codes[name] if rows is None else self.codes[name][rows]]
        return (self.lists[name] if rows is None else self.lists[name].at(rows)).having(wanted)

    def counts(self, name: str, positions: Positions) -> dict[str, int]:
        """How many rows have each value of a column, or in their lists; values that none has are left out."""
        if name in CODED:
            codes = self.codes[name][positions]
        else:
            held = self.lists[name]
            codes = (held.at(positions) if len(positions) < len(self) else held).codes
        found = np.bincount(codes, minlength=len(self.values[name]))
        return {value: int(n) for value, n in zip(self.values[name], found, strict=True) if n}

    def by_time(self, positions: Positions, panels: Sequence[str]) -> Positions:
        """The rows in the order of the programme: these panels in this order, recording, time."""
        rank = {panel: number for number, panel in enumerate(panels)}
        ranks = np.array([rank.get(panel, len(rank)) for panel in self.values["panel_id"]] or [0])
        lengths = np.array([len(recording) for recording in self.values["recording_id"]] or [0])
        recordings = self.codes["recording_id"][positions]
        keys = (
            positions,  # two may speak at once: pages of one version hold each of them once
            self.starts_ms[positions],
            recordings,
            lengths[recordings],  # of a panel, id-2 comes before id-10
            ranks[self.codes["panel_id"][positions]],
        )
        ordered: Positions = positions[np.lexsort(keys)]
        return ordered

    def by_score(self, positions: Positions, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """The order of the rows, best first; of equal ones, by recording and time."""
        keys = (positions, self.starts_ms[positions], self.codes["recording_id"][positions], -scores)
        order: NDArray[np.int64] = np.lexsort(keys)
        return order


class _Coder:
    """Numbers for the values of a column, in the order in which they come."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def codes(self, column: pa.StringArray) -> Codes:
        encoded = column.dictionary_encode()
        values = encoded.dictionary.to_pylist()
        numbers = [self.known.setdefault(value, len(self.known)) for value in values]
        found: Codes = np.array(numbers or [0], dtype=np.int32)[encoded.indices.to_numpy()]
        return found


def _scan(table: Any, where: str = "") -> Iterable[pa.RecordBatch]:
    rows = table.query().select(_READ).with_row_id()
    return each_waited((rows.where(where) if where else rows).to_batches())


def _recoded(codes: Codes, values: list[str], among: list[str]) -> Codes:
    """Codes that stood for `values`, as they stand for other values that hold all of those."""
    if values == among:
        return codes
    rank = {value: number for number, value in enumerate(among)}
    return np.array([rank[value] for value in values] or [0], dtype=np.int32)[codes]
