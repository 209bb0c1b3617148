"""The tables of the archive, in SQLAlchemy Core.

Written in what SQLite and PostgreSQL share: doubles, JSON, bytes, deferred
foreign keys. Every layer of a recording is a table keyed by (recording_id,
position), where position is the place in the layer's tuple, so that what was
kept comes back in its order. docs/archive.md explains each table.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from transcripts.columns import METADATA, TEXT, json, layer, number, refers, text

SCHEMA_VERSION = 6  # raised whenever an older symposia could misread the tables

# revision: raised by every change that the search index must follow.
# archive_id: tells an index that it belongs to another archive.
meta = Table("meta", METADATA, Column("key", TEXT, primary_key=True), text("value"))

conferences = Table(
    "conferences",
    METADATA,
    Column("id", TEXT, primary_key=True),
    text("title"),
    text("target_language"),
    json("glossary"),  # list of objects, as the conference file gives them
    json("themes"),  # list of [theme id, name]
)

speakers = Table(
    "speakers",
    METADATA,
    refers("conference_id", "conferences.id"),
    text("id"),
    Column("position", Integer, nullable=False),
    text("name"),
    text("affiliation"),
    json("languages"),
    PrimaryKeyConstraint("conference_id", "id"),
)

panels = Table(
    "panels",
    METADATA,
    Column("id", TEXT, primary_key=True),
    refers("conference_id", "conferences.id"),
    Column("position", Integer, nullable=False),
    text("title"),
    json("languages"),
    text("held_on"),
    json("speaker_ids"),
)

# A path is JSON, not text: file names that are not UTF-8 must survive.
recordings = Table(
    "recordings",
    METADATA,
    Column("id", TEXT, primary_key=True),
    refers("panel_id", "panels.id"),
    json("path"),
    text("sha256"),
    number("duration_s"),
    text("kind"),
    Column("revision", Integer, nullable=False, index=True),  # the archive's, when last changed
)

failures = Table(
    "failures",
    METADATA,
    Column("recording_id", TEXT, primary_key=True),  # may never have become a recording
    refers("panel_id", "panels.id"),
    json("path"),
    text("stage"),
    json("reason"),
    json("command"),
)

signatures = Table(
    "signatures",
    METADATA,
    Column("digest", TEXT, primary_key=True),
    text("component"),
    text("model"),
    text("revision"),
    text("licence"),
    json("options"),
    text("code_version"),
)

stages = layer(
    "stages",
    text("stage"),
    text("key"),
    text("digest"),
    text("signature"),  # empty for files that were read
    UniqueConstraint("recording_id", "stage"),
)

segments = layer(
    "segments",
    text("id"),
    number("start_s"),
    number("end_s"),
    text("language"),
    number("language_probability"),
    text("text"),
    json("words"),  # list of [text, start_s, end_s, probability]
    number("confidence"),
    Column("speaker", TEXT),
    json("flags"),
    Column("channel", Integer),
    UniqueConstraint("recording_id", "id"),
)

gaps = layer("gaps", number("start_s"), number("end_s"), text("reason"))

turns = layer(
    "turns",
    number("start_s"),
    number("end_s"),
    text("label"),
    Column("speaker_id", TEXT),
    Column("channel", Integer),
)

speaker_hints = layer(
    "speaker_hints",
    number("at_s"),
    text("label"),
    text("heard"),
    text("why"),
    text("quote"),
    Column("speaker_id", TEXT),
)

passages = layer(
    "passages",
    Column("id", TEXT, nullable=False, unique=True),
    Column("ordinal", Integer, nullable=False),
    number("start_s"),
    number("end_s"),
    Column("speaker_id", TEXT),
    text("speaker_label"),
    text("language"),
    text("text"),
    json("segment_ids"),
    number("confidence"),
    json("flags"),
    number("speaker_share"),
    Index(None, "language", "id"),
)

translations = layer(
    "translations",
    refers("passage_id", "passages.id"),
    text("language"),
    text("text"),
    number("quality"),
    refers("signature", "signatures.digest"),
    json("flags"),
    UniqueConstraint("passage_id", "language"),
)

theme_tags = layer(
    "theme_tags",
    refers("passage_id", "passages.id"),
    text("theme_id"),
    number("score"),
    Column("assigned", Boolean, nullable=False),
    refers("signature", "signatures.digest"),
    Column("evidence_start", Integer),  # characters of the passage's text
    Column("evidence_end", Integer),
    text("nearest"),
    UniqueConstraint("passage_id", "theme_id"),
)

embeddings = layer(
    "embeddings",
    refers("passage_id", "passages.id"),
    Column("vector", LargeBinary, nullable=False),  # float32, little-endian, shape (dim,)
    refers("signature", "signatures.digest"),
    UniqueConstraint("passage_id", "signature"),
)

translation_embeddings = layer(
    "translation_embeddings",
    refers("passage_id", "passages.id"),
    text("language"),  # of the translation
    Column("vector", LargeBinary, nullable=False),  # as in embeddings
    refers("signature", "signatures.digest"),
    UniqueConstraint("passage_id", "language", "signature"),
)

clauses = layer(
    "clauses",
    refers("passage_id", "passages.id"),
    Column("start", Integer, nullable=False),  # characters of the passage's text
    Column("end", Integer, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # as in embeddings
    refers("signature", "signatures.digest"),
)

names = layer(
    "names",
    refers("passage_id", "passages.id"),
    Column("start", Integer, nullable=False),  # characters of the passage's text
    Column("end", Integer, nullable=False),
    text("kind"),
    text("target_id"),  # of the glossary or of a speaker; empty where it is not known whose name it is
    refers("signature", "signatures.digest"),
    Index(None, "target_id"),
)

notes = layer("notes", text("text"))


# Append-only. No foreign key: a correction outlives the passage it was made on.
reviews = Table(
    "reviews",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("passage_id", TEXT, nullable=False, index=True),
    text("field"),
    text("before"),
    text("after"),
    text("reviewer"),
    text("at"),
    text("state"),
    Column("recording_id", TEXT, nullable=False, index=True),
    number("start_s"),
    number("end_s"),
    text("text"),  # of the passage, as the person had it before them
    text("sha256"),  # of the recording then
    json("detail"),
)

# Where the reviews that hold are found now. Derived; a passage_id of '' is nowhere.
review_places = Table(
    "review_places",
    METADATA,
    Column("review_id", Integer, nullable=False),
    Column("passage_id", TEXT, nullable=False, index=True),
    Column("recording_id", TEXT, nullable=False, index=True),
    PrimaryKeyConstraint("review_id", "passage_id"),
)

# Passages as they are read: machine layers with what people changed. Derived from both, and made
# again in the transaction that changes either, so that reading is one query on plain columns.
readings = Table(
    "readings",
    METADATA,
    Column("id", TEXT, primary_key=True),
    refers("recording_id", "recordings.id"),
    Column("position", Integer, nullable=False),
    text("origin"),  # the machine's passage whose embedding stands for it
    number("start_s"),
    number("end_s"),
    Column("speaker_id", TEXT),
    text("speaker_label"),
    text("language"),
    text("text"),
    json("segment_ids"),
    number("confidence"),
    json("flags"),
    number("speaker_share"),
    Column("translation", TEXT),
    Column("quality", Double),
    Column("signature", TEXT),  # of the translation; none where a person wrote it
    json("translation_flags"),
    text("state"),
    text("reviewer"),
    number("doubt"),
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
    refers("passage_id", "readings.id"),
    text("theme_id"),
    refers("recording_id", "recordings.id"),
    Column("belongs", Boolean, nullable=False),
    Column("decided", Boolean, nullable=False),  # by a person
    number("score"),
    Column("evidence_start", Integer),  # characters of the text
    Column("evidence_end", Integer),
    PrimaryKeyConstraint("passage_id", "theme_id"),
    Index(None, "theme_id", "belongs", "passage_id"),
    Index(None, "recording_id"),
)

# Where passages were that are no more: what cites them still leads to what was said.
former_passages = Table(
    "former_passages",
    METADATA,
    Column("id", TEXT, primary_key=True),
    text("recording_id"),
    number("start_s"),
    number("end_s"),
)

# What is withheld from all but editors: kept, and shown again once it is lifted or its time is over.
restrictions = Table(
    "restrictions",
    METADATA,
    Column("id", Integer, primary_key=True),
    text("kind"),  # panel, speaker or passage
    text("target"),  # its id
    text("reason"),
    text("until"),  # ISO 8601 date on which it ends; empty for never
    text("by"),
    text("at"),
    text("lifted_by"),  # empty while it holds
    text("lifted_at"),
    Column("recording_id", TEXT),  # of a passage, with its time: a passage's id may change
    Column("start_s", Double),
    Column("end_s", Double),
    Column("text", TEXT),  # said in that time; empty where it is no one passage's
    Column("sha256", TEXT),  # of the file that the time is of
    Index(None, "kind", "target"),
    Index(None, "recording_id"),
)

# What harvesters were offered of each panel, so that they are told what changed and what is gone.
# Made when it is first needed: archives of before have no such table.
harvest = Table(
    "harvest",
    METADATA,
    Column("panel_id", TEXT, primary_key=True),
    text("digest"),  # of what was offered; empty once it is offered no more
    text("changed_at"),  # ISO 8601, UTC, to the second
)

# People who may log in. Nothing here is content: it is left out of dumps and exports.
users = Table(
    "users",
    METADATA,
    Column("name", TEXT, primary_key=True),
    text("role"),  # reader, editor or administrator
    text("password"),  # argon2id, with its own salt and parameters
    text("at"),
)

sessions = Table(
    "sessions",
    METADATA,
    Column("token", TEXT, primary_key=True),  # sha256 of what the browser holds
    Column("name", TEXT, ForeignKey("users.name", ondelete="CASCADE"), nullable=False, index=True),
    number("ends_at_s"),  # Unix time
)

login_attempts = Table(
    "login_attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    text("name"),
    text("address"),
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
    translation_embeddings,
    clauses,
    names,
    notes,
)
