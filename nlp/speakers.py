"""Who speaks when: voice vectors over short windows, told apart, and segments cut where the voice changes.

Labels ('S1', 'S2', ...) follow the order of first speech, so that the same recording
always gets the same ones. Whose voices they are is the matter of `nlp.naming`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.clusters import Flags, Labels, VoiceSpread, likeliest_path, merged, pieces_of
from nlp.glossary import concerns
from nlp.voices import Vectors, VoiceEncoder, unit
from transcripts.records import Segment, Span, Turn, Word, segment_id

WINDOWS_HELD = 512  # windows of sound held at a time (50 MB)
RESEGMENTATIONS = 2  # rounds of finding who speaks and what they sound like; a third changes nothing


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """How voices are told apart. Distances are cosine distances of GE2E vectors."""

    model: str = "embedded:ge2e"
    window_s: float = 1.6  # what GE2E was trained on
    step_s: float = 0.4
    spread: VoiceSpread = field(default_factory=VoiceSpread)
    split_above: float = 0.4  # distance of neighbours that are not taken for one piece
    clear_piece_s: float = 1.0  # shorter pieces do not make speakers, they are given to one
    change_cost: float = 0.1  # of a change of speaker, in cosine distance summed over windows
    most_speakers: int = 60  # where the panel declares none
    guests: int = 2  # voices beside the declared ones: questions from the floor
    microphone_weight: float = 1.0  # of whose microphone heard it, beside the voice
    name_below: float = 0.13  # distance to a known voice that may carry its name
    name_margin: float = 0.05  # by which the nearest known voice must lead
    # A window in which the nearest voice leads by less is marked as an overlap: 7 in 10 of these are one
    # (of meetings, where a fifth of the windows are), and 1 in 6 overlaps is found.
    overlap_lead: float = 0.1
    overlap_least_s: float = 0.4  # two microphones at once for less: only what is kept around speech meets
    reach_s: float = 0.2  # speech is soft for so long before the detector hears it, and after
    pause_s: float = 0.5  # a shorter pause of one speaker does not end a turn, as in reference annotations


@dataclass(frozen=True, slots=True)
class Microphones:
    """What is known of regions where each channel is a microphone of its own.

    `channels[i]` is the one that region i was heard by; `shares[i]`, of shape (windows of
    region i, channels), how the power of each window is shared out among all.
    """

    channels: Sequence[int | None]
    shares: Sequence[npt.NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns in order of time, and the mean voice of each label."""

    turns: tuple[Turn, ...]
    voices: Mapping[str, tuple[float, ...]]
    overlaps: tuple[Span, ...] = ()  # where two may speak at once


def windows_of(region: Span, options: SpeakerOptions) -> list[Span]:
    """Windows centred on every step of a region, kept inside it; shorter regions are one window."""
    if region.duration_s <= options.window_s:
        return [region]
    half_s = options.window_s / 2
    centres_s = np.arange(region.start_s + options.step_s / 2, region.end_s, options.step_s)
    starts_s = np.clip(centres_s - half_s, region.start_s, region.end_s - options.window_s)
    return [Span(float(start), float(start) + options.window_s) for start in starts_s]


def embed_regions(
    regions: Sequence[Span], sounds: Iterable[Samples], encoder: VoiceEncoder, options: SpeakerOptions
) -> Iterator[Vectors]:
    """Voice vectors of each region's windows: shape (windows, dim); some regions at a time."""
    held: list[list[Samples]] = []
    for region, samples in zip(regions, sounds, strict=True):
        held.append(_windows(region, samples, options))
        if sum(map(len, held)) >= WINDOWS_HELD:
            yield from _embedded(held, encoder)
            held = []
    yield from _embedded(held, encoder)


def _windows(region: Span, samples: Samples, options: SpeakerOptions) -> list[Samples]:
    """The sound of a region's windows; one of less than a window is repeated, as silence changes a voice."""
    wanted = int(options.window_s * SAMPLE_RATE_HZ)
    pieces = []
    for window in windows_of(region, options):
        first = round((window.start_s - region.start_s) * SAMPLE_RATE_HZ)
        piece = samples[first : first + wanted]
        if len(piece) < wanted:
            piece = np.tile(piece, -(-wanted // max(1, len(piece))))[:wanted]
        pieces.append(piece)
    return pieces


def _embedded(held: Sequence[Sequence[Samples]], encoder: VoiceEncoder) -> Iterator[Vectors]:
    vectors = encoder.embed([window for windows in held for window in windows])
    ends = np.cumsum([len(windows) for windows in held])
    yield from np.split(vectors, ends[:-1]) if held else ()


def diarize(
    recording_id: str,
    regions: Sequence[Span],
    vectors: Sequence[Vectors],
    declared_speakers: int,
    options: SpeakerOptions,
    microphones: Microphones | None = None,
) -> Diarization:
    """Turns from the voice vectors of speech regions.

    `vectors[i]` has shape (windows of region i, dim). `declared_speakers` bounds the
    number of labels, with room for a few guests; 0 means that nobody was declared.
    """
    if not regions:
        return Diarization((), {})
    most = declared_speakers + options.guests if declared_speakers else options.most_speakers
    labels = _labels(regions, _with_shares(vectors, microphones, options), most, options)
    names: dict[int, str] = {}
    for label in itertools.chain.from_iterable(labels):
        names.setdefault(int(label), f"S{len(names) + 1}")
    totals = {label: np.zeros(vectors[0].shape[1]) for label in names}
    for found, own in zip(labels, vectors, strict=True):
        for label in set(map(int, found)):
            totals[label] += own[found == label].sum(axis=0)
    voices = {names[label]: tuple(map(float, unit(total))) for label, total in totals.items()}
    turns = []
    channels = microphones.channels if microphones else [None] * len(regions)
    for channel in set(channels):
        mine = [number for number, each in enumerate(channels) if each == channel]
        spans = _spans([regions[number] for number in mine], [labels[number] for number in mine], options)
        turns += [Turn(recording_id, span, names[label], channel=channel) for span, label in spans]
    turns.sort(key=lambda turn: (turn.span, turn.label))
    mixed = _mixed(regions, vectors, list(voices.values()), options)
    overlaps = _united([*mixed, *_at_once(turns, options)])
    return Diarization(tuple(turns), voices, tuple(overlaps))


def _at_once(turns: Sequence[Turn], options: SpeakerOptions) -> Iterator[Span]:
    """Where two speak into microphones of their own; `turns` are in order of time."""
    for turn, near in zip(turns, turns_in((each.span for each in turns), turns), strict=True):
        for other in near:
            if other.channel != turn.channel and other.label != turn.label:
                start_s = max(turn.span.start_s, other.span.start_s) + options.reach_s
                end_s = min(turn.span.end_s, other.span.end_s) - options.reach_s
                if end_s - start_s >= options.overlap_least_s:
                    yield Span(start_s, end_s)


def _united(spans: Iterable[Span]) -> list[Span]:
    """In order of time; those that touch or overlap are one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start_s <= found[-1].end_s:
            found[-1] = found[-1].cover(span)
        else:
            found.append(span)
    return found


def _mixed(
    regions: Sequence[Span],
    vectors: Sequence[Vectors],
    voices: Sequence[Sequence[float]],
    options: SpeakerOptions,
) -> Iterator[Span]:
    """Stretches whose windows are about as near to a second voice as to the first."""
    if len(voices) < 2:
        return
    known = np.array(voices, dtype=np.float32)
    for region, own in zip(regions, vectors, strict=True):
        near = np.sort(own @ known.T, axis=1)
        mixed = np.flatnonzero(near[:, -1] - near[:, -2] < options.overlap_lead)
        edges_s = np.linspace(region.start_s, region.end_s, len(own) + 1)
        for run in np.split(mixed, np.flatnonzero(np.diff(mixed) > 1) + 1):
            if len(run):
                yield Span(float(edges_s[run[0]]), float(edges_s[run[-1] + 1]))


def _with_shares(
    vectors: Sequence[Vectors], microphones: Microphones | None, options: SpeakerOptions
) -> Sequence[Vectors]:
    """Vectors with the roots of the microphones' shares behind them: their distance is Hellinger's."""
    if microphones is None:
        return vectors
    return [
        np.concatenate([own, options.microphone_weight * np.sqrt(shares)], axis=1, dtype=np.float32)
        for own, shares in zip(vectors, microphones.shares, strict=True)
    ]


def _labels(
    regions: Sequence[Span], vectors: Sequence[Vectors], most: int, options: SpeakerOptions
) -> list[Labels]:
    """A speaker's number for every window of every region."""
    pieces = [(row, part) for row, own in enumerate(vectors) for part in pieces_of(own, options.split_above)]
    window_s = np.array([region.duration_s / len(own) for region, own in zip(regions, vectors, strict=True)])
    seconds = np.array([window_s[row] * (part.stop - part.start) for row, part in pieces])
    clear = np.flatnonzero(seconds >= min(options.clear_piece_s, seconds.max()))
    means = np.stack([vectors[pieces[index][0]][pieces[index][1]].mean(axis=0) for index in clear])
    variances = options.spread.variances(seconds[clear] / options.window_s)
    numbers = merged(means, variances, most, options.spread)
    labels = [np.full(len(own), -1) for own in vectors]
    for index, number in zip(clear, numbers, strict=True):
        row, part = pieces[index]
        labels[row][part] = number
    is_clear = [found >= 0 for found in labels]
    # a window counts by the time between windows, less where it had to be filled up
    shares = [min(1.0, region.duration_s / options.window_s) for region in regions]
    weights = np.repeat(window_s / options.step_s * shares, list(map(len, vectors)))
    ends = np.cumsum(list(map(len, vectors)))[:-1]
    for _ in range(RESEGMENTATIONS):
        speakers = _centroids(vectors, labels, is_clear)
        scores = np.concatenate([own @ speakers.T for own in vectors]) - np.square(speakers).sum(axis=1) / 2
        labels = np.split(likeliest_path(scores * weights[:, None], options.change_cost), ends)
    return labels


def _centroids(vectors: Sequence[Vectors], labels: Sequence[Labels], counted: Sequence[Flags]) -> Vectors:
    """The mean vector of each label's counted windows; labels without any are left out."""
    count = 1 + max(int(found.max()) for found in labels)
    totals, windows = np.zeros((count, vectors[0].shape[1])), np.zeros(count)
    for own, found, chosen in zip(vectors, labels, counted, strict=True):
        np.add.at(totals, found[chosen], own[chosen])
        np.add.at(windows, found[chosen], 1)
    return np.asarray(totals[windows > 0] / windows[windows > 0, None], dtype=np.float32)


def _spans(
    regions: Sequence[Span], labels: Sequence[Labels], options: SpeakerOptions
) -> list[tuple[Span, int]]:
    """Stretches of one label in order of time, reaching a little into the silence around their region."""
    found: list[tuple[Span, int]] = []
    befores_s = [0.0, *(region.end_s for region in regions[:-1])]
    afters_s = [*(region.start_s for region in regions[1:]), regions[-1].end_s]
    for region, own, before_s, after_s in zip(regions, labels, befores_s, afters_s, strict=True):
        edges_s = np.linspace(region.start_s, region.end_s, len(own) + 1)
        lead_s, trail_s = region.start_s - before_s, after_s - region.end_s
        edges_s[0] -= min(options.reach_s, max(0.0, lead_s / 2 if found else lead_s))
        edges_s[-1] += min(options.reach_s, max(0.0, trail_s / 2))
        for at, label in enumerate(map(int, own)):
            span = Span(float(edges_s[at]), float(edges_s[at + 1]))
            if found and found[-1][1] == label and span.gap_s(found[-1][0]) <= options.pause_s:
                found[-1] = (found[-1][0].cover(span), label)
            else:
                found.append((span, label))
    return found


def attribute(segments: Sequence[Segment], turns: Sequence[Turn]) -> list[Segment]:
    """Give each segment its speaker, cutting it between words where the speaker changes.

    `turns` are in order of time. A segment without words goes whole to whoever speaks most in it.
    """
    found: list[Segment] = []
    for segment, spoken in zip(segments, turns_in((each.span for each in segments), turns), strict=True):
        near = [turn for turn in spoken if turn.channel == segment.channel or turn.channel is None]
        if len({turn.label for turn in near}) <= 1 or not segment.words:
            seconds: dict[str, float] = {}
            for turn in near:
                seconds[turn.label] = seconds.get(turn.label, 0.0) + turn.span.overlap_s(segment.span)
            found.append(replace(segment, speaker=max(seconds, key=seconds.__getitem__, default=None)))
        else:
            found.extend(_cut_at_turns(segment, near))
    return found


def turns_in(spans: Iterable[Span], turns: Sequence[Turn]) -> Iterator[list[Turn]]:
    """The turns that each span shares time with. `turns` are in order of time."""
    starts_s = np.array([turn.span.start_s for turn in turns])
    reached_s = np.maximum.accumulate([turn.span.end_s for turn in turns]) if turns else starts_s
    for span in spans:
        first = int(np.searchsorted(reached_s, span.start_s, side="right"))
        last = int(np.searchsorted(starts_s, span.end_s, side="left"))
        yield [turn for turn in turns[first:last] if turn.span.overlap_s(span) > 0]


def with_overlaps(segments: Sequence[Segment], overlaps: Sequence[Span]) -> list[Segment]:
    """The same segments, flagged 'overlap' where two may speak at once. `overlaps` are in order of time."""
    near = turns_in((each.span for each in segments), [Turn("", span, "") for span in overlaps])
    return [
        replace(each, flags=(*each.flags, "overlap")) if found else each
        for each, found in zip(segments, near, strict=True)
    ]


def _cut_at_turns(segment: Segment, turns: Sequence[Turn]) -> Iterator[Segment]:
    groups: list[tuple[str, list[Word]]] = []
    for word in segment.words:
        nearest = min(turns, key=lambda turn: turn.span.gap_s(Span(word.span.middle_s, word.span.middle_s)))
        if groups and groups[-1][0] == nearest.label:
            groups[-1][1].append(word)
        else:
            groups.append((nearest.label, [word]))
    for number, (label, words) in enumerate(groups):
        start_s = segment.span.start_s if number == 0 else words[0].span.start_s
        end_s = segment.span.end_s if number == len(groups) - 1 else words[-1].span.end_s
        span = Span(start_s, max(start_s, end_s))
        text = "".join(word.text for word in words).strip()
        yield replace(
            segment,
            id=segment_id(segment.recording_id, span, segment.language, segment.channel),
            span=span,
            text=text,
            words=tuple(words),
            confidence=float(np.mean([word.probability for word in words])),
            speaker=label,
            flags=tuple(flag for flag in segment.flags if concerns(flag, text)),
        )


def spoken_languages(segments: Sequence[Segment], turns: Sequence[Turn]) -> dict[str, str]:
    """The language each label speaks for the longest time."""
    seconds: dict[tuple[str, str], float] = {}
    for segment, near in zip(segments, turns_in((each.span for each in segments), turns), strict=True):
        for turn in near:
            key = (turn.label, segment.language)
            seconds[key] = seconds.get(key, 0.0) + turn.span.overlap_s(segment.span)
    return {label: code for (label, code), _ in sorted(seconds.items(), key=lambda item: item[1])}
