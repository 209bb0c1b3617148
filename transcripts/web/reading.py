"""A panel as it is read: its passages in order, voices, themes and the times of its words."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from transcripts.archive import Archive
from transcripts.entries import count, outlines
from transcripts.holdings import Conference, Entry, Selection
from transcripts.records import Recording, Span, Word
from transcripts.rights import restrictions
from transcripts.schema import segments
from transcripts.web.doubtful import quality_of
from transcripts.withheld import silenced

if TYPE_CHECKING:  # a published site reads panels without a web server
    from transcripts.web.visitors import Visitor

VOICES = 10  # colours there are; further voices begin again
NEAR_S = 0.05  # by which a word may lie outside of its passage


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text, and the number of the theme that it is evidence of, if any."""

    text: str
    theme: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One passage as a panel page shows it. `voice` is the colour of its speaker."""

    entry: Entry
    recording: int
    voice: int
    quality: str
    doubtful: bool
    pieces: tuple[Piece, ...]

    @property
    def span(self) -> Span:
        return self.entry.passage.span

    @property
    def language(self) -> str:
        return self.entry.passage.language

    @property
    def themes(self) -> tuple[str, ...]:
        return tuple(theme for theme, _ in self.entry.themes)

    @property
    def draft(self) -> bool:
        return self.entry.state == "draft"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a picture of a panel shows of a passage; of the same names as those of a `Line`."""

    span: Span
    language: str
    themes: tuple[str, ...]
    recording: int
    voice: int
    doubtful: bool
    draft: bool


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who speaks on a panel, and how long."""

    name: str
    affiliation: str
    number: int
    spoken_s: float


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme of the panel's conference, with its colour."""

    id: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class PanelFrame:
    """A panel, its recordings and the themes of its conference."""

    panel_id: str
    title: str
    held_on: str
    conference: str
    target_language: str
    recordings: tuple[Recording, ...]
    themes: tuple[Theme, ...]

    @property
    def duration_s(self) -> float:
        return sum(recording.duration_s for recording in self.recordings)


@dataclass(frozen=True, slots=True)
class PanelOutline(PanelFrame):
    """A panel without its words. `speakers` are the names of those who speak, or their labels."""

    lines: tuple[Moment, ...]
    speakers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PanelReading(PanelFrame):
    """All that a panel page shows.

    `silent` says that the sound is withheld, as something said in it is withheld from this reader:
    a recording is one file, and whoever gets it could hear what is under embargo.
    """

    lines: tuple[Line, ...]
    voices: tuple[Voice, ...]
    silent: bool
    state: Hashable = None  # of the archive when it was read: what is made of the panel depends on it

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(voice.name for voice in self.voices if voice.name)

    @property
    def languages(self) -> list[str]:
        """Languages spoken, the one spoken longest first."""
        spoken: dict[str, float] = {}
        for line in self.lines:
            spoken[line.language] = spoken.get(line.language, 0.0) + line.span.duration_s
        return sorted(spoken, key=lambda code: -spoken[code])


def _frame(archive: Archive, panel_id: str, visitor: Visitor) -> PanelFrame | None:
    """None where there is no such panel, or it is withheld from the visitor."""
    conference = next((each for each in archive.conferences() if _has(each, panel_id)), None)
    if conference is None:
        return None
    held = () if visitor.may_edit else restrictions(archive)
    if any((each.kind, each.target) == ("panel", panel_id) for each in held):
        return None
    mine = [each for each in archive.recordings() if each.panel_id == panel_id]
    in_order = sorted(mine, key=lambda each: (len(each.id), each.id))  # as their passages: id-2 before id-10
    return frame_of(conference, panel_id, in_order)


def frame_of(conference: Conference, panel_id: str, recordings: Sequence[Recording]) -> PanelFrame:
    """A panel of a conference with these recordings."""
    panel = next(each for each in conference.panels if each.id == panel_id)
    return PanelFrame(
        panel.id,
        panel.title,
        panel.held_on,
        conference.title,
        conference.target_language,
        tuple(recordings),
        tuple(Theme(each.id, each.name, number) for number, each in enumerate(conference.themes)),
    )


def outline_panel(archive: Archive, panel_id: str, visitor: Visitor) -> PanelOutline | None:
    """A panel in outline, as a visitor may see it; None where there is none for them."""
    frame = _frame(archive, panel_id, visitor)
    if frame is None:
        return None
    places = {recording.id: number for number, recording in enumerate(frame.recordings)}
    with archive.reading() as connection:
        found = outlines(connection, list(places), restricted=visitor.may_edit)
        everything = Selection(panels=frozenset({panel_id}), restricted=True)
        if not found and count(connection, everything):
            return None
    names = {
        who.id: who.name for each in archive.conferences() if _has(each, panel_id) for who in each.speakers
    }
    voices: dict[str, int] = {}
    lines = []
    for each in found:
        speaker = names.get(each.speaker_id or "") or each.speaker_id or each.speaker_label
        voice = voices.setdefault(speaker, len(voices)) % VOICES
        place, draft = places[each.recording_id], each.state == "draft"
        lines.append(Moment(each.span, each.language, each.themes, place, voice, each.doubtful, draft))
    return PanelOutline(**_parts(frame), lines=tuple(lines), speakers=tuple(filter(None, voices)))


def _has(conference: Conference, panel_id: str) -> bool:
    return any(panel.id == panel_id for panel in conference.panels)


def _parts(frame: PanelFrame) -> dict[str, Any]:
    return {each.name: getattr(frame, each.name) for each in fields(PanelFrame)}


def read_panel(archive: Archive, panel_id: str, visitor: Visitor) -> PanelReading | None:
    """A panel as a visitor may see it; None where there is none for them."""
    frame = _frame(archive, panel_id, visitor)
    if frame is None:
        return None
    everything = archive.entries(Selection(panels=frozenset({panel_id}), restricted=True))
    entries = [entry for entry in everything if visitor.may_edit or not entry.restricted]
    if everything and not entries:
        return None
    silent = len(entries) < len(everything)
    if not visitor.may_edit:
        with archive.reading() as connection:
            silent |= bool(silenced(connection, [each.id for each in frame.recordings]))
    return reading_of(frame, entries, silent=silent)


def reading_of(frame: PanelFrame, entries: Sequence[Entry], *, silent: bool) -> PanelReading:
    """A panel with these passages; every one of them is of one of its recordings."""
    numbers = {theme.id: theme.number for theme in frame.themes}
    voices = voices_of(entries)
    by_name = {voice.name: voice.number for voice in voices}
    places = {recording.id: number for number, recording in enumerate(frame.recordings)}
    lines = (
        Line(
            entry,
            places[entry.passage.recording_id],
            by_name[entry.speaker] % VOICES,
            quality_of(entry),
            bool(entry.passage.flags) or quality_of(entry) == "doubtful",
            marked(entry.passage.text, entry.evidence, numbers),
        )
        for entry in entries
    )
    return PanelReading(**_parts(frame), lines=tuple(lines), voices=voices, silent=silent)


def voices_of(entries: Iterable[Entry]) -> tuple[Voice, ...]:
    """Everybody who speaks, in the order of their first words."""
    spoken: dict[str, float] = {}
    affiliations: dict[str, str] = {}
    for entry in entries:
        spoken[entry.speaker] = spoken.get(entry.speaker, 0.0) + entry.passage.span.duration_s
        affiliations[entry.speaker] = entry.affiliation
    return tuple(
        Voice(name, affiliations[name], number, seconds)
        for number, (name, seconds) in enumerate(spoken.items())
    )


def marked(
    text: str, evidence: Mapping[str, tuple[int, int] | None], numbers: Mapping[str, int]
) -> tuple[Piece, ...]:
    """The text in pieces, each with the theme that it speaks for; of two themes the first named."""
    spans = [
        (start, end, numbers.get(theme, 0))
        for theme, span in evidence.items()
        if span
        for start, end in [span]
        if 0 <= start < end <= len(text)
    ]
    cuts = sorted({0, len(text)} | {edge for start, end, _ in spans for edge in (start, end)})
    pieces = []
    for start, end in itertools.pairwise(cuts):
        theme = next((number for begin, until, number in spans if begin <= start and end <= until), None)
        pieces.append(Piece(text[start:end], theme))
    return tuple(pieces)


def timed_words(text: str, words: Sequence[Word]) -> list[int]:
    """Where the words of a text stand and when they are said, as four numbers a word.

    First character, length (in UTF-16 units), start and end in milliseconds. The text may have been corrected
    since: a word that is not found near its place is left out, and the next one looked for.
    """
    found: list[int] = []
    position = 0
    for word in words:
        written = word.text.strip()
        at = text.find(written, position) if written else -1
        if at < 0 or at - position > 200:
            continue
        found += [at, len(written), round(word.span.start_s * 1000), round(word.span.end_s * 1000)]
        position = at + len(written)
    if any(letter > "\uffff" for letter in text):  # browsers count such a letter as two
        for number in range(0, len(found), 4):
            at, length = found[number : number + 2]
            found[number] = _utf16(text[:at])
            found[number + 1] = _utf16(text[at : at + length])
    return found


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def words_of_recording(
    archive: Archive, recording: Recording, entries: Iterable[Entry]
) -> dict[str, list[int]]:
    """`timed_words` by passage id, for the passages given."""
    heard = select(segments.c.id, segments.c.words).where(segments.c.recording_id == recording.id)
    with archive.reading() as connection:
        words_of = dict(connection.execute(heard).tuples().all())
    timed: dict[str, list[int]] = {}
    for entry in entries:
        passage = entry.passage
        near = Span(passage.span.start_s - NEAR_S, passage.span.end_s + NEAR_S)
        words = [
            word
            for segment_id in passage.segment_ids
            for text, start_s, end_s, probability in words_of.get(segment_id, ())
            if (word := Word(text, Span(start_s, end_s), probability)).span.overlap_s(near)
        ]
        timed[passage.id] = timed_words(passage.text, words)
    return timed


__all__ = [
    "Line",
    "PanelReading",
    "Piece",
    "Theme",
    "Voice",
    "frame_of",
    "marked",
    "read_panel",
    "reading_of",
    "timed_words",
    "words_of_recording",
]
