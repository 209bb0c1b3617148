"""What the HTTP API answers, as its documentation describes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel, Field

from transcripts.citations import citation, translator
from transcripts.holdings import Entry
from transcripts.query import SearchQuery, parse
from transcripts.records import Signature
from transcripts.results import Results
from transcripts.web.doubtful import quality_of
from transcripts.web.glance import PanelGlance
from transcripts.web.rendering import passage_address


class RefusalAnswer(BaseModel):
    """Why something is not answered, in words."""

    detail: str


# What every path may answer besides what was asked for. The first four come from the guard, as plain text.
REFUSALS: dict[int | str, dict[str, Any]] = {
    **{
        status: {"description": what, "content": {"text/plain": {"schema": {"type": "string"}}}}
        for status, what in (
            (400, "The length that the request declares is no number."),
            (403, "Asked for from another site, or under another name than this machine's own."),
            (413, "The request is too large."),
            (414, "The address is too long."),
        )
    },
    **{
        status: {"description": what, "model": RefusalAnswer}
        for status, what in (
            (401, "Nobody is logged in."),
            (404, "It is not there, or not for this visitor."),
            (422, "A parameter is not as described."),
            (503, "The archive cannot be read at the moment."),
        )
    },
}


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
    mentions: list[str] = Field(description="ids of speakers and glossary entries that are named in it")
    flags: list[str] = Field(description="what is doubtful")
    state: str = Field(description="draft, reviewed or approved")
    reviewer: str
    restricted: bool = Field(description="withheld from readers; only editors see it")
    link: str

    @classmethod
    def of(cls, entry: Entry, base: str = "") -> PassageAnswer:
        passage = entry.passage
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
            translated_by=translator(entry) if entry.translation_signature else "",
            themes=[
                ThemeAnswer(id=theme, score=score, evidence=entry.evidence.get(theme))
                for theme, score in entry.themes
            ],
            mentions=list(entry.names),
            flags=[*passage.flags, *entry.translation_flags],
            state=entry.state,
            reviewer=entry.reviewer,
            restricted=entry.restricted,
            link=base + passage_address(entry.panel_id, passage.id, passage.span.start_s),
        )


class SearchFields(BaseModel):
    """What is searched for. `q` may hold the whole query language; the other fields narrow it."""

    q: str = Field("", description="words, phrases and filters, in any language")
    theme: list[str] = Field([], max_length=50)
    language: list[str] = Field([], max_length=50)
    speaker: list[str] = Field([], max_length=50)
    panel: list[str] = Field([], max_length=50)
    name: list[str] = Field([], max_length=50)
    mode: Literal["hybrid", "words", "meaning"] = "hybrid"
    sort: Literal["relevance", "time"] = "relevance"
    limit: int = Field(20, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10_000_000)

    def query(self) -> SearchQuery:
        query = parse(self.q)
        return replace(
            query,
            themes=(*query.themes, *self.theme),
            languages=(*query.languages, *self.language),
            speakers=(*query.speakers, *self.speaker),
            panels=(*query.panels, *self.panel),
            names=(*query.names, *self.name),
            mode=self.mode,
            sort=self.sort,
            limit=self.limit,
            offset=self.offset,
        )


class HitAnswer(BaseModel):
    """A passage found. Marks are the characters that were looked for, from and to."""

    passage: PassageAnswer
    citation: str
    score: float
    matched_by: list[str]
    text_marks: list[tuple[int, int]]
    translation_marks: list[tuple[int, int]]


class CountAnswer(BaseModel):
    """How many hits have a value of a facet."""

    value: str
    name: str
    hits: int


class SearchAnswer(BaseModel):
    """A page of hits, how many there are in all, how they are spread, and what to know of the query."""

    total: int
    hits: list[HitAnswer]
    facets: dict[str, list[CountAnswer]]
    notices: list[str]

    @classmethod
    def of(cls, results: Results, base: str) -> SearchAnswer:
        return cls(
            total=results.total,
            hits=[
                HitAnswer(
                    passage=PassageAnswer.of(hit.entry, base),
                    citation=citation(hit.entry),
                    score=hit.score,
                    matched_by=list(hit.matched_by),
                    text_marks=list(hit.text_marks),
                    translation_marks=list(hit.translation_marks),
                )
                for hit in results.hits
            ],
            facets={
                name: [CountAnswer(value=each.value, name=each.name, hits=each.hits) for each in counts]
                for name, counts in results.facets.items()
            },
            notices=[str(notice) for notice in results.notices],
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
