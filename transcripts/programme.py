"""Conferences, panels and speakers in the archive's tables."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, delete, exists, select

from transcripts import schema
from transcripts.database import upsert
from transcripts.errors import ArchiveError
from transcripts.holdings import Conference, ThemeName
from transcripts.keeping import raise_revision, touch
from transcripts.records import Panel, Speaker
from transcripts.rows import Row


def _speaker_row(conference_id: str, position: int, speaker: Speaker) -> Row:
    return {
        "conference_id": conference_id,
        "id": speaker.id,
        "position": position,
        "name": speaker.name,
        "affiliation": speaker.affiliation,
        "languages": list(speaker.languages),
    }


def _panel_row(conference_id: str, position: int, panel: Panel) -> Row:
    return {
        "id": panel.id,
        "conference_id": conference_id,
        "position": position,
        "title": panel.title,
        "languages": list(panel.languages),
        "held_on": panel.held_on,
        "speaker_ids": list(panel.speaker_ids),
    }


def _refuse_foreign_panels(connection: Connection, conference: Conference) -> None:
    mine = [panel.id for panel in conference.panels]
    clash = connection.execute(
        select(schema.panels.c.id, schema.panels.c.conference_id)
        .where(schema.panels.c.id.in_(mine), schema.panels.c.conference_id != conference.id)
        .order_by(schema.panels.c.id)
    ).first()
    if clash:
        raise ArchiveError(
            f"the panel id '{clash.id}' of conference '{conference.id}' is already in this archive, as a "
            f"panel of conference '{clash.conference_id}'; give the panel another id, or use another archive"
        )


def _forget_unused(connection: Connection, conference: Conference) -> None:
    """Drop panels and speakers that the file no longer has, where nothing refers to them."""
    panels, speakers, recordings = schema.panels, schema.speakers, schema.recordings
    gone = panels.c.id.not_in([panel.id for panel in conference.panels])
    unused = ~exists().where(recordings.c.panel_id == panels.c.id)
    dropped = (
        connection.execute(select(panels.c.id).where(panels.c.conference_id == conference.id, gone, unused))
        .scalars()
        .all()
    )
    for table, column in ((schema.failures, schema.failures.c.panel_id), (panels, panels.c.id)):
        connection.execute(delete(table).where(column.in_(dropped)))
    unheard = [
        ~exists().where(
            table.c.recording_id == recordings.c.id,
            recordings.c.panel_id == panels.c.id,
            panels.c.conference_id == conference.id,
            table.c.speaker_id == speakers.c.id,
        )
        for table in (schema.passages, schema.turns, schema.readings)
    ]
    absent = speakers.c.id.not_in([speaker.id for speaker in conference.speakers])
    connection.execute(delete(speakers).where(speakers.c.conference_id == conference.id, absent, *unheard))


def put_conference(connection: Connection, conference: Conference) -> None:
    """See `Archive.set_conference`."""
    held = conferences(connection)
    if conference in held:
        return
    _refuse_foreign_panels(connection, conference)
    row = {
        "id": conference.id,
        "title": conference.title,
        "target_language": conference.target_language,
        "glossary": [dict(entry) for entry in conference.glossary],
        "themes": [[theme.id, theme.name] for theme in conference.themes],
    }
    before = {each.id: each.target_language for each in held}.get(conference.id)
    upsert(connection, schema.conferences, row)
    for position, speaker in enumerate(conference.speakers):
        upsert(connection, schema.speakers, _speaker_row(conference.id, position, speaker))
    for position, panel in enumerate(conference.panels):
        upsert(connection, schema.panels, _panel_row(conference.id, position, panel))
    _forget_unused(connection, conference)
    if before not in (None, conference.target_language):  # other translations are read now
        mine = select(schema.recordings.c.id).join(schema.panels)
        mine = mine.where(schema.panels.c.conference_id == conference.id)
        for recording_id in connection.execute(mine).scalars().all():
            touch(connection, recording_id)
    if conferences(connection) != held:
        raise_revision(connection)


def panels(connection: Connection, *only: ColumnElement[bool]) -> tuple[Panel, ...]:
    table = schema.panels
    statement = select(table).where(*only).order_by(table.c.conference_id, table.c.position, table.c.id)
    return tuple(
        Panel(row["id"], row["title"], tuple(row["languages"]), row["held_on"], tuple(row["speaker_ids"]))
        for row in connection.execute(statement).mappings()
    )


def speakers(connection: Connection, *only: ColumnElement[bool]) -> tuple[Speaker, ...]:
    table = schema.speakers
    statement = select(table).where(*only).order_by(table.c.conference_id, table.c.position, table.c.id)
    return tuple(
        Speaker(row["id"], row["name"], row["affiliation"], tuple(row["languages"]))
        for row in connection.execute(statement).mappings()
    )


def theme_names(connection: Connection) -> dict[str, str]:
    """What the themes of all conferences are called, by id."""
    rows = connection.execute(select(schema.conferences.c.themes).order_by(schema.conferences.c.id))
    return {theme_id: name for themes in rows.scalars() for theme_id, name in themes}


def conferences(connection: Connection) -> tuple[Conference, ...]:
    """Every conference with its panels and speakers."""
    rows = connection.execute(select(schema.conferences).order_by(schema.conferences.c.id)).mappings().all()
    return tuple(
        Conference(
            id=row["id"],
            title=row["title"],
            target_language=row["target_language"],
            panels=panels(connection, schema.panels.c.conference_id == row["id"]),
            speakers=speakers(connection, schema.speakers.c.conference_id == row["id"]),
            glossary=tuple(row["glossary"]),
            themes=tuple(ThemeName(*theme) for theme in row["themes"]),
        )
        for row in rows
    )
