"""What a decoder made up: why a text is not taken for what was said, in words.

Over noise, music and applause a decoder writes stock phrases, laughs and loops. Each
check looks at one decoded piece; a piece that is refused is listed with the reason, so
that nothing is dropped in silence.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nlp.asr import Decoded
from nlp.repeats import Repeat, doubled, first_repeat, letters
from transcripts.records import Word

LOOP_TURNS = 3  # as often as this in a row, a phrase is a loop


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """When a text is refused. The first two are Whisper's own rule for 'nobody spoke'."""

    no_speech_above: float = 0.6
    unbelievable_below: float = -1.0  # mean log-probability of the tokens
    # Silero hears speech in 11 s of 81 minutes of music, in bits of up to 1.4 s: in all of them Whisper
    # gives less than this to the declared languages, and believes in nothing that it writes; where it
    # does (0.2 s of a horn as '1. 2. 3. 4. 4. 4.'), it is more than can be said in the time.
    short_s: float = 2.0
    little_declared: float = 0.75
    chant_turns: int = 4  # as often in a row, and nothing else: what hums and chords are heard as
    # A phrase of the closing titles that it learned from: refused where anything speaks against it.
    stock_no_speech_above: float = 0.3
    stock_unbelievable_below: float = -0.5
    stock_phrases: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by language code


def refusal(
    heard: Decoded, code: str, duration_s: float, declared_share: float, options: GuardOptions
) -> str:
    """Why a decoded piece is not taken for speech; empty where it is.

    `declared_share` is what the model gave to all declared languages together.
    """
    if not any(character.isalnum() for character in heard.text):
        return "nothing was recognised"
    believed = heard.mean_log_probability >= options.unbelievable_below
    if heard.no_speech_probability > options.no_speech_above and not believed:
        return f"not taken for speech (no-speech probability {heard.no_speech_probability:.2f})"
    strange = declared_share < options.little_declared
    if duration_s < options.short_s and strange and (heard.flags or not believed):
        return f"a sound of {duration_s:.1f} s that is like none of the declared languages"
    if strange and is_chant(heard.text, options.chant_turns):
        return f"one sound again and again, like none of the declared languages: {heard.text[:40]!r}"
    doubted = (
        heard.no_speech_probability > options.stock_no_speech_above
        or heard.mean_log_probability < options.stock_unbelievable_below
    )
    if doubted and is_stock(heard.text, options.stock_phrases.get(code, ())):
        return f"a stock phrase of the speech model, over no speech: {heard.text!r}"
    return ""


def is_chant(text: str, turns: int) -> bool:
    """Whether a text is one word or syllable so many times in a row, and nothing else."""
    said = letters(text)
    repeat = first_repeat(said, 2, turns)
    return repeat is not None and repeat.start == 0 and len(said) - repeat.end < repeat.length


def is_stock(text: str, phrases: Sequence[str]) -> bool:
    """Whether a text is nothing but stock phrases, however punctuated, once or several times."""
    rest = letters(text)
    for phrase in sorted(map(letters, phrases), key=len, reverse=True):
        rest = rest.replace(phrase, "") if phrase else rest
    return not rest and bool(letters(text))


def without_loop(result: Decoded, code: str) -> Decoded:
    """The result with its loops cut out, all but the first turn of each.

    A phrase that comes twice may have been said twice, unless the second time takes
    less than half as long.
    """
    words, judged = result.words, 0  # letters before which all has been judged
    while repeat := _repeat_from(judged, words, code):
        cut = _without_turns(words, repeat)
        words, judged = (cut, judged) if cut else (words, repeat.start + repeat.length)
    if words == result.words:
        return result
    return replace(result, text="".join(word.text for word in words).strip(), words=words)


def _repeat_from(letter: int, words: Sequence[Word], code: str) -> Repeat | None:
    """The first phrase behind a letter that comes twice or more in a row."""
    found = doubled(letters("".join(word.text for word in words))[letter:], code)
    return found and Repeat(found.start + letter, found.length, found.end + letter)


def _without_turns(words: Sequence[Word], repeat: Repeat) -> tuple[Word, ...]:
    """Words without all turns of a loop but the first; none where people may have said it."""
    ends = list(itertools.accumulate(len(letters(word.text)) for word in words))
    starts = [0, *ends[:-1]]
    first_end = repeat.start + repeat.length
    whole_turns_end = repeat.start + repeat.turns * repeat.length  # what follows may begin like another turn
    loop_end = repeat.end if repeat.end == ends[-1] else whole_turns_end
    kept = [word for word, start in zip(words, starts, strict=True) if start < first_end]
    second = [
        word
        for word, start in zip(words, starts, strict=True)
        if first_end <= start < first_end + repeat.length
    ]
    rest = [word for word, start in zip(words, starts, strict=True) if start >= loop_end]
    if repeat.turns < LOOP_TURNS:
        first_s = kept[-1].span.end_s - kept[bisect.bisect(ends, repeat.start)].span.start_s
        if not second or second[-1].span.end_s - second[0].span.start_s > first_s / 2:
            return ()
    if not second:  # it lies within one word
        start = starts[len(kept) - 1]
        kept[-1] = replace(
            kept[-1], text=_without_letters(kept[-1].text, first_end - start, loop_end - start)
        )
    return (*kept, *rest)


def _without_letters(text: str, first: int, end: int) -> str:
    """A text without its letters from `first` to `end`; all that is no letter stays."""
    reached = itertools.accumulate((len(letters(each)) for each in text), initial=0)
    return "".join(
        each for each, at in zip(text, reached, strict=False) if not (letters(each) and first <= at < end)
    )
