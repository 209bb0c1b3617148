"""From sound to language runs: where speech is, and in which declared language.

1. Speech regions from the Silero VAD.
2. The language of each region, restricted to the declared languages.
3. Viterbi smoothing over the regions: short regions weigh less, and a language
   tends to stay.
4. Neighbours of one language are merged up to the length a decoder likes; never
   across a language change.

The file is read in blocks, so a recording of any length takes the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.languages import language
from transcripts.records import Span

Posteriors = Mapping[str, float]
ListenTo = Callable[[Sequence[Samples]], Sequence[Posteriors]]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How speech is found and cut into runs of one language."""

    min_silence_ms: int = 250  # a shorter pause does not end a region
    pad_ms: int = 150  # kept around a region, so that soft starts are not cut
    max_region_s: float = 20.0
    speech_threshold: float = 0.5  # Silero's own
    full_weight_s: float = 3.0  # a region this long counts in full for its language
    stay_probability: float = 0.6  # that the next region is in the same language
    max_run_s: float = 24.0
    max_merge_gap_s: float = 2.0  # a longer silence separates runs
    undeclared_at_least: float = 0.8  # posterior at which a language that is not declared is reported,
    undeclared_hours: float = 100.0  # if the model knows it well enough not to be guessing


@dataclass(frozen=True, slots=True)
class Region:
    """Speech without a longer pause, and the model's belief in every language."""

    span: Span
    posteriors: Posteriors


@dataclass(frozen=True, slots=True)
class Run:
    """Speech in one language, to be decoded in one piece.

    `beliefs` are the declared languages with the model's belief in each, likeliest
    first; they sum to one. `declared_share` is what the model gave to all of them.
    """

    span: Span
    language: str
    beliefs: tuple[tuple[str, float], ...]
    declared_share: float = 1.0

    @property
    def probability(self) -> float:
        """The belief in the language of the run."""
        return dict(self.beliefs)[self.language]


def speech_regions(blocks: Iterable[Samples], options: RunOptions) -> Iterator[tuple[Span, Samples]]:
    """Speech regions of a stream of blocks, each with its samples, in order.

    A region that touches the end of what was read is carried over, so the blocks'
    borders leave no trace as long as a region is shorter than a block.
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
    settle = SAMPLE_RATE_HZ  # a region must end this long before the edge to be whole
    for block, is_last in _with_last(blocks):
        held = np.concatenate([carried, block])
        found = get_speech_timestamps(held, vad)
        whole = [each for each in found if is_last or each["end"] < len(held) - settle]
        for each in whole:
            start, end = int(each["start"]), int(each["end"])
            yield _span(offset + start, offset + end), held[start:end]
        rest = [each for each in found if each not in whole]
        keep_from = max(0, int(rest[0]["start"]) - settle // 2) if rest else max(0, len(held) - settle)
        if whole:
            keep_from = max(keep_from, int(whole[-1]["end"]))
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


def listen(
    regions: Iterable[tuple[Span, Samples]], posteriors_of: ListenTo, batch_s: float = 120.0
) -> Iterator[Region]:
    """Ask the model for the language of each region, some at a time."""
    spans: list[Span] = []
    pieces: list[Samples] = []
    for span, samples in regions:
        spans.append(span)
        pieces.append(samples)
        if sum(map(len, pieces)) > batch_s * SAMPLE_RATE_HZ:
            yield from map(Region, spans, posteriors_of(pieces))
            spans, pieces = [], []
    yield from map(Region, spans, posteriors_of(pieces))


def smooth(regions: Sequence[Region], declared: Sequence[str], options: RunOptions) -> list[int]:
    """The likeliest sequence of declared languages, by Viterbi; an index into `declared` a region.

    A region's log-posteriors are weighted by min(1, duration / full_weight_s).
    """
    if not regions:
        return []
    evidence = np.log(np.array([_declared(region, declared) for region in regions]) + 1e-6)
    weights = [min(1.0, region.span.duration_s / options.full_weight_s) for region in regions]
    evidence *= np.array(weights)[:, None]
    others = max(1, len(declared) - 1)
    change = np.full((len(declared),) * 2, np.log((1 - options.stay_probability) / others))
    np.fill_diagonal(change, np.log(options.stay_probability))
    score = evidence[0]
    came_from = []
    for row in evidence[1:]:
        options_before = score[:, None] + change  # (from, to)
        came_from.append(options_before.argmax(axis=0))
        score = options_before.max(axis=0) + row
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]


def _declared(region: Region, declared: Sequence[str]) -> list[float]:
    """The region's belief in each declared language; sums to one.

    What the model gives to languages that nobody declared is shared out among the
    declared ones, mostly to those that it has heard least of in training: a language
    it knows well is seldom taken for another, one it hardly knows often is (real
    Persian is heard as Polish, Latvian or Latin).
    """
    held = np.array([region.posteriors.get(code, 0.0) for code in declared])
    strangeness = np.array([1 / language(code).speech_hours for code in declared])
    belief = held + max(0.0, 1.0 - float(held.sum())) * strangeness / strangeness.sum()
    return [float(value) for value in belief / belief.sum()]


def language_runs(regions: Sequence[Region], declared: Sequence[str], options: RunOptions) -> list[Run]:
    """Runs of one language each, in order; every region belongs to exactly one."""
    groups: list[tuple[str, list[Region]]] = []
    for region, choice in zip(regions, smooth(regions, declared, options), strict=True):
        last = groups[-1] if groups else None
        if (
            last
            and last[0] == declared[choice]
            and region.span.end_s - last[1][0].span.start_s <= options.max_run_s
            and region.span.gap_s(last[1][-1].span) <= options.max_merge_gap_s
        ):
            last[1].append(region)
        else:
            groups.append((declared[choice], [region]))
    return [_run(code, members, declared) for code, members in groups]


def _run(code: str, regions: Sequence[Region], declared: Sequence[str]) -> Run:
    """Regions as one run; longer ones weigh more in what is believed of it."""
    seconds = np.array([max(region.span.duration_s, 1e-3) for region in regions])
    weights = seconds / seconds.sum()
    beliefs = weights @ np.array([_declared(region, declared) for region in regions])
    shares = [sum(region.posteriors.get(each, 0.0) for each in declared) for region in regions]
    ranked = sorted(zip(declared, map(float, beliefs), strict=True), key=lambda pair: -pair[1])
    span = Span(regions[0].span.start_s, regions[-1].span.end_s)
    return Run(span, code, tuple(ranked), float(weights @ np.array(shares)))


def undeclared_languages(
    regions: Sequence[Region], declared: Sequence[str], options: RunOptions
) -> dict[str, float]:
    """Seconds of speech that is clearly in a language which is not declared, by language."""
    seconds: dict[str, float] = {}
    for region in regions:
        code, probability = max(region.posteriors.items(), key=lambda item: item[1], default=("", 0.0))
        clear = probability >= options.undeclared_at_least and region.span.duration_s >= options.full_weight_s
        if code not in declared and clear and language(code).speech_hours >= options.undeclared_hours:
            seconds[code] = seconds.get(code, 0.0) + region.span.duration_s
    return seconds
