"""What is published, by who speaks and by theme, and what machines had a part in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from transcripts.records import Signature
from transcripts.site.content import PublishedPanel, slugs

STEPS = ("transcribe", "diarize", "passages", "translate", "tag", "embed", "names")


@dataclass(frozen=True, slots=True)
class SpeakerShelf:
    """Somebody who speaks, and where: panel title, slug, place of the first passage, passages, seconds."""

    key: str
    name: str
    affiliation: str
    languages: tuple[str, ...]
    panels: tuple[tuple[str, str, str, int, float], ...]

    @property
    def spoken_s(self) -> float:
        return sum(each[4] for each in self.panels)


@dataclass(frozen=True, slots=True)
class ThemeShelf:
    """A theme, how many passages belong to it, in which languages, and the colour of its number."""

    id: str
    slug: str
    name: str
    number: int
    passages: int
    languages: tuple[tuple[str, int], ...]


class Shelves:
    """The panels of a site, looked at by speakers, themes and models."""

    def __init__(self, panels: Sequence[PublishedPanel]) -> None:
        self._panels = panels

    @cached_property
    def speakers(self) -> list[SpeakerShelf]:
        """Everybody who is named, in the order of their first words."""
        found: dict[tuple[str, str], list[tuple[PublishedPanel, int]]] = {}
        for panel in self._panels:
            for at, line in enumerate(panel.reading.lines):
                if line.entry.passage.speaker_id and line.entry.speaker.strip():
                    who = line.entry.conference_id, line.entry.passage.speaker_id
                    found.setdefault(who, []).append((panel, at))
        return [_speaker(f"{conference}/{who}", places) for (conference, who), places in found.items()]

    @cached_property
    def themes(self) -> list[ThemeShelf]:
        """The themes of all conferences, with or without passages."""
        names: dict[str, tuple[str, int]] = {}
        for panel in self._panels:
            for theme in panel.reading.themes:
                names.setdefault(theme.id, (theme.name, theme.number))
        made = []
        for slug, (theme_id, (name, number)) in zip(_pages_of(names), names.items(), strict=True):
            languages: dict[str, int] = {}
            for panel, at in self.quotes(theme_id):
                code = panel.reading.lines[at].entry.passage.language
                languages[code] = languages.get(code, 0) + 1
            ordered = tuple(sorted(languages.items(), key=lambda each: (-each[1], each[0])))
            made.append(
                ThemeShelf(theme_id, slug, name or theme_id, number, sum(languages.values()), ordered)
            )
        return made

    @cached_property
    def theme_slugs(self) -> dict[str, str]:
        return {each.id: each.slug for each in self.themes}

    def quotes(self, theme_id: str) -> list[tuple[PublishedPanel, int]]:
        """The passages of a theme in the order of the site: panel, and place in its lines."""
        return self._quotes.get(theme_id, [])

    @cached_property
    def _quotes(self) -> dict[str, list[tuple[PublishedPanel, int]]]:
        found: dict[str, list[tuple[PublishedPanel, int]]] = {}
        for panel in self._panels:
            for at, line in enumerate(panel.reading.lines):
                for theme, _ in line.entry.themes:
                    found.setdefault(theme, []).append((panel, at))
        return found

    @cached_property
    def languages(self) -> list[str]:
        """Languages spoken, those of most passages first."""
        tally: dict[str, int] = {}
        for panel in self._panels:
            for line in panel.reading.lines:
                code = line.entry.passage.language
                tally[code] = tally.get(code, 0) + 1
        return sorted(tally, key=lambda code: (-tally[code], code))

    @cached_property
    def models(self) -> list[Signature]:
        """What machines made the layers with, each once, in the order of the work."""
        found = {
            (each.component, each.model, each.revision): each
            for panel in self._panels
            for document in panel.documents
            for each in document.signatures
            if each.model
        }
        return sorted(found.values(), key=lambda each: (_step(each.component), each.component, each.model))


def _pages_of(themes: Iterable[str]) -> list[str]:
    """A name for the pages of each theme: not that of their list, nor of a later page of another theme."""
    found = list(slugs(themes))
    taken = {"index", *found}
    for number, slug in enumerate(found):
        later = re.fullmatch(r"(.+)-\d+", slug)
        if slug == "index" or (later and later[1] in taken):
            found[number] = next(name for n in count(1) if (name := slug + "_" * n) not in taken)
            taken.add(found[number])
    return found


def _step(component: str) -> int:
    return next((n for n, step in enumerate(STEPS) if component.startswith(step)), len(STEPS))


def _speaker(key: str, places: Sequence[tuple[PublishedPanel, int]]) -> SpeakerShelf:
    first = places[0][0].reading.lines[places[0][1]].entry
    by_panel: dict[str, list[tuple[PublishedPanel, int]]] = {}
    for panel, at in places:
        by_panel.setdefault(panel.slug, []).append((panel, at))
    languages: dict[str, None] = {}
    panels = []
    for slug, mine in by_panel.items():
        panel, at = mine[0]
        spans = [panel.reading.lines[place].entry.passage for _, place in mine]
        languages |= dict.fromkeys(each.language for each in spans)
        page = next(n for n, page in enumerate(panel.pages) if at in page)
        start = "index" if page == 0 else str(page + 1)
        where = f"panels/{slug}/{start}.html?t={int(spans[0].span.start_s)}"
        panels.append(
            (panel.title, slug, f"{where}#{spans[0].id}", len(mine), sum(s.span.duration_s for s in spans))
        )
    return SpeakerShelf(key, first.speaker, first.affiliation, tuple(languages), tuple(panels))


__all__ = ["Shelves", "SpeakerShelf", "ThemeShelf"]
