"""What a decoder made up: why a text is not taken for what was said, in words.

Over noise, music and applause a decoder writes stock phrases, laughs and loops. Each
check looks at one decoded piece; a piece that is refused is listed with the reason, so
that nothing is dropped in silence.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from nlp.asr import Decoded
from nlp.repeats import doubled, first_repeat, letters

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
    """The result with a loop cut out, all but its first turn.

    A phrase that comes twice may have been said twice, unless the second time takes
    less than half as long.
    """
    repeat = doubled(result.text, code)
    if repeat is None:
        return result
    whole_turns_end = repeat.start + repeat.turns * repeat.length  # what follows may begin like another turn
    loop_end = repeat.end if repeat.end == len(letters(result.text)) else whole_turns_end
    reached, kept, second, rest = 0, [], [], []
    for word in result.words:
        if reached < repeat.start + repeat.length:
            kept.append(word)
        elif reached < repeat.start + 2 * repeat.length:
            second.append(word)
        elif reached >= loop_end:
            rest.append(word)
        reached += len(letters(word.text))
    if not second:
        return result
    first_s = kept[-1].span.end_s - kept[_first_word(result, repeat.start)].span.start_s
    second_s = second[-1].span.end_s - second[0].span.start_s
    if repeat.turns < LOOP_TURNS and second_s > first_s / 2:
        return result
    kept += rest
    return replace(result, text="".join(word.text for word in kept).strip(), words=tuple(kept))


def _first_word(result: Decoded, letter: int) -> int:
    """The word in which a letter of the text lies."""
    reached = list(itertools.accumulate(len(letters(word.text)) for word in result.words))
    return next(number for number, end in enumerate(reached) if end > letter)
