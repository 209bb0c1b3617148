"""How good an archive is: its figures, doubts, gaps and failures, recording by recording.

`report_page` shows it. Withheld passages are counted, not quoted; figures hold no word of a transcript.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from transcripts import schema
from transcripts.archive import Archive
from transcripts.holdings import Entry, Failure, Selection
from transcripts.keeping import stored_rows
from transcripts.quality import FLAG_WORDS, NO_DOUBT, quality_word
from transcripts.records import Gap, Recording, Signature, Span
from transcripts.strips import Lane, cells_of, language_class, runs_of

CELLS = 500  # of a strip of time
FLAGGED_MOST = 100  # translations that are quoted: a page that can still be read
PROBABLY_POOR = "translations that are probably poor"  # by their estimate, without a flag
_ALL = Selection(restricted=True)


@dataclass(frozen=True, slots=True)
class RecordingReport:
    """One recording. Seconds by language, passages by doubt (in words) and by state.

    `confidence` (0..1) is the mean over time spoken; None where nothing was said.
    """

    recording: Recording
    panel_title: str
    held_on: str
    lanes: tuple[Lane, ...]
    passages: int
    confidence: float | None
    languages_s: dict[str, float]
    doubts: dict[str, int]
    states: dict[str, int]
    withheld: int
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]

    @property
    def gaps_s(self) -> float:
        """Seconds of speech that were not transcribed."""
        return sum(gap.span.duration_s for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """An archive. `flagged` are the most doubtful translations, `flagged_count` is of all."""

    titles: tuple[str, ...]
    recordings: tuple[RecordingReport, ...]
    flagged: tuple[Entry, ...]
    flagged_count: int
    failures: tuple[Failure, ...]
    models: tuple[Signature, ...]
    languages_s: dict[str, float] = field(default_factory=dict)
    doubts: dict[str, int] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        return sum(each.recording.duration_s for each in self.recordings)

    @property
    def passages(self) -> int:
        return sum(each.passages for each in self.recordings)


def report_on(archive: Archive, only: Collection[str] | None = None) -> ArchiveReport:
    """The whole archive, or the recordings of these ids. Raises ArchiveError when it cannot be read."""
    conferences = archive.conferences()
    panels = {panel.id: panel for each in conferences for panel in each.panels}
    notes = archive.notes()
    found: list[RecordingReport] = []
    worst: list[Entry] = []
    flagged_count = 0
    for recording in archive.recordings():
        if only is not None and recording.id not in only:
            continue
        entries = archive.entries_of_recordings([recording.id], _ALL)
        panel = panels[recording.panel_id]
        one = _recording(recording, entries, _gaps(archive, recording.id), notes.get(recording.id, ()))
        found.append(replace(one, panel_title=panel.title, held_on=panel.held_on))
        poor = [each for each in entries if is_doubtful(each)]
        flagged_count += len(poor)
        shown = (each for each in poor if not each.restricted)
        worst = heapq.nsmallest(FLAGGED_MOST, [*worst, *shown], key=lambda each: each.quality or 0.0)
    return ArchiveReport(
        tuple(each.title for each in conferences),
        tuple(found),
        tuple(worst),
        flagged_count,
        tuple(each for each in archive.failures() if only is None or each.recording_id in only),
        models_of(archive),
        _summed(each.languages_s for each in found),
        {what: round(count) for what, count in _summed(each.doubts for each in found).items()},
    )


def _gaps(archive: Archive, recording_id: str) -> list[Gap]:
    with archive.reading() as connection:
        rows = stored_rows(connection, schema.gaps, recording_id)
    return [Gap(Span(row["start_s"], row["end_s"]), row["reason"]) for row in rows]


def is_doubtful(entry: Entry) -> bool:
    """Whether its translation is in doubt."""
    if entry.translation is None:
        return False
    return quality_word(entry.quality, entry.translation_flags) == "doubtful"


def models_of(archive: Archive) -> tuple[Signature, ...]:
    """Every model that made something of the archive, once, by name."""
    signed = [record.signature for stages in archive.all_stages().values() for record in stages.values()]
    named = sorted((each for each in signed if each and each.model), key=lambda each: each.licence)
    distinct = {(each.model, each.revision): each for each in named}  # the last: one that says a licence
    return tuple(distinct[key] for key in sorted(distinct))


def _recording(
    recording: Recording, entries: Sequence[Entry], gaps: Sequence[Gap], notes: Sequence[str]
) -> RecordingReport:
    languages: defaultdict[str, float] = defaultdict(float)
    doubts: Counter[str] = Counter()
    confident_s = spoken_s = 0.0
    for entry in entries:
        passage = entry.passage
        languages[passage.language] += passage.span.duration_s
        spoken_s += passage.span.duration_s
        confident_s += passage.span.duration_s * passage.confidence
        doubts.update(doubts_of(entry))
    return RecordingReport(
        recording,
        "",
        "",
        _lanes(recording.duration_s, entries, gaps),
        len(entries),
        confident_s / spoken_s if spoken_s else None,
        _ranked(languages),
        {what: round(count) for what, count in _ranked(doubts).items()},
        dict(Counter(entry.state for entry in entries)),
        sum(entry.restricted for entry in entries),
        tuple(gaps),
        tuple(notes),
    )


def doubts_of(entry: Entry) -> list[str]:
    """The kinds of doubt about a passage and its translation, in words, each once."""
    kinds = [flag.partition(":")[0] for flag in (*entry.passage.flags, *entry.translation_flags)]
    said = [FLAG_WORDS.get(kind, kind.replace("_", " ")) for kind in kinds if kind not in NO_DOUBT]
    if not set(entry.translation_flags) - NO_DOUBT and is_doubtful(entry):
        said.append(PROBABLY_POOR)
    return list(dict.fromkeys(said))


def _lanes(total_s: float, entries: Sequence[Entry], gaps: Sequence[Gap]) -> tuple[Lane, ...]:
    passages = [(each.passage.span, language_class(each.passage.language)) for each in entries]
    doubted = [(each.passage.span, "doubt" if doubts_of(each) else "") for each in entries]
    silent = [(gap.span, "gap") for gap in gaps]
    lanes = []
    for kind, coloured in (("languages", passages), ("doubts", doubted), ("gaps", silent)):
        places = cells_of(((span.start_s, span.end_s) for span, _ in coloured), total_s, CELLS)
        lanes.append(Lane(kind, "", runs_of(places, (colour for _, colour in coloured), CELLS)))
    return tuple(lanes)


def _ranked(amounts: dict[str, float] | Counter[str]) -> dict[str, float]:
    return dict(sorted(amounts.items(), key=lambda each: (-each[1], each[0])))


def _summed(parts: Iterable[dict[str, float] | dict[str, int]]) -> dict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for key, amount in _pairs(parts):
        total[key] += amount
    return _ranked(total)


def _pairs(parts: Iterable[dict[str, float] | dict[str, int]]) -> Iterator[tuple[str, float]]:
    for part in parts:
        yield from part.items()


__all__ = ["ArchiveReport", "RecordingReport", "doubts_of", "models_of", "report_on"]
