"""The search index: a LanceDB table in the folder `index`, derived from the archive.

Texts are not copied into it, but for phrases as folded words: what is shown always
comes from the archive. `state.json` tells which revision of which archive a version
of the table belongs to; it is written last. After a kill at any moment the table is
put back to that version and follows the archive from there. Where there is any other
doubt, it is made anew.
"""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import lancedb
import pyarrow as pa
from lancedb.expr import col
from lancedb.index import FTS, Bitmap, BTree, IvfPq, LabelList
from sqlalchemy import Connection

from transcripts import entries
from transcripts.archive import Archive
from transcripts.database import chunks
from transcripts.errors import ArchiveError
from transcripts.files import in_object_store, remove, settle
from transcripts.index_columns import Columns
from transcripts.index_lookup import Lookup
from transcripts.index_rows import (
    made_by,
    passage_batches,
    present,
    row_batches,
    row_schema,
)
from transcripts.keeping import archive_and_revision
from transcripts.meanings import Meanings, embedding_signature
from transcripts.waiting import waited

_TABLE = "passages"
_UNUSED_AGE = timedelta(hours=1)  # younger versions of the table may still be read by another process
_DAMAGED = (RuntimeError, OSError, ValueError)  # what LanceDB raises over files it cannot use

# Rows up to which all are looked at, and the word index is made anew at every change, its statistics
# exact. Above, changed rows are looked at one by one until there are too many of them.
SMALL = 2_000
_UNINDEXED = 4_000
# Rows from which vectors are compared by an approximate index; fewer are compared one by one, in some
# 30 ms for 100,000.
VECTORS_INDEXED_FROM = 100_000

# What LanceDB keeps in memory of its files; by itself it would keep up to 7 GB.
_INDEX_CACHE_BYTES = 200_000_000
_METADATA_CACHE_BYTES = 100_000_000

# Tokens come analysed: LanceDB only splits them at blanks.
_WORDS = FTS(
    base_tokenizer="whitespace",
    lower_case=False,
    stem=False,
    remove_stop_words=False,
    ascii_folding=False,
    max_token_length=None,
)
_FILTERS = {
    "passage_id": BTree(),
    **{name: Bitmap() for name in ("recording_id", "panel_id", "language", "speaker", "state", "quality")},
    "themes": LabelList(),
    "names": LabelList(),
}

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class _Changes:
    """Passages whose rows do not fit, or are of passages that are gone; whether embeddings came or went."""

    stale: Collection[str] = ()
    gone: Collection[str] = ()
    moved: bool = False


@dataclass(frozen=True, slots=True)
class _State:
    """What a version of the table was made from."""

    made_by: str
    archive_id: str
    revision: int
    meanings: Meanings
    table_version: int = 0
    table_id: str = ""  # another one whenever all rows are made anew: then versions may begin again


class PassageIndex:
    """The index of one archive. Any number of threads may look things up.

    Lies in memory where the archive does, or where its directory cannot be
    written. Raises ArchiveError when it cannot be made.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        files = archive.files
        writable = files and (in_object_store(files) or os.access(files, os.W_OK))
        self._directory = files / "index" if files and writable else None
        self._session = _new_session()
        self._database: Any = None  # LanceDB's connection and the table that is written to, once there are
        self._table: Any = None
        self._state: _State | None = None
        self._in_use: tuple[_State, Lookup] | None = None  # of readers; never changed, only replaced
        self._unread: set[str] | None = None  # passages written since `_in_use`; None: nobody knows
        self._settled: set[str] = set()  # files of the table that the disk is known to hold
        self._one_writer = threading.RLock()

    def look_up(self, find: Callable[[Lookup], Found]) -> Found:
        """What `find` finds in the index, brought up to date; one that turns out damaged is made anew.

        Where another process made it anew, what was open is gone, and what is there now is opened.
        """
        lookup = self.refresh()
        try:
            return find(lookup)
        except _DAMAGED:
            self._let_go(lookup)
        try:
            return find(self.refresh())
        except _DAMAGED:
            self.rebuild()
            return find(self.refresh())

    def refresh(self) -> Lookup:
        """Bring the index up to the archive's revision; costs one small query when it is."""
        if lookup := self._current():
            return lookup
        with self._one_writer:
            return self._current() or self._follow()

    def rebuild(self) -> None:
        """Make the index anew from the archive, whatever is there."""
        with self._one_writer:
            self._remake()

    @property
    def _lookup(self) -> Lookup | None:
        return self._in_use[1] if self._in_use else None

    def _current(self) -> Lookup | None:
        """What readers use, if it is of the archive's revision."""
        if (in_use := self._in_use) is None:
            return None
        state, lookup = in_use
        with self._archive.reading() as connection:
            return lookup if _is_of(state, connection) else None

    def _let_go(self, lookup: Lookup) -> None:
        """Open the index again at the next search, unless somebody has."""
        with self._one_writer:
            if self._lookup is lookup:
                self._in_use, self._session = None, _new_session()

    def _follow(self) -> Lookup:
        try:
            with self._writing() as connection:
                self._connect()
                self._load()
                if self._state is None or not _is_of(self._state, connection):
                    self._update(connection)
                return self._read()
        except _DAMAGED:
            return self._remake()

    def _remake(self) -> Lookup:
        try:
            with self._writing() as connection:
                self._state = self._in_use = None
                self._settled.clear()
                if self._directory:
                    if self._directory.is_dir():
                        remove(self._directory / "state.json")  # first: it vouches for the rest
                    remove(self._directory)
                self._connect()
                self._update(connection)
                return self._read()
        except _DAMAGED as error:
            raise ArchiveError(
                f"the search index {self._directory or 'in memory'} cannot be written: {error}; "
                "make room on the disk and try again (it is made from the archive, which is not harmed)"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A view of the archive, for one process at a time; others wait.

        It is no older than what whoever wrote before has seen: one that was taken before the wait would
        make the index older again, all of it.
        """
        with (
            self._archive.hold("index", wait=True) if self._directory else nullcontext(),
            self._archive.reading() as connection,
        ):
            yield connection

    def _connect(self) -> None:
        if self._directory or not self._database:  # what is in memory is lost with its connection
            uri = str(self._directory.absolute()) if self._directory else "memory://"
            self._database = waited(lancedb.connect_async(uri, session=self._session))

    def _load(self) -> None:
        """Take up what this or another process wrote last, if it is whole."""
        if self._directory is None:
            return
        self._state = None
        try:
            read = json.loads((self._directory / "state.json").read_text("utf-8"))
            state = _State(**{**read, "meanings": Meanings.from_json(read["meanings"])})
        except (OSError, ValueError, TypeError, KeyError):
            return  # there is none, or not one of ours
        self._table = waited(self._database.open_table(_TABLE))
        if waited(self._table.version()) == state.table_version:
            self._state = state
        else:  # who wrote after that was killed
            waited(self._table.checkout(state.table_version))
            waited(self._table.restore())
            self._save(state)
        read = self._in_use and (self._in_use[0].table_id, waited(self._in_use[1].table.version()))
        if read != (state.table_id, waited(self._table.version())):
            self._unread = None  # another process has written

    def _read(self) -> Lookup:
        """Have readers use what was written: a handle of their own stays at its version."""
        assert self._state is not None
        table = waited(self._database.open_table(_TABLE))
        columns = self._lookup.columns if self._lookup else None
        if columns is None or self._unread is None:
            columns = Columns.read(table)
        elif self._unread:
            columns = columns.following(table, self._unread)
        indexes = waited(table.list_indices())
        lookup = Lookup(
            table,
            columns,
            self._state.meanings.said,
            embedded=bool(self._state.meanings.signature),
            approximate=any(index.columns == ["vector"] for index in indexes),
            whole=not any(waited(table.index_stats(index.name)).num_unindexed_rows for index in indexes),
        )
        self._in_use, self._unread = (self._state, lookup), set()
        return lookup

    def _update(self, connection: Connection) -> None:
        """Write what the archive has changed, or everything where that is not enough."""
        old = self._state
        archive_id, revision = archive_and_revision(connection)
        usable = (
            old is not None
            and (old.made_by, old.archive_id) == (made_by(), archive_id)
            and old.revision <= revision  # else the archive was put back from a copy
        )
        changes = _Changes()
        if old and usable and old.meanings.signature == embedding_signature(connection):
            changes = self._changes(connection, old)
            if not changes.moved and waited(self._table.count_rows()) > SMALL:  # means stay as they are
                new = dataclasses.replace(old, revision=revision)
                self._write_changes(connection, new, changes)
                self._save(new)
                return
        new = _State(made_by(), archive_id, revision, Meanings.of(connection), table_id=uuid.uuid4().hex)
        if old and usable and not old.meanings.moved(new.meanings):
            new = dataclasses.replace(old, revision=revision)
            self._write_changes(connection, new, changes)
        else:
            self._write_all(connection, new, analysed_until=old.revision if old and usable else None)
        self._save(new)

    def _write_all(self, connection: Connection, state: _State, analysed_until: int | None) -> None:
        """Every row. Words analysed up to a revision are taken from the table."""
        self._unread = None

        def known_words(recordings: Collection[str]) -> dict[str, str]:
            return {} if analysed_until is None else self._known_words(connection, recordings, analysed_until)

        batches = row_batches(connection, entries.recording_ids(connection), state.meanings, known_words)
        reader = pa.RecordBatchReader.from_batches(row_schema(state.meanings.dimensions), batches)
        there = _TABLE in waited(self._database.list_tables()).tables
        mode = "overwrite" if there else "create"
        self._table = waited(self._database.create_table(_TABLE, reader, mode=mode))
        waited(self._table.create_index("words", config=_WORDS, replace=True))
        rows = waited(self._table.count_rows())
        if rows > SMALL:
            for column, config in _FILTERS.items():
                waited(self._table.create_index(column, config=config))
        if rows >= VECTORS_INDEXED_FROM and state.meanings.signature:
            waited(self._table.create_index("vector", config=IvfPq(distance_type="dot")))
        waited(self._table.optimize(cleanup_older_than=_UNUSED_AGE))

    def _write_changes(self, connection: Connection, state: _State, changes: _Changes) -> None:
        """Rows of passages that the archive has changed or lost."""
        stale = sorted(changes.stale)
        for ids in chunks([*stale, *changes.gone]):
            waited(self._table.delete(_among("passage_id", ids)))
        for batch in passage_batches(connection, stale, state.meanings):
            waited(self._table.add(pa.Table.from_batches([batch])))
        if self._unread is not None:
            self._unread |= {*stale, *changes.gone}
        if waited(self._table.count_rows()) <= SMALL:
            self._unread = None
            waited(self._table.create_index("words", config=_WORDS, replace=True))
            waited(self._table.optimize(cleanup_older_than=_UNUSED_AGE))
        elif waited(self._table.index_stats("words_idx")).num_unindexed_rows > _UNINDEXED:
            self._unread = None
            waited(self._table.optimize(cleanup_older_than=_UNUSED_AGE))

    def _changes(self, connection: Connection, fitted: _State) -> _Changes:
        """Which rows do not fit the archive any more, of a table that fitted it once."""
        since = fitted.revision
        changed = entries.changed_recordings(connection, since)
        lost = self._recordings() - set(entries.recording_ids(connection))
        now = present(connection, changed, fitted.meanings.signature)
        rows = [
            row
            for ids in chunks([*changed, *sorted(lost)])
            for row in self._rows(ids, ["passage_id", "panel_id", "vectors", "names"])
        ]
        there = {row["passage_id"]: (row["panel_id"], row["vectors"], tuple(row["names"])) for row in rows}
        stale = {passage_id for passage_id, state in now.items() if there.get(passage_id) != state}
        gone = there.keys() - now.keys()
        read_anew = entries.changed_passages(connection, since)
        return _Changes(stale | read_anew, gone, moved=bool(stale or gone))

    def _recordings(self) -> set[str]:
        """Those that the table has rows of, and perhaps some that it had."""
        if self._lookup is not None and self._unread is not None:
            return set(self._lookup.columns.values["recording_id"])
        found = waited(self._table.query().select(["recording_id"]).to_arrow())
        return set(found["recording_id"].unique().to_pylist())

    def _rows(self, recordings: Collection[str], columns: list[str]) -> list[dict[str, Any]]:
        query = self._table.query().where(_among("recording_id", recordings)).select(columns)
        rows: list[dict[str, Any]] = waited(query.to_list())
        return rows

    def _known_words(self, connection: Connection, recordings: Collection[str], since: int) -> dict[str, str]:
        """Analysed words that the table has of passages that read as they did at a revision."""
        rows = self._rows(recordings, ["passage_id", "words"])
        words = {row["passage_id"]: row["words"] for row in rows}
        for passage_id in entries.changed_passages(connection, since):
            words.pop(passage_id, None)
        return words

    def _save(self, state: _State) -> None:
        self._state = dataclasses.replace(state, table_version=waited(self._table.version()))
        if self._directory:
            text, name = json.dumps(dataclasses.asdict(self._state)), "state.json"
            if in_object_store(self._directory):  # an object is there when all of it is
                (self._directory / name).write_text(text, "utf-8")
                return
            written = self._directory / f"{name}.new"
            written.write_text(text, "utf-8")
            settle(self._directory, self._settled)
            written.replace(self._directory / name)


def _new_session() -> lancedb.Session:
    return lancedb.Session(_INDEX_CACHE_BYTES, _METADATA_CACHE_BYTES)


def _is_of(state: _State, connection: Connection) -> bool:
    """Whether a table was made from the archive as it is now, by the code as it is now."""
    followed = (state.archive_id, state.revision) == archive_and_revision(connection)
    return followed and state.made_by == made_by()


def _among(column: str, ids: Iterable[str]) -> str:
    filter_: str = col(column).isin(ids).to_sql()
    return filter_
