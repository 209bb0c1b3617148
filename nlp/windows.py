"""All parts of a text in which a name may be heard, by their sound.

Words in a row; where words have no blanks between them, letters in a row; and Japanese
words as they are read, for ideographs that sound alike are what a decoder takes for
each other.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import regex

from nlp.spelling import by_sound, kana_sounds

if TYPE_CHECKING:
    from sudachipy import Tokenizer

WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
BREAK = regex.compile(r"[.!?…,;:،؛؟()\n]")  # no name goes on after these
# What is written after a name without a blank: Korean particles, titles and copula, the Persian plural.
ATTACHED = {
    "ko": regex.compile(
        "(?<=..)(?:은|는|이|가|을|를|의|도|만|과|와|랑|이랑|에|에서|에게|한테|께|께서|로|으로|까지|부터|처럼|보다|"
        "이나|나|야|아|님|씨|들|이다|입니다|이에요|예요|이라는|라는|이라고|라고|이었|였)$"
    ),
    "fa": regex.compile("(?<=...)(?:ها|های|هایی)$"),
}
# Where words have no blanks: what has no mark in it, and what is not cut within (foreign names, numbers).
STRETCH = regex.compile(r"[\p{L}\p{M}\p{N}ー・]+")
WHOLE = regex.compile(r"[\p{Katakana}ー・]+|[\p{Latin}\p{N}]+")
IDEOGRAPHS = regex.compile(r"\p{Han}")
MOST_LETTERS = 5_000  # read in one call: sudachipy refuses more than 49,149 bytes
READING = threading.Lock()  # SudachiPy's tokeniser refuses a second thread

Windows = dict[tuple[int, int], str]  # sounds by their bounds in a text


def word_windows(text: str, code: str, sizes: Sequence[int]) -> Iterator[tuple[int, Windows]]:
    """Words in a row, also without what is attached to the last of them."""
    words = [found.span() for found in WORD.finditer(text)]
    breaks = [bool(BREAK.search(text, end, start)) for (_, end), (start, _) in itertools.pairwise(words)]
    for size in sizes:
        windows: Windows = {}
        for first in range(len(words) - size + 1):
            if any(breaks[first : first + size - 1]):
                continue
            start, end = words[first][0], words[first + size - 1][1]
            windows[start, end] = by_sound(text[start:end], code)
            last = words[first + size - 1][0]
            while code in ATTACHED and (attached := ATTACHED[code].search(text, last, end)):
                end = attached.start()
                windows[start, end] = by_sound(text[start:end], code)
        if windows:
            yield size, windows


def letter_windows(text: str, _code: str, sizes: Sequence[int]) -> Iterator[tuple[int, Windows]]:
    """Letters in a row, that neither begin nor end within a foreign word or a number."""
    inside = {at for found in WHOLE.finditer(text) for at in range(found.start() + 1, found.end())}
    stretches = [list(kana_sounds(found.group())) for found in STRETCH.finditer(text)]
    offsets = [found.start() for found in STRETCH.finditer(text)]
    for size in sizes:
        windows: Windows = {}
        for letters, offset in zip(stretches, offsets, strict=True):
            for first in range(len(letters) - size + 1):
                start, end = offset + letters[first][1], offset + letters[first + size - 1][2]
                while end < len(text) and text[end] == "ー":  # has no sound of its own
                    end += 1
                if start not in inside and end not in inside:
                    windows[start, end] = "".join(sound for sound, _, _ in letters[first : first + size])
        if windows:
            yield size, windows


def reading_windows(text: str, _code: str, sizes: Sequence[int]) -> Iterator[tuple[int, Windows]]:
    """Words in a row as they are read, where ideographs are among them."""
    if not sizes:
        return
    words = list(readings(text))
    for size in sizes:
        windows: Windows = {}
        for first in range(len(words) - size + 1):
            held = words[first : first + size]
            bounds = held[0][1], held[-1][2]
            if all(sound for sound, _, _ in held) and IDEOGRAPHS.search(text, *bounds):
                windows[bounds] = "".join(sound for sound, _, _ in held)
        if windows:
            yield size, windows


def readings(text: str) -> Iterator[tuple[str, int, int]]:
    """The sound of each word as `by_sound` has it (empty for marks), and its bounds in the text."""
    from sudachipy import SplitMode

    for first in range(0, len(text), MOST_LETTERS):
        with READING:
            found = list(_sudachi().tokenize(text[first : first + MOST_LETTERS], SplitMode.C))
        for word in found:
            known = word.reading_form() or word.surface()
            yield by_sound(known, "ja"), first + word.begin(), first + word.end()


def dictionary_words(text: str) -> Iterator[tuple[int, int]]:
    """The bounds of the words of a Japanese text that the dictionary has, in its shortest units."""
    from sudachipy import SplitMode

    for first in range(0, len(text), MOST_LETTERS):
        with READING:
            found = list(_sudachi().tokenize(text[first : first + MOST_LETTERS], SplitMode.A))
        yield from ((first + word.begin(), first + word.end()) for word in found if not word.is_oov())


@lru_cache(maxsize=1)
def _sudachi() -> Tokenizer:
    from sudachipy import Dictionary

    return Dictionary(dict="core").tokenizer()
