"""Passages: what a researcher reads and cites.

A passage is whole sentences of one speaker in one language, up to about 80 words.
It never crosses a change of speaker or language, nor a silence of 2 s. Sentence
ends come from spaCy's rules; a sentence that is too long (speech recognisers leave
out full stops) is cut at its longest pause.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import regex

from nlp.glossary import concerns
from nlp.languages import language
from nlp.speakers import turns_in
from nlp.units import FOREIGN
from transcripts.records import Passage, Segment, Signature, Span, Turn

if TYPE_CHECKING:
    from spacy.language import Language as Pipeline

# spaCy's sentencizer knows these and more; listed are those it must not miss in our languages.
SENTENCE_ENDS = [".", "!", "?", "…", "。", "！", "？", "｡", "؟", "۔", "।", "။", "።"]
OPENING = regex.compile(
    r"\s+[¿¡«“‘„(\[\"'–—-]+$|[「『（〈《【“‘«]+$"
)  # at the end of a sentence: of the next
IN_NUMBER = regex.compile(r"\p{N}[.]\p{N}")
# Of text without blanks between words: foreign words and numbers as a whole, else letters with their marks.
UNSPACED = regex.compile(rf"{FOREIGN}|\X")
FOREIGN_JOINT = regex.compile(r"[\p{Latin}\p{N}]{2}")  # where words without a blank would become one
MOST_LETTERS = 8000  # without a break: SudachiPy takes no text of more than 49,149 bytes


@dataclass(frozen=True, slots=True)
class PassageOptions:
    """How long passages are and where they break."""

    most_words: int = 80
    characters_per_word: float = 2.0  # in scripts without blanks: Japanese averages about two
    silence_s: float = 2.0  # always a break
    pause_s: float = 0.8  # a break once the passage is half full
    own_share_below: float = 0.6  # of its speaker's time in it: with less a person should look who speaks


@dataclass(frozen=True, slots=True)
class _Atom:
    """A word with its time and the segment it came from: what sentences are made of."""

    text: str
    span: Span
    segment: Segment


def passages_signature(options: PassageOptions) -> Signature:
    """What made passages: rules, not weights."""
    return Signature("nlp.passages", "spacy-sentencizer", options=asdict(options))


def build_passages(
    segments: Sequence[Segment], turns: Sequence[Turn], options: PassageOptions
) -> list[Passage]:
    """Passages of one recording, in order of time.

    `turns`, in order of time, say whose labels the segments carry. The id of a
    passage is its recording and its start, so equal input gives equal ids.
    """
    speaker_ids = {turn.label: turn.speaker_id for turn in turns if turn.speaker_id}
    passages: list[Passage] = []
    taken: set[str] = set()
    for stretch in _stretches(sorted(segments, key=lambda each: each.span), options):
        for atoms in _packed(_sentences(stretch, options), options):
            passage = _passage(atoms, len(passages), speaker_ids)
            number = sum(1 for held in taken if held.startswith(passage.id))
            if number:  # two people starting at the same instant
                passage = replace(passage, id=f"{passage.id}-{number + 1}")
            taken.add(passage.id)
            passages.append(passage)
    spoken = turns_in((passage.span for passage in passages), turns)
    return [_with_share(passage, near, options) for passage, near in zip(passages, spoken, strict=True)]


def _with_share(passage: Passage, near: Sequence[Turn], options: PassageOptions) -> Passage:
    """The passage with the share of its speaker in the time of all turns in it."""
    own_s, all_s = 0.0, 0.0
    for turn in near:
        seconds = turn.span.overlap_s(passage.span)
        all_s += seconds
        own_s += seconds if turn.label == passage.speaker_label else 0.0
    share = own_s / all_s if all_s else 1.0
    doubt = ("speaker_doubtful",) if share < options.own_share_below else ()
    return replace(passage, speaker_share=share, flags=passage.flags + doubt)


def _stretches(segments: Sequence[Segment], options: PassageOptions) -> Iterator[list[_Atom]]:
    """Atoms of neighbouring segments with one speaker, one language and no long silence."""
    current: list[_Atom] = []
    letters = 0
    for segment in segments:
        for atom in _atoms(segment):
            last = current[-1] if current else None
            if last and (
                (last.segment.speaker, last.segment.language) != (segment.speaker, segment.language)
                or last.span.gap_s(atom.span) >= options.silence_s
                or letters >= MOST_LETTERS
            ):
                yield current
                current, letters = [], 0
            current.append(_apart(current[-1], atom) if current else atom)
            letters += len(atom.text)
    if current:
        yield current


def _apart(before: _Atom, atom: _Atom) -> _Atom:
    """An atom with a blank before it where it would make one word with the end of another segment."""
    if before.segment is atom.segment or not FOREIGN_JOINT.fullmatch(before.text[-1:] + atom.text[:1]):
        return atom
    return replace(atom, text=f" {atom.text}")


def _atoms(segment: Segment) -> Iterator[_Atom]:
    """A segment's words; where it has none (captions), its written words at times shared out by length."""
    spaced = language(segment.language).spaced
    if segment.words:
        for number, word in enumerate(segment.words):
            text = word.text if number or not spaced else " " + word.text.lstrip()
            yield _Atom(text, word.span, segment)
        return
    text = " ".join(segment.text.split())
    pieces = [" " + piece for piece in text.split()] if spaced else UNSPACED.findall(text)
    total = sum(map(len, pieces))
    reached = 0
    for piece in pieces:
        start_s = segment.span.start_s + segment.span.duration_s * reached / total
        reached += len(piece)
        end_s = segment.span.start_s + segment.span.duration_s * reached / total
        yield _Atom(piece, Span(start_s, max(start_s, end_s)), segment)


def _sentences(atoms: Sequence[_Atom], options: PassageOptions) -> Iterator[list[_Atom]]:
    """Atoms of one sentence at a time; sentences longer than a passage are cut at pauses."""
    code = atoms[0].segment.language
    ends = _sentence_ends("".join(atom.text for atom in atoms), code)
    current: list[_Atom] = []
    position = 0
    for atom in atoms:
        current.append(atom)
        position += len(atom.text)
        if ends and position >= ends[0]:
            while ends and position >= ends[0]:
                ends.pop(0)
            yield from _shortened(current, options)
            current = []
    if current:
        yield from _shortened(current, options)


def _sentence_ends(text: str, code: str) -> list[int]:
    """Character offsets at which sentences end.

    spaCy's rules leave what opens a sentence with the one before it, and end one within ۲.۵.
    """
    ends = []
    for sentence in sentence_pipeline(code)(text).sents:
        end = sentence.end_char
        if text[end : end + 1].strip() and (opening := OPENING.search(text, sentence.start_char, end)):
            end = opening.start()
        if not IN_NUMBER.match(text, max(0, end - 2)):
            ends.append(end)
    return ends


@cache
def sentence_pipeline(code: str) -> Pipeline:
    """A blank spaCy pipeline of the language that marks sentences by rule."""
    import spacy

    if code == "ko":  # spaCy's own Korean tokeniser needs a system library (MeCab)
        pipeline = spacy.blank("ko", config={"nlp": {"tokenizer": {"@tokenizers": "spacy.Tokenizer.v1"}}})
    else:
        try:
            with warnings.catch_warnings():  # spaCy calls SudachiPy by a name that is going away
                warnings.simplefilter("ignore", DeprecationWarning)
                pipeline = spacy.blank(code)
        except ImportError:  # spaCy has no rules for this language
            pipeline = spacy.blank("xx")
    pipeline.add_pipe("sentencizer", config={"punct_chars": SENTENCE_ENDS})
    pipeline.max_length = 10**9
    return pipeline


def _shortened(atoms: list[_Atom], options: PassageOptions) -> Iterator[list[_Atom]]:
    """The sentence itself, or its parts when it is too long: cut at the longest pause of its middle half.

    Where nobody pauses, a new segment is as good: captions without full stops begin with a word.
    """
    if _length(atoms, options) <= options.most_words or len(atoms) < 4:
        yield atoms
        return
    middle = range(len(atoms) // 4, len(atoms) - len(atoms) // 4)

    def worth(cut: int) -> tuple[bool, float, bool, int]:
        before, after = atoms[cut], atoms[cut + 1]
        mark = before.text.rstrip()[-1:] in {",", "、", "،", ";", "؛", ":"}
        gap_s = before.span.gap_s(after.span)
        return mark, gap_s, before.segment is not after.segment, -abs(cut - len(atoms) // 2)

    at = max((cut for cut in middle if cut + 1 < len(atoms)), key=worth) + 1
    yield from _shortened(atoms[:at], options)
    yield from _shortened(atoms[at:], options)


def _packed(sentences: Iterator[list[_Atom]], options: PassageOptions) -> Iterator[list[_Atom]]:
    """Sentences put together until the passage is full, or half full before a pause."""
    current: list[_Atom] = []
    for sentence in sentences:
        full = _length(current, options) + _length(sentence, options) > options.most_words
        paused = bool(current) and current[-1].span.gap_s(sentence[0].span) >= options.pause_s
        if current and (full or (paused and _length(current, options) >= options.most_words / 2)):
            yield current
            current = []
        current = current + sentence
    if current:
        yield current


def _length(atoms: Sequence[_Atom], options: PassageOptions) -> float:
    """Length in words, or the equivalent in scripts that write none."""
    if not atoms:
        return 0.0
    if language(atoms[0].segment.language).spaced:
        return float(len(atoms))
    return sum(len(atom.text.strip()) for atom in atoms) / options.characters_per_word


def _passage(atoms: Sequence[_Atom], ordinal: int, speaker_ids: Mapping[str, str]) -> Passage:
    first = atoms[0].segment
    segments = list({atom.segment.id: atom.segment for atom in atoms}.values())
    span = Span(atoms[0].span.start_s, max(atom.span.end_s for atom in atoms))
    weights = [max(segment.span.duration_s, 1e-3) for segment in segments]
    confidence = sum(
        segment.confidence * weight for segment, weight in zip(segments, weights, strict=True)
    ) / sum(weights)
    label = first.speaker or ""
    text = "".join(atom.text for atom in atoms).strip()
    flags = dict.fromkeys(flag for segment in segments for flag in segment.flags if concerns(flag, text))
    return Passage(
        id=f"{first.recording_id}-{round(span.start_s * 1000):08d}",
        recording_id=first.recording_id,
        ordinal=ordinal,
        span=span,
        speaker_id=speaker_ids.get(label),
        speaker_label=label,
        language=first.language,
        text=text,
        segment_ids=tuple(segment.id for segment in segments),
        confidence=confidence,
        flags=tuple(flags),
    )
