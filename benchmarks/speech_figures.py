"""From outputs to the figures of benchmarks/results/speech.json: plain dicts that hold no text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from statistics import median
from typing import Any

from benchmarks.confidence import added_bins, calibration_error, reliability
from benchmarks.scoring import Edits, Scores, score
from benchmarks.speech_inputs import Input
from benchmarks.speech_systems import Output
from benchmarks.times import clip_times, diarization_error
from transcripts.records import Span

Figures = dict[str, Any]
DIGITS = 4
COLLAR_S = 0.25  # in all, as pyannote.metrics counts it: half of it on either side of a bound
WIDE_COLLAR_S = 0.5  # NIST's 0.25 s on either side


@dataclass(frozen=True, slots=True)
class Measured:
    """One system on one recording (times and memory are medians of its runs), or on several added up."""

    scores: Scores
    duration_s: float
    speech_s: float
    speech_processor_s: float
    speakers_s: float
    load_s: float
    speech_memory_mb: float
    memory_mb: float

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            self.scores + other.scores,
            self.duration_s + other.duration_s,
            self.speech_s + other.speech_s,
            self.speech_processor_s + other.speech_processor_s,
            self.speakers_s + other.speakers_s,
            max(self.load_s, other.load_s),
            max(self.speech_memory_mb, other.speech_memory_mb),
            max(self.memory_mb, other.memory_mb),
        )


def measured(panel: Input, runs: Sequence[Output]) -> Measured:
    """Quality is that of the first run."""

    def middle(value: Callable[[Output], float]) -> float:
        return median(map(value, runs))

    return Measured(
        score(panel.turns, panel.speech, runs[0].segments, runs[0].gaps),
        panel.duration_s,
        middle(lambda run: run.speech_s),
        middle(lambda run: run.speech_processor_s),
        middle(lambda run: run.speakers_s),
        middle(lambda run: run.load_s),
        middle(lambda run: run.speech_memory_mb),
        middle(lambda run: run.memory_mb),
    )


def figures(found: Measured) -> Figures:
    """Rates and speeds. What a system does not tell is None."""
    scores = found.scores
    with_speakers_s = found.speech_s + found.speakers_s
    return _rounded(
        {
            "speed_x": found.duration_s / found.speech_s,
            "speed_with_speakers_x": found.duration_s / with_speakers_s if found.speakers_s else None,
            "speech_s": found.speech_s,
            "speech_processor_s": found.speech_processor_s,
            "load_s": found.load_s,
            "memory_mb": found.speech_memory_mb,
            "memory_with_speakers_mb": found.memory_mb if found.speakers_s else None,
            "cer": scores.joined.rate,
            "cer_by_turn": scores.by_turn.rate,
            "cer_by_language": _rates(scores.characters),
            "wer_by_language": _rates(scores.words),
            "substitutions": scores.joined.substitutions,
            "deletions": scores.joined.deletions,
            "insertions": scores.joined.insertions,
            "reference_characters": scores.joined.reference,
            "language_time_accuracy": (
                scores.right_language_s / scores.labelled_s if scores.labelled_s else None
            ),
            "coverage": scores.covered_s / scores.speech_s,
            "dropped_s": scores.dropped_s,
            "dropped_share": scores.dropped_s / scores.speech_s,
            "lost_turns": scores.lost_turns,
            "turns": scores.turns,
            "invented_s": scores.invented_s,
        }
    )


def _rates(edits: Mapping[str, Edits]) -> dict[str, float | None]:
    return {code: each.rate for code, each in edits.items()}


def _rounded(held: Figures) -> Figures:
    """The same with every number rounded, however deep it lies."""

    def short(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: short(each) for key, each in value.items()}
        if isinstance(value, list):
            return [short(each) for each in value]
        return round(value, DIGITS) if isinstance(value, float) else value

    return {key: short(each) for key, each in held.items()}


def panel_figures(panel: Input, outputs: Mapping[str, Sequence[Output]]) -> Figures:
    """What the document holds of a panel: every system, with every run's speed and error rate."""
    systems = {}
    for name, runs in outputs.items():
        every = [score(panel.turns, panel.speech, run.segments, run.gaps).joined.rate for run in runs]
        systems[name] = figures(measured(panel, runs)) | _rounded(
            {"runs": {"speech_s": [run.speech_s for run in runs], "cer": every}}
        )
    return {
        "duration_s": round(panel.duration_s, 2),
        "languages": list(panel.languages),
        "turns": len(panel.turns),
        "systems": with_ratios(systems),
    }


def overall_figures(panels: Mapping[str, tuple[Input, Mapping[str, Sequence[Output]]]]) -> Figures:
    """All panels as one, for each system that was measured on every one of them."""
    names = [set(outputs) for _, outputs in panels.values()]
    shared = set.intersection(*names) if names else set()
    order = next(iter(panels.values()))[1] if panels else {}
    return with_ratios(
        {
            name: figures(
                reduce(
                    lambda one, other: one + other,
                    (measured(panel, outputs[name]) for panel, outputs in panels.values()),
                )
            )
            for name in order
            if name in shared
        }
    )


def with_ratios(systems: dict[str, Figures]) -> dict[str, Figures]:
    """Add to each system how many times faster symposia is, and symposia's errors as a share of its own."""
    ours = systems.get("symposia")
    for name, held in systems.items():
        if ours and name != "symposia":
            held["symposia_speed_ratio"] = round(ours["speed_x"] / held["speed_x"], DIGITS)
            held["symposia_processor_ratio"] = round(
                held["speech_processor_s"] / ours["speech_processor_s"], DIGITS
            )
            held["symposia_cer_ratio"] = (
                round(ours["cer"] / held["cer"], DIGITS) if held["cer"] and ours["cer"] is not None else None
            )
    return systems


def confidence_figures(panels: Sequence[tuple[Input, Output]]) -> Figures:
    """The reliability of symposia's word confidence over all panels."""
    bins = reduce(added_bins, (reliability(panel.turns, output.segments) for panel, output in panels))
    return _rounded(
        {
            "calibration_error": calibration_error(bins),
            "words": sum(each.words for each in bins),
            "bins": [asdict(each) for each in bins],
        }
    )


def speaker_figures(recordings: Sequence[tuple[Input, Output]]) -> Figures:
    """Diarization error rates of recordings, each and together, with two collars."""
    held = {given.name: (given.voices, output.turns, given.duration_s) for given, output in recordings}

    def rates(chosen: Sequence[Any]) -> Figures:
        return {
            "error_rate": diarization_error(chosen, COLLAR_S),
            "error_rate_wide_collar": diarization_error(chosen, WIDE_COLLAR_S),
            "speakers": sum(len({turn.label for turn in reference}) for reference, _, _ in chosen),
            "speakers_found": sum(len({turn.label for turn in output}) for _, output, _ in chosen),
        }

    return _rounded(
        {"all": rates(list(held.values())), "each": {name: rates([each]) for name, each in held.items()}}
    )


def word_time_figures(given: Input, output: Output) -> Figures:
    """Median distance of word times from the truth, in seconds; inside a breath and after a pause apart."""
    times = clip_times(given.clips, output.segments)
    starts = [(abs(each.start_s), each.after_pause) for each in times if each.start_s is not None]
    ends = [abs(each.end_s) for each in times if each.end_s is not None]

    def middle(errors: Sequence[float]) -> float | None:
        return median(errors) if errors else None

    return _rounded(
        {
            "start_error_s": middle([error for error, _ in starts]),
            "start_error_inside_s": middle([error for error, after_pause in starts if not after_pause]),
            "start_error_after_pause_s": middle([error for error, after_pause in starts if after_pause]),
            "end_error_s": middle(ends),
            "clips": len(times),
            "clips_without_words": len(times) - len(starts),
        }
    )


def non_speech_figures(given: Input, output: Output) -> Figures:
    """Characters of text (blanks left out) that were written where nobody speaks."""

    def characters(span: Span | None) -> int:
        return sum(
            len("".join(each.text.split()))
            for each in output.segments
            if span is None or span.start_s <= each.span.middle_s < span.end_s
        )

    return {
        "characters": characters(None),
        "by_sound": {name: characters(span) for name, span in given.sounds},
    }
