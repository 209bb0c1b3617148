"""What is in a package: one frozen record that every description of the package is written from."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import Connection, func, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.document import Document
from transcripts.holdings import Conference, StageRecord
from transcripts.records import Recording, Signature
from transcripts.rights import Restriction, restrictions
from transcripts.rows import signature_of

# What a file is, by the end of its name: how people call the format, and its media type.
_FORMATS = {
    ".tei.xml": ("TEI XML, transcription of speech (ISO 24624)", "application/tei+xml"),
    ".vtt": ("WebVTT", "text/vtt"),
    ".srt": ("SubRip captions", "application/x-subrip"),
    ".jsonl": ("JSON Lines", "application/jsonl"),
    ".json": ("JSON", "application/json"),
    ".opus": ("Opus in Ogg", "audio/ogg"),
    ".mkv": ("Matroska", "video/x-matroska"),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the depositor says: who publishes, under which DOI and licence; whether originals go along."""

    publisher: str = ""
    doi: str = ""
    licence: str = ""
    originals: bool = True


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of the payload; `path` begins with 'data/'. `recording_id` is '' where it is of several."""

    path: str
    size: int
    sha512: str
    recording_id: str = ""

    @property
    def format(self) -> tuple[str, str]:
        """The name of its format and its media type."""
        name = PurePosixPath(self.path).name.lower()
        known = next((told for end, told in _FORMATS.items() if name.endswith(end)), None)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return known or (kind, kind)


@dataclass(frozen=True, slots=True)
class Said:
    """A passage as it is read, without its words.

    `translated_by` is the digest of a signature, '' for a person, None for nobody; `people` are those
    whose changes or judgements hold.
    """

    id: str
    recording_id: str
    translated_by: str | None
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What one person did to one recording: how many changes, from when to when."""

    recording_id: str
    reviewer: str
    changes: int
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a package holds. `documents` are what may be shown to everybody; `day` is today's."""

    wishes: Wishes
    day: str
    archive_id: str
    conferences: tuple[Conference, ...]
    documents: tuple[Document, ...]
    recordings: tuple[Recording, ...]
    stages: Mapping[str, Mapping[str, StageRecord]]
    signatures: Mapping[str, Signature]
    passages: tuple[Said, ...]
    reviews: tuple[Reviewed, ...]
    withheld: tuple[Restriction, ...]
    files: tuple[PackedFile, ...] = ()

    @property
    def name(self) -> str:
        """What the whole is called."""
        return "; ".join(each.title or each.id for each in self.conferences) or "Archive without a conference"


def contents(archive: Archive, found: tuple[Document, ...], wishes: Wishes, day: str) -> Contents:
    """What is in an archive, before anything is packed."""
    with archive.reading() as connection:
        meta = dict(connection.execute(select(schema.meta.c.key, schema.meta.c.value)).tuples().all())
        passages = tuple(_passages(connection))
        reviews = tuple(_reviews(connection))
        rows = connection.execute(select(schema.signatures).order_by(schema.signatures.c.digest))
        signatures = {row["digest"]: signature_of(row) for row in rows.mappings()}
    return Contents(
        wishes,
        day,
        meta["archive_id"],
        archive.conferences(),
        found,
        archive.recordings(),
        archive.all_stages(),
        signatures,
        passages,
        reviews,
        restrictions(archive),
    )


def _passages(connection: Connection) -> Iterator[Said]:
    table, places, changes = schema.readings.c, schema.review_places, schema.reviews
    people: dict[str, list[str]] = {}
    held = select(places.c.passage_id, changes.c.reviewer).distinct()
    held = held.join(changes, changes.c.id == places.c.review_id)
    for passage_id, reviewer in connection.execute(held.order_by(places.c.passage_id, changes.c.reviewer)):
        people.setdefault(passage_id, []).append(reviewer)
    columns = (table.id, table.recording_id, table.translation, table.signature)
    for row in connection.execute(select(*columns).order_by(table.recording_id, table.position, table.id)):
        by = None if row.translation is None else row.signature or ""
        yield Said(row.id, row.recording_id, by, tuple(people.get(row.id, ())))


def _reviews(connection: Connection) -> Iterator[Reviewed]:
    table = schema.reviews.c
    counted = select(
        table.recording_id, table.reviewer, func.count(), func.min(table.at), func.max(table.at)
    ).group_by(table.recording_id, table.reviewer)
    for row in connection.execute(counted.order_by(table.recording_id, table.reviewer)):
        yield Reviewed(*row)


__all__ = ["Contents", "PackedFile", "Reviewed", "Said", "Wishes", "contents"]
