"""What a selection of passages is for the index: in its own filter language, and for columns held in memory.

Values reach the filter language as quoted literals only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
from lancedb.expr import col, lit
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, select

from transcripts.holdings import Conference, Selection
from transcripts.index_columns import LISTED, Columns, Positions
from transcripts.schema import readings, recordings, restrictions
from transcripts.withheld import is_in_force, is_restricted, today, withheld_by_place


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is restricted today: whole panels and speakers, and passages for themselves."""

    panels: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    passages: frozenset[str] = frozenset()


def withheld(connection: Connection) -> Withheld:
    """What only editors may see. A few small queries; one where nothing is withheld."""
    rows = connection.execute(_in_force(today())).all()
    where = withheld_by_place(connection) if rows else None
    passages = {target for kind, target in rows if kind == "passage"}
    if where:  # passages are withheld with all that is heard in their time
        heard = select(readings.c.id).join(recordings, recordings.c.id == readings.c.recording_id)
        heard = heard.where(readings.c.recording_id.in_(where), is_restricted(connection))
        passages |= set(connection.execute(heard).scalars())
    return Withheld(
        frozenset(target for kind, target in rows if kind == "panel"),
        frozenset(target for kind, target in rows if kind == "speaker"),
        frozenset(passages),
    )


@lru_cache(maxsize=2)
def _in_force(day: str) -> Select[Any]:
    return select(restrictions.c.kind, restrictions.c.target).where(is_in_force(day))


def speaker_key(conference_id: str, speaker_id: str | None) -> str:
    """How the index names a speaker: ids of speakers are those of one conference. Empty for nobody."""
    return f"{conference_id}\n{speaker_id}" if speaker_id else ""


class Condition(NamedTuple):
    """That a column has one of these values, or, `without`, none of them."""

    column: str
    values: frozenset[str]
    without: bool = False

    def sql(self) -> str:
        if self.column in LISTED:
            values = ", ".join(lit(value).to_sql() for value in sorted(self.values))
            has = f"array_has_any({self.column}, [{values}])" if values else "false"
        else:
            has = col(self.column).isin(sorted(self.values)).to_sql()
        return f"NOT {has}" if self.without else has


Clause = tuple[tuple[Condition, ...], ...]  # one of the alternatives holds, with all of its conditions


@dataclass(frozen=True)
class Filter:
    """Every clause holds."""

    clauses: tuple[Clause, ...] = ()

    @cached_property
    def sql(self) -> str:
        """In the filter language of the index; empty where everything is selected."""
        parts = [
            " OR ".join(
                " AND ".join(f"({condition.sql()})" for condition in alternative) for alternative in clause
            )
            for clause in self.clauses
        ]
        return " AND ".join(f"({part})" for part in parts)

    def kept(self, columns: Columns, rows: Positions | None = None) -> NDArray[np.bool_]:
        """Whether every clause holds, for each row or for some."""
        kept = np.ones(len(columns) if rows is None else len(rows), dtype=bool)
        for clause in self.clauses:
            held = np.zeros(len(kept), dtype=bool)
            for alternative in clause:
                all_hold = kept.copy()
                for condition in alternative:
                    has = columns.having(condition.column, condition.values, rows)
                    all_hold &= has ^ condition.without
                held |= all_hold
            kept &= held
        return kept


EVERY = Filter()


def filter_of(selection: Selection, conferences: Iterable[Conference], hidden: Withheld) -> Filter:
    """The filter for the selected passages."""
    conferences = list(conferences)
    clauses = list(_chosen(selection, conferences))
    if not selection.restricted:
        speakers = {speaker_key(each.id, speaker) for each in conferences for speaker in hidden.speakers}
        clauses += [
            ((Condition(column, frozenset(values), without=True),),)
            for column, values in (
                ("panel_id", hidden.panels),
                ("speaker", speakers),
                ("passage_id", hidden.passages),
            )
            if values
        ]
    return Filter(tuple(clauses))


def _chosen(selection: Selection, conferences: list[Conference]) -> Iterator[Clause]:
    for column, values in (
        ("language", selection.languages),
        ("panel_id", selection.panels),
        ("state", selection.states),
        ("quality", selection.qualities),
        ("themes", selection.themes),
        ("names", selection.names),
    ):
        if values is not None:
            yield ((Condition(column, values),),)
    if selection.speakers is not None:
        keys = frozenset(speaker_key(conference, speaker) for conference, speaker in selection.speakers)
        named = (Condition("speaker", keys),)
        labels = selection.speaker_labels - {""}  # without one, nobody unnamed is meant
        unnamed = (Condition("speaker", frozenset({""})), Condition("speaker_label", labels))
        yield (named, unnamed) if labels else (named,)
    if selection.held_after or selection.held_before:
        last = selection.held_before or "9999"
        held = (
            panel.id
            for conference in conferences
            for panel in conference.panels
            if panel.held_on and selection.held_after <= panel.held_on <= last
        )
        yield ((Condition("panel_id", frozenset(held)),),)
