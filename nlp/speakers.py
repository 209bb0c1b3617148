"""Who speaks when: voice vectors over short windows, clustered, named where a voice is known.

Labels ('S1', 'S2', ...) follow the order of first speech, so that the same recording
always gets the same ones. A name is given only where one enrolled voice is clearly the
nearest: no name is better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.voices import Vectors, VoiceEncoder, unit
from transcripts.records import Segment, Signature, Span, Turn, Word, digest_of

WINDOWS_HELD = 512  # windows of sound held at a time (50 MB)


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """How voices are told apart. Distances are cosine distances of GE2E vectors."""

    model: str = "embedded:ge2e"
    window_s: float = 1.6  # what GE2E was trained on
    step_s: float = 0.4
    same_speaker_below: float = 0.35  # average distance at which clusters are still one voice
    most_speakers: int = 20  # where the panel declares none
    guests: int = 2  # voices beside the declared ones: questions from the floor
    shortest_turn_s: float = 0.8  # a shorter change of voice is taken for noise
    name_below: float = 0.25  # distance to an enrolled voice that may carry its name
    name_margin: float = 0.05  # by which the nearest enrolled voice must lead


@dataclass(frozen=True, slots=True)
class Voice:
    """An enrolled voice: a unit vector, and the languages its owner speaks (none: any)."""

    speaker_id: str
    vector: tuple[float, ...]
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Diarization:
    """Turns in order of time, and the mean voice of each label."""

    turns: tuple[Turn, ...]
    voices: Mapping[str, tuple[float, ...]]


def speakers_signature(encoder: Signature, options: SpeakerOptions) -> Signature:
    """What made turns: the encoder's weights and every option."""
    return replace(encoder, component="nlp.speakers", options=asdict(options))


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
        pieces.append(np.tile(piece, -(-wanted // max(1, len(piece))))[:wanted])
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
) -> Diarization:
    """Turns from the voice vectors of speech regions.

    `vectors[i]` has shape (windows of region i, dim). `declared_speakers` bounds the
    number of labels, with room for a few guests; 0 means that nobody was declared.
    """
    if not regions:
        return Diarization((), {})
    most = declared_speakers + options.guests if declared_speakers else options.most_speakers
    labels = _clusters(np.concatenate(list(vectors)), most, options)
    turns: list[Turn] = []
    names: dict[int, str] = {}
    start = 0
    for region, held in zip(regions, vectors, strict=True):
        for span, label in _pieces(region, labels[start : start + len(held)], options):
            name = names.setdefault(label, f"S{len(names) + 1}")
            last = turns[-1] if turns else None
            if last and last.label == name and last.span.end_s >= span.start_s:
                turns[-1] = replace(last, span=last.span.cover(span))
            else:
                turns.append(Turn(recording_id, span, name))
        start += len(held)
    everything = np.concatenate(list(vectors))
    means = {name: unit(everything[labels == label].mean(axis=0)) for label, name in names.items()}
    return Diarization(tuple(turns), {name: tuple(map(float, mean)) for name, mean in means.items()})


def _clusters(vectors: Vectors, most: int, options: SpeakerOptions) -> np.ndarray:
    """A cluster number for each vector: average linkage, at most `most` clusters."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(vectors) == 1:
        return np.zeros(1, dtype=np.int64)
    tree = linkage(vectors, method="average", metric="cosine")
    labels = fcluster(tree, options.same_speaker_below, criterion="distance")
    if labels.max() > most:
        labels = fcluster(tree, most, criterion="maxclust")
    return np.asarray(labels, dtype=np.int64)


def _pieces(region: Span, labels: np.ndarray, options: SpeakerOptions) -> list[tuple[Span, int]]:
    """One region cut where its label changes; too short a piece joins the piece before it."""
    edges = np.linspace(region.start_s, region.end_s, len(labels) + 1)
    pieces: list[tuple[Span, int]] = []
    for number, label in enumerate(labels):
        span = Span(float(edges[number]), float(edges[number + 1]))
        if pieces and pieces[-1][1] == int(label):
            pieces[-1] = (pieces[-1][0].cover(span), int(label))
        else:
            pieces.append((span, int(label)))
    kept: list[tuple[Span, int]] = []
    for span, label in pieces:
        if kept and (span.duration_s < options.shortest_turn_s or kept[-1][1] == label):
            kept[-1] = (kept[-1][0].cover(span), kept[-1][1])
        elif kept and len(kept) == 1 and kept[0][0].duration_s < options.shortest_turn_s:
            kept[0] = (kept[0][0].cover(span), label)
        else:
            kept.append((span, label))
    return kept


def enrol(sound: Samples, encoder: VoiceEncoder, options: SpeakerOptions) -> tuple[float, ...]:
    """The mean voice of an enrolment clip: a unit vector of shape (dim,)."""
    region = Span(0.0, len(sound) / SAMPLE_RATE_HZ)
    (vectors,) = embed_regions([region], [sound], encoder, options)
    return tuple(map(float, unit(vectors.mean(axis=0))))


def name_turns(
    diarization: Diarization,
    enrolled: Sequence[Voice],
    spoken: Mapping[str, str],
    options: SpeakerOptions,
) -> tuple[Turn, ...]:
    """The same turns with `speaker_id` where an enrolled voice is clearly the nearest.

    `spoken` gives the language each label mostly speaks; a speaker who does not
    speak it is not considered. Each name is given at most once.
    """
    distances = []
    for label, vector in diarization.voices.items():
        for voice in enrolled:
            if not voice.languages or spoken.get(label, voice.languages[0]) in voice.languages:
                distances.append((1 - float(np.dot(vector, voice.vector)), label, voice.speaker_id))
    names: dict[str, str] = {}
    for distance, label, speaker_id in sorted(distances):
        rivals = [other for other, name, who in distances if name == label and who != speaker_id]
        leads = min(rivals, default=2.0) - distance >= options.name_margin
        free = label not in names and speaker_id not in names.values()
        if distance <= options.name_below and leads and free:
            names[label] = speaker_id
    return tuple(replace(turn, speaker_id=names.get(turn.label)) for turn in diarization.turns)


def spoken_languages(segments: Sequence[Segment], turns: Sequence[Turn]) -> dict[str, str]:
    """The language each label speaks for the longest time."""
    seconds: dict[tuple[str, str], float] = {}
    for turn in turns:
        for segment in segments:
            shared_s = turn.span.overlap_s(segment.span)
            if shared_s:
                key = (turn.label, segment.language)
                seconds[key] = seconds.get(key, 0.0) + shared_s
    return {label: code for (label, code), _ in sorted(seconds.items(), key=lambda item: item[1])}


def attribute(segments: Sequence[Segment], turns: Sequence[Turn]) -> list[Segment]:
    """Give each segment its speaker, cutting it between words where the speaker changes.

    A segment without words goes whole to whoever speaks most in it.
    """
    found: list[Segment] = []
    for segment in segments:
        near = [turn for turn in turns if turn.span.overlap_s(segment.span) > 0]
        if len({turn.label for turn in near}) <= 1 or not segment.words:
            longest = max(near, key=lambda turn: turn.span.overlap_s(segment.span), default=None)
            found.append(replace(segment, speaker=longest.label if longest else None))
        else:
            found.extend(_cut_at_turns(segment, near))
    return found


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
        yield replace(
            segment,
            id=segment_id(segment.recording_id, span, segment.language),
            span=span,
            text="".join(word.text for word in words).strip(),
            words=tuple(words),
            confidence=float(np.mean([word.probability for word in words])),
            speaker=label,
        )


def segment_id(recording_id: str, span: Span, language: str) -> str:
    """A stable id from what the segment is: the same run of the same sound gets the same id."""
    name = digest_of([recording_id, round(span.start_s, 2), round(span.end_s, 2), language])
    return f"{recording_id}-{name[:10]}"
