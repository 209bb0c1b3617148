"""The archive at a glance: each panel in figures and as a strip of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from transcripts.strips import Lane, cells_of, language_class, runs_of
from transcripts.web.reading import PanelFrame, PanelOutline, PanelReading

CELLS = 250  # that a small strip is drawn in: a page of 24 panels stays light
CELLS_LARGE = 1000
COLUMNS_MAX = 30  # of a chart over time: with more days months are shown, then years


@dataclass(frozen=True, slots=True)
class PanelGlance:
    """What the home page shows of a panel."""

    panel_id: str
    title: str
    held_on: str
    conference: str
    duration_s: float
    passages: int
    doubts: int
    kinds: tuple[str, ...]
    voices: tuple[str, ...]
    languages_s: dict[str, float] = field(default_factory=dict)
    themes_s: dict[str, float] = field(default_factory=dict)
    theme_names: dict[str, str] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()


def glance_at(reading: PanelReading | PanelOutline) -> PanelGlance:
    """A panel in figures. Doubts are passages that are doubtful and that nobody has reviewed."""
    languages: defaultdict[str, float] = defaultdict(float)
    themes: defaultdict[str, float] = defaultdict(float)
    for line in reading.lines:
        seconds = line.span.duration_s
        languages[line.language] += seconds
        for theme in line.themes:
            themes[theme] += seconds
    return PanelGlance(
        reading.panel_id,
        reading.title,
        reading.held_on,
        reading.conference,
        reading.duration_s,
        len(reading.lines),
        sum(line.doubtful and line.draft for line in reading.lines),
        tuple(recording.kind for recording in reading.recordings),
        reading.speakers,
        dict(sorted(languages.items(), key=lambda each: -each[1])),
        dict(themes),
        {theme.id: theme.name for theme in reading.themes},
        lanes_of(reading, with_voices=False),
    )


def lanes_of(reading: PanelReading | PanelOutline, *, with_voices: bool) -> tuple[Lane, ...]:
    """The timeline of a panel: voices (on its own page), languages, a lane for each theme, doubts."""
    cells = CELLS_LARGE if with_voices else CELLS
    places = cells_of(_placed(reading), reading.duration_s, cells)

    def lane(kind: str, name: str, colours: Iterable[str]) -> Lane:
        return Lane(kind, name, runs_of(places, colours, cells))

    lines = reading.lines
    lanes = [lane("languages", "", (language_class(line.language) for line in lines))]
    for theme in reading.themes:
        colour = f"theme-{theme.number % 8}"
        lanes.append(lane("theme", theme.name, (colour if theme.id in line.themes else "" for line in lines)))
    if with_voices:
        lanes.insert(0, lane("voices", "", (f"voice-{line.voice}" for line in lines)))
        lanes.append(lane("doubts", "", ("doubt" if line.doubtful else "" for line in lines)))
    return tuple(lanes)


def _placed(reading: PanelReading | PanelOutline) -> Iterator[tuple[float, float]]:
    """Each passage's time, recordings laid end to end."""
    starts_s = offsets(reading)
    for line in reading.lines:
        span, start_s = line.span, starts_s[line.recording]
        yield start_s + span.start_s, start_s + span.end_s


def offsets(reading: PanelFrame) -> list[float]:
    """Where each recording of a panel begins when they are laid end to end, in seconds."""
    starts, reached_s = [], 0.0
    for recording in reading.recordings:
        starts.append(reached_s)
        reached_s += recording.duration_s
    return starts


@dataclass(frozen=True, slots=True)
class Column:
    """A day (or month, or year) of a chart: minutes of each theme, and stacked heights in percent."""

    when: str
    minutes: dict[str, float]
    stack: tuple[tuple[str, float, float], ...]  # theme id, from, height


def themes_over_time(panels: Iterable[PanelGlance], themes: Iterable[str]) -> tuple[Column, ...]:
    """Minutes of each theme by day; by month or year where there are many days."""
    dated = [panel for panel in panels if panel.held_on]
    for letters in (10, 7, 4):
        groups: dict[str, defaultdict[str, float]] = {}
        for panel in sorted(dated, key=lambda panel: panel.held_on):
            minutes = groups.setdefault(panel.held_on[:letters], defaultdict(float))
            for theme, seconds in panel.themes_s.items():
                minutes[theme] += seconds / 60
        if len(groups) <= COLUMNS_MAX:
            break
    highest = max((sum(minutes.values()) for minutes in groups.values()), default=0) or 1
    columns = []
    for when, minutes in groups.items():
        reached, stack = 0.0, []
        for theme in themes:
            height = 100 * minutes[theme] / highest
            stack.append((theme, round(reached, 2), round(height, 2)))
            reached += height
        columns.append(Column(when, {theme: minutes[theme] for theme in themes}, tuple(stack)))
    return tuple(columns)


__all__ = [
    "Column",
    "Lane",
    "PanelGlance",
    "glance_at",
    "lanes_of",
    "language_class",
    "offsets",
    "themes_over_time",
]
