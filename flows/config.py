"""A conference as its organisers describe it: one YAML file, checked whole before anything runs.

docs/conference.md has a word for every key (a test sees to it). Paths in the file
are taken from its folder; in what `load_conference` returns they are absolute.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from flows.given_files import ArrivedFile, ExistingFile, RecordingFile
from flows.yamlfile import Described, Keys, Problem, configs_dir, read_yaml, suggestion, validated
from nlp.languages import language
from nlp.names import SPEAKER, KnownName
from nlp.terms import Terms
from transcripts.errors import ConfigurationError
from transcripts.records import Panel, Span, Speaker


def _slug(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,79}", value):
        return value
    better = re.sub(r"[^a-z0-9._-]+", "-", value.casefold()).strip("-._")[:80]
    raise ValueError(
        f"{value[:81]!r} cannot be an id, which is written into links and file names: "
        f"use up to 80 of a-z, 0-9, '.', '_' and '-'{f', such as {better!r}' if better else ''}."
    )


def _known_language(value: str) -> str:
    try:
        return language(value).code
    except ConfigurationError as error:
        raise ValueError(str(error)) from None


def _iso_date(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a date: write it as 2025-10-28.") from None


def _time_code(value: object) -> float:
    before = r"(?:(?:(\d{1,4}):)?([0-5]?\d):(?=[0-5]?\d(?:\.|$)))?"  # hours and minutes, of seconds below 60
    found = re.fullmatch(before + r"(\d{1,8}(?:\.\d+)?)", str(value))
    if not found:
        raise ValueError(f"{value!r} is not a time: write it as 12:30, 1:12:30.5 or seconds.")
    hours, minutes, seconds = found.groups(default="0")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, AfterValidator(_slug)]
LanguageCode = Annotated[str, AfterValidator(_known_language)]
TimeCode = Annotated[float, BeforeValidator(_time_code)]
Forms = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more), Field(min_length=1)]


class HeardEntry(Described):
    """One of a speaker's `heard`."""

    recording: ArrivedFile = Field(description="an audio or video file, of a panel or not")
    start: TimeCode = Field(description="from when on this speaker alone speaks, as 12:30 or 1:12:30.5")
    end: TimeCode = Field(description="until when")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"ends at {self.end:g} s, which is not after {self.start:g} s: correct one.")
        return self


class SpeakerEntry(Described):
    """One of `speakers`."""

    id: Slug = Field(description="a short name for files and links, such as director-jp")
    name: Text = Field(description="the person's name, or a role such as 'Director (Japan)'")
    affiliation: str = Field(default="", description="institution, company or country")
    languages: tuple[LanguageCode, ...] = Field(
        default=(), description="codes of the languages the person speaks"
    )
    enrolment: ExistingFile | None = Field(
        default=None, description="a recording of this voice alone, 5 to 60 s"
    )
    heard: tuple[HeardEntry, ...] = Field(
        default=(), description="stretches of recordings in which somebody knows this voice to speak"
    )


@dataclass(frozen=True, slots=True)
class VoiceSample:
    """Where a speaker's voice can be heard alone; `span` is None for a whole file."""

    speaker_id: str
    path: Path
    span: Span | None = None


class GlossaryEntry(Described):
    """One of `glossary`."""

    id: Slug = Field(description="a short name for the entry")
    kind: Literal["person", "film", "organisation", "place", "term"] = Field(
        description="what the entry names"
    )
    forms: Annotated[Mapping[LanguageCode, Forms], Field(min_length=1)] = Field(
        description="how it is written, a form or a list of forms for each language code"
    )


class CaptionEntry(Described):
    """One of a panel's `captions`."""

    path: ExistingFile = Field(description="a SubRip (.srt) or WebVTT (.vtt) file")
    language: LanguageCode = Field(description="the language that the captions are written in")


@dataclass(frozen=True, slots=True)
class Source:
    """What one recording of a panel is made from: a file, captions, or both."""

    recording_id: str
    panel_id: str
    path: Path | None
    captions: tuple[CaptionEntry, ...] = ()


class PanelEntry(Described):
    """One of `panels`."""

    id: Slug = Field(description="a short name for files and links, such as opening-panel")
    title: Text = Field(description="the title as printed in the programme")
    held_on: Annotated[date, BeforeValidator(_iso_date)] | None = Field(
        default=None, description="the day, as 2025-10-28"
    )
    languages: tuple[LanguageCode, ...] = Field(
        default=(), description="codes of the languages spoken; may be left out where captions stand alone"
    )
    speakers: tuple[Slug, ...] | None = Field(
        default=None, description="ids of those who speak; left out: all speakers"
    )
    recording: RecordingFile | None = Field(default=None, description="an audio or video file")
    recordings: tuple[RecordingFile, ...] = Field(
        default=(), description="several files, in order, instead of `recording`"
    )
    captions: tuple[CaptionEntry, ...] = Field(
        default=(), description="human captions, which stand in for transcription"
    )

    @model_validator(mode="after")
    def _languages_of_captions(self) -> Self:
        languages = self.languages or (each.language for each in self.captions)
        return self.model_copy(update={"languages": tuple(dict.fromkeys(languages))})

    @property
    def sources(self) -> tuple[Source, ...]:
        """The recordings of the panel, in order, with ids that stay the same: `id`, `id-2`, `id-3`..."""
        paths = (self.recording, *self.recordings) if self.recording else self.recordings
        if not paths:
            return (Source(self.id, self.id, None, self.captions),)
        return tuple(
            Source(recording_id, self.id, path, self.captions)
            for recording_id, path in zip(_recording_ids(self.id, len(paths)), paths, strict=True)
        )


class Conference(Described):
    """The whole file."""

    id: Slug = Field(description="a short name for files and links, such as ai-cinema-2025")
    title: Text = Field(description="the name of the conference")
    target_language: LanguageCode = Field(description="the code of the language that all is translated into")
    further_languages: tuple[LanguageCode, ...] = Field(
        default=(), description="codes of languages that all is translated into besides"
    )
    themes: ExistingFile = Field(
        default_factory=lambda: configs_dir() / "themes.yaml", description="the file of themes to tag with"
    )
    speakers: tuple[SpeakerEntry, ...] = Field(default=(), description="who speaks")
    glossary: tuple[GlossaryEntry, ...] = Field(
        default=(), description="names and terms that must come out right"
    )
    panels: Annotated[tuple[PanelEntry, ...], Field(min_length=1)] = Field(
        description="the sessions, at least one"
    )

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """The recordings of all panels, in the order of the file."""
        return tuple(source for panel in self.panels for source in panel.sources)

    def source(self, recording_id: str) -> Source:
        """A recording by its id. Raises ConfigurationError where the file names none such."""
        for each in self.sources:
            if each.recording_id == recording_id:
                return each
        raise ConfigurationError(
            f"the conference '{self.id}' has no recording '{recording_id}': "
            "recordings are named as their panels are, further ones of a panel with -2, -3, ..."
        )

    def panel_records(self) -> tuple[Panel, ...]:
        """The panels as the archive keeps them."""
        return tuple(self._panels.values())

    def panel_record(self, panel_id: str) -> Panel:
        """A panel as the archive keeps it."""
        return self._panels[panel_id]

    @cached_property
    def _panels(self) -> dict[str, Panel]:
        everyone = tuple(speaker.id for speaker in self.speakers)
        return {
            panel.id: Panel(
                id=panel.id,
                title=panel.title,
                languages=panel.languages,
                held_on=panel.held_on.isoformat() if panel.held_on else "",
                speaker_ids=everyone if panel.speakers is None else panel.speakers,
            )
            for panel in self.panels
        }

    def speaker_records(self) -> tuple[Speaker, ...]:
        """The speakers as the archive keeps them."""
        return tuple(Speaker(each.id, each.name, each.affiliation, each.languages) for each in self.speakers)

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages that all is translated into, each once."""
        return tuple(dict.fromkeys((self.target_language, *self.further_languages)))

    def terms(self) -> Terms:
        """The glossary as translations need it; one that is put in another order is the same."""
        ordered = sorted(self.glossary, key=lambda each: each.id)
        return Terms(tuple(KnownName(each.id, each.kind, dict(each.forms)) for each in ordered))

    def names(self, codes: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
        """How the glossary's entries are written in these languages, by id."""
        return {
            each.id: {code: forms for code, forms in each.forms.items() if code in codes}
            for each in self.glossary
            if any(code in codes for code in each.forms)
        }

    def known_names(self) -> tuple[KnownName, ...]:
        """Who and what can be named in passages: the speakers, and the glossary but for its terms.

        A person of the glossary who has a speaker's id is that speaker, in other written forms.
        """
        forms: dict[str, dict[str, tuple[str, ...]]] = {each.id: {"": (each.name,)} for each in self.speakers}
        others = []
        for entry in self.glossary:
            if entry.kind == "person" and entry.id in forms:
                forms[entry.id] |= entry.forms
            elif entry.kind != "term":
                others.append(KnownName(entry.id, entry.kind, dict(entry.forms)))
        return (*(KnownName(each, SPEAKER, written) for each, written in forms.items()), *others)

    def voice_samples(self) -> tuple[VoiceSample, ...]:
        """Where speakers can be heard alone: enrolment clips, and stretches that somebody knows."""
        clips = [VoiceSample(each.id, each.enrolment) for each in self.speakers if each.enrolment]
        stretches = [
            VoiceSample(each.id, heard.recording, Span(heard.start, heard.end))
            for each in self.speakers
            for heard in each.heard
        ]
        return (*clips, *stretches)


def load_conference(path: Path, arriving_in: Path | None = None) -> Conference:
    """Read and check a conference file.

    With `arriving_in`, a folder, recordings need not be there yet: one that is missing at its place is
    looked for in that folder under the path that the file gives, and has that path until it arrives.
    Raises ConfigurationError with every mistake found, one a line.
    """
    file = read_yaml(path)
    return validated(Conference, file, _cross_problems(file.data), arriving_in=arriving_in)


def _cross_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Mistakes that only show where two places are compared; shapes are checked elsewhere."""
    for section in ("speakers", "glossary", "panels"):
        yield from _repeated(_entries(data, section), "id", f"the id of {section}[{{}}]: give each its own.")
    speaker_ids = [entry["id"] for _, entry in _entries(data, "speakers") if isinstance(entry.get("id"), str)]
    # one voice under two names names nobody
    yield from _repeated(
        _entries(data, "speakers"), "enrolment", "the voice of speakers[{}]: give each their own."
    )
    for keys, panel in _entries(data, "panels"):
        yield from _source_problems(keys, panel)
        for at, speaker in enumerate(_listed(panel, "speakers")):
            if isinstance(speaker, str) and speaker not in speaker_ids:
                near = suggestion(speaker, speaker_ids) or ": describe this speaker under 'speakers' first."
                yield Problem((*keys, "speakers", at), f"there is no speaker {speaker!r}{near}")
    yield from _clashing_recordings(_entries(data, "panels"))


def _source_problems(keys: Keys, panel: Mapping[str, Any]) -> Iterator[Problem]:
    recordings, captions = _listed(panel, "recordings"), _listed(panel, "captions")
    if not (panel.get("recording") or panel.get("recordings") or panel.get("captions")):
        yield Problem(
            keys, "has nothing to read: add 'recording: FILE' or 'captions: [{path: FILE, language: CODE}]'."
        )
    if panel.get("recording") and panel.get("recordings"):
        yield Problem((*keys, "recordings"), "stands beside 'recording': move that file into this list.")
    if captions and len(recordings) > 1:
        yield Problem((*keys, "captions"), "belong to one recording: give each recording a panel of its own.")
    languages = _listed(panel, "languages")
    if not panel.get("languages") and (panel.get("recording") or panel.get("recordings")):
        yield Problem(
            (*keys, "languages"), "is missing or empty: list the languages spoken, such as [ja, en]."
        )
    for at, caption in enumerate(captions):
        code = caption.get("language") if isinstance(caption, dict) else None
        if languages and isinstance(code, str) and code not in languages:
            what = f"{code!r} is not among the panel's languages: add it to them, or correct it."
            yield Problem((*keys, "captions", at, "language"), what)


def _repeated(entries: list[tuple[Keys, dict[str, Any]]], key: str, told: str) -> Iterator[Problem]:
    """Values of a key that an entry before has."""
    owners: dict[str, Keys] = {}
    for keys, entry in entries:
        value = entry.get(key)
        if isinstance(value, str) and (owner := owners.setdefault(value, keys)) != keys:
            yield Problem((*keys, key), f"{value!r} is already {told.format(owner[1])}")


def _clashing_recordings(panels: list[tuple[Keys, dict[str, Any]]]) -> Iterator[Problem]:
    """A panel called 'a-2' beside a panel 'a' of two recordings."""
    panel_ids = Counter(str(panel.get("id")) for _, panel in panels)
    for keys, panel in panels:
        for recording_id in _recording_ids(str(panel.get("id")), len(_listed(panel, "recordings")))[1:]:
            if recording_id in panel_ids:
                what = f"its recording {recording_id!r} would have the id of another panel: change one."
                yield Problem((*keys, "id"), what)


def _recording_ids(panel_id: str, count: int) -> list[str]:
    return [panel_id, *(f"{panel_id}-{number}" for number in range(2, count + 1))][:count]


def _entries(data: Mapping[str, Any], section: str) -> list[tuple[Keys, dict[str, Any]]]:
    """The entries of a section that are keys and values, with their places."""
    return [((section, at), each) for at, each in enumerate(_listed(data, section)) if isinstance(each, dict)]


def _listed(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []
