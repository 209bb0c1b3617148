"""What we keep: the frozen records that every other module passes on.

Times are seconds from the start of the recording, as floats. Nothing here
knows about models, databases or files, and no record is ever changed in place:
a later stage writes records of its own that refer to earlier ones by id
(stand-off annotation, after ParlaMint and TEI).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any


@dataclass(frozen=True, order=True, slots=True)
class Span:
    """A half-open interval of time in a recording, in seconds.

    Raises ValueError when the end comes before the start.
    """

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if self.end_s < self.start_s:
            raise ValueError(f"a span cannot end ({self.end_s} s) before it starts ({self.start_s} s)")

    def __bool__(self) -> bool:
        return self.end_s > self.start_s

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2

    def overlap_s(self, other: Span) -> float:
        """Seconds that the two spans share."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def gap_s(self, other: Span) -> float:
        """Seconds of nothing between the two spans; 0 where they touch or overlap."""
        return max(0.0, max(self.start_s, other.start_s) - min(self.end_s, other.end_s))

    def cover(self, other: Span) -> Span:
        """The smallest span that holds both."""
        return Span(min(self.start_s, other.start_s), max(self.end_s, other.end_s))


def covered_s(spans: Iterable[Span]) -> float:
    """Seconds covered by at least one of the spans, overlaps counted once."""
    total_s, reached_s = 0.0, float("-inf")
    for span in sorted(spans):
        total_s += max(0.0, span.end_s - max(span.start_s, reached_s))
        reached_s = max(reached_s, span.end_s)
    return total_s


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of spans when others are taken out of them, in order; touching parts stay apart."""
    left = sorted(spans)
    for hole in sorted(taken):
        left = [
            part
            for span in left
            for part in (
                [span]
                if not span.overlap_s(hole)
                else [
                    Span(span.start_s, max(span.start_s, hole.start_s)),
                    Span(min(span.end_s, hole.end_s), span.end_s),
                ]
            )
            if part
        ]
    return left


@cache
def running_version() -> str:
    """The version of symposia that is running; empty where it is not installed."""
    try:
        return version("symposia")
    except PackageNotFoundError:
        return ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What made a result: enough to make it again, and to tell two results apart.

    `revision` is a hub revision or the sha256 of the weights; `options` are the
    component's own settings, JSON-able.
    """

    component: str
    model: str = ""
    revision: str = ""
    licence: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    code_version: str = field(default_factory=running_version, compare=False)

    @property
    def digest(self) -> str:
        """A short stable name of this signature (16 hex digits of sha256).

        The version of symposia is recorded and left out here: a new release alone makes
        no result stale. A component whose results change says so in its options.
        """
        return digest_of([self.component, self.model, self.revision, self.licence, self.options])


def digest_of(value: object) -> str:
    """16 hex digits of the sha256 of a JSON-able value; equal values, equal digests."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person (or a role) who speaks on panels of the conference."""

    id: str
    name: str
    affiliation: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One session of the conference. `languages` are those declared for it."""

    id: str
    title: str
    languages: tuple[str, ...]
    held_on: str = ""  # ISO 8601 date
    speaker_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of a panel: sound, video, or captions standing in for both.

    `path` is where the original lay when it was last read; `sha256` is what
    identifies it. `kind` is 'audio', 'video' or 'captions'.
    """

    id: str
    panel_id: str
    path: str
    sha256: str
    duration_s: float
    kind: str = "audio"


@dataclass(frozen=True, slots=True)
class Word:
    """One written word with its time. `probability` is the decoder's, 0..1."""

    text: str
    span: Span
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one language by one speaker, as transcribed.

    `speaker` is a turn label of the recording ('S1', 'S2', ...) or None.
    `words` carry their leading space where the script writes one, so that
    joining their texts gives `text` (up to outer blanks). `channel` is the microphone
    that it was heard by, None where all channels were heard as one.
    """

    id: str
    recording_id: str
    span: Span
    language: str
    language_probability: float
    text: str
    words: tuple[Word, ...] = ()
    confidence: float = 0.0
    speaker: str | None = None
    flags: tuple[str, ...] = ()
    channel: int | None = None


def segment_id(recording_id: str, span: Span, language: str, channel: int | None = None) -> str:
    """A stable id from what a segment is: the same run of the same sound gets the same id."""
    parts = [recording_id, round(span.start_s, 2), round(span.end_s, 2), language]
    return f"{recording_id}-{digest_of(parts if channel is None else [*parts, channel])[:10]}"


@dataclass(frozen=True, slots=True)
class Gap:
    """Speech that was heard and not transcribed, with the reason in words."""

    span: Span
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Time in which one speaker speaks. `speaker_id` is set once the label is named."""

    recording_id: str
    span: Span
    label: str
    speaker_id: str | None = None
    channel: int | None = None  # of the microphone; None where all channels are heard as one


@dataclass(frozen=True, slots=True)
class SpeakerHint:
    """Words that may say whose label it is, for an editor to judge.

    `why` is 'self', 'next' or 'previous' (who was named so); `heard` is the name in `quote`,
    and `speaker_id` the panel's speaker whose name it is, if it is one's.
    """

    recording_id: str
    at_s: float
    label: str
    heard: str
    why: str
    quote: str
    speaker_id: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What a researcher reads and cites: whole sentences of one speaker in one language.

    `speaker_id` names a speaker of the conference; where nobody is named,
    `speaker_label` still tells the voices of a recording apart. `speaker_share` is the
    speaker's share in the time of all turns in the passage.
    """

    id: str
    recording_id: str
    ordinal: int
    span: Span
    speaker_id: str | None
    speaker_label: str
    language: str
    text: str
    segment_ids: tuple[str, ...] = ()
    confidence: float = 0.0
    flags: tuple[str, ...] = ()
    speaker_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Translation:
    """A passage in another language. `quality` is an estimate in 0..1."""

    passage_id: str
    language: str
    text: str
    quality: float
    signature: Signature
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ThemeTag:
    """How well a theme fits a passage.

    Of an assigned theme, `evidence` is the character range of the passage's text that speaks
    for it most, and `nearest` the term said there, or else the example that is most like it.
    """

    passage_id: str
    theme_id: str
    score: float
    assigned: bool
    signature: Signature
    evidence: tuple[int, int] | None = None
    nearest: str = ""


@dataclass(frozen=True, slots=True)
class Clause:
    """The meaning of a part of a passage, from one character of its text to another, as a unit vector."""

    passage_id: str
    start: int
    end: int
    vector: tuple[float, ...]
    signature: Signature


@dataclass(frozen=True, slots=True)
class NameMention:
    """A name in a passage, from one character of its text to another.

    `kind` is 'person', 'film', 'organisation', 'place', 'work' or 'speaker'; `target_id` is the
    glossary entry's id, of kind 'speaker' the speaker's, and '' where nobody in particular is known.
    """

    passage_id: str
    start: int
    end: int
    kind: str
    target_id: str
    signature: Signature


@dataclass(frozen=True, slots=True)
class Embedding:
    """A passage's meaning as a unit vector of shape (dim,)."""

    passage_id: str
    vector: tuple[float, ...]
    signature: Signature


@dataclass(frozen=True, slots=True)
class TranslationEmbedding:
    """The meaning of a passage as its translation into a language says it, as a unit vector."""

    passage_id: str
    language: str
    vector: tuple[float, ...]
    signature: Signature


@dataclass(frozen=True, slots=True)
class Review:
    """What a person changed: one field of one passage, before and after.

    `field` is text, translation, language, speaker, start_s, end_s, state, split, merge, undo or
    theme:ID. `span`, `text` and `sha256` (of the recording) say what the person had before them:
    by these the change finds its place again when the passages of a recording are made anew.
    `detail` holds what else a field needs, JSON-able; `id` is the archive's, 0 before it is added.
    """

    passage_id: str
    field: str
    before: str
    after: str
    reviewer: str
    at: str  # ISO 8601, UTC
    state: str = "draft"  # of the passage, with the change
    id: int = 0
    recording_id: str = ""
    span: Span = Span(0.0, 0.0)
    text: str = ""
    sha256: str = ""
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)


__all__ = [
    "Clause",
    "Embedding",
    "Gap",
    "NameMention",
    "Panel",
    "Passage",
    "Recording",
    "Review",
    "Segment",
    "Signature",
    "Span",
    "Speaker",
    "SpeakerHint",
    "ThemeTag",
    "Translation",
    "Turn",
    "Word",
    "covered_s",
    "digest_of",
    "segment_id",
    "without",
]
