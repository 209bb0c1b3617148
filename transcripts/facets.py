"""How hits are spread over themes, names, languages, speakers, panels, review states and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from transcripts.holdings import Conference
from transcripts.index_columns import Columns, Positions
from transcripts.index_filters import speaker_key
from transcripts.records import Panel, Speaker
from transcripts.results import Count


def panels_by_time(conferences: Iterable[Conference]) -> list[str]:
    """Ids of all panels in the order of the programme."""
    placed = [
        (panel.held_on, place, panel.id) for each in conferences for place, panel in enumerate(each.panels)
    ]
    return [panel_id for _, _, panel_id in sorted(placed)]


def facets(
    columns: Columns, positions: Positions, conferences: Sequence[Conference]
) -> dict[str, tuple[Count, ...]]:
    """Counts of the hits at these positions, as `Results` has them."""
    panels: dict[str, Panel] = {panel.id: panel for each in conferences for panel in each.panels}
    themes = {theme.id: theme.name for each in conferences for theme in each.themes}
    speakers = {speaker_key(each.id, who.id): who for each in conferences for who in each.speakers}
    names, mentioned = _names(conferences), columns.counts("names", positions)
    by_panel = columns.counts("panel_id", positions)
    return {
        "theme": _counted(columns.counts("themes", positions), themes),
        "name": _counted({key: hits for key, hits in mentioned.items() if key in names}, names),
        "language": _counted(columns.counts("language", positions), {}),
        "speaker": _speakers(columns.counts("speaker", positions), speakers),
        "panel": _counted(by_panel, {panel.id: panel.title for panel in panels.values()}),
        "state": _counted(columns.counts("state", positions), {}),
        "day": _days(by_panel, panels),
    }


def _names(conferences: Sequence[Conference]) -> dict[str, str]:
    """Who and what can be mentioned, by id: as it is written in the language that all is translated into."""
    found: dict[str, str] = {}
    for each in conferences:
        for entry in each.glossary:
            forms = entry["forms"].get(each.target_language) or next(iter(entry["forms"].values()))
            found[entry["id"]] = forms[0]
        found |= {speaker.id: speaker.name for speaker in each.speakers}
    return found


def _speakers(by_key: Mapping[str, int], speakers: Mapping[str, Speaker]) -> tuple[Count, ...]:
    """Hits by speaker; one of several conferences counts once. Where an id is that of two, the name tells."""
    names: dict[str, set[str]] = {}
    for each in speakers.values():
        names.setdefault(each.id, set()).add(each.name)
    found: dict[tuple[str, str], int] = {}
    for key, hits in by_key.items():
        if who := speakers.get(key):
            value = who.id if len(names[who.id]) == 1 else who.name
            found[value, who.name] = found.get((value, who.name), 0) + hits
    return _most_first(Count(value, name, hits) for (value, name), hits in found.items())


def _counted(hits: Mapping[str, int], names: Mapping[str, str]) -> tuple[Count, ...]:
    return _most_first(Count(value, names.get(value, value), count) for value, count in hits.items())


def _most_first(counts: Iterable[Count]) -> tuple[Count, ...]:
    return tuple(sorted(counts, key=lambda count: (-count.hits, count.name, count.value)))


def _days(by_panel: Mapping[str, int], panels: Mapping[str, Panel]) -> tuple[Count, ...]:
    """Hits by the day of their panel, those of undated panels left out, in order of time."""
    days: dict[str, int] = {}
    for panel_id, hits in by_panel.items():
        day = panels[panel_id].held_on if panel_id in panels else ""
        if day:
            days[day] = days.get(day, 0) + hits
    return tuple(Count(day, day, hits) for day, hits in sorted(days.items()))
