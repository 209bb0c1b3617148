"""The tables of the archive, in SQLAlchemy Core.

Written in what SQLite and PostgreSQL share: doubles, JSON, bytes, deferred
foreign keys. Every layer of a recording is a table keyed by (recording_id,
position), where position is the place in the layer's tuple, so that what was
kept comes back in its order. docs/archive.md explains each table.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

SCHEMA_VERSION = 4  # raised whenever an older symposia could misread the tables

# Constraint names are given so that a later migration can refer to them.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str) -> Column[float]:
    return Column(name, Double, nullable=False)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


def _refers(name: str, target: str) -> Column[str]:
    """A foreign key that is checked when the transaction ends.

    So a layer can be replaced while the layers that refer to it stay.
    """
    key = ForeignKey(target, deferrable=True, initially="DEFERRED")
    return Column(name, Text, key, nullable=False)


def _layer(name: str, *items: SchemaItem) -> Table:
    """A table of one recording's layer."""
    return Table(
        name,
        METADATA,
        _refers("recording_id", "recordings.id"),
        Column("position", Integer, nullable=False),
        *items,
        PrimaryKeyConstraint("recording_id", "position"),
    )


# revision: raised by every change that the search index must follow.
# archive_id: tells an index that it belongs to another archive.
meta = Table("meta", METADATA, Column("key", Text, primary_key=True), _text("value"))

conferences = Table(
    "conferences",
    METADATA,
    Column("id", Text, primary_key=True),
    _text("title"),
    _text("target_language"),
    _json("glossary"),  # list of objects, as the conference file gives them
    _json("themes"),  # list of [theme id, name]
)

speakers = Table(
    "speakers",
    METADATA,
    _refers("conference_id", "conferences.id"),
    _text("id"),
    Column("position", Integer, nullable=False),
    _text("name"),
    _text("affiliation"),
    _json("languages"),
    PrimaryKeyConstraint("conference_id", "id"),
)

panels = Table(
    "panels",
    METADATA,
    Column("id", Text, primary_key=True),
    _refers("conference_id", "conferences.id"),
    Column("position", Integer, nullable=False),
    _text("title"),
    _json("languages"),
    _text("held_on"),
    _json("speaker_ids"),
)

# A path is JSON, not text: file names that are not UTF-8 must survive.
recordings = Table(
    "recordings",
    METADATA,
    Column("id", Text, primary_key=True),
    _refers("panel_id", "panels.id"),
    _json("path"),
    _text("sha256"),
    _number("duration_s"),
    _text("kind"),
    Column("revision", Integer, nullable=False, index=True),  # the archive's, when last changed
)

failures = Table(
    "failures",
    METADATA,
    Column("recording_id", Text, primary_key=True),  # may never have become a recording
    _refers("panel_id", "panels.id"),
    _json("path"),
    _text("stage"),
    _json("reason"),
    _json("command"),
)

signatures = Table(
    "signatures",
    METADATA,
    Column("digest", Text, primary_key=True),
    _text("component"),
    _text("model"),
    _text("revision"),
    _text("licence"),
    _json("options"),
    _text("code_version"),
)

stages = _layer(
    "stages",
    _text("stage"),
    _text("key"),
    _text("digest"),
    _text("signature"),  # empty for files that were read
    UniqueConstraint("recording_id", "stage"),
)

segments = _layer(
    "segments",
    _text("id"),
    _number("start_s"),
    _number("end_s"),
    _text("language"),
    _number("language_probability"),
    _text("text"),
    _json("words"),  # list of [text, start_s, end_s, probability]
    _number("confidence"),
    Column("speaker", Text),
    _json("flags"),
    Column("channel", Integer),
    UniqueConstraint("recording_id", "id"),
)

gaps = _layer("gaps", _number("start_s"), _number("end_s"), _text("reason"))

turns = _layer(
    "turns",
    _number("start_s"),
    _number("end_s"),
    _text("label"),
    Column("speaker_id", Text),
    Column("channel", Integer),
)

speaker_hints = _layer(
    "speaker_hints",
    _number("at_s"),
    _text("label"),
    _text("heard"),
    _text("why"),
    _text("quote"),
    Column("speaker_id", Text),
)

passages = _layer(
    "passages",
    Column("id", Text, nullable=False, unique=True),
    Column("ordinal", Integer, nullable=False),
    _number("start_s"),
    _number("end_s"),
    Column("speaker_id", Text),
    _text("speaker_label"),
    _text("language"),
    _text("text"),
    _json("segment_ids"),
    _number("confidence"),
    _json("flags"),
    _number("speaker_share"),
    Index(None, "language", "id"),
)

translations = _layer(
    "translations",
    _refers("passage_id", "passages.id"),
    _text("language"),
    _text("text"),
    _number("quality"),
    _refers("signature", "signatures.digest"),
    _json("flags"),
    UniqueConstraint("passage_id", "language"),
)

theme_tags = _layer(
    "theme_tags",
    _refers("passage_id", "passages.id"),
    _text("theme_id"),
    _number("score"),
    Column("assigned", Boolean, nullable=False),
    _refers("signature", "signatures.digest"),
    Column("evidence_start", Integer),  # characters of the passage's text
    Column("evidence_end", Integer),
    _text("nearest"),
    UniqueConstraint("passage_id", "theme_id"),
)

embeddings = _layer(
    "embeddings",
    _refers("passage_id", "passages.id"),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, shape (dim,)
    _refers("signature", "signatures.digest"),
    UniqueConstraint("passage_id", "signature"),
)

clauses = _layer(
    "clauses",
    _refers("passage_id", "passages.id"),
    Column("start", Integer, nullable=False),  # characters of the passage's text
    Column("end", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # as in embeddings
    _refers("signature", "signatures.digest"),
)

notes = _layer("notes", _text("text"))

# Append-only. No foreign key: a correction outlives the passage it was made on.
reviews = Table(
    "reviews",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("passage_id", Text, nullable=False, index=True),
    _text("field"),
    _text("before"),
    _text("after"),
    _text("reviewer"),
    _text("at"),
    _text("state"),
    Column("recording_id", Text, nullable=False, index=True),
    _number("start_s"),
    _number("end_s"),
    _text("text"),  # of the passage, as the person had it before them
    _text("sha256"),  # of the recording then
    _json("detail"),
)

# Where the reviews that hold are found now. Derived; a passage_id of '' is nowhere.
review_places = Table(
    "review_places",
    METADATA,
    Column("review_id", Integer, nullable=False),
    Column("passage_id", Text, nullable=False, index=True),
    Column("recording_id", Text, nullable=False, index=True),
    PrimaryKeyConstraint("review_id", "passage_id"),
)

# Passages as they are read: machine layers with what people changed. Derived from both, and made
# again in the transaction that changes either, so that reading is one query on plain columns.
readings = Table(
    "readings",
    METADATA,
    Column("id", Text, primary_key=True),
    _refers("recording_id", "recordings.id"),
    Column("position", Integer, nullable=False),
    _text("origin"),  # the machine's passage whose embedding stands for it
    _number("start_s"),
    _number("end_s"),
    Column("speaker_id", Text),
    _text("speaker_label"),
    _text("language"),
    _text("text"),
    _json("segment_ids"),
    _number("confidence"),
    _json("flags"),
    _number("speaker_share"),
    Column("translation", Text),
    Column("quality", Double),
    Column("signature", Text),  # of the translation; none where a person wrote it
    _json("translation_flags"),
    _text("state"),
    _text("reviewer"),
    _number("doubt"),
    Column("revision", Integer, nullable=False),  # the archive's, when last changed
    Index(None, "recording_id", "position", "id"),
    Index(None, "language", "recording_id"),
    Index(None, "origin"),
    Index(None, "state", "doubt", "id"),
    Index(None, "revision"),
)

reading_themes = Table(
    "reading_themes",
    METADATA,
    _refers("passage_id", "readings.id"),
    _text("theme_id"),
    _refers("recording_id", "recordings.id"),
    Column("belongs", Boolean, nullable=False),
    Column("decided", Boolean, nullable=False),  # by a person
    _number("score"),
    Column("evidence_start", Integer),  # characters of the text
    Column("evidence_end", Integer),
    PrimaryKeyConstraint("passage_id", "theme_id"),
    Index(None, "theme_id", "belongs", "passage_id"),
    Index(None, "recording_id"),
)

# What is withheld from all but editors: kept, and shown again once it is lifted or its time is over.
restrictions = Table(
    "restrictions",
    METADATA,
    Column("id", Integer, primary_key=True),
    _text("kind"),  # panel, speaker or passage
    _text("target"),  # its id
    _text("reason"),
    _text("until"),  # ISO 8601 date on which it ends; empty for never
    _text("by"),
    _text("at"),
    _text("lifted_by"),  # empty while it holds
    _text("lifted_at"),
    Column("recording_id", Text),  # of a passage, with its time: a passage's id may change
    Column("start_s", Double),
    Column("end_s", Double),
    Index(None, "kind", "target"),
    Index(None, "recording_id"),
)

# People who may log in. Nothing here is content: it is left out of dumps and exports.
users = Table(
    "users",
    METADATA,
    Column("name", Text, primary_key=True),
    _text("role"),  # reader, editor or administrator
    _text("password"),  # argon2id, with its own salt and parameters
    _text("at"),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token", Text, primary_key=True),  # sha256 of what the browser holds
    Column("name", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    _number("ends_at_s"),  # Unix time
)

login_attempts = Table(
    "login_attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    _text("name"),
    _text("address"),
    Column("at_s", Double, nullable=False, index=True),  # Unix time
)

# What `keep` replaces, in the order in which layers build on each other.
LAYERS = (
    stages,
    segments,
    gaps,
    turns,
    speaker_hints,
    passages,
    translations,
    theme_tags,
    embeddings,
    clauses,
    notes,
)
