"""Emoji, which are the same in every language, and which translation models leave out."""

from __future__ import annotations

from collections import Counter

import regex

# A flag, or a pictograph, with what it is joined to: skin tones, variation selectors, further pictographs.
PICTURE = regex.compile(
    r"(?:\p{Regional_Indicator}{2}|\p{Emoji_Presentation}|\p{Extended_Pictographic}(?=\uFE0F|\p{EMod}))"
    r"(?:\uFE0F|\p{EMod}|\u200D\p{Extended_Pictographic})*"
)
_FIRST = regex.compile(rf"(?:{PICTURE.pattern}|\s)+")


def with_pictures(source: str, text: str, blank: str) -> str:
    """A translation with the emoji of its source that it lacks: those that began it in front, others behind.

    `blank` is what stands between sentences in the language of the translation.
    """
    lacking = Counter(PICTURE.findall(source)) - Counter(PICTURE.findall(text))
    beginning = _FIRST.match(source)
    first = [each for each in PICTURE.findall(beginning[0] if beginning else "") if _taken(lacking, each)]
    last = [each for each in PICTURE.findall(source) if _taken(lacking, each)]
    return blank.join(part for part in ("".join(first), text, "".join(last)) if part)


def _taken(lacking: Counter[str], picture: str) -> bool:
    lacking[picture] -= 1
    return lacking[picture] >= 0
