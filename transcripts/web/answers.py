"""What the HTTP API answers, as its documentation describes it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from transcripts.holdings import Entry
from transcripts.records import Signature
from transcripts.web.doubtful import quality_of
from transcripts.web.glance import PanelGlance
from transcripts.web.rendering import passage_address


class ThemeAnswer(BaseModel):
    """A theme that a passage belongs to."""

    id: str
    score: float
    evidence: tuple[int, int] | None = Field(
        None, description="the characters of the text that speak for it, from and to"
    )


class PassageAnswer(BaseModel):
    """A passage as it is read: corrections of people are applied."""

    id: str
    panel: str
    panel_title: str
    conference: str
    held_on: str
    recording: str
    start_s: float
    end_s: float
    speaker: str
    affiliation: str
    language: str
    text: str
    translation: str | None
    translation_language: str
    quality: str = Field(description="of the translation: good, check or doubtful; empty where there is none")
    translated_by: str = Field(description="the model that translated; empty where a person did")
    themes: list[ThemeAnswer]
    flags: list[str] = Field(description="what is doubtful")
    state: str = Field(description="draft, reviewed or approved")
    reviewer: str
    restricted: bool = Field(description="withheld from readers; only editors see it")
    link: str

    @classmethod
    def of(cls, entry: Entry, base: str = "") -> PassageAnswer:
        passage, signature = entry.passage, entry.translation_signature
        return cls(
            id=passage.id,
            panel=entry.panel_id,
            panel_title=entry.panel_title,
            conference=entry.conference_title,
            held_on=entry.held_on,
            recording=passage.recording_id,
            start_s=passage.span.start_s,
            end_s=passage.span.end_s,
            speaker=entry.speaker,
            affiliation=entry.affiliation,
            language=passage.language,
            text=passage.text,
            translation=entry.translation,
            translation_language=entry.target_language,
            quality=quality_of(entry),
            translated_by=signature.model if signature else "",
            themes=[
                ThemeAnswer(id=theme, score=score, evidence=entry.evidence.get(theme))
                for theme, score in entry.themes
            ],
            flags=[*passage.flags, *entry.translation_flags],
            state=entry.state,
            reviewer=entry.reviewer,
            restricted=entry.restricted,
            link=base + passage_address(entry.panel_id, passage.id, passage.span.start_s),
        )


class PanelAnswer(BaseModel):
    """A panel at a glance. Seconds spoken of each language, and of each theme."""

    id: str
    title: str
    conference: str
    held_on: str
    duration_s: float
    passages: int
    doubts: int = Field(description="doubtful passages that nobody has reviewed")
    voices: list[str]
    languages_s: dict[str, float]
    themes_s: dict[str, float]

    @classmethod
    def of(cls, glance: PanelGlance) -> PanelAnswer:
        return cls(
            id=glance.panel_id,
            title=glance.title,
            conference=glance.conference,
            held_on=glance.held_on,
            duration_s=glance.duration_s,
            passages=glance.passages,
            doubts=glance.doubts,
            voices=list(glance.voices),
            languages_s=glance.languages_s,
            themes_s=glance.themes_s,
        )


class WordsAnswer(BaseModel):
    """When words are said: by passage, four numbers a word.

    First character and length in the passage's text (in UTF-16 units), start and end in milliseconds.
    """

    recording: str
    passages: dict[str, list[int]]


class SignatureAnswer(BaseModel):
    """What made a layer."""

    component: str
    model: str
    revision: str
    licence: str
    options: dict[str, Any]

    @classmethod
    def of(cls, signature: Signature) -> SignatureAnswer:
        return cls(
            component=signature.component,
            model=signature.model,
            revision=signature.revision,
            licence=signature.licence,
            options=signature.options,
        )


class HistoryAnswer(BaseModel):
    """What a person changed."""

    field: str
    before: str
    after: str
    reviewer: str
    at: str
    state: str


class LayersAnswer(BaseModel):
    """A passage with what made it. The history is for editors; readers get it empty."""

    passage: PassageAnswer
    translation_signature: SignatureAnswer | None
    words: list[int] = Field(description="as of the panel's words")
    history: list[HistoryAnswer]
