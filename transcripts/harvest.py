"""What harvesters of catalogues are offered: panels of which passages are approved and not withheld.

What was offered is remembered, so that they are told what changed since and what was withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

from sqlalchemy import Connection, inspect, select

from transcripts import schema
from transcripts.archive import Archive
from transcripts.database import upsert
from transcripts.descriptions import Description
from transcripts.holdings import Entry, Selection
from transcripts.keeping import meta_value
from transcripts.records import digest_of

_KINDS = {"video": "Audiovisual", "audio": "Sound", "captions": "Text"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A panel as harvesters see it since `changed_at`; a `description` of None says that it was withdrawn.

    The description's identifier is the panel's path below the address of the reading room.
    """

    panel_id: str
    conference_id: str
    changed_at: str  # ISO 8601, UTC, to the second
    description: Description | None


@dataclass(frozen=True, slots=True)
class Offers:
    """All that is or was offered, the oldest change first. `sets` are ids and titles of conferences."""

    archive_id: str
    name: str
    offers: tuple[Offer, ...]
    sets: tuple[tuple[str, str], ...]


def offers(archive: Archive) -> Offers:
    """What is offered now. What differs from what was offered before is put down as changed now."""
    conferences = archive.conferences()
    titles = {theme.id: theme.name for each in conferences for theme in each.themes}
    found: dict[str, list[Entry]] = {}
    for entry in archive.entries(Selection(states=frozenset({"approved"}))):
        found.setdefault(entry.panel_id, []).append(entry)
    described = {panel_id: _description(of, titles) for panel_id, of in found.items()}
    with archive.reading() as connection:
        known = _known(connection)
        archive_id = meta_value(connection, "archive_id")
    digests = {panel_id: digest_of(asdict(told)) for panel_id, told in described.items()}
    gone = dict.fromkeys(known.keys() - digests.keys(), "")
    if {**digests, **gone} != {panel_id: digest for panel_id, (digest, _) in known.items()}:
        known = _noted(archive, {**digests, **gone})
    of_panel = {panel.id: each.id for each in conferences for panel in each.panels}
    offered = [
        Offer(panel_id, of_panel.get(panel_id, ""), at, _dated(described.get(panel_id), at))
        for panel_id, (_, at) in known.items()
    ]
    return Offers(
        archive_id,
        "; ".join(each.title or each.id for each in conferences) or "symposia",
        tuple(sorted(offered, key=lambda offer: (offer.changed_at, offer.panel_id))),
        tuple((each.id, each.title or each.id) for each in conferences),
    )


def _known(connection: Connection) -> dict[str, tuple[str, str]]:
    """Digest and time of what was offered, by panel."""
    table = schema.harvest
    if not inspect(connection).has_table(table.name):
        return {}
    rows = connection.execute(select(table.c.panel_id, table.c.digest, table.c.changed_at))
    return {row.panel_id: (row.digest, row.changed_at) for row in rows}


def _noted(archive: Archive, digests: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Put down what is offered from now on."""
    now = _now()
    with archive.writing() as connection:
        schema.harvest.create(connection, checkfirst=True)
        known = _known(connection)
        for panel_id, digest in digests.items():
            if known.get(panel_id, ("", ""))[0] != digest:
                upsert(
                    connection, schema.harvest, {"panel_id": panel_id, "digest": digest, "changed_at": now}
                )
        return _known(connection)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _description(of: Sequence[Entry], themes: dict[str, str]) -> Description:
    """A panel from its approved passages; without a year where its day is not known."""
    first = of[0]
    people = dict.fromkeys((each.speaker, each.affiliation) for each in of if each.passage.speaker_id)
    spoken = _distinct(each.passage.language for each in of)
    rendered = _distinct(each.target_language for each in of if each.translation)
    kinds = {each.recording_kind for each in of}
    kind = next((name for kind, name in _KINDS.items() if kind in kinds), "Text")
    into = f", with translations ({', '.join(rendered)})" if rendered else ""
    return Description(
        f"panels/{quote(first.panel_id, safe='')}",
        first.panel_title or first.panel_id,
        first.held_on[:4],
        kind,
        f"A panel of {first.conference_title or first.conference_id}: {len(of)} reviewed and approved "
        f"passages of its transcript ({', '.join(spoken)}){into}.",
        tuple(people),
        subjects=_distinct(themes.get(theme, theme) for each in of for theme, _ in each.themes),
        languages=tuple(dict.fromkeys((*spoken, *rendered))),
        days=(first.held_on,) if first.held_on else (),
    )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))


def _dated(told: Description | None, at: str) -> Description | None:
    return None if told is None else replace(told, year=told.year or at[:4])


__all__ = ["Offer", "Offers", "offers"]
