"""What a selection of passages is in the index's own filter language.

Values reach the filter as quoted literals only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lancedb.expr import Expr, col, lit
from sqlalchemy import Connection, select

from transcripts.holdings import Conference, Selection
from transcripts.schema import readings, recordings, restrictions
from transcripts.withheld import is_in_force, is_restricted


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is restricted today: whole panels and speakers, and passages for themselves."""

    panels: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()


def withheld(connection: Connection) -> Withheld:
    """What only editors may see. A few small queries; one where nothing is withheld."""
    columns = (restrictions.c.kind, restrictions.c.target, restrictions.c.recording_id)
    rows = connection.execute(select(*columns).where(is_in_force())).all()
    where = {recording for kind, _, recording in rows if kind == "passage" and recording}
    passages = {target for kind, target, _ in rows if kind == "passage"}
    if where:  # passages are withheld with all that is heard in their time
        heard = select(readings.c.id).join(recordings, recordings.c.id == readings.c.recording_id)
        heard = heard.where(readings.c.recording_id.in_(where), is_restricted(connection))
        passages |= set(connection.execute(heard).scalars())
    return Withheld(
        frozenset(target for kind, target, _ in rows if kind == "panel"),
        frozenset(target for kind, target, _ in rows if kind == "speaker"),
        frozenset(passages),
    )


def speaker_key(conference_id: str, speaker_id: str | None) -> str:
    """How the index names a speaker: ids of speakers are those of one conference. Empty for nobody."""
    return f"{conference_id}\n{speaker_id}" if speaker_id else ""


def where(
    selection: Selection, phrases: Iterable[str], conferences: Iterable[Conference], hidden: Withheld
) -> str:
    """The filter for the selected passages that have all the phrases (as `phrase_writing` gives them).

    Empty where everything is selected.
    """
    conferences = list(conferences)
    parts = [*_chosen(selection, conferences), *(_has(phrase) for phrase in phrases)]
    if not selection.restricted:
        speakers = [speaker_key(each.id, speaker) for each in conferences for speaker in hidden.speakers]
        parts += [
            f"NOT {_one_of(column, values)}"
            for column, values in (
                ("panel_id", hidden.panels),
                ("speaker", speakers),
                ("passage_id", hidden.passages),
            )
            if values
        ]
    return " AND ".join(f"({part})" for part in parts)


def _chosen(selection: Selection, conferences: list[Conference]) -> Iterator[str]:
    for column, values in (
        ("language", selection.languages),
        ("panel_id", selection.panels),
        ("state", selection.states),
        ("quality", selection.qualities),
    ):
        if values is not None:
            yield _one_of(column, values)
    for column, values in (("themes", selection.themes), ("names", selection.names)):
        if values is not None:
            listed = ", ".join(lit(value).to_sql() for value in sorted(values))
            yield f"array_has_any({column}, [{listed}])" if listed else "false"
    if selection.speakers is not None:
        keys = [speaker_key(conference, speaker) for conference, speaker in sorted(selection.speakers)]
        named: Expr = col("speaker").isin(keys)
        if selection.speaker_label:  # without one, nobody unnamed is meant
            is_label = col("speaker_label") == lit(selection.speaker_label)
            named |= (col("speaker") == lit("")) & is_label
        yield named.to_sql()
    if selection.held_after or selection.held_before:
        last = selection.held_before or "9999"
        held = {
            panel.id
            for conference in conferences
            for panel in conference.panels
            if panel.held_on and selection.held_after <= panel.held_on <= last
        }
        yield _one_of("panel_id", held)


def _one_of(column: str, values: Iterable[str]) -> str:
    filter_: str = col(column).isin(sorted(values)).to_sql()
    return filter_


def _has(phrase: str) -> str:
    return f"contains(writing, {lit(phrase).to_sql()})"
