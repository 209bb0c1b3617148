"""Emoji, which are the same in every language, and which translation models leave out."""

from __future__ import annotations

from collections import Counter

import regex

# A flag, a keycap, or a pictograph that is shown as one, with what it is joined to: variation selectors,
# skin tones, tags (of England's flag), further pictographs. One of text, such as a trade mark, is none.
PICTURE = regex.compile(
    r"(?:\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3|\p{Emoji_Presentation}(?!\uFE0E)"
    r"|\p{Extended_Pictographic}(?=\uFE0F|\p{EMod}|\u200D\p{Extended_Pictographic}))"
    r"(?:\uFE0F|\p{EMod}|[\U000E0020-\U000E007F]|\u200D\p{Extended_Pictographic})*"
)
_FIRST = regex.compile(rf"(?:{PICTURE.pattern}|\s)+")
# A model that lacks what makes a variant writes the picture without it.
_VARIANT = regex.compile(r"[\uFE0E\uFE0F]|\p{EMod}")
_PLAIN = regex.compile(rf"{PICTURE.pattern}|\p{{Extended_Pictographic}}")


def with_pictures(source: str, text: str, blank: str) -> str:
    """A translation with the emoji of its source that it lacks: those that began it in front, others behind.

    `blank` is what stands between sentences in the language of the translation.
    """
    lacking = Counter(map(_plain, PICTURE.findall(source))) - Counter(map(_plain, _PLAIN.findall(text)))
    beginning = _FIRST.match(source)
    first = [each for each in PICTURE.findall(beginning[0] if beginning else "") if _taken(lacking, each)]
    last = [each for each in PICTURE.findall(source) if _taken(lacking, each)]
    return blank.join(part for part in ("".join(first), text, "".join(last)) if part)


def _plain(picture: str) -> str:
    return _VARIANT.sub("", picture)


def _taken(lacking: Counter[str], picture: str) -> bool:
    lacking[_plain(picture)] -= 1
    return lacking[_plain(picture)] >= 0
