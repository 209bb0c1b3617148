"""The stages of one recording: what each needs, what names its result, what makes it.

A stage's key is made of its component's signature, the digests of the layers above
it and its other inputs; nothing else may change its result. `SPOKEN` and `CAPTIONED`
list the stages in order; everything about a stage is in its row.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, astuple, replace

from flows import spoken
from flows.config import Source
from flows.jobs import InParts, Job, Made, Stage
from flows.layers import (
    Embeddings,
    Names,
    Passages,
    Tags,
    TranslationEmbeddings,
    Translations,
    Voices,
)
from flows.models import speaker_cues
from nlp import passages
from nlp.clauses import ClauseOptions, clauses
from nlp.listening import Tick
from nlp.names import NameMarker, mark_passages, names_signature
from nlp.parts import starting_in
from nlp.theme_evidence import tag_passages
from nlp.transcription import Transcript
from nlp.translation import Guidance
from transcripts.folding import fold
from transcripts.formats.subtitles import read_captions
from transcripts.records import (
    Clause,
    Embedding,
    Passage,
    Segment,
    Signature,
    Span,
    Translation,
    TranslationEmbedding,
    Turn,
    segment_id,
)


def _read_captions(job: Job, made: Made, tick: Tick) -> Transcript:
    """Captions as segments: what people wrote is certain, and so is its language."""
    cues = [
        cue if cue.language in job.panel.languages else replace(cue, language=captions.language)
        for captions in job.source.captions
        for cue in read_captions(captions.path, captions.language)
    ]
    segments, taken = [], Counter[str]()
    for cue in sorted(cues, key=lambda cue: cue.span):
        name = segment_id(job.recording_id, cue.span, cue.language)
        taken[name] += 1  # two people may speak at once
        segments.append(
            Segment(
                id=name if taken[name] == 1 else f"{name}-{taken[name]}",
                recording_id=job.recording_id,
                span=cue.span,
                language=cue.language,
                language_probability=1.0,
                text=cue.text,
                confidence=1.0,
                speaker=cue.voice,
            )
        )
    return Transcript(tuple(segments))


def _written_speakers(job: Job, made: Made, tick: Tick) -> Voices:
    """Speakers as the captions name them: no voice is needed."""
    transcript: Transcript = made["transcript"]
    turns = []
    called: dict[str, set[str]] = {}
    for each in job.speakers:
        for name in (each.id, each.name):
            called.setdefault(fold(name), set()).add(each.id)
    for segment in transcript.segments:
        if segment.speaker:
            fitting = called.get(fold(segment.speaker), set())  # no name is better than one of two
            named = next(iter(fitting)) if len(fitting) == 1 else None
            turns.append(Turn(job.recording_id, segment.span, segment.speaker, named))
    return Voices(transcript.segments, tuple(turns))


def _build_passages(job: Job, made: Made, tick: Tick) -> Passages:
    voices: Voices = made["speakers"]
    return Passages(tuple(passages.build_passages(voices.segments, voices.turns, job.models.passage_options)))


def _mark_names(job: Job, made: Made, tick: Tick) -> Names:
    held: Passages = made["passages"]
    marker = NameMarker(job.conference.known_names(), job.models.name_models)
    return Names(tuple(mark_passages(marker, held.passages)))


def _passage_parts(job: Job, made: Made) -> Sequence[Span]:
    """The parts of a long recording, by its passages."""
    held: Passages = made["passages"]
    return spoken.parts_by(job, sorted(each.span for each in held.passages))


def _translate_part(job: Job, made: Made, part: Span, tick: Tick) -> Translations:
    """Translations of what is not yet in a target language, a pair of languages at a time."""
    held: Passages = made["passages"]
    by_language: dict[str, list[Passage]] = {}
    for passage in starting_in(part, held.passages):
        by_language.setdefault(passage.language, []).append(passage)
    guidance = Guidance(job.conference.terms(), job.memory)
    found: list[Translation] = []
    for target in job.conference.targets:
        for code, chosen in sorted(by_language.items()):
            if code == target:
                continue
            translator = job.models.translator
            results = translator.translate([passage.text for passage in chosen], code, target, guidance)
            found += [
                Translation(
                    passage.id, target, result.text, result.quality, translator.signature, result.flags
                )
                for passage, result in zip(chosen, results, strict=True)
            ]
            tick(max(passage.span.end_s for passage in chosen))
    return Translations(tuple(found))


def _translate(job: Job, made: Made, tick: Tick) -> Translations:
    held: Passages = made["passages"]
    parts = made["translated"] or [_translate_part(job, made, Span(0.0, math.inf), tick)]
    order = {passage.id: passage.ordinal for passage in held.passages}
    found = [each for part in parts for each in part.translations]
    return Translations(tuple(sorted(found, key=lambda each: order[each.passage_id])))


def _embed(job: Job, made: Made, tick: Tick) -> Embeddings:
    held: Passages = made["passages"]
    embedder = job.models.embedder
    vectors = embedder.passages([passage.text for passage in held.passages])
    parts = [
        (passage, *bounds)
        for passage in held.passages
        for bounds in clauses(passage.text, passage.language, ClauseOptions())
    ]
    means = embedder.passages([passage.text[start:end] for passage, start, end in parts])
    return Embeddings(
        tuple(
            Embedding(passage.id, tuple(map(float, vector)), embedder.signature)
            for passage, vector in zip(held.passages, vectors, strict=True)
        ),
        tuple(
            Clause(passage.id, start, end, tuple(map(float, vector)), embedder.signature)
            for (passage, start, end), vector in zip(parts, means, strict=True)
        ),
    )


def _embed_translations(job: Job, made: Made, tick: Tick) -> TranslationEmbeddings:
    """Search looks for meaning in what is said and in its translation; the latter is shown beside it."""
    held: Translations = made["translation"]
    embedder = job.models.embedder
    shown = [each for each in held.translations if each.language == job.conference.target_language]
    vectors = embedder.passages([each.text for each in shown])
    return TranslationEmbeddings(
        tuple(
            TranslationEmbedding(
                each.passage_id, each.language, tuple(map(float, vector)), embedder.signature
            )
            for each, vector in zip(shown, vectors, strict=True)
        )
    )


def _tag(job: Job, made: Made, tick: Tick) -> Tags:
    held: Passages = made["passages"]
    meaning: Embeddings = made["embedding"]
    return Tags(tuple(tag_passages(job.models.tagger, held.passages, meaning.embeddings, meaning.clauses)))


_MEANING = (
    Stage(
        "passages",
        ("speakers",),
        lambda job: passages.passages_signature(job.models.passage_options),
        lambda job: [],
        _build_passages,
    ),
    Stage(
        "names",
        ("passages",),
        lambda job: names_signature(job.models.name_models),
        lambda job: [asdict(each) for each in job.conference.known_names()],
        _mark_names,
    ),
    Stage(
        "translation",
        ("passages",),
        lambda job: job.models.translation_signature,
        lambda job: [job.conference.targets, [asdict(each) for each in job.conference.terms().entries]],
        _translate,
        (InParts("translated", _passage_parts, _translate_part),),
    ),
    Stage(
        "embedding",
        ("passages",),
        lambda job: job.models.embedding_signature,
        lambda job: asdict(ClauseOptions()),
        _embed,
    ),
    Stage(
        "translation_embedding",
        ("translation",),
        lambda job: job.models.embedding_signature,
        lambda job: [job.conference.target_language],
        _embed_translations,
    ),
    Stage("themes", ("passages", "embedding"), lambda job: job.models.tagger_signature, lambda job: [], _tag),
)

SPOKEN = (
    Stage(
        "runs",
        (),
        lambda job: job.models.listening_signature,
        lambda job: list(job.panel.languages),
        spoken.listen,
        (
            InParts("regions", spoken.whole, spoken.find_regions),
            InParts("stretches", spoken.found_parts, spoken.hear),
        ),
    ),
    Stage(
        "transcript",
        ("runs",),
        lambda job: job.models.transcript_signature,
        lambda job: job.conference.names(job.panel.languages),
        spoken.transcribe,
        (InParts("decoded", spoken.heard_parts, spoken.decode),),
    ),
    Stage(
        "speakers",
        ("runs", "transcript"),
        lambda job: job.models.speakers_signature,
        lambda job: [
            [asdict(each) for each in job.speakers],
            job.models.profile.speakers.max_speakers,
            [
                [each.speaker_id, job.hashes[each.path], each.span and astuple(each.span)]
                for each in job.voice_samples
            ],
            [job.hashes[speaker_cues()], asdict(job.models.hint_options)],
        ],
        spoken.tell_speakers,
        (InParts("voices", spoken.voice_parts, spoken.embed_voices),),
    ),
    *_MEANING,
)

CAPTIONED = (
    Stage(
        "transcript",
        (),
        lambda job: Signature("transcripts.formats.subtitles"),
        lambda job: [
            list(job.panel.languages),
            *([job.hashes[each.path], each.language] for each in job.source.captions),
        ],
        _read_captions,
    ),
    Stage(
        "speakers",
        ("transcript",),
        lambda job: Signature("captions"),
        lambda job: [asdict(each) for each in job.speakers],
        _written_speakers,
    ),
    *_MEANING,
)


def stages_of(source: Source) -> tuple[Stage, ...]:
    """Captions stand in for transcription wherever there are any."""
    return CAPTIONED if source.captions else SPOKEN
