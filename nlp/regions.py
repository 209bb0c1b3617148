"""Where there is speech, and where in it nobody breathes a sound: regions and quiet moments.

Regions come from the Silero VAD. The file is read in blocks, so a recording of any
length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from nlp.audio import SAMPLE_RATE_HZ, Samples
from transcripts.records import Span

DETECTOR_STEP = 512  # samples that Silero judges at once


@dataclass(frozen=True, slots=True)
class RegionOptions:
    """How speech is found."""

    min_silence_ms: int = 250  # a shorter pause does not end a region
    pad_ms: int = 150  # kept around a region, so that soft starts are not cut
    max_region_s: float = 20.0
    speech_threshold: float = 0.5  # Silero's own


def speech_regions(blocks: Iterable[Samples], options: RegionOptions) -> Iterator[tuple[Span, Samples]]:
    """Speech regions of a stream of blocks, each with its samples, in order.

    A region that touches the end of what was read is carried over, so the blocks'
    borders leave hardly a trace (the detector forgets at each what it heard before) as
    long as a region is shorter than a block.
    """
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    vad = VadOptions(
        threshold=options.speech_threshold,
        min_silence_duration_ms=options.min_silence_ms,
        max_speech_duration_s=options.max_region_s,
        speech_pad_ms=options.pad_ms,
    )
    carried = np.zeros(0, dtype=np.float32)
    offset = 0  # of `carried`, in samples
    told = 0  # samples up to the end of the last region
    settle = SAMPLE_RATE_HZ  # a region must end this long before the edge to be whole
    for block, is_last in _with_last(blocks):
        held = np.concatenate([carried, block])
        found = get_speech_timestamps(held, vad)
        whole = [each for each in found if is_last or each["end"] < len(held) - settle]
        for each in whole:
            start, end = max(int(each["start"]), told - offset), int(each["end"])
            if start < end:  # the rest of one that was told may be found again
                told = offset + end
                yield _span(offset + start, offset + end), held[start:end]
        rest = [each for each in found if each not in whole]
        keep_from = max(0, int(rest[0]["start"]) - settle // 2) if rest else max(0, len(held) - settle)
        if whole:
            keep_from = max(keep_from, int(whole[-1]["end"]))
        keep_from -= keep_from % DETECTOR_STEP
        carried, offset = held[keep_from:], offset + keep_from


def _span(start: int, end: int) -> Span:
    return Span(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)


def _with_last(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, bool]]:
    """Blocks, each with whether it is the last one."""
    iterator = iter(blocks)
    previous = next(iterator, None)
    while previous is not None:
        following = next(iterator, None)
        yield previous, following is None
        previous = following


def quietest_s(sound: Samples, near_s: float, reach_s: float) -> float:
    """The quietest moment of a sound within `reach_s` of a time: where a cut does the least harm.

    Loudness is taken over 50 ms; to be cut half of `reach_s` away, a moment must be 5 dB quieter.
    """
    hop = SAMPLE_RATE_HZ // 100
    first = max(0, int((near_s - reach_s) * 100))
    frames = sound[first * hop : int((near_s + reach_s) * 100) * hop]
    count = len(frames) // hop
    if count < 6:
        return near_s
    power = np.square(frames[: count * hop], dtype=np.float64).reshape(count, hop).mean(axis=1)
    loudness = np.log10(np.convolve(power, np.full(5, 0.2), "valid") + 1e-9)
    times_s = (first + 2.5 + np.arange(len(loudness))) / 100
    away = (times_s - near_s) / (reach_s / 2)
    return float(times_s[int(np.argmin(loudness + away**2 / 2))])
