"""Exact phrases: words as they are written, in their order.

Case, width, accents and punctuation make no difference, endings and word order do.
"""

from __future__ import annotations

import regex

from transcripts.folding import KANA_HAN, UNSPACED, fold, mapped

# What stands together in `writing`, and where a phrase may begin or end inside of it.
_JOINED = rf"[{KANA_HAN}{UNSPACED}ー]"
_WRITTEN = regex.compile(rf"{_JOINED}+|(?:(?!{_JOINED}|\p{{Hangul}})[\p{{L}}\p{{M}}\p{{N}}])+|\p{{Hangul}}+")
_OPEN = regex.compile(rf"{_JOINED}|\p{{Hangul}}")


def writing(text: str) -> str:
    """A text as phrases are looked for in it: folded words, a blank before and after each.

    Letters of scripts that write no blanks between words stand together.
    """
    return " ".join(["", *_WRITTEN.findall(fold(text)), ""])


def phrase_writing(text: str) -> str:
    """A phrase as a part of the `writing` of the texts that have it; empty where it has no letters.

    It may begin and end inside a word of Japanese, Korean or of scripts without blanks.
    """
    written = writing(text)
    if not written.strip():
        return ""
    return written[1 if _OPEN.match(written[1]) else 0 : -1 if _OPEN.match(written[-2]) else None]


def phrase_spans(text: str, phrase: str) -> list[tuple[int, int]]:
    """Where a phrase stands in a text, as characters from and to."""
    sought = phrase_writing(phrase)
    folded, bounds = mapped(text, fold)
    written, places = "", []  # of each character of the writing, in the folded text
    for run in _WRITTEN.finditer(folded):
        written += " " + run[0]
        places += [run.start(), *range(run.start(), run.end())]
    written, places = written + " ", [*places, len(folded)]
    matches = regex.finditer(regex.escape(sought), written, overlapped=True) if sought else ()
    edges = (
        (match.start() + (match[0][0] == " "), match.end() - 1 - (match[0][-1] == " ")) for match in matches
    )
    return [(bounds[places[first]], bounds[places[last] + 1]) for first, last in edges]
