"""What is in an archive, in a few lines: after a run, and for `symposia status`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from nlp.languages import language
from transcripts.archive import Archive
from transcripts.holdings import Summary
from transcripts.place import Place
from transcripts.programme import theme_names
from transcripts.quality import FLAG_WORDS, NO_DOUBT


def show_summary(archive: Archive, place: Place, known: Summary | None = None) -> None:
    """A few readable lines about the archive, with how to go on. `known` is its summary, if that was read."""
    console = Console(highlight=False, soft_wrap=True)
    summary = known or archive.summary()
    with archive.reading() as connection:
        names = theme_names(connection)
    lines = [
        ("panels", f"{summary.panels} ({summary.recordings} recordings)"),
        ("minutes", f"{summary.duration_s / 60:.1f}"),
        ("languages", _tally(summary.languages, {code: language(code).name for code in summary.languages})),
        ("passages", f"{summary.passages}, of them {summary.translations} translated"),
        ("themes", _tally(summary.themes, names) or "none"),
        ("doubts", "; ".join(doubts(archive, summary)) or "none"),
        ("failures", str(summary.failures) if summary.failures else "none"),
    ]
    table = Table.grid(padding=(0, 2))
    for label, value in lines:
        table.add_row(label, value)
    console.print(table)
    for failure in archive.failures():
        console.print(f"failed: {failure.recording_id} ({failure.stage}): {failure.reason}", markup=False)
        console.print(f"  try again: {failure.command}", markup=False)
    console.print(f"\nsearch:  symposia search WORDS --archive {place}", markup=False)
    console.print(f"status:  symposia status --archive {place}", markup=False)


def show_status(place: Place) -> None:
    """The summary, and each recording with its passages, doubts and failure.

    Raises ArchiveError when there is no archive.
    """
    console = Console(highlight=False, soft_wrap=True)
    with Archive.open(place) as archive:
        summary = archive.summary()
        rows = [("recording", "panel", "minutes", "passages", "untranscribed")]
        rows += [
            (
                recording.id,
                recording.panel_id,
                f"{recording.duration_s / 60:.1f}",
                str(summary.recordings_passages.get(recording.id, 0)),
                str(summary.untranscribed.get(recording.id, 0)),
            )
            for recording in archive.recordings()
        ]
        sys.stdout.write(_in_columns(rows))
        for hint in archive.speaker_hints():
            name = hint.speaker_id or hint.heard
            clock = f"{int(hint.at_s // 60):02d}:{int(hint.at_s % 60):02d}"
            console.print(
                f"{hint.recording_id} {hint.label} may be {name}: {hint.quote!r} at {clock}", markup=False
            )
        console.print()
        show_summary(archive, place, summary)


def _in_columns(rows: Sequence[tuple[str, str, str, str, str]]) -> str:
    """Rows as lines: names from the left, figures from the right. Rich takes seconds for ten thousand."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if at < 2 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def doubts(archive: Archive, summary: Summary) -> list[str]:
    """What a person should look at, in words."""
    counts = {**summary.passage_flags, **summary.translation_flags}
    found = [
        f"{count} {FLAG_WORDS.get(flag, flag)}" for flag, count in counts.items() if flag not in NO_DOUBT
    ]
    gaps = sum(summary.untranscribed.values())
    if gaps:
        found.append(f"{gaps} stretches of speech without text")
    found += [f"{recording_id}: {note}" for recording_id, notes in archive.notes().items() for note in notes]
    return found


def _tally(counts: dict[str, int], names: dict[str, str]) -> str:
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{names.get(key, key)} {count}" for key, count in ranked)
