"""Reading passages as they are read, together with what is shown beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from itertools import permutations
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    false,
    func,
    or_,
    select,
)

from transcripts.database import chunks, json_text
from transcripts.holdings import EVERYTHING, Entry, Selection
from transcripts.quality import DOUBTFUL_BELOW, GOOD_FROM, NO_DOUBT
from transcripts.records import Signature, Span
from transcripts.rows import passage_of, signature_of
from transcripts.schema import (
    conferences,
    names,
    panels,
    readings,
    recordings,
    signatures,
    speakers,
)
from transcripts.schema import former_passages as former
from transcripts.schema import reading_themes as themes
from transcripts.withheld import is_restricted

_Statement = Select[Any]


def _sources() -> Any:
    """Readings with the recording, panel and conference that they are of."""
    return (
        readings.join(recordings, recordings.c.id == readings.c.recording_id)
        .join(panels, panels.c.id == recordings.c.panel_id)
        .join(conferences, conferences.c.id == panels.c.conference_id)
    )


@lru_cache(maxsize=64)  # SQLAlchemy takes as long to write it as SQLite to answer
def _selected(withheld: ColumnElement[bool], selection: Selection) -> _Statement:
    """Everything of the selected entries but their themes and names.

    What is `withheld` is left out, or told, where the selection takes it.
    """
    known = and_(speakers.c.conference_id == conferences.c.id, speakers.c.id == readings.c.speaker_id)
    statement = select(
        readings,
        readings.c.position.label("ordinal"),
        func.coalesce(speakers.c.name, readings.c.speaker_id, readings.c.speaker_label).label("speaker"),
        func.coalesce(speakers.c.affiliation, "").label("affiliation"),
        recordings.c.panel_id,
        recordings.c.kind.label("recording_kind"),
        panels.c.title.label("panel_title"),
        panels.c.held_on,
        panels.c.conference_id,
        conferences.c.title.label("conference_title"),
        conferences.c.target_language,
        (withheld if selection.restricted else false()).label("restricted"),
    )
    return statement.select_from(_sources().outerjoin(speakers, known)).where(
        *_conditions(withheld, selection)
    )


@lru_cache(maxsize=64)
def _selected_by_id(withheld: ColumnElement[bool], selection: Selection) -> _Statement:
    return _selected(withheld, selection).where(_among(readings.c.id))


def _among(column: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a column has one of the `ids` that a statement is executed with."""
    return column.in_(bindparam("ids", expanding=True))


# Written once, as `_selected`.
_THEMES_OF = select(
    themes.c.passage_id, themes.c.theme_id, themes.c.score, themes.c.evidence_start, themes.c.evidence_end
).where(_among(themes.c.passage_id), themes.c.belongs)
_SIGNATURES_OF = select(signatures).where(_among(signatures.c.digest))
_WORDINGS = (
    select(
        readings.c.id,
        readings.c.text,
        readings.c.language,
        readings.c.translation,
        conferences.c.target_language,
    )
    .select_from(_sources())
    .where(_among(readings.c.id))
)


def _chosen(connection: Connection, selection: Selection) -> Iterator[ColumnElement[bool]]:
    return _conditions(is_restricted(connection), selection)


def _conditions(withheld: ColumnElement[bool], selection: Selection) -> Iterator[ColumnElement[bool]]:
    if not selection.restricted:
        yield ~withheld
    for column, values in (
        (readings.c.language, selection.languages),
        (recordings.c.panel_id, selection.panels),
        (readings.c.state, selection.states),
    ):
        if values is not None:
            yield column.in_(values)
    if selection.themes is not None:
        belonging = (themes.c.passage_id == readings.c.id, themes.c.belongs)
        yield exists().where(*belonging, themes.c.theme_id.in_(selection.themes))
    if selection.names is not None:
        in_it = names.c.passage_id == readings.c.origin
        yield exists().where(in_it, names.c.target_id.in_(selection.names))
    if selection.speakers is not None:
        labels = selection.speaker_labels - {""}  # without one, nobody unnamed is meant
        unnamed = and_(readings.c.speaker_id.is_(None), readings.c.speaker_label.in_(labels))
        named = (
            and_(panels.c.conference_id == conference, readings.c.speaker_id == speaker)
            for conference, speaker in sorted(selection.speakers)
        )
        yield or_(unnamed, *named)
    if selection.qualities is not None:
        yield or_(false(), *(has_quality(word) for word in sorted(selection.qualities)))
    if selection.held_after:
        yield panels.c.held_on >= selection.held_after
    if selection.held_before:
        yield and_(panels.c.held_on <= selection.held_before, panels.c.held_on != "")


def has_quality(word: str) -> ColumnElement[bool]:
    """`quality.quality_word` in SQL."""
    quality, flags = readings.c.quality, cast(readings.c.translation_flags, Text)
    orders = (order for number in range(len(NO_DOUBT) + 1) for order in permutations(NO_DOUBT, number))
    flagged = flags.not_in([json_text(order) for order in orders])
    low = and_(quality.is_not(None), quality < DOUBTFUL_BELOW)
    good = or_(quality.is_(None), quality >= GOOD_FROM)
    found = {
        "good": and_(~flagged, good),
        "check": and_(~flagged, ~low, ~good),
        "doubtful": or_(flagged, low),
    }
    return found.get(word, false())


def _entries(connection: Connection, statement: _Statement, among: Sequence[str]) -> list[Entry]:
    rows = connection.execute(statement, {"ids": among}).mappings().all()
    made_by = _signatures(connection, {row["signature"] for row in rows})
    found: list[Entry] = []
    for ids in chunks([row["id"] for row in rows]):
        belonging, named = _themes(connection, ids), _names(connection, readings.c.id, ids)
        for row in rows[len(found) : len(found) + len(ids)]:
            of_passage = belonging.get(row["id"], {})
            scores = ((theme, score) for theme, (score, _) in of_passage.items())
            found.append(
                Entry(
                    passage=passage_of(row),
                    themes=tuple(sorted(scores, key=lambda theme: (-theme[1], theme[0]))),
                    evidence={theme: evidence for theme, (_, evidence) in of_passage.items()},
                    names=named.get(row["id"], ()),
                    translation_flags=tuple(row["translation_flags"]),
                    translation_signature=made_by.get(row["signature"]),
                    **{name: row[name] for name in _SHOWN},
                )
            )
    return found


# Fields of an entry that are columns of `_selected`.
_SHOWN = (
    "panel_id",
    "speaker",
    "target_language",
    "translation",
    "quality",
    "state",
    "reviewer",
    "restricted",
    "affiliation",
    "recording_kind",
    "panel_title",
    "held_on",
    "conference_id",
    "conference_title",
)

_Evidence = tuple[int, int] | None


def _themes(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, tuple[float, _Evidence]]]:
    """Score and evidence of the themes of these passages, by passage, then by theme."""
    found: dict[str, dict[str, tuple[float, _Evidence]]] = {}
    for passage_id, theme_id, score, start, end in connection.execute(_THEMES_OF, {"ids": ids}):
        evidence = None if start is None else (start, end)
        found.setdefault(passage_id, {})[theme_id] = (score, evidence)
    return found


def _names(
    connection: Connection, column: ColumnElement[str], ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Ids of who and what is named in these readings, by passage; what nobody knows is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for passage_id, target in connection.execute(_named_in(column), {"ids": ids}):
        found[passage_id] = (*found.get(passage_id, ()), target)
    return found


@cache
def _named_in(column: ColumnElement[str]) -> _Statement:
    of_origin = readings.join(names, names.c.passage_id == readings.c.origin)
    known = and_(_among(column), names.c.target_id != "")
    statement = select(readings.c.id, names.c.target_id).select_from(of_origin).where(known).distinct()
    return statement.order_by(readings.c.id, names.c.target_id)


def names_in(connection: Connection, recording_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Ids of who and what is named in passages of these recordings, by passage, those that name any."""
    found: dict[str, tuple[str, ...]] = {}
    for ids in chunks(recording_ids):
        found |= _names(connection, readings.c.recording_id, ids)
    return found


def _signatures(connection: Connection, digests: Collection[str]) -> dict[str, Signature]:
    used = connection.execute(_SIGNATURES_OF, {"ids": sorted(filter(None, digests))})
    return {row["digest"]: signature_of(row) for row in used.mappings()}


def entries_by_id(connection: Connection, ids: Sequence[str], selection: Selection) -> dict[str, Entry]:
    """Those of the passages that the archive has and that the selection takes, in the order given."""
    statement = _selected_by_id(is_restricted(connection), selection)
    found = {
        entry.passage.id: entry for chunk in chunks(ids) for entry in _entries(connection, statement, chunk)
    }
    return {passage_id: found[passage_id] for passage_id in ids if passage_id in found}


class Wording(NamedTuple):
    """A passage in its two languages, as it is read: each text with its language."""

    source: tuple[str, str]
    translation: tuple[str, str]


def wordings(connection: Connection, ids: Sequence[str]) -> dict[str, Wording]:
    """How those of the passages read that the archive has."""
    return {
        passage_id: Wording((text, language), (translation or "", target))
        for chunk in chunks(ids)
        for passage_id, text, language, translation, target in connection.execute(_WORDINGS, {"ids": chunk})
    }


def ids_by_time(
    connection: Connection, selection: Selection, limit: int | None = None, offset: int = 0
) -> list[str]:
    """Selected passages in the order of the programme: panel, recording, time.

    The recordings of a panel are numbered ('opening', 'opening-2', 'opening-10'): shorter ids come first.
    Counted by recording first, so that a page costs as much as the recordings it lies in, at any depth.
    """
    conditions = tuple(_chosen(connection, selection))
    own = (func.length(recordings.c.id), recordings.c.id)
    order = (panels.c.held_on, panels.c.position, panels.c.id, *own)
    counted = select(recordings.c.id, func.count()).select_from(_sources()).where(*conditions)
    wanted, skipped, reached = [], 0, 0
    for recording_id, number in connection.execute(counted.group_by(*order).order_by(*order)):
        if reached + number <= offset:
            skipped += number
        elif limit is None or reached < offset + limit:
            wanted.append(recording_id)
        reached += number
    held: dict[str, list[str]] = {recording_id: [] for recording_id in wanted}
    statement = select(recordings.c.id, readings.c.id).select_from(_sources()).where(*conditions)
    for chunk in chunks(wanted):
        mine = statement.where(recordings.c.id.in_(chunk)).order_by(recordings.c.id, readings.c.position)
        for recording_id, passage_id in connection.execute(mine):
            held[recording_id].append(passage_id)
    found = [passage_id for ids in held.values() for passage_id in ids]
    return found[offset - skipped :][:limit]


def ids_by_doubt(connection: Connection, selection: Selection, limit: int | None, offset: int) -> list[str]:
    """Selected passages, the most doubtful first."""
    order = (readings.c.doubt.desc(), readings.c.id.desc())
    statement = select(readings.c.id).select_from(_sources()).where(*_chosen(connection, selection))
    return list(connection.execute(statement.order_by(*order).limit(limit).offset(offset)).scalars())


def entries_by_time(
    connection: Connection, selection: Selection, limit: int | None, offset: int
) -> list[Entry]:
    """Selected entries in the order of the programme."""
    ids = ids_by_time(connection, selection, limit, offset)
    return list(entries_by_id(connection, ids, selection).values())


class Outline(NamedTuple):
    """What a picture of a panel needs of a passage: the part of its entry that is read quickly.

    It is doubtful in itself or in its translation.
    """

    recording_id: str
    span: Span
    language: str
    speaker_id: str | None
    speaker_label: str
    state: str
    themes: tuple[str, ...]
    doubtful: bool


def outlines(connection: Connection, recording_ids: Sequence[str], *, restricted: bool) -> list[Outline]:
    """The passages of recordings in outline, by recording and place."""
    flagged = cast(readings.c.flags, Text) != "[]"
    badly_read = and_(readings.c.translation.is_not(None), has_quality("doubtful"))
    own = (readings.c.recording_id, readings.c.start_s, readings.c.end_s, readings.c.language)
    whose = (readings.c.speaker_id, readings.c.speaker_label, readings.c.state)
    statement = select(readings.c.id, *own, *whose, or_(flagged, badly_read))
    if not restricted:
        joined = readings.join(recordings, recordings.c.id == readings.c.recording_id)
        statement = statement.select_from(joined).where(~is_restricted(connection))
    statement = statement.order_by(readings.c.recording_id, readings.c.position)
    belonging = select(themes.c.passage_id, themes.c.theme_id).where(themes.c.belongs)
    found, assigned = [], dict[str, tuple[str, ...]]()
    for ids in chunks(sorted(recording_ids)):
        for passage_id, theme in connection.execute(belonging.where(themes.c.recording_id.in_(ids))):
            assigned[passage_id] = (*assigned.get(passage_id, ()), theme)
        for row in connection.execute(statement.where(readings.c.recording_id.in_(ids))):
            passage_id, recording_id, start_s, end_s, language, speaker, label, state, doubtful = row
            belongs = assigned.get(passage_id, ())
            span = Span(start_s, end_s)
            found.append(Outline(recording_id, span, language, speaker, label, state, belongs, doubtful))
    return found


def count(connection: Connection, selection: Selection) -> int:
    """How many passages are selected."""
    statement = select(func.count()).select_from(_sources()).where(*_chosen(connection, selection))
    return int(connection.execute(statement).scalar_one())


def entries_of_recordings(
    connection: Connection, recording_ids: Sequence[str], selection: Selection = EVERYTHING
) -> list[Entry]:
    """The selected passages of these recordings, by recording and place."""
    statement = _selected(is_restricted(connection), selection).where(_among(readings.c.recording_id))
    statement = statement.order_by(readings.c.recording_id, readings.c.position)
    return [
        entry for chunk in chunks(sorted(recording_ids)) for entry in _entries(connection, statement, chunk)
    ]


def present_passage(connection: Connection, passage_id: str) -> str | None:
    """See `Archive.present_passage`."""
    if connection.execute(select(readings.c.id).where(readings.c.id == passage_id)).first():
        return passage_id
    was = connection.execute(select(former).where(former.c.id == passage_id)).one_or_none()
    if was is None:
        return None
    columns = (readings.c.id, readings.c.start_s, readings.c.end_s)
    near = select(*columns).where(readings.c.recording_id == was.recording_id)
    near = near.where(readings.c.start_s < was.end_s, readings.c.end_s > was.start_s)
    shared_s = {
        row.id: min(row.end_s, was.end_s) - max(row.start_s, was.start_s)
        for row in connection.execute(near.order_by(readings.c.position))
    }
    return max(shared_s, key=lambda each: shared_s[each], default=None)


def changed_recordings(connection: Connection, since_revision: int) -> list[str]:
    """Recordings that were kept anew after a revision of the archive."""
    later = recordings.c.revision > since_revision
    return list(connection.execute(select(recordings.c.id).where(later).order_by(recordings.c.id)).scalars())


def changed_passages(connection: Connection, since_revision: int) -> set[str]:
    """Passages that read differently since a revision of the archive; those that are gone are not told."""
    later = readings.c.revision > since_revision
    return set(connection.execute(select(readings.c.id).where(later)).scalars())  # by its index: in no order


def recording_ids(connection: Connection) -> list[str]:
    return changed_recordings(connection, since_revision=-1)
