"""The figures of benchmarks/results/speech.json as tables, for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.speech_targets import Document, at
from nlp.languages import language

NOT_MEASURED = "-"
BUSY_LOAD = 0.5  # work of others, in cores, that would show in a speed
BAR = 40  # characters of the longest bar of a plot


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under headings."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def tables(document: Document) -> Iterator[Table]:
    """Everything that the document holds."""
    systems = at(document, "made", "systems")
    yield Table(
        "Systems", ("system", "what it is"), [[name, each["label"]] for name, each in systems.items()]
    )
    for name, panel in (at(document, "panels") or {}).items():
        title = f"{name}: {panel['duration_s']:.0f} s, {panel['turns']} turns, {' '.join(panel['languages'])}"
        yield _comparison(title, panel["systems"])
    overall = at(document, "overall")
    if overall:
        yield _comparison("All panels", overall)
        yield _by_language("All panels: errors by language, characters / words", overall)
    for table in (_speakers, _word_times, _non_speech, _long):
        yield from table(document)
    rows = [
        [each["figure"], each["wanted"], _number(each["value"], 4), _verdict(each["passes"])]
        for each in document["checks"]
    ]
    yield Table("Figures to reach", ("figure", "wanted", "measured", ""), rows)


def _comparison(title: str, systems: Mapping[str, Any]) -> Table:
    """A row a system, what matters most first."""
    headings = (
        "system", "our speed / its", "our CER / its", "speed (x real time)", "CER", "CER by turn",
        "right language", "dropped", "lost turns", "invented (s)", "memory (MB)", "load (s)",
    )  # fmt: skip
    rows = []
    for name, held in systems.items():
        cells = [
            name,
            _number(held.get("symposia_speed_ratio"), 2),
            _number(held.get("symposia_cer_ratio"), 2),
            _number(held["speed_x"], 1),
            _number(held["cer"], 3),
            _number(held["cer_by_turn"], 3),
            _share(held["language_time_accuracy"], "not told"),
            _share(held["dropped_share"]),
            f"{held['lost_turns']} of {held['turns']}",
            _number(held["invented_s"], 1),
            _number(held["memory_mb"], 0),
            _number(held["load_s"], 1),
        ]
        rows.append(cells)
        if held["speed_with_speakers_x"]:
            blank = [NOT_MEASURED] * len(headings)
            blank[0] = "  with speakers"
            blank[3] = _number(held["speed_with_speakers_x"], 1)
            blank[10] = _number(held["memory_with_speakers_mb"], 0)
            rows.append(blank)
    return Table(title, headings, rows)


def _by_language(title: str, systems: Mapping[str, Any]) -> Table:
    codes = sorted({code for held in systems.values() for code in held["cer_by_language"]})
    rows = [
        [
            name,
            *(
                _number(held["cer_by_language"].get(code), 3)
                + (
                    f" / {_number(held['wer_by_language'][code], 3)}"
                    if code in held["wer_by_language"]
                    else ""
                )
                for code in codes
            ),
        ]
        for name, held in systems.items()
    ]
    return Table(title, ("system", *(language(code).name for code in codes)), rows)


def _speakers(document: Document) -> Iterator[Table]:
    held = at(document, "speakers") or {}
    rows = [
        [
            name,
            _number(each["error_rate"], 3),
            _number(each["error_rate_wide_collar"], 3),
            f"{each['speakers_found']} of {each['speakers']}",
        ]
        for group, found in held.items()
        for name, each in [*found["each"].items(), (f"all {group}", found["all"])]
    ]
    if rows:
        headings = ("recording", "DER, collar 0.25 s", "DER, collar 0.5 s", "voices found")
        yield Table("Speakers (diarization error rate, overlap scored)", headings, rows)


def _word_times(document: Document) -> Iterator[Table]:
    keys = ("start_error_s", "start_error_inside_s", "start_error_after_pause_s", "end_error_s")
    rows = [
        [name, *(_number(each[key], 3) for key in keys), f"{each['clips_without_words']} of {each['clips']}"]
        for name, each in (at(document, "word_times") or {}).items()
    ]
    if rows:
        headings = ("system", "starts", "inside a breath", "after a pause", "ends", "clips without words")
        yield Table("Word times (median distance from the truth, seconds)", headings, rows)


def _non_speech(document: Document) -> Iterator[Table]:
    held = at(document, "non_speech") or {}
    sounds = next(iter(held.values()))["by_sound"] if held else {}
    rows = [
        [name, str(each["characters"]), *(str(each["by_sound"][sound]) for sound in sounds)]
        for name, each in held.items()
    ]
    if rows:
        yield Table("Characters of text where nobody speaks", ("system", "all", *sounds), rows)


def _long(document: Document) -> Iterator[Table]:
    held = at(document, "long", "recordings") or {}
    rows = [
        [name, *(_number(each[key], 0) for key in ("memory_mb", "memory_with_speakers_mb")),
         *(_number(each[key], 1) for key in ("speed_x", "speed_with_speakers_x"))]
        for name, each in held.items()
    ]  # fmt: skip
    if rows:
        headings = ("recording", "memory (MB)", "with speakers", "speed (x real time)", "with speakers")
        ratio = _number(at(document, "long", "memory_ratio"), 2)
        yield Table(
            f"Long recordings (memory of the longest by that of the shortest: {ratio})", headings, rows
        )


def reliability_plot(document: Document) -> str:
    """A bar a bin of confidence: how many of its words are right, and a mark where they should be."""
    held = at(document, "confidence")
    if not held:
        return ""
    error = _number(held["calibration_error"], 3)
    lines = [
        f"Confidence of {held['words']} words, and how many are right; a bar should end at its |. "
        f"Expected calibration error: {error}"
    ]
    for each in held["bins"]:
        if each["words"]:
            bar = list("#" * round(each["right"] * BAR) + " " * (BAR + 1))[: BAR + 1]
            bar[round(each["confidence"] * BAR)] = "|"
            lines.append(f"{each['confidence']:5.2f} {''.join(bar)} {each['right']:.2f} of {each['words']}")
    return "\n".join(lines)


def _number(value: float | None, digits: int) -> str:
    return NOT_MEASURED if value is None else f"{value:.{digits}f}"


def _share(value: float | None, otherwise: str = NOT_MEASURED) -> str:
    return otherwise if value is None else f"{value:.1%}"


def _verdict(passes: bool | None) -> str:
    return "not measured" if passes is None else "reached" if passes else "MISSED"


def show(document: Document, console: Console) -> None:
    """Print everything on a terminal."""
    load = document["made"]["hardware"]["load_average_at_start"]
    if load > BUSY_LOAD:
        console.print(
            f"The machine was busy (load {load:g}) when this began: its speeds are not to be trusted."
        )
    for table in tables(document):
        drawn = RichTable(title=table.title, title_justify="left", box=None)
        for number, heading in enumerate(table.headings):
            drawn.add_column(heading, justify="left" if number == 0 else "right")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
        console.print()
    console.print(reliability_plot(document), markup=False)
    console.print(f"\nTo repeat: {document['made']['command']}", markup=False)


def markdown(document: Document) -> str:
    """The same for a page."""
    made = document["made"]
    machine = made["hardware"]
    parts = [
        f"Made on {made['date'][:10]} with `{made['command']}` at commit `{made['commit'][:10]}`, on "
        f"{machine['cores']} cores of {machine['processor']} with {machine['memory_gb']:g} GB."
    ]
    for table in tables(document):
        rows = [table.headings, ["---"] * len(table.headings), *table.rows]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts.append(f"**{table.title}**\n\n{lines}")
    plot = reliability_plot(document)
    if plot:
        parts.append(f"```\n{plot}\n```")
    return "\n\n".join(parts) + "\n"
