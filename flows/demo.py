"""What `make demo` shows after the run: how the result compares with the script, and three searches."""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.finding import find, show_results
from flows.yamlfile import configs_dir, read_yaml
from nlp.languages import language
from transcripts.archive import Archive
from transcripts.holdings import RecordingLayers
from transcripts.query import SearchQuery
from transcripts.records import Span

SEARCHES = (
    ("derechos de autor", "a Spanish query finds remarks in every language"),
    ("物語", "a Japanese word, found inside longer ones"),
    ("who is responsible when the machine decides?", "by meaning, whatever the words"),
)


@dataclass(frozen=True, slots=True)
class ReferenceTurn:
    """A remark as the script of the demo has it."""

    span: Span
    speaker: str
    language: str
    text: str
    themes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """An archive against the script. Rates are 0..1; `character_error_rate` is by language."""

    character_error_rate: dict[str, float]
    language_time_accuracy: float
    speaker_error: float  # share of spoken time given to nobody or to somebody else
    theme_f1: dict[str, float]


def reference_turns(script: Path) -> dict[str, list[ReferenceTurn]]:
    """The turns of each panel of a demo script."""
    panels: Any = read_yaml(script).data["panels"]
    return {
        panel["id"]: [
            ReferenceTurn(
                Span(turn["start_s"], turn["end_s"]),
                turn["speaker"],
                turn["language"],
                turn["text"],
                frozenset(turn["themes"]),
            )
            for turn in panel["turns"]
        ]
        for panel in panels
    }


def compare(layers: RecordingLayers, turns: Sequence[ReferenceTurn], nameable: Collection[str]) -> Comparison:
    """One recording's layers against its script.

    `nameable` are the speakers that can be known by name; all others must stay unnamed.
    """
    names = {turn.label: turn.speaker_id for turn in layers.turns}
    right_language_s = right_speaker_s = heard_s = 0.0
    for segment in layers.segments:
        for turn in turns:
            shared_s = segment.span.overlap_s(turn.span)
            heard_s += shared_s
            right_language_s += shared_s * (segment.language == turn.language)
            given = names.get(segment.speaker or "")
            right_speaker_s += shared_s * (given == (turn.speaker if turn.speaker in nameable else None))
    return Comparison(
        _character_error_rates(layers, turns),
        right_language_s / max(heard_s, 1e-9),
        1 - right_speaker_s / max(heard_s, 1e-9),
        _theme_f1(layers, turns),
    )


def plain(text: str) -> str:
    """Letters and digits only, NFKC, lower case: what character error rates compare."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def _character_error_rates(layers: RecordingLayers, turns: Sequence[ReferenceTurn]) -> dict[str, float]:
    """By language: everything said in it against everything heard as it."""
    import jiwer

    said: dict[str, str] = defaultdict(str)
    heard: dict[str, str] = defaultdict(str)
    for turn in turns:
        said[turn.language] += plain(turn.text)
    for segment in layers.segments:
        heard[segment.language] += plain(segment.text)
    return {code: float(jiwer.cer(said[code], heard[code])) for code in sorted(said)}


def _theme_f1(layers: RecordingLayers, turns: Sequence[ReferenceTurn]) -> dict[str, float]:
    """F1 of each theme over passages; a passage's true themes are those of the turn it overlaps most."""
    assigned = defaultdict(set)
    for tag in layers.tags:
        if tag.assigned:
            assigned[tag.passage_id].add(tag.theme_id)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # theme -> [right, given + true]
    for passage in layers.passages:
        turn = max(turns, key=lambda each: each.span.overlap_s(passage.span))
        for theme in turn.themes | assigned[passage.id]:
            counts[theme][0] += theme in turn.themes and theme in assigned[passage.id]
            counts[theme][1] += (theme in turn.themes) + (theme in assigned[passage.id])
    return {theme: 2 * right / total for theme, (right, total) in sorted(counts.items())}


def show_comparison(archive: Archive, script: Path) -> None:
    """A table of the comparison for every panel that the archive holds."""
    table = Table(title="The result against the script of the demo", box=None, title_justify="left")
    for heading in ("panel", "character error rate", "right language", "wrong speaker", "theme F1"):
        table.add_column(heading)
    nameable = {speaker.id for speaker in archive.speakers()}
    kept = {recording.id for recording in archive.recordings()}
    for panel, turns in reference_turns(script).items():
        if panel not in kept:
            continue
        found = compare(archive.layers(panel), turns, nameable)
        rates = found.character_error_rate.items()
        table.add_row(
            panel,
            ", ".join(f"{language(code).name} {rate:.2f}" for code, rate in rates),
            f"{found.language_time_accuracy:.1%}",
            f"{found.speaker_error:.1%}",
            ", ".join(f"{theme} {f1:.2f}" for theme, f1 in found.theme_f1.items()),
        )
    Console(highlight=False, width=150).print(table)


def main(directory: Path) -> None:
    """Show the comparison and the example searches on an archive of the demo."""
    console = Console(highlight=False)
    with Archive.open(directory) as archive:
        console.print()
        show_comparison(archive, configs_dir() / "demo" / "script.yaml")
        for words, why in SEARCHES:
            console.print(f"\nsymposia search {words!r} --archive {directory}   ({why})", markup=False)
            query = SearchQuery(words, limit=3)
            show_results(find(archive, query), query, directory)
    console.print(
        "\nTo go on: . .venv/bin/activate, then the commands above with your own words, or read and listen "
        f"in the browser:\n\n    symposia serve --archive {directory}\n\n"
        "or make the site that a festival would publish (of drafts, for once):\n\n"
        f"    symposia publish --archive {directory} demo-site --include draft\n"
        "    python3 -m http.server --directory demo-site\n",
        markup=False,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-archive"))
