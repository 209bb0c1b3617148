"""The archive at a glance: each panel in figures and as a strip of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import groupby

from transcripts.web.reading import Line, Moment, PanelFrame, PanelOutline, PanelReading

WIDTH = 1000  # of a strip of time, in its own units
CELLS = 250  # that a small strip is drawn in: a page of 24 panels stays light
CELLS_LARGE = 1000
COLUMNS_MAX = 30  # of a chart over time: with more days months are shown, then years


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of a timeline: everything of one kind (languages, voices, a theme, doubts).

    `runs` are stretches of one colour (a class), by colour: where each begins and how wide it is.
    """

    kind: str
    name: str
    runs: dict[str, tuple[tuple[int, int], ...]]

    def paths(self, top: int, height: int) -> list[tuple[str, str]]:
        """For each colour, an SVG path of its rectangles."""
        return [
            (colour, "".join(f"M{x} {top}h{width}v{height}h-{width}z" for x, width in stretches))
            for colour, stretches in self.runs.items()
        ]


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

    def lane(kind: str, name: str, colour_of: Callable[[Line | Moment], str]) -> Lane:
        return Lane(kind, name, _runs(reading, colour_of, cells))

    lanes = [lane("languages", "", lambda line: language_class(line.language))]
    for theme in reading.themes:
        lanes.append(lane("theme", theme.name, _colour_if(theme.id, f"theme-{theme.number % 8}")))
    if with_voices:
        lanes.insert(0, lane("voices", "", lambda line: f"voice-{line.voice}"))
        lanes.append(lane("doubts", "", lambda line: "doubt" if line.doubtful else ""))
    return tuple(lanes)


def _colour_if(theme_id: str, colour: str) -> Callable[[Line | Moment], str]:
    return lambda line: colour if theme_id in line.themes else ""


def _runs(
    reading: PanelReading | PanelOutline, colour_of: Callable[[Line | Moment], str], cells: int
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Stretches of one colour: each passage colours the cells that it reaches into, and one at least."""
    total_s = reading.duration_s or 1.0
    starts_s = offsets(reading)
    row = [""] * cells
    for line in reading.lines:
        if colour := colour_of(line):
            span, start_s = line.span, starts_s[line.recording]
            first = min(cells - 1, int(cells * (start_s + span.start_s) / total_s))
            last = min(cells, max(first + 1, round(cells * (start_s + span.end_s) / total_s)))
            row[first:last] = [colour] * (last - first)
    runs: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    unit, at = WIDTH // cells, 0
    for colour, group in groupby(row):
        width = len(list(group))
        if colour:
            runs[colour].append((at * unit, width * unit))
        at += width
    return {colour: tuple(stretches) for colour, stretches in runs.items()}


def offsets(reading: PanelFrame) -> list[float]:
    """Where each recording of a panel begins when they are laid end to end, in seconds."""
    starts, reached_s = [], 0.0
    for recording in reading.recordings:
        starts.append(reached_s)
        reached_s += recording.duration_s
    return starts


KNOWN_LANGUAGES = ("ja", "fa", "es", "ko", "en")


def language_class(code: str) -> str:
    """The colour of a language."""
    return f"lang-{code}" if code in KNOWN_LANGUAGES else "lang-other"


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
