"""Who speaks when, and when a word is spoken, against times that are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyannote.core import Annotation, Timeline
from pyannote.core import Segment as Interval

from flows.demo import plain
from transcripts.records import Segment, Span, Turn

BRIDGED_S = 0.25  # a shorter pause does not end speech
CLICK_S = 0.1  # what is shorter is no speech
LOUD_DB = 30.0  # speech lies within this of the loud frames of a clip,
ABOVE_NOISE_DB = 9.0  # and this much above the quiet ones
SILENCE_DB = -80.0  # full scale is 0


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech whose bounds are known. `after_pause` tells whether silence comes before it."""

    span: Span
    after_pause: bool


@dataclass(frozen=True, slots=True)
class ClipTimes:
    """Where the first word of a clip starts and its last word ends, less the truth; None without words."""

    start_s: float | None
    end_s: float | None
    after_pause: bool


def clip_times(clips: Sequence[Clip], segments: Iterable[Segment]) -> list[ClipTimes]:
    """Errors of time at the known bounds of clips; a word belongs to the clip nearest to its middle."""
    held: list[list[Span]] = [[] for _ in clips]
    for word in (word for segment in segments for word in segment.words if plain(word.text)):
        nearest = min(
            range(len(clips)), key=lambda i: clips[i].span.gap_s(Span(word.span.middle_s, word.span.middle_s))
        )
        held[nearest].append(word.span)
    return [
        ClipTimes(
            min(spans).start_s - clip.span.start_s if spans else None,
            max(span.end_s for span in spans) - clip.span.end_s if spans else None,
            clip.after_pause,
        )
        for clip, spans in zip(clips, held, strict=True)
    ]


def diarization_error(
    recordings: Sequence[tuple[Sequence[Turn], Sequence[Turn], float]], collar_s: float
) -> float:
    """Diarization error rate over (reference, output, duration), overlapped speech scored.

    `collar_s` is all that is left out around a bound of the reference, half of it on either side, as
    pyannote.metrics counts it; NIST's collar of 0.25 s is 0.5 here.
    """
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric = DiarizationErrorRate(collar=collar_s, skip_overlap=False)
    for reference, output, duration_s in recordings:
        metric(_annotation(reference), _annotation(output), uem=Timeline([Interval(0.0, duration_s)]))
    return float(abs(metric))


def _annotation(turns: Sequence[Turn]) -> Annotation:
    annotation = Annotation()
    for number, turn in enumerate(turns):
        annotation[Interval(turn.span.start_s, turn.span.end_s), number] = turn.label
    return annotation


def loud_spans(samples: npt.NDArray[np.float32], sample_rate_hz: int) -> list[Span]:
    """Where sound of shape (n,) is loud: near its loud frames and well above its quiet ones.

    Pauses below `BRIDGED_S` are bridged, and bursts below `CLICK_S` left out. No model is asked.
    """
    hop = sample_rate_hz // 100
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop).astype(np.float64)
    if not len(frames):
        return []
    level_db = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    quiet_db, loud_db = np.quantile(level_db, (0.05, 0.95))
    loud = np.flatnonzero(level_db > max(loud_db - LOUD_DB, quiet_db + ABOVE_NOISE_DB, SILENCE_DB))
    if not len(loud):
        return []
    parts = np.split(loud, np.flatnonzero(np.diff(loud) > BRIDGED_S * 100) + 1)
    spans = [Span(float(part[0]) / 100, float(part[-1] + 1) / 100) for part in parts]
    return [span for span in spans if span.duration_s >= CLICK_S - 1e-6]
