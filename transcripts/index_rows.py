"""The rows of the search index, made from the archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version

import numpy as np
import pyarrow as pa
from sqlalchemy import Connection, select

from transcripts import entries
from transcripts.analysis import words
from transcripts.database import chunks
from transcripts.holdings import Entry, Selection
from transcripts.index_filters import speaker_key
from transcripts.meanings import Meanings, stored_vectors, vector_counts
from transcripts.phrases import writing
from transcripts.quality import quality_word
from transcripts.records import digest_of
from transcripts.schema import readings
from transcripts.schema import recordings as recordings_table

_FORMAT = 6  # raised whenever rows are made in another way
_ALL = Selection(restricted=True)  # what is withheld is left out by the filter of a search
_BATCH = 8  # recordings whose rows are made and written together

# The analysed words that a table has already, by passage id, of some recordings.
KnownWords = Callable[[Collection[str]], Mapping[str, str]]


@cache
def made_by() -> str:
    """This code and the analysers, whose change makes rows of other tokens."""
    analysers = ("sudachipy", "sudachidict-core", "kiwipiepy", "kiwipiepy_model", "snowballstemmer")
    return digest_of([_FORMAT, *(version(name) for name in analysers)])


_TEXTS = (
    "passage_id",
    "recording_id",
    "panel_id",
    "language",
    "speaker",
    "speaker_label",
    "state",
    "quality",
    "words",
    "writing",
)


def row_schema(dimensions: int) -> pa.Schema:
    """One row a passage; `vector` has shape (dimensions,), all zero where there is no embedding."""
    return pa.schema(
        [
            *((name, pa.string()) for name in _TEXTS),
            ("start_ms", pa.int64()),
            ("vectors", pa.int8()),
            ("themes", pa.list_(pa.string())),
            ("names", pa.list_(pa.string())),
            ("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


def _words_of(entry: Entry) -> str:
    """The tokens of a passage in its own language and in translation, blanks between."""
    tokens = words(entry.passage.text, entry.passage.language)
    return " ".join([*tokens, *words(entry.translation or "", entry.target_language)])


def row_batches(
    connection: Connection,
    recordings: Sequence[str],
    meanings: Meanings,
    known_words: KnownWords | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of these recordings, some recordings at a time.

    Words that are known already are not analysed again.
    """
    for start in range(0, len(recordings), _BATCH):
        some = recordings[start : start + _BATCH]
        known = known_words(some) if known_words else {}
        found = entries.entries_of_recordings(connection, some, _ALL)
        yield _batch(connection, found, meanings, known)


def passage_batches(
    connection: Connection, passage_ids: Sequence[str], meanings: Meanings
) -> Iterator[pa.RecordBatch]:
    """Rows of these passages, some at a time."""
    for ids in chunks(passage_ids):
        found = list(entries.entries_by_id(connection, ids, _ALL).values())
        yield _batch(connection, found, meanings, {})


def present(
    connection: Connection, recordings: Sequence[str], signature: str
) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """What rows follow that no reading tells: of each passage its panel, how many vectors, who is named."""
    joined = readings.join(recordings_table, recordings_table.c.id == readings.c.recording_id)
    statement = select(readings.c.id, recordings_table.c.panel_id).select_from(joined)
    numbers = vector_counts(connection, recordings, signature)
    named = entries.names_in(connection, recordings)
    return {
        passage_id: (panel_id, numbers.get(passage_id, 0), named.get(passage_id, ()))
        for ids in chunks(recordings)
        for passage_id, panel_id in connection.execute(statement.where(readings.c.recording_id.in_(ids)))
    }


def _batch(
    connection: Connection, found: Sequence[Entry], meanings: Meanings, known: Mapping[str, str]
) -> pa.RecordBatch:
    stored = stored_vectors(connection, [each.passage.id for each in found], meanings.signature)
    own = [stored.get(each.passage.id, {}) for each in found]
    schema = row_schema(meanings.dimensions)
    rows = [
        {**_row(entry, known.get(entry.passage.id)), "vectors": len(vectors)}
        for entry, vectors in zip(found, own, strict=True)
    ]
    meant = [meanings.vector(entry, vectors) for entry, vectors in zip(found, own, strict=True)]
    columns = pa.RecordBatch.from_pylist(rows, schema.remove(schema.get_field_index("vector")))
    numbers = pa.array(np.array(meant, dtype=np.float32).reshape(-1))
    return columns.append_column(
        schema.field("vector"), pa.FixedSizeListArray.from_arrays(numbers, meanings.dimensions)
    )


def _row(entry: Entry, known: str | None) -> dict[str, object]:
    """A row but for its embedding."""
    return {
        "passage_id": entry.passage.id,
        "recording_id": entry.passage.recording_id,
        "panel_id": entry.panel_id,
        "language": entry.passage.language,
        "speaker": speaker_key(entry.conference_id, entry.passage.speaker_id),
        "speaker_label": entry.passage.speaker_label,
        "state": entry.state,
        "quality": quality_word(entry.quality, entry.translation_flags),
        "words": known or _words_of(entry),
        "writing": writing(entry.passage.text),
        "start_ms": round(1000 * entry.passage.span.start_s),
        "themes": [theme for theme, _ in entry.themes],
        "names": list(entry.names),
    }
