"""The vectors of passages: as the archive stores them, and as the index compares them.

A passage means what is said in it and what its translation says: the vectors of both, each
without its language's offset (see `offsets`), are added. On short queries in five languages that
found more than either alone (see docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, func, select

from transcripts.database import chunks
from transcripts.holdings import Entry
from transcripts.offsets import SAMPLE, LanguageOffsets
from transcripts.schema import embeddings, readings, recordings
from transcripts.schema import translation_embeddings as translated

SAID = ""  # the key of a passage's own vector among those of its translations, by their language

Stored = Mapping[str, bytes]  # a passage's vectors, float32

# Parts of a passage that a person divided have the vectors of the whole.
_SAID_OF = (embeddings, embeddings.c.passage_id == readings.c.origin)
_READ_OF = (translated, translated.c.passage_id == readings.c.origin)


def embedding_signature(connection: Connection) -> str:
    """The digest of the signature that most embeddings carry; '' where there are none.

    Vectors of different models cannot be compared, and while a conference is being embedded anew an
    archive holds two kinds; those of one recording are of one. The last of each recording is looked at,
    and how many are before it: to count a million takes longer than a correction may.
    """
    mine = embeddings.c.recording_id == recordings.c.id
    last = embeddings.c.position.desc()
    of_each = select(
        *(
            select(column).where(mine).order_by(last).limit(1).scalar_subquery().label(column.name)
            for column in (embeddings.c.signature, embeddings.c.position)
        )
    ).select_from(recordings)
    signature, position = of_each.subquery().c
    most = select(signature).where(signature.is_not(None)).group_by(signature)
    return connection.execute(most.order_by(func.sum(position + 1).desc(), signature)).scalars().first() or ""


def stored_vectors(
    connection: Connection, passage_ids: Sequence[str], signature: str
) -> Mapping[str, Stored]:
    """Vectors of an embedding signature (its digest) by passage, those that have any."""
    said = select(readings.c.id, embeddings.c.vector).join(*_SAID_OF)
    said = said.where(embeddings.c.signature == signature)
    read = select(readings.c.id, translated.c.vector, translated.c.language).join(*_READ_OF)
    read = read.where(translated.c.signature == signature)
    found: dict[str, dict[str, bytes]] = {}
    for ids in chunks(passage_ids):
        for passage_id, vector in connection.execute(said.where(readings.c.id.in_(ids))):
            found.setdefault(passage_id, {})[SAID] = vector
        for passage_id, vector, language in connection.execute(read.where(readings.c.id.in_(ids))):
            found.setdefault(passage_id, {})[language] = vector
    return found


def vector_counts(connection: Connection, recordings: Sequence[str], signature: str) -> dict[str, int]:
    """How many vectors each passage of these recordings has, those that have any."""
    found: dict[str, int] = {}
    for ids in chunks(recordings):
        for table, joined in (_SAID_OF, _READ_OF):
            statement = select(readings.c.id, func.count()).join(table, joined).group_by(readings.c.id)
            mine = and_(readings.c.recording_id.in_(ids), table.c.signature == signature)
            for passage_id, number in connection.execute(statement.where(mine)):
                found[passage_id] = found.get(passage_id, 0) + number
    return found


@dataclass(frozen=True, slots=True)
class Meanings:
    """How vectors of a signature are made comparable.

    `said` has the offsets of languages as they are spoken, `read` of those that are translated
    into, where what is said in them counts too. `signature` is '' where nothing is embedded.
    """

    signature: str = ""
    said: LanguageOffsets = field(default_factory=LanguageOffsets)
    read: LanguageOffsets = field(default_factory=LanguageOffsets)

    @classmethod
    def of(cls, connection: Connection) -> Self:
        """Those of an archive: the signature of most embeddings, offsets by a sample of each language."""
        signature = embedding_signature(connection)
        spoken = connection.execute(select(readings.c.language).distinct()).scalars().all()
        targets = select(translated.c.language).where(translated.c.signature == signature).distinct()
        said = {code: _sample(connection, code, signature) for code in spoken}
        read = {
            code: [*said.get(code, ()), *_sample(connection, code, signature, of_translations=True)]
            for code in connection.execute(targets).scalars()
        }
        return cls(signature, _offsets(said), _offsets(read))

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """What `dataclasses.asdict` made. Raises TypeError or KeyError where it did not."""
        return cls(kept["signature"], LanguageOffsets(**kept["said"]), LanguageOffsets(**kept["read"]))

    @property
    def dimensions(self) -> int:
        """Numbers in a vector; 1 where there are no embeddings."""
        return self.said.dimensions

    def moved(self, other: Meanings) -> bool:
        """Whether vectors have to be made again for the other ones; see `LanguageOffsets.moved`."""
        return self.signature != other.signature or self.said.moved(other.said) or self.read.moved(other.read)

    def vector(self, entry: Entry, stored: Stored) -> NDArray[np.float32]:
        """What a passage means, shape (dim,), of length 1; zeros where it is not embedded."""
        language, target = entry.passage.language, entry.target_language
        said = stored.get(SAID)
        read = stored.get(target, said if language == target else None)
        both = self.said.centred(said, language)
        if read is not None and target in self.read.means:
            both = both + self.read.centred(read, target)
        norm = np.linalg.norm(both)
        return (both / norm if norm else both).astype(np.float32)


def _offsets(vectors: Mapping[str, Sequence[bytes]]) -> LanguageOffsets:
    return LanguageOffsets.of({code: _array(found) for code, found in vectors.items() if found})


def _array(data: Sequence[bytes]) -> NDArray[np.float32]:
    """Shape (vectors, dim)."""
    return np.frombuffer(b"".join(data), dtype="<f4").reshape(len(data), -1).astype(np.float32)


def _sample(
    connection: Connection, language: str, signature: str, *, of_translations: bool = False
) -> Sequence[bytes]:
    """Vectors of a language's first passages, or of the first translations into it, by id.

    With the limit reached, a sample that further recordings hardly move.
    """
    table, joined = _READ_OF if of_translations else _SAID_OF
    its_language = translated.c.language if of_translations else readings.c.language
    mine = and_(its_language == language, table.c.signature == signature)
    statement = select(table.c.vector).select_from(readings.join(table, joined)).where(mine)
    return connection.execute(statement.order_by(readings.c.id).limit(SAMPLE)).scalars().all()
