"""What each stage of a recording makes, or of a part of it, and how it is written down between stages.

A layer is one frozen record a stage. Its bytes are JSON; their hash is the layer's
digest, which goes into the keys of the stages that read it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from pydantic import Base64UrlBytes, TypeAdapter

from nlp.listening import Hearing, Listening, Region
from nlp.transcription import Transcript
from nlp.voices import Vectors
from transcripts.records import (
    Clause,
    Embedding,
    NameMention,
    Passage,
    Segment,
    SpeakerHint,
    ThemeTag,
    Translation,
    TranslationEmbedding,
    Turn,
)


@dataclass(frozen=True, slots=True)
class Regions:
    """Where there is speech in a recording that is worked on in parts."""

    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class VoiceVectors:
    """The voices of a part: for each of its regions, float32 vectors of shape (windows, dim), as bytes."""

    dim: int
    regions: tuple[Base64UrlBytes, ...]

    @classmethod
    def of(cls, vectors: Sequence[Vectors]) -> VoiceVectors:
        """To be written down."""
        dim = vectors[0].shape[1] if vectors else 0
        return cls(dim, tuple(each.astype("<f4").tobytes() for each in vectors))

    def vectors(self) -> list[Vectors]:
        """As they were."""
        return [np.frombuffer(each, dtype="<f4").reshape(-1, self.dim) for each in self.regions]


@dataclass(frozen=True, slots=True)
class Voices:
    """Who speaks when, the segments cut where the speaker changes, and words that may name a voice."""

    segments: tuple[Segment, ...]
    turns: tuple[Turn, ...]
    hints: tuple[SpeakerHint, ...] = ()


@dataclass(frozen=True, slots=True)
class Passages:
    """What is read and cited."""

    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The names in passages."""

    names: tuple[NameMention, ...]


@dataclass(frozen=True, slots=True)
class Translations:
    """Passages in the target language, where they are not in it already."""

    translations: tuple[Translation, ...]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The meaning of each passage, and of its clauses."""

    embeddings: tuple[Embedding, ...]
    clauses: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class TranslationEmbeddings:
    """The meaning of each passage as its translation says it."""

    translation_embeddings: tuple[TranslationEmbedding, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """Every theme's score for each passage, assigned or not."""

    tags: tuple[ThemeTag, ...]


Layer = (
    Regions
    | Hearing
    | Listening
    | Transcript
    | VoiceVectors
    | Voices
    | Passages
    | Names
    | Translations
    | Embeddings
    | TranslationEmbeddings
    | Tags
)


KINDS = {kind.__name__: kind for kind in Layer.__args__}


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[name])


def layer_bytes(layer: Layer) -> bytes:
    """A layer as JSON, under the name of its type; equal layers give equal bytes."""
    name = type(layer).__name__
    return b'{"%s":%s}' % (name.encode(), _adapter(name).dump_json(layer))


def layer_from(data: bytes) -> Layer:
    """The layer of `layer_bytes`. Raises ValueError when the bytes are not whole."""
    name, content = data[2:-1].split(b'":', 1) if data.startswith(b'{"') else (b"", data)
    if name.decode("ascii", "replace") not in KINDS or not data.endswith(b"}"):
        raise ValueError("these bytes are not a whole layer")
    layer: Layer = _adapter(name.decode()).validate_json(content)
    return layer


def digest(data: bytes) -> str:
    """The name of a layer's content: 32 hex digits of its sha256."""
    return hashlib.sha256(data).hexdigest()[:32]
