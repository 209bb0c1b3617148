"""What is exported of a recording: one frozen record, made from the archive, that every writer reads.

What is withheld is not in it: neither its words, nor who said them, nor its times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from sqlalchemy import Connection, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.holdings import Conference, Entry, Selection, ThemeName
from transcripts.keeping import stored_rows
from transcripts.quality import UNSEEN
from transcripts.records import NameMention, Panel, Recording, Signature, Span, Speaker, Word
from transcripts.rows import recording_of
from transcripts.withheld import is_in_force


@dataclass(frozen=True, slots=True)
class Rendering:
    """A remark in another language. `quality` (0..1) is None where a person wrote it."""

    language: str
    text: str
    quality: float | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme that a remark belongs to; `evidence` are the characters of the text that speak for it."""

    id: str
    score: float
    evidence: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """A passage as it is read. `speaker` is the name shown: of the person, or else of the voice.

    The first of `renderings` is the one in the conference's language, if there is one. `words`
    are those heard; none where the text is another one since, as a person has corrected it.
    """

    id: str
    span: Span
    speaker_id: str | None
    speaker: str
    language: str
    text: str
    renderings: tuple[Rendering, ...] = ()
    themes: tuple[Theme, ...] = ()
    names: tuple[NameMention, ...] = ()
    flags: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    confidence: float = 0.0
    state: str = "draft"

    def rendering(self, language: str) -> Rendering | None:
        """The remark in a language other than its own; None where there is none."""
        return next((each for each in self.renderings if each.language == language), None)


def is_unseen(remark: Remark, rendering: Rendering, target: str) -> bool:
    """Whether a machine translated what people vouched for, and nobody has looked at that.

    People review translations into `target`, the conference's language, alone.
    """
    looked_at = rendering.language == target and UNSEEN not in rendering.flags
    return remark.state != "draft" and rendering.quality is not None and not looked_at


@dataclass(frozen=True, slots=True)
class Document:
    """A recording and what is said in it, in order. `recording.path` is the bare name of the file.

    `speakers` are those who speak and are named, `themes` those of the conference, and
    `signatures` of what made the layers.
    """

    conference_id: str
    conference_title: str
    target_language: str
    panel: Panel
    recording: Recording
    remarks: tuple[Remark, ...]
    speakers: tuple[Speaker, ...] = ()
    themes: tuple[ThemeName, ...] = ()
    signatures: tuple[Signature, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages spoken, in the order in which they are first heard."""
        return tuple(dict.fromkeys(each.language for each in self.remarks))

    @property
    def rendered_languages(self) -> tuple[str, ...]:
        """Languages that something is translated into, the conference's first."""
        found = dict.fromkeys(each.language for remark in self.remarks for each in remark.renderings)
        return tuple(sorted(found, key=lambda language: language != self.target_language))


def documents(archive: Archive, panel_id: str | None = None) -> list[Document]:
    """What is exported of a panel's recordings, or of all, in the order of the programme.

    Recordings of which nothing may be shown are left out. Raises ArchiveError for a panel that
    is not there, and where nothing is left.
    """
    known = [panel.id for panel in archive.panels()]
    if panel_id is not None and panel_id not in known:
        raise ArchiveError(f"the archive has no panel {panel_id!r}: take one of {', '.join(known) or 'none'}")
    wanted = frozenset({panel_id}) if panel_id is not None else None
    entries = archive.entries(Selection(panels=wanted))
    if not entries:
        what = f"panel {panel_id!r}" if panel_id is not None else "the archive"
        raise ArchiveError(
            f"{what} has nothing to export: no passages, or all of them are withheld "
            "('symposia status' and 'symposia rights list' tell)"
        )
    return documents_of(archive, entries)


def documents_of(archive: Archive, entries: Iterable[Entry]) -> list[Document]:
    """Documents that hold these passages and no others, in their order."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.passage.recording_id, []).append(entry)
    conferences = {each.id: each for each in archive.conferences()}
    made_by = archive.all_stages()
    with archive.reading() as connection:
        return [
            replace(
                _document(connection, conferences[shown[0].conference_id], shown),
                signatures=tuple(
                    _public(stage.signature)
                    for stage in made_by.get(recording_id, {}).values()
                    if stage.signature is not None
                ),
            )
            for recording_id, shown in found.items()
        ]


def _document(connection: Connection, conference: Conference, shown: Sequence[Entry]) -> Document:
    recording_id = shown[0].passage.recording_id
    mine = schema.recordings.c.id == recording_id
    recording = recording_of(connection.execute(select(schema.recordings).where(mine)).mappings().one())
    speaking = {entry.passage.speaker_id for entry in shown}
    panel = next(each for each in conference.panels if each.id == recording.panel_id)
    layers = _Layers(connection, recording_id, conference.target_language)
    return Document(
        conference.id,
        conference.title,
        conference.target_language,
        replace(panel, speaker_ids=tuple(each for each in panel.speaker_ids if each in speaking)),
        replace(recording, path=PurePath(recording.path).name),
        tuple(layers.remark(entry) for entry in shown),
        tuple(each for each in conference.speakers if each.id in speaking),
        conference.themes,
    )


class _Layers:
    """What machines said about the passages of a recording, to be set beside them as they are read."""

    def __init__(self, connection: Connection, recording_id: str, target: str) -> None:
        table = schema.restrictions.c
        withheld = select(table.target).where(table.kind == "speaker", is_in_force())
        self._withheld = set(connection.execute(withheld).scalars())
        self._texts = {
            row["id"]: (row["text"], row["language"])
            for row in stored_rows(connection, schema.passages, recording_id)
        }
        self._words = {
            row["id"]: [Word(text, Span(start_s, end_s), p) for text, start_s, end_s, p in row["words"]]
            for row in stored_rows(connection, schema.segments, recording_id)
        }
        self._renderings: dict[str, list[Rendering]] = {}
        self._names: dict[str, list[NameMention]] = {}
        for row in stored_rows(connection, schema.translations, recording_id):
            if row["language"] != target:
                said = Rendering(row["language"], row["text"], row["quality"], tuple(row["flags"]))
                self._renderings.setdefault(row["passage_id"], []).append(said)
        for row in stored_rows(connection, schema.names, recording_id):
            place = row["passage_id"], row["start"], row["end"]
            mention = NameMention(*place, row["kind"], row["target_id"], _NAMER)
            self._names.setdefault(row["passage_id"], []).append(mention)

    def remark(self, entry: Entry) -> Remark:
        passage = entry.passage
        as_made = self._texts.get(passage.id) == (passage.text, passage.language)
        renderings = [*(self._renderings.get(passage.id, ()) if as_made else ())]
        if entry.translation:
            said = entry.translation, entry.quality, entry.translation_flags
            renderings.insert(0, Rendering(entry.target_language, *said))
        return Remark(
            passage.id,
            passage.span,
            passage.speaker_id,
            entry.speaker,
            passage.language,
            passage.text,
            tuple(renderings),
            tuple(Theme(theme, score, entry.evidence.get(theme)) for theme, score in entry.themes),
            tuple(self._mentions(passage.id, passage.text)),
            passage.flags,
            self._heard(passage.segment_ids, passage.span, passage.text),
            passage.confidence,
            entry.state,
        )

    def _heard(self, segment_ids: Sequence[str], span: Span, text: str) -> tuple[Word, ...]:
        """The words of a passage, if they still are its text."""
        words = tuple(
            word
            for segment_id in segment_ids
            for word in self._words.get(segment_id, ())
            if span.start_s <= word.span.middle_s <= span.end_s
        )
        heard = "".join("".join(word.text.split()) for word in words)
        return words if heard == "".join(text.split()) else ()

    def _mentions(self, passage_id: str, text: str) -> Iterator[NameMention]:
        """Names that still stand in a text, where they stand now."""
        before, _ = self._texts.get(passage_id, ("", ""))
        for each in self._names.get(passage_id, ()):
            name = before[each.start : each.end]
            hidden = each.kind == "speaker" and each.target_id in self._withheld
            mention = replace(each, target_id="") if hidden else each
            if text[each.start : each.end] == name:
                yield mention
            elif name and text.count(name) == 1:
                start = text.index(name)
                yield replace(mention, start=start, end=start + len(name))


_NAMER = Signature("names")


def _public(signature: Signature) -> Signature:
    """A signature without what tells of one machine: settings, and the folders of local models."""
    model = signature.model
    if "\\" in model or model.startswith(("/", ".", "~")):
        model = PurePath(model.replace("\\", "/")).name
    return replace(signature, model=model, options={})


__all__ = ["Document", "Remark", "Rendering", "Theme", "documents", "documents_of", "is_unseen"]
