"""What can be wrong with a translation, seen without knowing the languages.

Each check is named by the flag it gives. Lengths are compared in letters of an
alphabet: writing that carries more in a letter counts for more.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType

from nlp.languages import fits_script, language
from nlp.numbers import another_number
from nlp.repeats import first_repeat
from nlp.units import density

TOO_LONG = 2.6  # times as long as the source, from which on something was added
TOO_SHORT = 0.3  # times as long as the source, up to which something was left out
SPARE_LETTERS, MISSING_LETTERS = 16, 6  # by which short texts may be longer or shorter anyway
EMPTY = "empty"  # flag of a translation without words
COPY_LETTERS = 16  # a shorter copy may be of names
COPY_LIKENESS = 0.9  # of source and translation, word by word
LOOP_TURNS = 3  # as often as this in a row, a phrase is a loop
LOOP_SHARE = 0.4  # of all words that are one and the same

# Web and mail addresses: the same in every language.
LINK = re.compile(r"(?:https?://|www\.)[\w./?&=%#~:@+-]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


def doubts(source: str, text: str, source_code: str, target_code: str) -> tuple[str, ...]:
    """Flags of what looks wrong with a translation; none where it looks right."""
    if not _has_words(source):
        return ()
    if not _has_words(text):
        return (EMPTY,)
    return tuple(
        flag for flag, looks_wrong in CHECKS.items() if looks_wrong(source, text, source_code, target_code)
    )


def is_loop(text: str, code: str) -> bool:
    """Whether a phrase comes several times in a row, or one word makes up much of the text."""
    spaced = language(code).spaced
    tokens = words_of(text, code)
    shortest = 2 if spaced else 4  # 'no, no, no' is said; so is はははは
    if first_repeat(tokens, shortest, LOOP_TURNS):
        return True
    commonest = Counter(tokens).most_common(1)
    return spaced and len(tokens) >= 8 and commonest[0][1] > LOOP_SHARE * len(tokens)


def words_of(text: str, code: str) -> list[str]:
    """The words of a text, or its letters where words are written without blanks."""
    if language(code).spaced:
        return re.findall(r"\w+", text.casefold())
    return [letter for letter in text if letter.isalnum()]


def _has_words(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _links(text: str) -> set[str]:
    return {found.rstrip(".,:?") for found in LINK.findall(text.casefold())}


def _is_copy(source: str, text: str) -> bool:
    """Whether the source came out again; a name or two may well stay what they are."""
    before, after = re.findall(r"\w+", source.casefold()), re.findall(r"\w+", text.casefold())
    if sum(map(len, before)) < COPY_LETTERS:
        return False
    return difflib.SequenceMatcher(None, before, after, autojunk=False).ratio() >= COPY_LIKENESS


def _weight(text: str, code: str) -> float:
    return sum(map(str.isalnum, text)) * density(code)


# The checks by the flags that they give, of source, translation and the codes of their languages.
CHECKS: Mapping[str, Callable[[str, str, str, str], bool]] = MappingProxyType(
    {
        "loop": lambda source, text, before, after: is_loop(text, after) and not is_loop(source, before),
        "copy": lambda source, text, before, after: _is_copy(source, text),
        "wrong_script": lambda source, text, before, after: not fits_script(text, after),
        "too_long": lambda source, text, before, after: (
            _weight(text, after) > TOO_LONG * _weight(source, before) + SPARE_LETTERS
        ),
        "too_short": lambda source, text, before, after: (
            _weight(text, after) + MISSING_LETTERS < TOO_SHORT * _weight(source, before)
        ),
        "link": lambda source, text, before, after: bool(_links(source) - _links(text)),
        "number": lambda source, text, before, after: another_number(
            LINK.sub("", source), LINK.sub("", text), before, after
        ),
    }
)
