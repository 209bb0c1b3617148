"""The readings of one recording, and how a change finds the passage that it was made on.

A change finds its passage by time, and by text where the sound is another one; where passages
were cut anew, it goes to those that hold its words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from transcripts.alignment import shared
from transcripts.records import Passage, Review, Span

SAME_END_S = 0.5  # ends of one passage, as two runs cut it, lie this near
ALIKE = 0.5  # part of a text that another must share to be of the same words
MOST = 0.5  # part of a passage's time that another must share to be the same, or a part of it


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whether a passage belongs to a theme, and who says so."""

    belongs: bool
    decided: bool  # by a person
    score: float
    evidence: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage as it is read.

    `origin` is the machine's passage that it comes from; `signature` the digest of what made
    the translation, None where a person wrote it.
    """

    passage: Passage
    origin: str
    translation: str | None = None
    quality: float | None = None
    signature: str | None = None
    translation_flags: tuple[str, ...] = ()
    state: str = "draft"
    reviewer: str = ""
    themes: dict[str, Belonging] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a person had before them: a passage's id, its time, its text, and which sound it was of."""

    passage_id: str
    span: Span
    text: str
    sha256: str


class Page:
    """The readings of one recording, while its journal is gone through."""

    def __init__(self, readings: Iterable[Reading], sha256: str, target_language: str) -> None:
        self.readings = list(readings)
        self.sha256 = sha256
        self.target_language = target_language
        self._became: dict[str, str] = {}  # passages that were merged into another
        self._count()

    def _count(self) -> None:
        self._at = {reading.passage.id: n for n, reading in enumerate(self.readings)}
        spans = [reading.passage.span for reading in self.readings]
        self._starts = sorted((span.start_s, n) for n, span in enumerate(spans))
        self._longest_s = max((span.duration_s for span in spans), default=0.0)

    def _near(self, span: Span) -> list[int]:
        """Passages that may share time with a span, in order."""
        first = bisect_left(self._starts, (span.start_s - self._longest_s - SAME_END_S,))
        last = bisect_left(self._starts, (span.end_s + SAME_END_S, len(self.readings)))
        return sorted(n for _, n in self._starts[first:last])

    def find(self, anchor: Anchor) -> tuple[list[int], bool]:
        """The passages that a change concerns, and whether it is one and the same stretch of speech."""
        n = self._at.get(anchor.passage_id)
        if n is not None:
            passage = self.readings[n].passage
            if (passage.span, passage.text) == (anchor.span, anchor.text):
                return [n], True
        near = self._near(anchor.span)
        same = [n for n in near if self._is_same(self.readings[n].passage, anchor)]
        if same:
            return [max(same, key=lambda n: self._likeness(n, anchor))], True
        if anchor.sha256 != self.sha256:  # times mean nothing, words still do
            said = [n for n, each in enumerate(self.readings) if each.passage.text == anchor.text]
            return (said, True) if len(said) == 1 else ([], False)
        return [n for n in near if _holds(anchor, self.readings[n].passage)], False

    def _is_same(self, passage: Passage, anchor: Anchor) -> bool:
        ends = (passage.span.start_s - anchor.span.start_s, passage.span.end_s - anchor.span.end_s)
        longest_s = max(passage.span.duration_s, anchor.span.duration_s)
        if max(map(abs, ends)) > SAME_END_S or passage.span.overlap_s(anchor.span) < MOST * longest_s:
            return False
        return anchor.sha256 == self.sha256 or shared(anchor.text, passage.text) >= ALIKE

    def _likeness(self, n: int, anchor: Anchor) -> tuple[bool, bool, float]:
        passage = self.readings[n].passage
        nearness_s = -abs(passage.span.start_s - anchor.span.start_s)
        return passage.text == anchor.text, passage.id == anchor.passage_id, nearness_s

    def put(self, n: int, review: Review, *changed: Reading) -> list[str]:
        """Change a passage, or divide it; what was approved has to be looked at again. Ids."""
        found = [
            replace(each, state="reviewed", reviewer=review.reviewer) if each.state == "approved" else each
            for each in changed
        ]
        moved = len(found) > 1 or found[0].passage.span != self.readings[n].passage.span
        self.readings[n : n + 1] = found
        if moved:
            self._count()
        return [each.passage.id for each in found]

    def remove(self, n: int, into: str) -> None:
        """Take out a passage that has become part of another."""
        self._became[self.readings.pop(n).passage.id] = into
        self._count()

    def present(self, passage_id: str) -> str:
        """The passage that holds now what a passage held while the journal was gone through."""
        while passage_id in self._became:
            passage_id = self._became[passage_id]
        return passage_id

    def free_id(self, wanted: str) -> str:
        """The id, or one like it where it is taken."""
        number, found = 2, wanted
        while found in self._at or found in self._became:
            found, number = f"{wanted}-{number}", number + 1
        return found


def _holds(anchor: Anchor, passage: Passage) -> bool:
    inside_s = passage.span.overlap_s(anchor.span)
    return inside_s > MOST * passage.span.duration_s and shared(passage.text, anchor.text) >= ALIKE


def anchor_of(review: Review) -> Anchor:
    """What the person who made a change had before them."""
    return Anchor(review.passage_id, review.span, review.text, review.sha256)
