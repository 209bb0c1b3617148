"""Text that a microphone has of a voice into another one.

A voice reaches all microphones of a table, some decibels weaker and some milliseconds
later, and is understood there too. That another microphone is louder does not make words
bleed: two may speak at once. Bleed are words that the louder one has as well, at the
same time. They are taken out here; what is left keeps its own time.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from nlp.audio import channel_shares
from nlp.repeats import DOUBLE_LETTERS, letters
from nlp.units import density
from transcripts.records import Gap, Segment, Span, Word, segment_id

Shares = npt.NDArray[np.float64]  # shape (words, channels): of the power of all microphones
ELSEWHERE = "heard better by another microphone"


@dataclass(frozen=True, slots=True)
class BleedOptions:
    """Which words a microphone has of another's voice."""

    louder_db: float = 2.0  # by which another microphone must be louder, where a few words are all there is
    same_above: float = 70.0  # likeness of 100 of texts of one voice; of 2835 pairs of others, none has 60
    faint_below: float = 0.1  # share of the power below which it is bleed, whatever the louder one understood
    near_s: float = 0.5  # alignments of one voice differ by so much between microphones

    @property
    def ratio(self) -> float:
        """`louder_db`, of powers."""
        return float(10 ** (self.louder_db / 10))


@dataclass(frozen=True, slots=True)
class _Doubted:
    """Words `first` to `end` of a segment, which `channel` hears better: `louder` times as loud."""

    segment: int
    first: int
    end: int
    channel: int
    share: float
    louder: float


def without_bleed(
    path: Path, segments: Sequence[Segment], options: BleedOptions
) -> tuple[list[Segment], list[Gap]]:
    """Segments without words of another microphone's voice, and the time that these took.

    Nothing changes in a recording that is heard as one. Raises MediaError.
    """
    if all(each.channel is None for each in segments):
        return list(segments), []
    shares = channel_shares(path, [word.span for each in segments for word in each.words])
    ends = np.cumsum([len(each.words) for each in segments])[:-1]
    doubted = [
        found
        for number, (segment, own) in enumerate(zip(segments, np.split(shares, ends), strict=True))
        for found in _heard_better(number, segment, own, options)
    ]
    left = _Left(segments)
    for each in sorted(doubted, key=lambda each: -each.louder):  # what is dropped, another one has kept
        said = segments[each.segment].words[each.first : each.end]
        near = left.near(each.channel, said[0].span.cover(said[-1].span), options.near_s)
        if _is_bleed(each, said, near, segments[each.segment].language, options):
            left.drop(each)
    parts = [part for number in range(len(segments)) for part in left.parts(number)]
    return [each for each in parts if isinstance(each, Segment)], [
        each for each in parts if isinstance(each, Gap)
    ]


def _heard_better(number: int, segment: Segment, shares: Shares, options: BleedOptions) -> Iterator[_Doubted]:
    """Words of a segment in a row that one other channel hears better."""
    own = segment.channel
    if own is None or not segment.words:
        return
    loudest = [_loudest(row, own, options.ratio) for row in shares]
    if set(loudest) == {None}:  # whoever has no microphone may be heard by all alike
        loudest = [int(shares.mean(axis=0).argmax())] * len(loudest)
    channels = _between_known(loudest, own)
    for channel, members in itertools.groupby(range(len(channels)), channels.__getitem__):
        if channel != own:
            held = list(members)
            mean = shares[held].mean(axis=0)
            louder = float(mean[channel] / max(1e-9, mean[own]))
            yield _Doubted(number, held[0], held[-1] + 1, channel, float(mean[own]), louder)


def _loudest(shares: npt.NDArray[np.float64], own: int, ratio: float) -> int | None:
    """The channel that hears a word clearly better than `own`, or `own` where it leads all; None: neither."""
    first = int(shares.argmax())
    if first != own:
        return first if shares[first] >= ratio * shares[own] else None
    return own if shares[own] >= ratio * np.delete(shares, own).max(initial=0.0) else None


def _between_known(loudest: Sequence[int | None], own: int) -> list[int]:
    """A word that no channel hears clearly better, as in a pause, is where the words around it are."""
    found = []
    for at in range(len(loudest)):
        before = [each for each in loudest[: at + 1] if each is not None][-1:]
        after = [each for each in loudest[at:] if each is not None][:1]
        around = {*before, *after}
        found.append(around.pop() if len(around) == 1 else own)
    return found


def _is_bleed(
    doubted: _Doubted, said: Sequence[Word], near: Sequence[Word], code: str, options: BleedOptions
) -> bool:
    """Whether the louder channel has words near by, and these are the same. A few must be just the same."""
    if doubted.share < options.faint_below or not near:
        return bool(near)
    text, other = ("".join(letters(word.text) for word in words) for words in (said, near))
    if len(text) * density(code) < DOUBLE_LETTERS:
        same = {letters(word.text) for word in said} <= {letters(word.text) for word in near}
        return same and doubted.louder >= options.ratio
    whole = len(other) >= len(text) * options.same_above / 100
    return whole and fuzz.partial_ratio(text, other) >= options.same_above


class _Left:
    """The words of segments that are left."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._kept = [[True] * len(each.words) for each in segments]
        by_channel: dict[int, list[int]] = {}
        for number in sorted(range(len(segments)), key=lambda number: segments[number].span):
            by_channel.setdefault(segments[number].channel or 0, []).append(number)
        self._by_channel = by_channel

    def near(self, channel: int, span: Span, near_s: float) -> list[Word]:
        """Words of a channel that are left and at most `near_s` away."""
        numbers = self._by_channel.get(channel, [])
        start_s, end_s = span.start_s - near_s, span.end_s + near_s
        # segments of a channel follow each other
        first = bisect.bisect(numbers, start_s, key=lambda number: self._segments[number].span.end_s)
        last = bisect.bisect(numbers, end_s, key=lambda number: self._segments[number].span.start_s)
        return [
            word
            for number in numbers[max(0, first - 1) : last]
            for word, kept in zip(self._segments[number].words, self._kept[number], strict=True)
            if kept and word.span.gap_s(span) <= near_s
        ]

    def drop(self, words: _Doubted) -> None:
        self._kept[words.segment][words.first : words.end] = [False] * (words.end - words.first)

    def parts(self, number: int) -> Iterator[Segment | Gap]:
        """What is left of a segment, and between that what is not: side by side."""
        segment, kept = self._segments[number], self._kept[number]
        if all(kept):
            yield segment
            return
        groups = [
            (is_kept, list(held)) for is_kept, held in itertools.groupby(range(len(kept)), kept.__getitem__)
        ]
        starts_s = [segment.span.start_s, *(segment.words[held[0]].span.start_s for _, held in groups[1:])]
        for (is_kept, held), start_s, end_s in zip(
            groups, starts_s, [*starts_s[1:], segment.span.end_s], strict=True
        ):
            span = Span(start_s, max(start_s, end_s))
            if is_kept:
                yield _part(segment, span, segment.words[held[0] : held[-1] + 1])
            elif span:
                yield Gap(span, ELSEWHERE)


def _part(segment: Segment, span: Span, words: Sequence[Word]) -> Segment:
    return replace(
        segment,
        id=segment_id(segment.recording_id, span, segment.language, segment.channel),
        span=span,
        text="".join(word.text for word in words).strip(),
        words=tuple(words),
        confidence=float(np.mean([word.probability for word in words])),
    )
