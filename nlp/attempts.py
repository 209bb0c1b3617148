"""Decoding a run, and decoding it again where the result cannot be right.

A text in the script of another language, a loop, or tokens that the model itself does
not believe in: the run is tried in the other languages that it may be in. Where some
words in a row are written in another script, the language changed there. What is like a
name of the glossary is listened to again with the name in mind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nlp.asr import Decoded, Piece, Recogniser
from nlp.audio import SAMPLE_RATE_HZ, Samples
from nlp.glossary import Glossary, proposal_flag
from nlp.guards import GuardOptions, refusal, without_loop
from nlp.languages import fits_script
from nlp.runs import Run
from transcripts.records import Span, Word


@dataclass(frozen=True, slots=True)
class AttemptOptions:
    """When another attempt is made."""

    worth_a_try: float = 0.1  # belief in another language above which a failed decode is tried in it
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
) -> list[Attempt]:
    """Decode runs, each in its language and with its names to listen for; loops are cut."""
    pieces = [
        Piece(sound, run.language, names)
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
    found = _in_other_languages(recogniser, attempt(recogniser, runs), options)
    parts = {number: cut for number, each in enumerate(found) if (cut := _parts(each, options))}
    again = iter(attempt(recogniser, list(itertools.chain.from_iterable(parts.values()))))
    chosen: list[Attempt] = []
    for number, each in enumerate(found):
        parted = [next(again) for _ in parts.get(number, ())]
        sound = bool(parted) and not any(part.result.flags or part.refusal(guards) for part in parted)
        chosen += parted if sound else [each]
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
    strange = "script_mismatch" in tried.result.flags
    return [
        code
        for code, belief in tried.run.beliefs
        if code != tried.run.language
        and (belief >= options.worth_a_try or (strange and fits_script(tried.result.text, code)))
    ]


def _parts(tried: Attempt, options: AttemptOptions) -> list[tuple[Run, Samples]]:
    """A run in up to three parts, the middle one in the language of another script; empty without one."""
    words = tried.words()
    strange = [not fits_script(word.text, tried.run.language) for word in words]
    for is_strange, members in itertools.groupby(range(len(words)), key=strange.__getitem__):
        held = list(members)
        first, last = words[held[0]], words[held[-1]]
        text = " ".join(words[index].text for index in held)
        code = next((code for code, _ in tried.run.beliefs if fits_script(text, code)), "")
        long = last.span.end_s - first.span.start_s >= options.switch_s and len(held) >= options.switch_words
        if is_strange and long and code not in {"", tried.run.language}:
            span = tried.run.span
            start_s = first.span.start_s if held[0] else span.start_s
            end_s = words[held[-1] + 1].span.start_s if held[-1] + 1 < len(words) else span.end_s
            bounds = [(span.start_s, start_s), (start_s, end_s), (end_s, span.end_s)]
            cut = [tried.part(Span(*bound)) for bound in bounds]
            cut[1] = (replace(cut[1][0], language=code), cut[1][1])
            return [(run, sound) for run, sound in cut if run.span]
    return []
