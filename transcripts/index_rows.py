"""The rows of the search index, made from the archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import version

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import Connection

from transcripts import entries
from transcripts.analysis import words
from transcripts.holdings import Entry, Selection
from transcripts.index_filters import speaker_key
from transcripts.offsets import SAMPLE, LanguageOffsets
from transcripts.phrases import writing
from transcripts.quality import quality_word
from transcripts.records import digest_of

_FORMAT = 2  # raised whenever rows are made in another way
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
            ("ordinal", pa.int32()),
            ("themes", pa.list_(pa.string())),
            ("vector", pa.list_(pa.float32(), dimensions)),
        ]
    )


def vectors_of(data: Sequence[bytes]) -> NDArray[np.float32]:
    """Stored vectors as an array of shape (passages, dim)."""
    return np.frombuffer(b"".join(data), dtype="<f4").reshape(len(data), -1).astype(np.float32)


def language_offsets(connection: Connection, signature: str) -> LanguageOffsets:
    """What the archive's embeddings of a signature say about its languages."""
    sampled = {
        language: vectors_of(found)
        for language in entries.languages(connection)
        if (found := entries.vectors_of_language(connection, language, signature, SAMPLE))
    }
    return LanguageOffsets.of(sampled)


def _words_of(entry: Entry) -> str:
    """The tokens of a passage in its own language and in translation, blanks between."""
    tokens = words(entry.passage.text, entry.passage.language)
    return " ".join([*tokens, *words(entry.translation or "", entry.target_language)])


def row_batches(
    connection: Connection,
    recordings: Sequence[str],
    signature: str,
    offsets: LanguageOffsets,
    known_words: KnownWords | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of these recordings, some recordings at a time.

    Words that are known already are not analysed again.
    """
    for start in range(0, len(recordings), _BATCH):
        some = recordings[start : start + _BATCH]
        known = known_words(some) if known_words else {}
        found = entries.entries_of_recordings(connection, some, _ALL)
        vectors = entries.vectors_of_recordings(connection, some, signature)
        rows = [_row(entry, known.get(entry.passage.id)) for entry in found]
        centred = [offsets.centred(vectors.get(each.passage.id), each.passage.language) for each in found]
        yield _batch(rows, np.array(centred, dtype=np.float32), offsets.dimensions)


def _row(entry: Entry, known: str | None) -> dict[str, object]:
    """A row but for its vector."""
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
        "ordinal": entry.passage.ordinal,
        "themes": [theme for theme, _ in entry.themes],
    }


def _batch(rows: list[dict[str, object]], vectors: NDArray[np.float32], dimensions: int) -> pa.RecordBatch:
    schema = row_schema(dimensions)
    columns = pa.RecordBatch.from_pylist(rows, schema.remove(schema.get_field_index("vector")))
    numbers = pa.array(vectors.reshape(-1))
    return columns.append_column(
        schema.field("vector"), pa.FixedSizeListArray.from_arrays(numbers, dimensions)
    )
