"""Text to the words that the search of a published site compares, by rules that a browser can follow too.

The page has no dictionaries: `static/words.js` turns what is typed into words by the same rules, and
a test compares the two. Japanese and Korean give every two neighbouring letters, so that a word is
found in any compound; Persian the cores of words, whatever is written between their parts; Latin
words themselves and without their commonest endings (Pagefind adds English stems to both sides).
"""

from __future__ import annotations

import regex

from transcripts.analysis import words as analysed
from transcripts.folding import UNSPACED, fold

_RUN = regex.compile(
    r"(?P<pairs>[\p{Han}\p{Katakana}ー]+|\p{Hiragana}+|\p{Hangul}+"
    rf"|[{UNSPACED}]+)"
    r"|(?P<persian>\p{Arabic}[\p{Arabic}\p{M}\u200c ]*)"
    r"|(?P<word>[\p{L}\p{M}\p{N}]+)",
)
_WORD = regex.compile(
    rf"(?:(?![\p{{Han}}\p{{Hiragana}}\p{{Katakana}}ー\p{{Hangul}}{UNSPACED}\p{{Arabic}}])[\p{{L}}\p{{M}}\p{{N}}])+"
)
_ENDING = regex.compile(r"(?<=...)[aeo]?s?$")


def search_words(text: str) -> list[str]:
    """Every word by which a text is found, in the order of the text."""
    found: list[str] = []
    position = 0
    plain = fold(text)
    while match := _RUN.search(plain, position):
        position = match.end()
        if match["pairs"]:
            found += pairs(match["pairs"])
        elif match["persian"]:
            found += [each for each in analysed(match["persian"], "fa") if not each.startswith("#")]
        else:
            word = _WORD.match(plain, match.start())
            if word:
                position = word.end()
                found += latin_forms(word[0])
    return found


def pairs(run: str) -> list[str]:
    """Every two neighbouring letters; of one letter that letter."""
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def latin_forms(word: str) -> list[str]:
    """A word, and what it is without the endings that number and gender give it."""
    return list(dict.fromkeys((word, _ENDING.sub("", word, count=1))))


__all__ = ["latin_forms", "pairs", "search_words"]
