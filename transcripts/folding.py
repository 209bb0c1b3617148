"""Letters without the differences that no reader means, and where they stood before."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import regex

# Scripts that write no blanks between words, as parts of a set of characters.
UNSPACED = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
KANA_HAN = r"\p{Han}\p{Hiragana}\p{Katakana}"

_ARABIC = {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "ـ": None}
# Latin letters that Unicode does not take apart, as those who have no key for them write them.
_LATIN = {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe"}
_LETTERS = str.maketrans({**_ARABIC, **_LATIN})
_ACCENTS = regex.compile(r"(?<=[\p{Latin}\p{Greek}\p{Arabic}]\p{Mn}*)\p{Mn}")
_DIGIT = regex.compile(r"\p{Nd}")
_CLUSTER = regex.compile(r"\X", regex.DOTALL)  # what people see as one character


_PERSIAN_LETTERS = str.maketrans({"ي": "ی", "ى": "ی", "ك": "ک"})


def persian_letters(text: str) -> str:
    """Persian letters for the Arabic ones that many keyboards give."""
    return text.translate(_PERSIAN_LETTERS)


def fold(text: str) -> str:
    """A text without the differences that no reader means: width, case, accents, digits."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(_LETTERS)
    return unicodedata.normalize(
        "NFC", _DIGIT.sub(lambda digit: str(unicodedata.digit(digit[0], digit[0])), text)
    )


def mapped(text: str, normal: Callable[[str], str]) -> tuple[str, list[int]]:
    """A text made normal, and where each of its characters (and its end) stood before."""
    parts, bounds = [], []
    for cluster in _CLUSTER.finditer(text):
        part = normal(cluster[0])
        parts.append(part)
        bounds += [cluster.start()] * len(part)
    return "".join(parts), [*bounds, len(text)]
