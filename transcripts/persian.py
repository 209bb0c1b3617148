"""Words in Arabic letters taken apart: affixes, plurals, ezafe, clitics, the zero-width non-joiner (ZWNJ)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import regex

from transcripts.folding import fold

_ZWNJ = "\u200c"
_REMEMBERED = 100_000  # words whose parts are kept: most of a text are among the commonest

_PREFIXES = frozenset({"می", "نمی", "بی"})
_CLITICS = "ی|ای|ام|ات|اش|مان|تان|شان|اند|ایم|اید|تر|ترین"
_PLURAL = "ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?|مان|تان|شان|م|ت|ش)?"
_SUFFIX = regex.compile(rf"(?:{_CLITICS}|{_PLURAL})")
_JOINED_PLURAL = regex.compile(rf"(?<=..){_PLURAL}$")
_JOINED_PREFIX = regex.compile(r"ن?می(\p{L}{2,}[مید])")  # of a verb, by its ending
_EZAFE = regex.compile(r"(?<=..[او])ی$")
WORD = regex.compile(rf"[\p{{L}}\p{{N}}][\p{{L}}\p{{M}}\p{{N}}{_ZWNJ}]*")


@lru_cache(maxsize=_REMEMBERED)
def core(word: str) -> tuple[str, ...]:
    """The parts of a word that are no affixes; none for an affix."""
    parts = [part for part in fold(word).split(_ZWNJ) if part]
    kept = [part for part in parts[:1] if part not in _PREFIXES or len(parts) == 1]
    kept += [part for part in parts[1:] if not _SUFFIX.fullmatch(part)]
    if len(kept) == 1 and (_SUFFIX.fullmatch(kept[0]) or kept[0] in _PREFIXES):
        return ()
    return tuple(kept)


def stem(parts: Sequence[str]) -> str:
    """A word of such parts without plural and ezafe."""
    return _EZAFE.sub("", _JOINED_PLURAL.sub("", "".join(parts)))


def forms(word: str) -> Iterator[str]:
    """A stem, and what it is without a beginning or an ending that may or may not be an affix."""
    yield word
    if verb := _JOINED_PREFIX.fullmatch(word):
        yield verb[1]
    if word.endswith("گان") and len(word) > 5:
        yield word.removesuffix("گان") + "ه"
    elif word.endswith("ان") and len(word) > 5:
        yield word.removesuffix("ان")
    elif word.endswith("ی") and len(word) > 3:
        yield word.removesuffix("ی")
