"""From speech regions to language runs: which declared language is spoken from when to when.

1. A region is encoded once; a window of a second at a time is judged for its language,
   among the declared ones. Where the judgement changes, the region is cut, at the
   quietest moment near by: people change language without a pause.
2. Each stretch found so is judged again as a whole, and a short one together with its
   neighbours of the same voice: of four seconds, the language was never wrong.
3. Viterbi smoothing over the stretches: short ones weigh less, and a voice tends to
   keep its language.
4. Neighbours of one language are merged up to the length that a decoder likes; never
   across a language change.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.impressions import Part, Posteriors
from nlp.languages import language
from nlp.machine import overlapped
from nlp.regions import RegionOptions, quietest_s
from nlp.strangers import StrangerOptions, clear_stranger
from nlp.voices import VoiceEncoder
from transcripts.records import Span

Beliefs = npt.NDArray[np.float64]  # shape (stretches, declared languages), rows sum to one

FLOOR = 1e-4  # no belief is smaller: a model is never that sure
HELD_S = 100.0  # sound looked at together; more is no faster
MOST_HELD_S = 600.0  # where nobody pauses for so long, it is cut anyway


class Heard(Protocol):
    """Sounds that have been heard (`nlp.impressions.Impression`)."""

    def languages(self, parts: Sequence[Part]) -> Sequence[Posteriors]:
        """The language posteriors of each part."""
        ...


class Ear(Protocol):
    """Anything that tells the language of sounds (`nlp.asr.Recogniser`)."""

    def listen(self, sounds: Sequence[Samples]) -> Heard: ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How speech is cut into runs of one language.

    Chosen on the panels of ../shared/audio, on the same clips joined without pauses, and on
    clips cut into pieces of 1.5 to 6 s: language time accuracy 1.00, 0.98 and 0.88.
    """

    regions: RegionOptions = field(default_factory=RegionOptions)
    window_s: float = 1.0  # judged at a moment
    hop_s: float = 1.0  # between moments: with 0.5 s nothing is found that is missed so
    moment_stays: float = 0.7  # probability that the next moment is in the same language
    cut_reach_s: float = 0.6  # around a change, within which the quietest moment is the cut
    voice_window_s: float = 1.6  # compared on both sides of a border between stretches
    sure: float = 0.99  # belief in different languages on both sides, with which voices say nothing more
    voice_distance: float = 0.37  # cosine distance at which it is as likely the same voice as another:
    voice_distance_width: float = 0.03  # 90 % of the same and 3 % of other voices are below it
    same_voice_stays: float = 0.9  # probability that a voice keeps its language over a border
    other_voice_stays: float = 0.3  # that another voice speaks the language of the one before
    joined_below_s: float = 3.0  # shorter stretches are judged with neighbours of the same voice as well,
    joined_weight: float = 0.5  # which counts half
    joined_gap_s: float = 1.0  # and must not be further away than this
    joined_most_s: float = 20.0
    full_weight_s: float = 1.5  # evidence counts by length up to here, at a weight of
    full_weight: float = 1.5
    max_run_s: float = 24.0
    max_merge_gap_s: float = 1.0  # a longer silence separates runs,
    merged_voice: float = 0.5  # and so does another voice: in the sound of two, a decoder drops one
    strangers: StrangerOptions = field(default_factory=StrangerOptions)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech that is likely in one language.

    `beliefs` are those in the declared languages, in their order; they sum to one.
    `declared_share` is what the model gave to all of them, `stranger` the undeclared
    language that it finds clearly instead, if any. `same_voice` is the probability that
    the voice is that of the stretch before.
    """

    span: Span
    beliefs: tuple[float, ...]
    declared_share: float = 1.0
    stranger: str = ""
    same_voice: float = 0.5


@dataclass(frozen=True, slots=True)
class Run:
    """Speech in one language, to be decoded in one piece.

    `beliefs` are the declared languages with the model's belief in each, likeliest
    first; they sum to one. `declared_share` is what the model gave to all of them,
    `stranger_share` the part of the run's time in which it clearly finds an undeclared one.
    `channel` is the microphone it was heard by; None where all channels are one.
    """

    span: Span
    language: str
    beliefs: tuple[tuple[str, float], ...]
    declared_share: float = 1.0
    channel: int | None = None
    stranger_share: float = 0.0

    @property
    def probability(self) -> float:
        """The belief in the language of the run."""
        return dict(self.beliefs)[self.language]


def listen(
    regions: Iterable[tuple[Span, Samples]],
    ear: Ear,
    voices: VoiceEncoder,
    declared: Sequence[str],
    options: RunOptions,
) -> Iterator[Stretch]:
    """Stretches of the regions with their languages; some minutes of sound are held at a time."""

    def stretches(held: Sequence[tuple[Span, Samples]]) -> list[Stretch]:
        return _stretches(held, ear, voices, declared, options)

    for found in overlapped(stretches, _held(regions, options)):
        yield from found


def _held(
    regions: Iterable[tuple[Span, Samples]], options: RunOptions
) -> Iterator[list[tuple[Span, Samples]]]:
    """Some minutes of regions at a time, parted at pauses over which nothing is compared, if any."""
    held: list[tuple[Span, Samples]] = []
    held_s = 0.0
    for span, samples in regions:
        paused = bool(held) and span.gap_s(held[-1][0]) > options.joined_gap_s
        if (paused and held_s > HELD_S) or held_s > MOST_HELD_S:
            yield held
            held, held_s = [], 0.0
        held.append((span, samples))
        held_s += span.duration_s
    if held:
        yield held


def _stretches(
    regions: Sequence[tuple[Span, Samples]],
    ear: Ear,
    voices: VoiceEncoder,
    declared: Sequence[str],
    options: RunOptions,
) -> list[Stretch]:
    heard = ear.listen([samples for _, samples in regions])
    parts = _parts(regions, heard, declared, options)
    found = []
    for (index, start_s, end_s), posteriors in zip(
        parts, heard.languages([[part] for part in parts]), strict=True
    ):
        from_s = regions[index][0].start_s
        span = Span(from_s + start_s, from_s + end_s)
        found.append(_stretch(span, posteriors, declared, options))
    sounds = [
        regions[index][1][round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
        for index, start_s, end_s in parts
    ]
    return _joined(_with_voices(found, sounds, voices, options), parts, heard, declared, options)


def _parts(
    regions: Sequence[tuple[Span, Samples]], heard: Heard, declared: Sequence[str], options: RunOptions
) -> list[tuple[int, float, float]]:
    """Regions cut where the language changes from one moment to the next."""
    counts = [max(1, round(span.duration_s / options.hop_s)) for span, _ in regions]
    moments = [
        [_moment(index, number, count, span.duration_s, options)]
        for index, ((span, _), count) in enumerate(zip(regions, counts, strict=True))
        for number in range(count)
    ]
    beliefs = declared_beliefs(heard.languages(moments), declared)
    found = []
    for index, ((_, samples), count) in enumerate(zip(regions, counts, strict=True)):
        cuts = _cuts(beliefs[:count], samples, options)
        beliefs = beliefs[count:]
        found += [(index, start_s, end_s) for start_s, end_s in itertools.pairwise(cuts)]
    return found


def _moment(
    index: int, number: int, count: int, duration_s: float, options: RunOptions
) -> tuple[int, float, float]:
    """One of `count` windows, evenly spread over a region and inside it."""
    width_s = min(options.window_s, duration_s)
    start_s = min(max(0.0, (number + 0.5) * duration_s / count - width_s / 2), duration_s - width_s)
    return index, start_s, start_s + width_s


def _with_voices(
    stretches: Sequence[Stretch], sounds: Sequence[Samples], voices: VoiceEncoder, options: RunOptions
) -> list[Stretch]:
    """The same stretches with `same_voice`, where the one before is near."""
    width = int(options.voice_window_s * SAMPLE_RATE_HZ)
    borders = [
        number
        for number, (before, after) in enumerate(itertools.pairwise(stretches), 1)
        if after.span.gap_s(before.span) <= options.joined_gap_s
        and not _surely_differ(before, after, options)
        and len(sounds[number - 1])
        and len(sounds[number])
    ]
    sides = [side for number in borders for side in (sounds[number - 1][-width:], sounds[number][:width])]
    vectors = voices.embed([np.tile(side, -(-width // len(side)))[:width] for side in sides])
    distances = 1 - (vectors[0::2] * vectors[1::2]).sum(axis=1)
    away = (distances - options.voice_distance) / options.voice_distance_width
    same = 1 / (1 + np.exp(np.clip(away, -50, 50)))
    found = list(stretches)
    for number, probability in zip(borders, same, strict=True):
        found[number] = replace(found[number], same_voice=float(probability))
    return found


def _surely_differ(before: Stretch, after: Stretch, options: RunOptions) -> bool:
    likeliest = [int(np.argmax(each.beliefs)) for each in (before, after)]
    sure = min(max(each.beliefs) for each in (before, after)) >= options.sure
    return sure and likeliest[0] != likeliest[1]


def _joined(
    stretches: Sequence[Stretch],
    parts: Sequence[tuple[int, float, float]],
    heard: Heard,
    declared: Sequence[str],
    options: RunOptions,
) -> list[Stretch]:
    """The same stretches, short ones judged together with their neighbours of the same voice as well."""
    groups: list[list[int]] = []
    for number, stretch in enumerate(stretches):
        first = stretches[groups[-1][0]] if groups else stretch
        near = number and stretch.span.gap_s(stretches[number - 1].span) <= options.joined_gap_s
        fits = stretch.span.end_s - first.span.start_s <= options.joined_most_s
        if near and fits and stretch.same_voice > 0.5:
            groups[-1].append(number)
        else:
            groups.append([number])
    short = [
        group
        for group in groups
        if len(group) > 1 and any(_is_short(stretches[number], options) for number in group)
    ]
    judged = declared_beliefs(
        heard.languages([[parts[number] for number in group] for group in short]), declared
    )
    found = list(stretches)
    for group, together in zip(short, judged, strict=True):
        for number in group:
            if _is_short(stretches[number], options):
                beliefs = np.array(stretches[number].beliefs) * together**options.joined_weight
                found[number] = replace(stretches[number], beliefs=tuple(map(float, beliefs / beliefs.sum())))
    return found


def _is_short(stretch: Stretch, options: RunOptions) -> bool:
    return stretch.span.duration_s < options.joined_below_s


def _stretch(span: Span, posteriors: Posteriors, declared: Sequence[str], options: RunOptions) -> Stretch:
    (beliefs,) = declared_beliefs([posteriors], declared)
    share = sum(posteriors.get(code, 0.0) for code in declared)
    stranger = clear_stranger(posteriors, declared, span.duration_s, options.strangers)
    return Stretch(span, tuple(map(float, beliefs)), share, stranger)


def _cuts(beliefs: Beliefs, sound: Samples, options: RunOptions) -> list[float]:
    """Times at which a region begins, changes its language, and ends; from its own start.

    `beliefs` are those of its moments.
    """
    duration_s = len(sound) / SAMPLE_RATE_HZ
    path = _likeliest(np.log(beliefs), [options.moment_stays] * (len(beliefs) - 1))
    step_s = duration_s / max(1, len(path))
    cuts = [0.0]
    for number, (before, after) in enumerate(itertools.pairwise(path), 1):
        if before != after:
            at_s = quietest_s(sound, number * step_s, options.cut_reach_s)
            if cuts[-1] + step_s / 2 < at_s < duration_s - step_s / 2:
                cuts.append(at_s)
    return [*cuts, duration_s]


def declared_beliefs(posteriors: Sequence[Posteriors], declared: Sequence[str]) -> Beliefs:
    """The belief in each declared language, given what a model believes of all that it knows.

    A model favours languages that it has heard much of, and takes those it hardly knows
    for others: real Persian is heard as Polish, Latvian or Latin. So a tenth of what goes
    to languages that nobody declared is shared out among the declared ones, mostly to the
    least heard in training, and every belief is divided by hours ** 0.15.
    """
    held = np.array([[each.get(code, 0.0) for code in declared] for each in posteriors])
    held = held.reshape(len(posteriors), len(declared))
    hours = np.array([language(code).speech_hours for code in declared])
    strangeness = (1 / hours) / (1 / hours).sum()
    undeclared = np.maximum(0.0, 1.0 - held.sum(axis=1, keepdims=True))
    raised = (held + (0.001 + 0.1 * undeclared) * strangeness) / hours**0.15
    beliefs = raised / raised.sum(axis=1, keepdims=True) + FLOOR
    return np.asarray(beliefs / beliefs.sum(axis=1, keepdims=True))


def smooth(stretches: Sequence[Stretch], options: RunOptions) -> list[int]:
    """The likeliest sequence of declared languages; an index into them a stretch."""
    if not stretches:
        return []
    seconds = np.array([each.span.duration_s for each in stretches])
    weights = options.full_weight * np.minimum(1.0, seconds / options.full_weight_s)
    evidence = np.log(np.array([each.beliefs for each in stretches]) + FLOOR) * weights[:, None]
    same, other = options.same_voice_stays, options.other_voice_stays
    return _likeliest(
        evidence, [same * each.same_voice + other * (1 - each.same_voice) for each in stretches[1:]]
    )


def _likeliest(evidence: Beliefs, stays: Sequence[float]) -> list[int]:
    """Viterbi: the best path through log-evidence of shape (steps, languages).

    `stays[i]` is the probability that step i + 1 is in the language of step i.
    """
    if len(evidence) == 0:
        return []
    languages = evidence.shape[1]
    score = evidence[0]
    came_from = []
    for row, stay in zip(evidence[1:], stays, strict=True):
        step = np.full((languages, languages), np.log((1 - stay) / max(1, languages - 1)))
        np.fill_diagonal(step, np.log(stay))
        before = score[:, None] + step  # (from, to)
        came_from.append(before.argmax(axis=0))
        score = before.max(axis=0) + row
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    return path[::-1]


def language_runs(stretches: Sequence[Stretch], declared: Sequence[str], options: RunOptions) -> list[Run]:
    """Runs of one language each, in order; every stretch belongs to exactly one."""
    groups: list[tuple[str, list[Stretch]]] = []
    for stretch, choice in zip(stretches, smooth(stretches, options), strict=True):
        last = groups[-1] if groups else None
        if (
            last
            and last[0] == declared[choice]
            and stretch.same_voice >= options.merged_voice
            and stretch.span.end_s - last[1][0].span.start_s <= options.max_run_s
            and stretch.span.gap_s(last[1][-1].span) <= options.max_merge_gap_s
        ):
            last[1].append(stretch)
        else:
            groups.append((declared[choice], [stretch]))
    return [_run(code, members, declared) for code, members in groups]


def _run(code: str, stretches: Sequence[Stretch], declared: Sequence[str]) -> Run:
    """Stretches as one run; longer ones weigh more in what is believed of it."""
    seconds = np.array([max(each.span.duration_s, 1e-3) for each in stretches])
    weights = seconds / seconds.sum()
    beliefs = weights @ np.array([each.beliefs for each in stretches])
    share = float(weights @ np.array([each.declared_share for each in stretches]))
    strange = float(weights @ np.array([bool(each.stranger) for each in stretches]))
    ranked = sorted(zip(declared, map(float, beliefs), strict=True), key=lambda pair: -pair[1])
    span = Span(stretches[0].span.start_s, stretches[-1].span.end_s)
    return Run(span, code, tuple(ranked), share, stranger_share=strange)


def undeclared_languages(stretches: Iterable[Stretch]) -> dict[str, float]:
    """Seconds of speech that is clearly in a language which is not declared, by language."""
    seconds: dict[str, float] = {}
    for each in stretches:
        if each.stranger:
            seconds[each.stranger] = seconds.get(each.stranger, 0.0) + each.span.duration_s
    return seconds
