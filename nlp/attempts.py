"""Decoding a run, and decoding it again where the result cannot be right.

A text in the script of another language, a loop, or tokens that the model itself does
not believe in: the run is tried in the other languages that it may be in. Where some
words in a row are written in another script, the language changed there. What is like a
name of the glossary is listened to again with the name in mind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlp.asr import Decoded, Piece, Recogniser
from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.clusters import likeliest_path
from nlp.glossary import Glossary, proposal_flag
from nlp.guards import GuardOptions, refusal, without_loop
from nlp.languages import fits_script, script_shares
from nlp.runs import Run
from transcripts.records import Span, Word


@dataclass(frozen=True, slots=True)
class AttemptOptions:
    """When another attempt is made."""

    worth_a_try: float = 0.1  # belief in another language above which a failed decode is tried in it
    script_belief: float = 0.03  # likewise, where the text is written in its script
    tried_s: float = 0.5  # in a shorter sound, every language is as unlikely
    switch_words: int = 3  # as many words in another script, for
    switch_s: float = 1.2  # as long, are another language; fewer are names: 'AI', 'Adobe Premiere'


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run with its sound and what was decoded of it."""

    run: Run
    sound: Samples
    result: Decoded

    def part(self, span: Span) -> tuple[Run, Samples]:
        """A part of the run, with its sound."""
        first = max(0, round((span.start_s - self.run.span.start_s) * SAMPLE_RATE_HZ))
        return replace(self.run, span=span), self.sound[
            first : first + round(span.duration_s * SAMPLE_RATE_HZ)
        ]

    def words(self) -> list[Word]:
        """The words, at their times in the recording."""
        start_s = self.run.span.start_s
        return [
            replace(word, span=Span(start_s + word.span.start_s, start_s + word.span.end_s))
            for word in self.result.words
        ]

    def refusal(self, options: GuardOptions) -> str:
        """Why the text is not taken for speech; empty where it is."""
        duration_s = self.run.span.duration_s
        return refusal(self.result, self.run.language, duration_s, self.run.declared_share, options)

    @property
    def badness(self) -> tuple[int, float]:
        """The fewer faults the better; then what the model believes of the language and of its tokens."""
        belief = dict(self.run.beliefs)[self.run.language]
        return len(self.result.flags), -math.log(belief + 0.01) - self.result.mean_log_probability


def attempt(
    recogniser: Recogniser,
    runs: Sequence[tuple[Run, Samples]],
    hotwords: Sequence[tuple[str, ...]] = (),
    other_belief: float = 0.0,
) -> list[Attempt]:
    """Decode runs, each in its language and with its names to listen for; loops are cut.

    The language is settled where none other is believed in by `other_belief`.
    """
    pieces = [
        Piece(sound, run.language, names, settled=not _others(run, other_belief))
        for (run, sound), names in zip(runs, hotwords or [()] * len(runs), strict=True)
    ]
    results = recogniser.transcribe(pieces)
    return [
        Attempt(run, sound, without_loop(result, run.language))
        for (run, sound), result in zip(runs, results, strict=True)
    ]


def best_attempts(
    recogniser: Recogniser,
    runs: Sequence[tuple[Run, Samples]],
    options: AttemptOptions,
    guards: GuardOptions,
) -> list[Attempt]:
    """Decode runs; what failed is decoded in other languages, what mixes scripts in parts.

    In order of time; there may be more attempts than runs.
    """
    first = attempt(recogniser, runs, other_belief=options.script_belief)
    found = _in_other_languages(recogniser, first, options)
    parts = {number: cut for number, each in enumerate(found) if (cut := _parts(each, options))}
    again = iter(attempt(recogniser, list(itertools.chain.from_iterable(parts.values()))))
    chosen: list[Attempt] = []
    for number, each in enumerate(found):
        parted = [next(again) for _ in parts.get(number, ())]
        if any(part.result.flags or part.refusal(guards) for part in parted):
            flags = dict.fromkeys((*each.result.flags, "script_mismatch"))
            chosen.append(replace(each, result=replace(each.result, flags=tuple(flags))))
        else:
            chosen += parted or [each]
    return chosen


def with_proposals(recogniser: Recogniser, attempts: Sequence[Attempt], glossary: Glossary) -> list[Attempt]:
    """The same attempts, flagged where names of the glossary may have been said; no text changes.

    What is nearly a name is proposed. What is only somewhat like one is decoded again with
    the name in mind, and proposed where the decoder then hears it. Names that are always in
    mind, or taken at once, are heard where nobody says them: of 21 names that were only
    similar to one of the glossary, 6 came back as that.
    """
    suspected = [glossary.suspects(each.result.text, each.run.language) for each in attempts]
    numbers = [number for number, suspects in enumerate(suspected) if suspects]
    again = attempt(
        recogniser,
        [(attempts[number].run, attempts[number].sound) for number in numbers],
        [tuple(dict.fromkeys(each.form for each in suspected[number])) for number in numbers],
    )
    confirmed = {
        number: glossary.names_in(each.result.text, each.run.language)
        for number, each in zip(numbers, again, strict=True)
    }
    found = []
    for number, each in enumerate(attempts):
        near = glossary.near_misses(each.result.text, each.run.language)
        near += [miss for miss in suspected[number] if miss.form in confirmed.get(number, ())]
        flags = dict.fromkeys((*each.result.flags, *(proposal_flag(miss.heard, miss.form) for miss in near)))
        found.append(replace(each, result=replace(each.result, flags=tuple(flags))))
    return found


def _in_other_languages(
    recogniser: Recogniser, attempts: Sequence[Attempt], options: AttemptOptions
) -> list[Attempt]:
    others = [
        (number, code) for number, each in enumerate(attempts) for code in _other_languages(each, options)
    ]
    again = attempt(
        recogniser,
        [(replace(attempts[number].run, language=code), attempts[number].sound) for number, code in others],
    )
    chosen = list(attempts)
    for (number, _), each in zip(others, again, strict=True):
        chosen[number] = min(chosen[number], each, key=lambda tried: tried.badness)
    return chosen


def _other_languages(tried: Attempt, options: AttemptOptions) -> list[str]:
    """Where the result has faults: the languages that are likely enough, and those of its script."""
    if not tried.result.flags or tried.run.span.duration_s < options.tried_s:
        return []
    likely = _others(tried.run, options.worth_a_try)
    strange = "script_mismatch" in tried.result.flags
    written_so = [
        code
        for code in _others(tried.run, options.script_belief)
        if strange and fits_script(tried.result.text, code)
    ]
    return list(dict.fromkeys([*likely, *written_so]))


def _others(run: Run, belief: float) -> list[str]:
    """The other languages that a run is believed to be in by as much, likeliest first."""
    return [code for code, believed in run.beliefs if code != run.language and believed >= belief]


def _parts(tried: Attempt, options: AttemptOptions) -> list[tuple[Run, Samples]]:
    """A run in parts, each in the language of the script that its words are in; empty where that is one."""
    words, run = tried.words(), tried.run
    codes: list[str] = []  # of each word
    for is_strange, held in _by_script(words, run.language, options):
        text = " ".join(word.text for word in held)
        code = next((code for code, _ in run.beliefs if fits_script(text, code)), run.language)
        long = held[-1].span.end_s - held[0].span.start_s >= options.switch_s
        codes += [code if is_strange and long else run.language] * len(held)
    if len(set(codes)) < 2:
        return []
    changes = [number for number, (one, other) in enumerate(itertools.pairwise(codes), 1) if one != other]
    bounds_s = [run.span.start_s, *(words[number].span.start_s for number in changes), run.span.end_s]
    cut = [
        (codes[first], *tried.part(Span(*bounds)))
        for first, bounds in zip([0, *changes], itertools.pairwise(bounds_s), strict=True)
    ]
    return [(replace(part, language=code), sound) for code, part, sound in cut if part.span]


def _by_script(
    words: Sequence[Word], code: str, options: AttemptOptions
) -> Iterator[tuple[bool, list[Word]]]:
    """Words in a row that are in the script of a language, or are not; a few of the other are names in it."""
    scores = np.zeros((len(words) + 2, 2), dtype=np.float32)  # for its script and for another
    scores[[0, -1], 1] = -2.0 * len(scores)  # beyond both ends is its own
    for row, word in zip(scores[1:-1], words, strict=True):
        if not script_shares(word.text):
            continue  # a number is in any
        if fits_script(word.text, code):
            row[1] = -2.0
        else:
            row[0] = -1.0
    strange = likeliest_path(scores, (options.switch_words - 0.5) / 2)[1:-1] == 1
    for is_strange, held in itertools.groupby(range(len(words)), strange.__getitem__):
        yield bool(is_strange), [words[number] for number in held]
