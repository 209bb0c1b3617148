"""How well speech was transcribed: counts and seconds that add up over recordings. No model runs here.

Characters are compared as the demo compares them (NFKC, lower case, letters and digits only); words
are compared in languages that write blanks between them. docs/benchmarks.md tells what every figure means.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jiwer
from pyannote.core import Segment as Interval
from pyannote.core import Timeline

from flows.demo import ReferenceTurn, plain
from nlp.languages import language
from transcripts.records import Gap, Segment, Span, Word

# A word longer than this has swallowed sound that it does not tell of: the rest counts as silent.
LONGEST_WORD_S = 2.0
NEAR_S = 0.25  # what voice activity detectors bridge: words this near to each other leave no hole
SHORTEST_HOLE_S = 1.0  # less without text is imprecise time (a last word may end 0.9 s early), not lost text
NEAR_TURN_S = 0.5  # text this near to a turn is not invented
LOST_BELOW = 0.2  # a turn that yields a smaller share of its characters is lost


@dataclass(frozen=True, slots=True)
class Edits:
    """What makes a reference of `reference` characters (or words) into what was heard."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    reference: int = 0

    @property
    def rate(self) -> float | None:
        """Errors by length of the reference; None without a reference."""
        wrong = self.substitutions + self.deletions + self.insertions
        return wrong / self.reference if self.reference else None

    def __add__(self, other: Edits) -> Edits:
        return Edits(*map(sum, zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Scores:
    """One recording, or several added up. Languages are those of the reference."""

    joined: Edits = Edits()  # all turns against all output, characters
    by_turn: Edits = Edits()  # each turn against the output of its time, characters
    characters: Mapping[str, Edits] = field(default_factory=dict)  # turns of a language joined
    words: Mapping[str, Edits] = field(default_factory=dict)  # the same, where blanks part words
    speech_s: float = 0.0  # speech of the reference
    covered_s: float = 0.0  # of it, under text
    labelled_s: float = 0.0  # of that, under text whose language is told
    right_language_s: float = 0.0  # of that, the true language
    dropped_s: float = 0.0  # speech that has no text and is not listed as untranscribed
    invented_s: float = 0.0  # time of text outside every turn
    turns: int = 0
    lost_turns: int = 0  # turns whose text is missing, and not listed

    def __add__(self, other: Scores) -> Scores:
        sums: dict[str, Any] = {}
        for each in dataclasses.fields(self):
            left, right = getattr(self, each.name), getattr(other, each.name)
            if isinstance(left, Mapping):
                keys = sorted({*left, *right})
                sums[each.name] = {key: left.get(key, Edits()) + right.get(key, Edits()) for key in keys}
            else:
                sums[each.name] = left + right
        return Scores(**sums)


def character_edits(reference: str, heard: str) -> Edits:
    """Levenshtein operations between letters and digits."""
    return _edits(jiwer.process_characters(plain(reference), plain(heard)), len(plain(reference)))


def word_edits(reference: str, heard: str) -> Edits:
    """Levenshtein operations between words."""
    said = plain_words(reference)
    return _edits(jiwer.process_words(" ".join(said), " ".join(plain_words(heard))), len(said))


def _edits(found: Any, length: int) -> Edits:
    return Edits(found.substitutions, found.deletions, found.insertions, length)


def plain_words(text: str) -> list[str]:
    """Words of letters and digits. Marks inside a word (apostrophe, zero-width joiners) do not part it."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (
        character if character.isalnum() else "" if _is_inside_words(character) else " "
        for character in folded
    )
    return "".join(kept).split()


def _is_inside_words(character: str) -> bool:
    return character in "'’" or unicodedata.category(character) in {"Mn", "Cf"}


def nearest_turn(turns: Sequence[ReferenceTurn], span: Span) -> int:
    """The index of the turn that shares most time with a span, or lies nearest to it."""
    return max(
        range(len(turns)),
        key=lambda number: (turns[number].span.overlap_s(span), -turns[number].span.gap_s(span)),
    )


def turn_of_word(turns: Sequence[ReferenceTurn], word: Word) -> int:
    """The index of the turn in which the middle of a word lies, or that lies nearest to it."""
    return nearest_turn(turns, Span(word.span.middle_s, word.span.middle_s))


def texts_of_turns(turns: Sequence[ReferenceTurn], segments: Iterable[Segment]) -> list[str]:
    """The output that belongs to each turn: words by their middle, else segments by overlap."""
    found: list[list[str]] = [[] for _ in turns]
    for segment in sorted(segments, key=lambda each: each.span):
        pieces = [(turn_of_word(turns, word), word.text) for word in segment.words]
        before = -1
        for number, text in pieces or [(nearest_turn(turns, segment.span), segment.text)]:
            found[number] += [text] if number == before else [" ", text]
            before = number
    return ["".join(pieces) for pieces in found]


def timeline(spans: Iterable[Span]) -> Timeline:
    """The union of spans, as pyannote's intervals."""
    return Timeline([Interval(each.start_s, each.end_s) for each in spans]).support()


def text_time(segments: Iterable[Segment]) -> Timeline:
    """When there is text: under words as long as words are, else under whole segments."""
    spans = []
    for segment in segments:
        if not plain(segment.text):
            continue
        if not segment.words:
            spans.append(segment.span)
        for word in segment.words:
            end_s = min(word.span.end_s, word.span.start_s + LONGEST_WORD_S)
            spans.append(Span(max(0.0, word.span.start_s - NEAR_S), end_s + NEAR_S))
    return timeline(spans)


def _shared(one: Timeline, other: Timeline) -> Timeline:
    return one.crop(other, mode="intersection").support()


def score(
    turns: Sequence[ReferenceTurn],
    speech: Sequence[Span],
    segments: Sequence[Segment],
    gaps: Sequence[Gap] = (),
) -> Scores:
    """One recording. `speech` is where the turns have speech; at least one turn is needed.

    Turns without a text (nobody wrote it down) and what was made of them are left out of error rates.
    """
    heard = texts_of_turns(turns, segments)
    known = [number for number, turn in enumerate(turns) if plain(turn.text)]
    characters, words = {}, {}
    for code in sorted({turns[number].language for number in known}):
        mine = [number for number in known if turns[number].language == code]
        said, made = _joined(turns, heard, mine)
        characters[code] = character_edits(said, made)
        if language(code).spaced:
            words[code] = word_edits(said, made)
    listed = timeline(gap.span for gap in gaps)
    return Scores(
        joined=character_edits(*_joined(turns, heard, known)),
        by_turn=sum((character_edits(turns[each].text, heard[each]) for each in known), Edits()),
        characters=characters,
        words=words,
        turns=len(turns),
        lost_turns=sum(_is_lost(turn, text, listed) for turn, text in zip(turns, heard, strict=True)),
        **_seconds(turns, speech, segments, listed),
    )


def _joined(turns: Sequence[ReferenceTurn], heard: Sequence[str], numbers: Sequence[int]) -> tuple[str, str]:
    """Some turns' texts as one, and what was heard in them."""
    return " ".join(turns[each].text for each in numbers), " ".join(heard[each] for each in numbers)


def _is_lost(turn: ReferenceTurn, heard: str, listed: Timeline) -> bool:
    if len(plain(heard)) >= LOST_BELOW * len(plain(turn.text)):
        return False
    return bool(_shared(timeline([turn.span]), listed).duration() < turn.span.duration_s / 2)


def _seconds(
    turns: Sequence[ReferenceTurn], speech: Sequence[Span], segments: Sequence[Segment], listed: Timeline
) -> dict[str, float]:
    """The fields of `Scores` that are seconds."""
    spoken = _shared(timeline(speech), timeline(turn.span for turn in turns))
    covered = _shared(spoken, text_time(segments))
    labelled = _shared(spoken, text_time(each for each in segments if each.language))
    right_s = 0.0
    for code in {turn.language for turn in turns}:
        mine = _shared(spoken, timeline(turn.span for turn in turns if turn.language == code))
        right_s += _shared(mine, text_time(each for each in segments if each.language == code)).duration()
    holes = spoken.extrude(covered, mode="intersection").extrude(listed, mode="intersection")
    near = [Span(max(0.0, turn.span.start_s - NEAR_TURN_S), turn.span.end_s + NEAR_TURN_S) for turn in turns]
    outside = timeline(_timed(segments)).extrude(timeline(near), mode="intersection")
    return {
        "speech_s": spoken.duration(),
        "covered_s": covered.duration(),
        "labelled_s": labelled.duration(),
        "right_language_s": right_s,
        "dropped_s": sum(hole.duration for hole in holes if hole.duration >= SHORTEST_HOLE_S),
        "invented_s": outside.duration(),
    }


def _timed(segments: Iterable[Segment]) -> Iterator[Span]:
    """The finest spans that carry text."""
    for segment in segments:
        if segment.text.strip():
            yield from [word.span for word in segment.words] or [segment.span]
