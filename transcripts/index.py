"""The search index: a LanceDB table in DIR/index, derived from the archive.

Texts are not copied into it: what is shown always comes from the archive.
`state.json` tells which revision of which archive a version of the table
belongs to; it is written last, so that after a kill at any moment, as with any
other doubt, the table is made anew.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

os.environ.setdefault("LANCEDB_LOG", "error")  # it warns on the terminal; read when it is imported

import lancedb
import numpy as np
import pyarrow as pa
from filelock import FileLock
from lancedb.expr import Expr, col, lit
from lancedb.index import FTS
from numpy.typing import NDArray
from sqlalchemy import Connection

from transcripts import entries
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.holdings import Selection
from transcripts.index_rows import language_offsets, made_by, row_batches, row_schema
from transcripts.keeping import meta_value
from transcripts.offsets import LanguageOffsets

_TABLE = "passages"
_SMALL = 20_000  # rows up to which the word index is always made anew, its statistics exact
_UNUSED_AGE = timedelta(hours=1)  # younger versions of the table may still be read by another process
_DAMAGED = (RuntimeError, OSError, ValueError)  # what LanceDB raises over files it cannot use

# Tokens come analysed: LanceDB only splits them at blanks.
_WORDS = FTS(
    base_tokenizer="whitespace",
    lower_case=False,
    stem=False,
    remove_stop_words=False,
    ascii_folding=False,
    max_token_length=None,
)

Found = TypeVar("Found")
QueryVector = Sequence[float] | NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _State:
    """What a version of the table was made from."""

    made_by: str
    archive_id: str
    revision: int
    signature: str  # digest of the embeddings' signature; '' where there are none
    offsets: LanguageOffsets
    table_version: int = 0


class PassageIndex:
    """The index of one archive; `refresh` comes before looking up.

    Lies in memory where the archive does, or where its directory cannot be
    written. Raises ArchiveError when it cannot be made.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        directory = archive.directory
        self._directory = directory / "index" if directory and os.access(directory, os.W_OK) else None
        self._database: Any = None  # LanceDB's connection and table, once there are
        self._table: Any = None
        self._state: _State | None = None

    # Looking up

    def by_words(self, tokens: Sequence[str], selection: Selection, limit: int) -> list[tuple[str, float]]:
        """Passages with any of the tokens: ids and BM25 scores, best first."""
        if not tokens:
            return []

        def look_up() -> list[dict[str, Any]]:
            query = self._table.search(" ".join(tokens), query_type="fts", fts_columns="words")
            return _rows(_narrowed(query, selection).limit(limit), "passage_id", "_score")

        found = [(row["passage_id"], row["_score"]) for row in self._surely(look_up)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def by_meaning(self, vector: QueryVector, selection: Selection, limit: int) -> list[tuple[str, float]]:
        """Passages near a query's vector of shape (dim,): ids and cosines above 0, best first.

        Every vector is compared: exact, and fast enough up to some 100,000 passages.
        Raises ArchiveError when the vector is not of the length of the archive's.
        """
        if self._state is None or not self._state.signature:
            return []
        if len(vector) != self._state.offsets.dimensions:
            raise ArchiveError(
                f"the query's embedding has {len(vector)} numbers, the archive's have "
                f"{self._state.offsets.dimensions}; search with the profile that the archive was made with"
            )

        def look_up() -> list[dict[str, Any]]:
            query = self._table.search(
                np.asarray(vector, dtype=np.float32), vector_column_name="vector"
            ).distance_type("dot")
            return _rows(_narrowed(query, selection).limit(limit), "passage_id", "_distance")

        found = [(row["passage_id"], 1.0 - row["_distance"]) for row in self._surely(look_up)]
        return sorted((hit for hit in found if hit[1] > 0), key=lambda hit: (-hit[1], hit[0]))

    def _surely(self, look_up: Callable[[], Found]) -> Found:
        """Look up; an index that turns out damaged is made anew."""
        try:
            return look_up()
        except _DAMAGED:
            self.rebuild()
            return look_up()

    # Keeping up with the archive

    def refresh(self) -> None:
        """Bring the index up to the archive's revision; costs two small queries when it is."""
        with self._archive.reading() as connection:
            if self._is_current(connection):
                return
            try:
                with self._lock():
                    self._connect()
                    self._load()
                    if not self._is_current(connection):
                        self._update(connection)
            except _DAMAGED:
                self._remake(connection)

    def rebuild(self) -> None:
        """Make the index anew from the archive, whatever is there."""
        with self._archive.reading() as connection:
            self._remake(connection)

    def _remake(self, connection: Connection) -> None:
        try:
            with self._lock():
                self._state = None
                if self._directory and self._directory.is_dir():
                    shutil.rmtree(self._directory)
                elif self._directory:
                    self._directory.unlink(missing_ok=True)
                self._connect()
                self._update(connection)
        except _DAMAGED as error:
            raise ArchiveError(
                f"the search index {self._directory or 'in memory'} cannot be written: {error}; "
                "make room on the disk and try again (it is made from the archive, which is not harmed)"
            ) from error

    def _lock(self) -> AbstractContextManager[object]:
        """One process writes at a time; others wait for it."""
        return FileLock(self._directory.with_suffix(".lock")) if self._directory else nullcontext()

    def _connect(self) -> None:
        if self._directory or not self._database:  # what is in memory is lost with its connection
            self._database = lancedb.connect(self._directory or "memory://")

    def _is_current(self, connection: Connection) -> bool:
        if self._state is None:
            return False
        archive = (meta_value(connection, "archive_id"), int(meta_value(connection, "revision")))
        return (self._state.archive_id, self._state.revision) == archive and self._state.made_by == made_by()

    def _load(self) -> None:
        """Take up what this or another process wrote last, if it is whole."""
        if self._directory is None:
            return
        self._state = None
        try:
            read = json.loads((self._directory / "state.json").read_text("utf-8"))
            state = _State(**{**read, "offsets": LanguageOffsets(**read["offsets"])})
        except (OSError, ValueError, TypeError, KeyError):
            return  # there is none, or not one of ours
        self._table = self._database.open_table(_TABLE)
        if self._table.version == state.table_version:
            self._state = state

    def _update(self, connection: Connection) -> None:
        """Write what the archive has changed, or everything where that is not enough."""
        old = self._state
        signature = entries.embedding_signature(connection)
        new = _State(
            made_by=made_by(),
            archive_id=meta_value(connection, "archive_id"),
            revision=int(meta_value(connection, "revision")),
            signature=signature,
            offsets=language_offsets(connection, signature),
        )
        if old is None or (old.made_by, old.archive_id) != (new.made_by, new.archive_id):
            self._write_all(connection, new, analysed_until=None)
        elif old.signature != new.signature or old.offsets.moved(new.offsets):
            self._write_all(connection, new, analysed_until=old.revision)
        else:
            new = dataclasses.replace(new, offsets=old.offsets)
            self._write_changes(connection, new, since=old.revision)
        self._table.optimize(cleanup_older_than=_UNUSED_AGE)
        self._save(new)

    def _write_all(self, connection: Connection, state: _State, analysed_until: int | None) -> None:
        """Every row. Words analysed up to a revision are taken from the table."""
        table = self._table
        changed = (
            set() if analysed_until is None else set(entries.changed_recordings(connection, analysed_until))
        )

        def known_words(recordings: Collection[str]) -> dict[str, str]:
            if analysed_until is None:
                return {}
            same = _recordings([r for r in recordings if r not in changed])
            rows = _rows(table.search().where(same).limit(None), "passage_id", "words")
            return {row["passage_id"]: row["words"] for row in rows}

        batches = row_batches(
            connection, entries.recording_ids(connection), state.signature, state.offsets, known_words
        )
        reader = pa.RecordBatchReader.from_batches(row_schema(state.offsets.dimensions), batches)
        there = _TABLE in self._database.list_tables().tables
        self._table = self._database.create_table(_TABLE, reader, mode="overwrite" if there else "create")
        self._table.create_index("words", config=_WORDS, replace=True)

    def _write_changes(self, connection: Connection, state: _State, since: int) -> None:
        """Rows of recordings that the archive has changed or lost."""
        changed = entries.changed_recordings(connection, since)
        kept = set(entries.recording_ids(connection))
        column = self._table.search().select(["recording_id"]).limit(None).to_arrow()["recording_id"]
        lost = set(column.unique().to_pylist()) - kept
        self._table.delete(_recordings([*changed, *lost]))
        for batch in row_batches(connection, changed, state.signature, state.offsets):
            self._table.add(pa.Table.from_batches([batch]))
        if self._table.count_rows() <= _SMALL:
            self._table.create_index("words", config=_WORDS, replace=True)

    def _save(self, state: _State) -> None:
        self._state = dataclasses.replace(state, table_version=self._table.version)
        if self._directory:
            written = self._directory / "state.json.new"
            written.write_text(json.dumps(dataclasses.asdict(self._state)), "utf-8")
            written.replace(self._directory / "state.json")


def _recordings(ids: Iterable[str]) -> str:
    return col("recording_id").isin(ids).to_sql()


def _rows(query: Any, *columns: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = query.select(list(columns)).to_list()
    return rows


def _narrowed(query: Any, selection: Selection) -> Any:
    """A query to the selected passages only. Values reach the filter as quoted literals."""
    filters: list[str] = []

    def only(column: str, values: Iterable[str] | None) -> None:
        if values is not None:
            filters.append(col(column).isin(sorted(values)).to_sql())

    only("language", selection.languages)
    only("panel_id", selection.panels)
    if selection.themes is not None:
        themes = ", ".join(lit(theme).to_sql() for theme in sorted(selection.themes))
        filters.append(f"array_has_any(themes, [{themes}])" if themes else "false")
    if selection.speakers is not None:
        ids = sorted({speaker for _, speaker in selection.speakers})
        unnamed = (col("speaker_id") == lit("")) & (col("speaker_label") == lit(selection.speaker_label))
        named: Expr = col("speaker_id").isin(ids)
        filters.append((named | unnamed).to_sql())
    return query.where(" AND ".join(f"({one})" for one in filters), prefilter=True) if filters else query
