"""Records to table rows and back, exactly.

A row is what SQLAlchemy binds: strings, numbers, bytes and JSON-able lists.
Vectors are stored as little-endian float32, so an `Embedding` comes back equal
when its numbers are float32 values (as every model gives them); a number with
more digits is rounded to the nearest float32 once, when it is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from sqlalchemy import RowMapping, Table

from transcripts import schema
from transcripts.holdings import RecordingLayers, StageRecord
from transcripts.records import (
    Clause,
    Embedding,
    Gap,
    NameMention,
    Passage,
    Recording,
    Review,
    Segment,
    Signature,
    Span,
    SpeakerHint,
    ThemeTag,
    Translation,
    TranslationEmbedding,
    Turn,
    Word,
)

Row = dict[str, Any]


def float32_bytes(vector: Sequence[float]) -> bytes:
    """A vector of shape (dim,) as little-endian float32."""
    return np.asarray(vector, dtype="<f4").tobytes()


def float32_values(data: bytes) -> tuple[float, ...]:
    """What `float32_bytes` wrote."""
    return tuple(np.frombuffer(data, dtype="<f4").tolist())


def signature_row(signature: Signature) -> Row:
    return {
        "digest": signature.digest,
        "component": signature.component,
        "model": signature.model,
        "revision": signature.revision,
        "licence": signature.licence,
        "options": signature.options,
        "code_version": signature.code_version,
    }


def signature_of(row: RowMapping) -> Signature:
    return Signature(
        row["component"], row["model"], row["revision"], row["licence"], row["options"], row["code_version"]
    )


def stage_row(stage: StageRecord) -> Row:
    signature = stage.signature.digest if stage.signature else ""
    return {"stage": stage.stage, "key": stage.key, "digest": stage.digest, "signature": signature}


def stage_of(row: RowMapping, signatures: Mapping[str, Signature]) -> StageRecord:
    return StageRecord(row["stage"], row["key"], row["digest"], signatures.get(row["signature"]))


def recording_row(recording: Recording) -> Row:
    return {
        "id": recording.id,
        "panel_id": recording.panel_id,
        "path": recording.path,
        "sha256": recording.sha256,
        "duration_s": recording.duration_s,
        "kind": recording.kind,
    }


def recording_of(row: RowMapping) -> Recording:
    return Recording(row["id"], row["panel_id"], row["path"], row["sha256"], row["duration_s"], row["kind"])


def _span_row(span: Span) -> Row:
    return {"start_s": span.start_s, "end_s": span.end_s}


def _span_of(row: RowMapping) -> Span:
    return Span(row["start_s"], row["end_s"])


def _segment_row(segment: Segment) -> Row:
    return {
        "id": segment.id,
        **_span_row(segment.span),
        "language": segment.language,
        "language_probability": segment.language_probability,
        "text": segment.text,
        "words": [[w.text, w.span.start_s, w.span.end_s, w.probability] for w in segment.words],
        "confidence": segment.confidence,
        "speaker": segment.speaker,
        "flags": list(segment.flags),
        "channel": segment.channel,
    }


def _segment_of(row: RowMapping) -> Segment:
    return Segment(
        id=row["id"],
        recording_id=row["recording_id"],
        span=_span_of(row),
        language=row["language"],
        language_probability=row["language_probability"],
        text=row["text"],
        words=tuple(Word(text, Span(start_s, end_s), p) for text, start_s, end_s, p in row["words"]),
        confidence=row["confidence"],
        speaker=row["speaker"],
        flags=tuple(row["flags"]),
        channel=row["channel"],
    )


def _hint_row(hint: SpeakerHint) -> Row:
    row = asdict(hint)
    del row["recording_id"]
    return row


def hint_of(row: RowMapping) -> SpeakerHint:
    return SpeakerHint(**{each.name: row[each.name] for each in fields(SpeakerHint)})


def passage_row(passage: Passage) -> Row:
    return {
        "id": passage.id,
        "ordinal": passage.ordinal,
        **_span_row(passage.span),
        "speaker_id": passage.speaker_id,
        "speaker_label": passage.speaker_label,
        "language": passage.language,
        "text": passage.text,
        "segment_ids": list(passage.segment_ids),
        "confidence": passage.confidence,
        "flags": list(passage.flags),
        "speaker_share": passage.speaker_share,
    }


def passage_of(row: RowMapping) -> Passage:
    return Passage(
        id=row["id"],
        recording_id=row["recording_id"],
        ordinal=row["ordinal"],
        span=_span_of(row),
        speaker_id=row["speaker_id"],
        speaker_label=row["speaker_label"],
        language=row["language"],
        text=row["text"],
        segment_ids=tuple(row["segment_ids"]),
        confidence=row["confidence"],
        flags=tuple(row["flags"]),
        speaker_share=row["speaker_share"],
    )


def _translation_row(translation: Translation) -> Row:
    return {
        "passage_id": translation.passage_id,
        "language": translation.language,
        "text": translation.text,
        "quality": translation.quality,
        "signature": translation.signature.digest,
        "flags": list(translation.flags),
    }


def _tag_row(tag: ThemeTag) -> Row:
    start, end = tag.evidence or (None, None)
    return {
        "passage_id": tag.passage_id,
        "theme_id": tag.theme_id,
        "score": tag.score,
        "assigned": tag.assigned,
        "signature": tag.signature.digest,
        "evidence_start": start,
        "evidence_end": end,
        "nearest": tag.nearest,
    }


def _tag_of(row: RowMapping, signature: Signature) -> ThemeTag:
    evidence = None if row["evidence_start"] is None else (row["evidence_start"], row["evidence_end"])
    return ThemeTag(
        row["passage_id"],
        row["theme_id"],
        row["score"],
        row["assigned"],
        signature,
        evidence,
        row["nearest"],
    )


def _embedding_row(embedding: Embedding | TranslationEmbedding) -> Row:
    return {
        "passage_id": embedding.passage_id,
        "vector": float32_bytes(embedding.vector),
        "signature": embedding.signature.digest,
    }


def _clause_row(clause: Clause) -> Row:
    return {
        "passage_id": clause.passage_id,
        "start": clause.start,
        "end": clause.end,
        "vector": float32_bytes(clause.vector),
        "signature": clause.signature.digest,
    }


def review_row(review: Review) -> Row:
    """All but the id, which the archive gives."""
    row = asdict(review)
    span = row.pop("span")
    del row["id"]
    return {**row, **span}


def review_of(row: RowMapping) -> Review:
    kept = {each.name: row[each.name] for each in fields(Review) if each.name != "span"}
    return Review(**kept, span=_span_of(row))


def _name_row(name: NameMention) -> Row:
    return {
        "passage_id": name.passage_id,
        "start": name.start,
        "end": name.end,
        "kind": name.kind,
        "target_id": name.target_id,
        "signature": name.signature.digest,
    }


def layer_rows(
    recording_id: str, layers: RecordingLayers, stages: Iterable[StageRecord]
) -> dict[Table, list[Row]]:
    """What `schema.LAYERS` should hold for a recording, in order."""
    rows: dict[Table, list[Row]] = {
        schema.stages: [stage_row(stage) for stage in stages],
        schema.segments: [_segment_row(segment) for segment in layers.segments],
        schema.gaps: [{**_span_row(gap.span), "reason": gap.reason} for gap in layers.gaps],
        schema.turns: [
            {
                **_span_row(turn.span),
                "label": turn.label,
                "speaker_id": turn.speaker_id,
                "channel": turn.channel,
            }
            for turn in layers.turns
        ],
        schema.speaker_hints: [_hint_row(hint) for hint in layers.hints],
        schema.passages: [passage_row(passage) for passage in layers.passages],
        schema.translations: [_translation_row(translation) for translation in layers.translations],
        schema.theme_tags: [_tag_row(tag) for tag in layers.tags],
        schema.embeddings: [_embedding_row(embedding) for embedding in layers.embeddings],
        schema.translation_embeddings: [
            {**_embedding_row(embedding), "language": embedding.language}
            for embedding in layers.translation_embeddings
        ],
        schema.clauses: [_clause_row(clause) for clause in layers.clauses],
        schema.names: [_name_row(name) for name in layers.names],
        schema.notes: [{"text": note} for note in layers.notes],
    }
    for layer in rows.values():
        for position, row in enumerate(layer):
            row.update(recording_id=recording_id, position=position)
    return rows


def layers_of(
    rows: Mapping[Table, Sequence[RowMapping]], signatures: Mapping[str, Signature]
) -> RecordingLayers:
    """The layers that `layer_rows` wrote. `signatures` holds every one referred to."""
    return RecordingLayers(
        segments=tuple(map(_segment_of, rows[schema.segments])),
        gaps=tuple(Gap(_span_of(row), row["reason"]) for row in rows[schema.gaps]),
        turns=tuple(
            Turn(row["recording_id"], _span_of(row), row["label"], row["speaker_id"], row["channel"])
            for row in rows[schema.turns]
        ),
        hints=tuple(map(hint_of, rows[schema.speaker_hints])),
        passages=tuple(map(passage_of, rows[schema.passages])),
        translations=tuple(
            Translation(
                row["passage_id"],
                row["language"],
                row["text"],
                row["quality"],
                signatures[row["signature"]],
                tuple(row["flags"]),
            )
            for row in rows[schema.translations]
        ),
        tags=tuple(_tag_of(row, signatures[row["signature"]]) for row in rows[schema.theme_tags]),
        embeddings=tuple(
            Embedding(row["passage_id"], float32_values(row["vector"]), signatures[row["signature"]])
            for row in rows[schema.embeddings]
        ),
        translation_embeddings=tuple(
            TranslationEmbedding(
                row["passage_id"],
                row["language"],
                float32_values(row["vector"]),
                signatures[row["signature"]],
            )
            for row in rows[schema.translation_embeddings]
        ),
        clauses=tuple(
            Clause(
                row["passage_id"],
                row["start"],
                row["end"],
                float32_values(row["vector"]),
                signatures[row["signature"]],
            )
            for row in rows[schema.clauses]
        ),
        names=tuple(
            NameMention(
                row["passage_id"],
                row["start"],
                row["end"],
                row["kind"],
                row["target_id"],
                signatures[row["signature"]],
            )
            for row in rows[schema.names]
        ),
        notes=tuple(row["text"] for row in rows[schema.notes]),
    )
