"""What can be wrong with a translation, seen without knowing the languages.

Each check is named by the flag it gives. Lengths are compared in letters of an
alphabet: writing that carries more in a letter counts for more.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter

from nlp.languages import fits_script, language
from nlp.numbers import another_number
from nlp.repeats import first_repeat
from nlp.units import density

TOO_LONG = 2.6  # times as long as the source, from which on something was added
TOO_SHORT = 0.3  # times as long as the source, up to which something was left out
SPARE_LETTERS, MISSING_LETTERS = 16, 6  # by which short texts may be longer or shorter anyway
COPY_LETTERS = 16  # a shorter copy may be of names
COPY_LIKENESS = 0.9  # of source and translation, word by word
LOOP_TURNS = 3  # as often as this in a row, a phrase is a loop
LOOP_SHARE = 0.4  # of all words that are one and the same

# Web and mail addresses: the same in every language.
LINK = re.compile(r"(?:https?://|www\.)[\w./?&=%#~:@+-]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


# The flags of what can be seen.
SEEN = ("empty", "loop", "copy", "wrong_script", "too_long", "too_short", "link", "number")


def doubts(source: str, text: str, source_code: str, target_code: str) -> tuple[str, ...]:
    """Flags of what looks wrong with a translation; none where it looks right."""
    if not _has_words(source):
        return ()
    if not _has_words(text):
        return ("empty",)
    flags = []
    if is_loop(text, target_code) and not is_loop(source, source_code):
        flags.append("loop")
    if _is_copy(source, text):
        flags.append("copy")
    if not fits_script(text, target_code):
        flags.append("wrong_script")
    weight, expected = _weight(text, target_code), _weight(source, source_code)
    if weight > TOO_LONG * expected + SPARE_LETTERS:
        flags.append("too_long")
    if weight + MISSING_LETTERS < TOO_SHORT * expected:
        flags.append("too_short")
    if _links(source) - _links(text):
        flags.append("link")
    if another_number(LINK.sub("", source), LINK.sub("", text), source_code, target_code):
        flags.append("number")
    return tuple(flags)


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
