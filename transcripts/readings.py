"""Passages as they are read: what machines said, with what people changed.

The tables `readings` and `reading_themes` are derived. `project` makes them again for a
recording, in the transaction that changed a layer or added a review; rows that come out the
same keep their revision, so that the search index follows single passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select

from transcripts.changes import replay
from transcripts.database import chunks, upsert
from transcripts.page import Belonging, Page, Reading
from transcripts.quality import doubt
from transcripts.rows import Row, passage_of, passage_row, review_of
from transcripts.schema import (
    conferences,
    former_passages,
    panels,
    passages,
    reading_themes,
    readings,
    recordings,
    review_places,
    reviews,
    theme_tags,
    translations,
)


def project(connection: Connection, recording_id: str, revision: int) -> None:
    """Make the readings of a recording again; what differs is stamped with the archive's revision."""
    found = _with_reviews(connection, recording_id)
    rows = {row["id"]: row for row in _reading_rows(recording_id, found)}
    themes = _by_passage(_theme_rows(recording_id, found))
    mine = select(readings).where(readings.c.recording_id == recording_id)
    old = {row["id"]: dict(row) for row in connection.execute(mine).mappings()}
    of_mine = select(reading_themes).where(reading_themes.c.recording_id == recording_id)
    of_mine = of_mine.order_by(*reading_themes.primary_key)
    old_themes = _by_passage(dict(row) for row in connection.execute(of_mine).mappings())
    stale = []
    for passage_id, row in rows.items():
        before = old.get(passage_id, {})
        tagged_as_before = themes.get(passage_id) == old_themes.get(passage_id)
        same = {**row, "position": before.get("position"), "revision": before.get("revision")} == before
        row["revision"] = before["revision"] if same and tagged_as_before else revision
        if row != before or not tagged_as_before:
            stale.append(passage_id)
    gone = sorted(old.keys() - rows.keys())
    for passage_id in gone:
        names = ("id", "recording_id", "start_s", "end_s")
        upsert(connection, former_passages, {name: old[passage_id][name] for name in names})
    for ids in chunks([*stale, *gone]):
        connection.execute(delete(reading_themes).where(reading_themes.c.passage_id.in_(ids)))
        connection.execute(delete(readings).where(readings.c.id.in_(ids)))
    if stale:
        connection.execute(insert(readings), [rows[passage_id] for passage_id in stale])
    tags = [row for passage_id in stale for row in themes.get(passage_id, ())]
    if tags:
        connection.execute(insert(reading_themes), tags)


def _by_passage(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["passage_id"], []).append(row)
    return found


def _with_reviews(connection: Connection, recording_id: str) -> list[Reading]:
    """The readings of a recording; where its reviews hold is written down."""
    about = (
        select(recordings.c.sha256, conferences.c.target_language)
        .join(panels, panels.c.id == recordings.c.panel_id)
        .join(conferences, conferences.c.id == panels.c.conference_id)
    )
    known = connection.execute(about.where(recordings.c.id == recording_id)).one_or_none()
    if known is None:  # it refers to a panel that is not there, and is refused when it is to be kept
        return []
    page = Page(
        machine_readings(connection, recording_id, known.target_language), known.sha256, known.target_language
    )
    mine = select(reviews).where(reviews.c.recording_id == recording_id)
    places = replay(page, map(review_of, connection.execute(mine).mappings()))
    connection.execute(delete(review_places).where(review_places.c.recording_id == recording_id))
    rows = [
        {"review_id": review_id, "passage_id": passage_id, "recording_id": recording_id}
        for review_id, found in places.items()
        for passage_id in found or ("",)
    ]
    if rows:
        connection.execute(insert(review_places), rows)
    return page.readings


def machine_readings(connection: Connection, recording_id: str, target: str) -> list[Reading]:
    """The passages of a recording as machines left them, in order."""
    mine = select(translations).where(
        translations.c.recording_id == recording_id, translations.c.language == target
    )
    translated = {row["passage_id"]: row for row in connection.execute(mine).mappings()}
    themes = _themes(connection, recording_id)
    statement = select(passages).where(passages.c.recording_id == recording_id).order_by(passages.c.position)
    found = []
    for row in connection.execute(statement).mappings():
        said = translated.get(row["id"])
        found.append(
            Reading(
                passage_of(row),
                row["id"],
                said["text"] if said else None,
                said["quality"] if said else None,
                said["signature"] if said else None,
                tuple(said["flags"]) if said else (),
                themes=themes.get(row["id"], {}),
            )
        )
    return found


def _themes(connection: Connection, recording_id: str) -> dict[str, dict[str, Belonging]]:
    found: dict[str, dict[str, Belonging]] = {}
    tagged = select(theme_tags).where(theme_tags.c.recording_id == recording_id, theme_tags.c.assigned)
    for row in connection.execute(tagged).mappings():
        evidence = None if row["evidence_start"] is None else (row["evidence_start"], row["evidence_end"])
        belonging = Belonging(True, False, row["score"], evidence)
        found.setdefault(row["passage_id"], {})[row["theme_id"]] = belonging
    return found


def _reading_rows(recording_id: str, found: Sequence[Reading]) -> list[Row]:
    rows = []
    for position, reading in enumerate(found):
        row = passage_row(reading.passage)
        del row["ordinal"]
        rows.append(
            {
                **row,
                "recording_id": recording_id,
                "position": position,
                "origin": reading.origin,
                "translation": reading.translation,
                "quality": reading.quality,
                "signature": reading.signature,
                "translation_flags": list(reading.translation_flags),
                "state": reading.state,
                "reviewer": reading.reviewer,
                "doubt": doubt(
                    reading.passage.confidence,
                    reading.passage.flags,
                    reading.quality,
                    reading.translation_flags,
                ),
            }
        )
    return rows


def _theme_rows(recording_id: str, found: Sequence[Reading]) -> list[Row]:
    return [
        {
            "recording_id": recording_id,
            "passage_id": reading.passage.id,
            "theme_id": theme_id,
            "belongs": each.belongs,
            "decided": each.decided,
            "score": each.score,
            "evidence_start": each.evidence and each.evidence[0],
            "evidence_end": each.evidence and each.evidence[1],
        }
        for reading in found
        for theme_id, each in sorted(reading.themes.items())
    ]
