"""What an archive holds besides the records themselves: the shelves and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transcripts.records import (
    Clause,
    Embedding,
    Gap,
    NameMention,
    Panel,
    Passage,
    Segment,
    Signature,
    Speaker,
    SpeakerHint,
    ThemeTag,
    Translation,
    TranslationEmbedding,
    Turn,
)


@dataclass(frozen=True, slots=True)
class ThemeName:
    """A theme as the archive knows it: enough to show it and to ask for it."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Conference:
    """A conference as its file describes it. `glossary` entries are JSON-able objects."""

    id: str
    title: str
    target_language: str
    panels: tuple[Panel, ...] = ()
    speakers: tuple[Speaker, ...] = ()
    glossary: tuple[Mapping[str, Any], ...] = ()
    themes: tuple[ThemeName, ...] = ()


@dataclass(frozen=True, slots=True)
class StageRecord:
    """That a stage was done: `key` names all that went in, `digest` what came out.

    `signature` is the component's; files that were read have records without one.
    """

    stage: str
    key: str
    digest: str
    signature: Signature | None = None


@dataclass(frozen=True, slots=True)
class RecordingLayers:
    """Everything that machines said about one recording. Layers refer to each other by id."""

    segments: tuple[Segment, ...] = ()
    gaps: tuple[Gap, ...] = ()
    turns: tuple[Turn, ...] = ()
    hints: tuple[SpeakerHint, ...] = ()
    passages: tuple[Passage, ...] = ()
    translations: tuple[Translation, ...] = ()
    tags: tuple[ThemeTag, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    translation_embeddings: tuple[TranslationEmbedding, ...] = ()
    clauses: tuple[Clause, ...] = ()
    names: tuple[NameMention, ...] = ()
    notes: tuple[str, ...] = ()

    def signatures(self) -> dict[str, Signature]:
        """Every signature that the layers carry, by digest."""
        signed: list[Translation | ThemeTag | Embedding | TranslationEmbedding | Clause | NameMention] = [
            *self.translations,
            *self.tags,
            *self.embeddings,
            *self.translation_embeddings,
            *self.clauses,
            *self.names,
        ]
        distinct = {id(item.signature): item.signature for item in signed}.values()
        return {signature.digest: signature for signature in distinct}


@dataclass(frozen=True, slots=True)
class Failure:
    """A recording that could not be processed: where, why, and the command that tries again."""

    recording_id: str
    panel_id: str
    path: str
    stage: str
    reason: str
    command: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage as it is read, with what is shown beside it: people's corrections are applied.

    `speaker` is the name, or the recording's label where nobody is named.
    `translation` is in the conference's `target_language`; None where there is
    none, as for a passage that is in that language already. `quality` (0..1),
    `translation_flags` and `translation_signature` are the machine's; where a person
    wrote the translation there is neither estimate nor signature. `themes` are those
    that it belongs to with their scores, best first, and `evidence` the characters of
    the text that speak for each. `names` are ids of speakers and glossary entries that are
    named in it. `state` is 'draft', 'reviewed' or 'approved', and
    `reviewer` the person who brought it there, '' for none. `restricted` entries are
    not for everybody.
    """

    passage: Passage
    panel_id: str
    speaker: str
    target_language: str
    translation: str | None
    themes: tuple[tuple[str, float], ...]
    quality: float | None = None
    translation_flags: tuple[str, ...] = ()
    translation_signature: Signature | None = None
    evidence: Mapping[str, tuple[int, int] | None] = field(default_factory=dict)
    state: str = "draft"
    reviewer: str = ""
    restricted: bool = False
    affiliation: str = ""
    recording_kind: str = "audio"
    panel_title: str = ""
    held_on: str = ""  # ISO 8601 date
    conference_id: str = ""
    conference_title: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which passages are meant, by ids that exist; None (or '') leaves a field open.

    `names` are ids of glossary entries or speakers that are named in the passage.
    `speakers` are pairs (conference id, speaker id); `speaker_labels` also take
    unnamed voices of these labels. `held_after` and `held_before` are ISO dates, that day
    included; panels without a date are then left out. `qualities` are words of
    `quality.quality_word`. Restricted passages are taken only when asked for.
    """

    languages: frozenset[str] | None = None
    panels: frozenset[str] | None = None
    themes: frozenset[str] | None = None
    speakers: frozenset[tuple[str, str]] | None = None
    speaker_labels: frozenset[str] = frozenset()
    states: frozenset[str] | None = None
    qualities: frozenset[str] | None = None
    held_after: str = ""
    held_before: str = ""
    restricted: bool = False
    names: frozenset[str] | None = None


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Summary:
    """The archive in figures. The dicts count passages."""

    panels: int
    recordings: int
    failures: int
    duration_s: float
    segments: int
    passages: int
    translations: int
    reviews: int
    languages: dict[str, int] = field(default_factory=dict)
    themes: dict[str, int] = field(default_factory=dict)  # assigned ones
    recordings_passages: dict[str, int] = field(default_factory=dict)
    passage_flags: dict[str, int] = field(default_factory=dict)
    translation_flags: dict[str, int] = field(default_factory=dict)
    untranscribed: dict[str, int] = field(default_factory=dict)  # gaps, by recording
