"""Reading passages together with what is shown beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from transcripts.holdings import Entry, Selection
from transcripts.rows import passage_of
from transcripts.schema import (
    conferences,
    embeddings,
    names,
    panels,
    passages,
    recordings,
    speakers,
    translations,
)
from transcripts.schema import theme_decisions as decisions
from transcripts.schema import theme_tags as tags

_CHUNK = 900  # ids in one statement; older SQLite takes 999 parameters


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _joined() -> Select[*tuple[object, ...]]:
    """Passages with panel, speaker's name and translation, not yet narrowed."""
    tables = (
        passages.join(recordings, recordings.c.id == passages.c.recording_id)
        .join(panels, panels.c.id == recordings.c.panel_id)
        .join(conferences, conferences.c.id == panels.c.conference_id)
        .outerjoin(
            speakers,
            and_(speakers.c.conference_id == panels.c.conference_id, speakers.c.id == passages.c.speaker_id),
        )
        .outerjoin(
            translations,
            and_(
                translations.c.passage_id == passages.c.id,
                translations.c.language == conferences.c.target_language,
            ),
        )
    )
    shown = func.coalesce(speakers.c.name, passages.c.speaker_id, passages.c.speaker_label)
    return select(
        passages,
        recordings.c.panel_id,
        shown.label("speaker"),
        conferences.c.target_language,
        translations.c.text.label("translation"),
    ).select_from(tables)


def _conditions(selection: Selection) -> Iterator[ColumnElement[bool]]:
    if selection.languages is not None:
        yield passages.c.language.in_(selection.languages)
    if selection.panels is not None:
        yield recordings.c.panel_id.in_(selection.panels)
    if selection.themes is not None:
        decided = exists().where(
            decisions.c.passage_id == passages.c.id,
            decisions.c.belongs,
            decisions.c.theme_id.in_(selection.themes),
        )
        tagged = exists().where(
            tags.c.passage_id == passages.c.id,
            tags.c.assigned,
            tags.c.theme_id.in_(selection.themes),
            ~_rejected(),
        )
        yield or_(decided, tagged)
    if selection.names is not None:
        yield exists().where(names.c.passage_id == passages.c.id, names.c.target_id.in_(selection.names))
    if selection.speakers is not None:
        is_label = passages.c.speaker_label == selection.speaker_label
        unnamed = and_(passages.c.speaker_id.is_(None), is_label)
        named = (
            and_(panels.c.conference_id == conference, passages.c.speaker_id == speaker)
            for conference, speaker in sorted(selection.speakers)
        )
        yield or_(unnamed, *named)


def _rejected() -> ColumnElement[bool]:
    """Whether a person said that the passage of a tag does not belong to its theme."""
    return exists().where(
        decisions.c.passage_id == tags.c.passage_id,
        decisions.c.theme_id == tags.c.theme_id,
        ~decisions.c.belongs,
    )


def _entries(connection: Connection, statement: Select[*tuple[object, ...]]) -> list[Entry]:
    rows = connection.execute(statement).mappings().all()
    themes: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for ids in _chunks([row["id"] for row in rows]):
        tagged = select(tags.c.passage_id, tags.c.theme_id, tags.c.score)
        tagged = tagged.where(tags.c.passage_id.in_(ids), tags.c.assigned, ~_rejected())
        for passage_id, theme_id, score in connection.execute(tagged):
            themes[passage_id][theme_id] = score
        decided = select(decisions.c.passage_id, decisions.c.theme_id)
        decided = decided.where(decisions.c.passage_id.in_(ids), decisions.c.belongs)
        for passage_id, theme_id in connection.execute(decided):
            themes[passage_id][theme_id] = 1.0
    return [
        Entry(
            passage=passage_of(row),
            panel_id=row["panel_id"],
            speaker=row["speaker"],
            target_language=row["target_language"],
            translation=row["translation"],
            themes=tuple(sorted(themes[row["id"]].items(), key=lambda theme: (-theme[1], theme[0]))),
        )
        for row in rows
    ]


def entries_by_id(connection: Connection, ids: Sequence[str], selection: Selection) -> dict[str, Entry]:
    """Those of the passages that the archive has and that the selection takes."""
    found: dict[str, Entry] = {}
    for chunk in _chunks(ids):
        statement = _joined().where(passages.c.id.in_(chunk), *_conditions(selection))
        found.update((entry.passage.id, entry) for entry in _entries(connection, statement))
    return found


def entries_by_time(
    connection: Connection, selection: Selection, limit: int | None, offset: int
) -> list[Entry]:
    """Selected passages in the order of the programme: panel, recording, time."""
    order = (panels.c.held_on, panels.c.position, panels.c.id, recordings.c.id, passages.c.position)
    statement = _joined().where(*_conditions(selection)).order_by(*order).limit(limit).offset(offset)
    return _entries(connection, statement)


def entries_of_recordings(connection: Connection, recording_ids: Sequence[str]) -> list[Entry]:
    """Every passage of these recordings, by recording and place."""
    order = (passages.c.recording_id, passages.c.position)
    return [
        entry
        for chunk in _chunks(sorted(recording_ids))
        for entry in _entries(connection, _joined().where(recordings.c.id.in_(chunk)).order_by(*order))
    ]


def changed_recordings(connection: Connection, since_revision: int) -> list[str]:
    """Recordings that were kept anew after a revision of the archive."""
    later = recordings.c.revision > since_revision
    return list(connection.execute(select(recordings.c.id).where(later).order_by(recordings.c.id)).scalars())


def recording_ids(connection: Connection) -> list[str]:
    return changed_recordings(connection, since_revision=-1)


def embedding_signature(connection: Connection) -> str:
    """The digest of the signature that most embeddings carry; '' where there are none.

    Vectors of different models cannot be compared, and while a conference is
    being embedded anew an archive holds two kinds.
    """
    most = func.count().desc()
    statement = select(embeddings.c.signature).group_by(embeddings.c.signature)
    return connection.execute(statement.order_by(most, embeddings.c.signature)).scalars().first() or ""


def languages(connection: Connection) -> list[str]:
    return list(connection.execute(select(passages.c.language).distinct()).scalars())


def vectors_of_recordings(
    connection: Connection, recording_ids: Sequence[str], signature: str
) -> dict[str, bytes]:
    """Float32 vectors by passage id, of one embedding signature (its digest)."""
    wanted = select(embeddings.c.passage_id, embeddings.c.vector).where(embeddings.c.signature == signature)
    return {
        passage_id: vector
        for chunk in _chunks(sorted(recording_ids))
        for passage_id, vector in connection.execute(wanted.where(embeddings.c.recording_id.in_(chunk)))
    }


def vectors_of_language(connection: Connection, language: str, signature: str, limit: int) -> list[bytes]:
    """Float32 vectors of a language's first passages by id.

    With the limit reached, a sample that further recordings hardly move.
    """
    statement = (
        select(embeddings.c.vector)
        .join(passages, passages.c.id == embeddings.c.passage_id)
        .where(passages.c.language == language, embeddings.c.signature == signature)
        .order_by(passages.c.id)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())
