"""The archive: everything said about the recordings, in one database.

The record is DIR/archive.sqlite, or a database of a PostgreSQL server; the originals stay
where they are and are referred to by sha256 and path. Machine layers are replaced a recording at a
time, each time in one transaction, so that a kill at any moment leaves either
the old layers or the new. What people write (reviews) is only ever added to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, exists, select

from transcripts import entries, keeping, overview, programme, schema
from transcripts.database import Database, upsert
from transcripts.errors import ArchiveError
from transcripts.holdings import (
    EVERYTHING,
    Conference,
    Entry,
    Failure,
    RecordingLayers,
    Selection,
    StageRecord,
    Summary,
    ThemeName,
)
from transcripts.meanings import embedding_signature
from transcripts.place import Place, place_of
from transcripts.records import Panel, Passage, Recording, Review, Signature, Speaker, SpeakerHint
from transcripts.rows import hint_of, layers_of, passage_of, recording_of, review_of, signature_of, stage_of
from transcripts.sqlite import DATABASE_NAME, SqliteDatabase
from transcripts.versions import MAKE_ONE, facts_of, prepare


class Archive:
    """An open archive. Use as a context manager, or call `close`.

    Every method raises ArchiveError when the database cannot be read or
    written: locked for long, full disk, read-only, damaged, out of reach.
    """

    def __init__(self, database: Database, files: Path | None) -> None:
        self._database = database
        self._known_conferences: tuple[str, tuple[Conference, ...]] | None = None  # with their revision
        self.files = files  # where index, results and the like lie; None in memory

    @classmethod
    def open(cls, place: Place, *, create: bool = False, upgrade: bool = True) -> Self:
        """The archive at a place; with `create`, a new one where there is none.

        One of an older version is brought up to date; without `upgrade` it stays as it is, and only what
        every version has may be asked of it.

        Raises ArchiveError when the directory is missing, is a file, holds no archive, or holds one
        that a newer symposia wrote; when the server of a database is not there or lets nobody in; and
        for a new one in a database where SYMPOSIA_FILES does not say where its files are to lie.
        """
        place = place_of(place)
        if isinstance(place, str):
            from transcripts.postgresql import PostgresqlDatabase

            return cls._prepared(PostgresqlDatabase(place), create=create, upgrade=upgrade)
        try:
            if place.exists() and not place.is_dir():
                raise ArchiveError(f"{place} is a file; an archive is a directory: {MAKE_ONE}")
            if not (place / DATABASE_NAME).exists():
                if not create:
                    what = "is not an archive" if place.exists() else "does not exist"
                    raise ArchiveError(f"{place} {what}; {MAKE_ONE}")
                place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"cannot open the archive {place}: {error.strerror}") from error
        return cls._prepared(SqliteDatabase(place), create=create, upgrade=upgrade)

    @classmethod
    def exists(cls, place: Place) -> bool:
        """Whether there is an archive at a place. Raises ArchiveError for a database out of reach."""
        place = place_of(place)
        database: Database
        if isinstance(place, Path):
            try:
                if not (place / DATABASE_NAME).exists():
                    return False
            except OSError as error:
                raise ArchiveError(f"cannot look for an archive in {place}: {error.strerror}") from error
            database = SqliteDatabase(place)
        else:
            from transcripts.postgresql import PostgresqlDatabase

            database = PostgresqlDatabase(place)
        try:
            return bool(facts_of(database))
        finally:
            database.engine.dispose()

    @classmethod
    def in_memory(cls) -> Self:
        """A new archive that is gone when closed; for tests."""
        return cls._prepared(SqliteDatabase(None), create=True)

    @classmethod
    def _prepared(cls, database: Database, *, create: bool, upgrade: bool = True) -> Self:
        try:
            return cls(database, prepare(database, create=create, upgrade=upgrade))
        except BaseException:
            database.engine.dispose()
            raise

    def close(self) -> None:
        self._database.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view of the archive, for functions of other modules that take a connection."""
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it happens, or nothing."""
        with self._database.writing() as connection:
            yield connection

    @contextmanager
    def hold(self, name: str, *, wait: bool = False) -> Iterator[bool]:
        """Hold something of the archive alone, against all processes at work on it; whether it could be had.

        `name` is that of a file. Ends with the process at the latest, however that ends (where a machine
        vanishes from a database's network: about a minute later). `wait` waits until it can be had.
        """
        with self._database.hold(name, wait=wait) as held:
            yield held

    def damage(self) -> list[str]:
        """What the database finds damaged in what it holds, in words; nothing where it is whole."""
        with self.reading() as connection:
            return self._database.damage(connection)

    def size_bytes(self) -> int:
        """What the record takes, without other files."""
        return self._database.size_bytes()

    # Writing

    def set_conference(self, conference: Conference) -> None:
        """Put down what the conference file says, raising the revision; doing it again changes nothing.

        Panels and speakers gone from the file are forgotten, unless recordings
        refer to them. Raises ArchiveError when another conference of this
        archive has a panel of the same id.
        """
        with self.writing() as connection:
            programme.put_conference(connection, conference)

    def keep(self, recording: Recording, layers: RecordingLayers, stages: Sequence[StageRecord]) -> bool:
        """Replace what machines said about a recording, in one transaction.

        Clears the recording's failure, leaves reviews alone, and raises the
        archive's revision. Where nothing differs from what is kept, nothing is
        written and the revision stays. Says whether something differed.
        """
        with self.writing() as connection:
            return keeping.put_recording(connection, recording, layers, stages)

    def fail(
        self, recording_id: str, panel_id: str, path: str, stage: str, reason: str, command: str
    ) -> None:
        """Note that a recording failed, why, and the command that tries again.

        Replaces its earlier failure. What was kept of the recording stays.
        """
        failure = Failure(recording_id, panel_id, path, stage, reason, command)
        with self.writing() as connection:
            upsert(connection, schema.failures, asdict(failure))

    def clear_failure(self, recording_id: str) -> None:
        """Forget a failure, as of a recording that the conference file no longer names."""
        with self.writing() as connection:
            keeping.clear_failure(connection, recording_id)

    # Reading: what the conferences are

    def conferences(self) -> tuple[Conference, ...]:
        """Every conference with its panels and speakers, as last set.

        Read again only when the archive's revision is another: every page asks for them.
        """
        with self.reading() as connection:
            revision = keeping.meta_value(connection, "revision")
            known = self._known_conferences
            if known is None or known[0] != revision:
                known = self._known_conferences = (revision, programme.conferences(connection))
        return known[1]

    def panels(self) -> tuple[Panel, ...]:
        """Panels of all conferences, in the order of their files."""
        with self.reading() as connection:
            return programme.panels(connection)

    def speakers(self) -> tuple[Speaker, ...]:
        """Speakers of all conferences, in the order of their files."""
        with self.reading() as connection:
            return programme.speakers(connection)

    # Reading: what was made of the recordings

    def recordings(self) -> tuple[Recording, ...]:
        with self.reading() as connection:
            rows = connection.execute(select(schema.recordings).order_by(schema.recordings.c.id)).mappings()
            return tuple(map(recording_of, rows))

    def recording(self, recording_id: str) -> Recording:
        """Raises ArchiveError when the archive has no such recording."""
        with self.reading() as connection:
            mine = schema.recordings.c.id == recording_id
            row = connection.execute(select(schema.recordings).where(mine)).mappings().one_or_none()
        if row is None:
            raise ArchiveError(
                f"{self._database.place} has no recording '{recording_id}'; 'symposia status' lists them"
            )
        return recording_of(row)

    def stages(self, recording_id: str) -> dict[str, StageRecord]:
        """What was done for a recording, by stage, in order; empty for an unknown one."""
        with self.reading() as connection:
            rows = keeping.stored_rows(connection, schema.stages, recording_id)
            signatures = _signatures(connection, {row["signature"] for row in rows})
        return {row["stage"]: stage_of(row, signatures) for row in rows}

    def all_stages(self) -> dict[str, dict[str, StageRecord]]:
        """`stages` of every recording that has any, in one query."""
        done: defaultdict[str, dict[str, StageRecord]] = defaultdict(dict)
        with self.reading() as connection:
            rows = (
                connection.execute(select(schema.stages).order_by(*schema.stages.primary_key))
                .mappings()
                .all()
            )
            signatures = _signatures(connection, {row["signature"] for row in rows})
        for row in rows:
            done[row["recording_id"]][row["stage"]] = stage_of(row, signatures)
        return dict(done)

    def layers(self, recording_id: str) -> RecordingLayers:
        """What `keep` was given; all empty for an unknown recording."""
        with self.reading() as connection:
            rows = {table: keeping.stored_rows(connection, table, recording_id) for table in schema.LAYERS}
            used = {row["signature"] for layer in rows.values() for row in layer if "signature" in row}
            return layers_of(rows, _signatures(connection, used))

    def passages(self, recording_id: str) -> tuple[Passage, ...]:
        with self.reading() as connection:
            return tuple(map(passage_of, keeping.stored_rows(connection, schema.passages, recording_id)))

    def notes(self) -> dict[str, tuple[str, ...]]:
        """What stages remarked, by recording, in one query."""
        said: defaultdict[str, list[str]] = defaultdict(list)
        table = schema.notes
        with self.reading() as connection:
            statement = select(table.c.recording_id, table.c.text).order_by(*table.primary_key)
            for recording_id, text in connection.execute(statement):
                said[recording_id].append(text)
        return {recording_id: tuple(texts) for recording_id, texts in said.items()}

    def speaker_hints(self) -> tuple[SpeakerHint, ...]:
        """Words that may say whose voice it is, for the voices that have no name yet."""
        table, turns = schema.speaker_hints, schema.turns
        named = exists().where(
            turns.c.recording_id == table.c.recording_id,
            turns.c.label == table.c.label,
            turns.c.speaker_id.is_not(None),
        )
        statement = select(table).where(~named).order_by(*table.primary_key)
        with self.reading() as connection:
            return tuple(map(hint_of, connection.execute(statement).mappings()))

    def failures(self) -> tuple[Failure, ...]:
        with self.reading() as connection:
            rows = connection.execute(select(schema.failures).order_by(schema.failures.c.recording_id))
            return tuple(Failure(**row) for row in rows.mappings())

    def reviews(self, passage_id: str | None = None) -> tuple[Review, ...]:
        """Reviews of one passage, or all, oldest first."""
        statement = select(schema.reviews).order_by(schema.reviews.c.id)
        if passage_id is not None:
            statement = statement.where(schema.reviews.c.passage_id == passage_id)
        with self.reading() as connection:
            return tuple(map(review_of, connection.execute(statement).mappings()))

    def entries(
        self, selection: Selection = EVERYTHING, *, limit: int | None = None, offset: int = 0
    ) -> list[Entry]:
        """Selected passages with what is shown beside them, in the order of the programme."""
        with self.reading() as connection:
            return entries.entries_by_time(connection, selection, limit, offset)

    def count(self, selection: Selection = EVERYTHING) -> int:
        """How many passages are selected."""
        with self.reading() as connection:
            return entries.count(connection, selection)

    def entries_by_id(
        self, passage_ids: Sequence[str], selection: Selection = EVERYTHING
    ) -> dict[str, Entry]:
        """Those of the passages that the archive has and that the selection takes."""
        with self.reading() as connection:
            return entries.entries_by_id(connection, passage_ids, selection)

    def present_passage(self, passage_id: str) -> str | None:
        """Its id, or that of the passage that holds now what it held; None where there is none."""
        with self.reading() as connection:
            return entries.present_passage(connection, passage_id)

    def entries_of_recordings(
        self, recording_ids: Sequence[str], selection: Selection = EVERYTHING
    ) -> list[Entry]:
        """The selected passages of these recordings, by recording and place."""
        with self.reading() as connection:
            return entries.entries_of_recordings(connection, recording_ids, selection)

    def theme_decisions(self) -> dict[str, dict[str, bool]]:
        """Whether passages belong to themes, as people said: by passage, then by theme."""
        found: defaultdict[str, dict[str, bool]] = defaultdict(dict)
        table = schema.reading_themes
        decided = select(table.c.passage_id, table.c.theme_id, table.c.belongs).where(table.c.decided)
        with self.reading() as connection:
            for passage_id, theme_id, belongs in connection.execute(decided.order_by(*table.primary_key)):
                found[passage_id][theme_id] = belongs
        return dict(found)

    # Reading: the archive as a whole

    def embedding_model(self) -> str | None:
        """The model of most of the embeddings, by which queries have to be embedded too."""
        with self.reading() as connection:
            digest = embedding_signature(connection)
            return _signatures(connection, [digest])[digest].model if digest else None

    def summary(self) -> Summary:
        """The archive in figures, for `symposia status`."""
        with self.reading() as connection:
            return overview.summary(connection)

    def dump(self) -> dict[str, Any]:
        """Everything that matters, JSON-able: archives of the same content dump equal.

        Left out are what depends on place and time: paths, failure texts, times
        of reviews, revisions. Vectors stand as the sha256 of their float32 bytes.
        """
        with self.reading() as connection:
            return overview.dump(connection)


def _signatures(connection: Connection, digests: Collection[str]) -> dict[str, Signature]:
    mine = schema.signatures.c.digest.in_(digests)
    rows = connection.execute(select(schema.signatures).where(mine)).mappings()
    return {row["digest"]: signature_of(row) for row in rows}


__all__ = [
    "Archive",
    "Conference",
    "Entry",
    "Failure",
    "RecordingLayers",
    "Selection",
    "StageRecord",
    "Summary",
    "ThemeName",
]
