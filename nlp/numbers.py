"""Numbers in a text by what they are worth: 3万, 3만, 30 mil, ۳۰ هزار and 30,000 are one number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from math import prod
from types import MappingProxyType

# What makes more of the figures that it stands after; of several, each does: 2 mil millones.
SCALES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "ja": {"百": 10**2, "千": 10**3, "万": 10**4, "億": 10**8, "兆": 10**12},
        "ko": {"백": 10**2, "천": 10**3, "만": 10**4, "억": 10**8, "조": 10**12},
        "fa": {"هزار": 10**3, "میلیون": 10**6, "میلیارد": 10**9},
        "es": {"mil": 10**3, "millón": 10**6, "millones": 10**6, "billón": 10**12, "billones": 10**12},
        "en": {
            "hundred": 10**2,
            "thousand": 10**3,
            "million": 10**6,
            "billion": 10**9,
            "bn": 10**9,
            "trillion": 10**12,
        },
    }
)
THOUSANDS = {"es": ". \u00a0\u202f", "fa": "٬,"}  # marks between thousands; elsewhere a comma
IN_PARTS = {"ja", "ko"}  # where a number is written as 1億2000万, and the next word follows without a blank
DECIMALS = {"es": ",", "fa": "٫/"}  # marks before decimals; elsewhere a point

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORTH = {
    **{word: value for value, word in enumerate(ONES.split())},
    **{word: 10 * value for value, word in enumerate(TENS.split(), 2)},
}


def numbers_in(text: str, code: str) -> set[Decimal]:
    """The numbers written in figures in a text, whatever the script of their digits.

    Figures that are no one number, as those of dates and times, are as many.
    """
    found: list[tuple[Decimal, int]] = []  # values that may still grow, with the scale of the last part
    end = 0
    plain = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    for match in _figures(code).finditer(plain):
        scale = prod(SCALES[code][word] for word in _scales(code).findall(match["scales"] or ""))
        first, *others = reversed(_read(match["figures"], code))  # a scale belongs to the last of them
        value = first * scale
        goes_on = code in IN_PARTS and not others and not plain[end : match.start()].strip()
        if goes_on and found and found[-1][1] > scale:
            found[-1] = (found[-1][0] + value, scale)
        else:
            found += [*((other, 1) for other in others), (value, scale)]
        end = match.end()
    return {value for value, _ in found}


def numbers_named(text: str) -> set[Decimal]:
    """The numbers that are written in words in an English text, as 'three hundred thousand'."""
    found: set[Decimal] = set()
    for match in _NAMED.finditer(text.casefold()):
        whole = part = 0
        for word in re.findall(r"[a-z]+", match[0]):
            scale = SCALES["en"].get(word, 0)
            if scale > 100:
                whole, part = whole + max(1, part) * scale, 0
            else:
                part = max(1, part) * scale if scale else part + WORTH.get(word, 0)
        found.add(Decimal(whole + part))
    return found


def _read(figures: str, code: str) -> list[Decimal]:
    """Figures with marks between them as one number, or as several where they are none."""
    thousands, decimals = THOUSANDS.get(code, ","), DECIMALS.get(code, ".")
    written = rf"(\d{{1,3}}(?:[{thousands}]\d{{3}})+|\d+)(?:[{decimals}](\d+))?"
    if whole := re.fullmatch(written, figures) or re.fullmatch(r"(\d+)[.,](\d{1,2})", figures):
        return [Decimal(re.sub(r"\D", "", whole[1]) + "." + (whole[2] or "0"))]
    return [Decimal(each) for each in re.findall(r"\d+(?:\.\d+)?", figures)]


@lru_cache(maxsize=16)
def _figures(code: str) -> re.Pattern[str]:
    """Figures, and the scales after them."""
    between = rf"[.,:/٫٬][0-9]+|[{THOUSANDS.get(code, ',')}][0-9]{{3}}(?![0-9])"
    after = "" if code in IN_PARTS else r"\b"
    scales = rf"(?:\s?(?:{_either(SCALES[code])}){after})+" if code in SCALES else "(?!)"
    return re.compile(rf"(?P<figures>[0-9]+(?:{between})*)(?P<scales>{scales})?")


@lru_cache(maxsize=16)
def _scales(code: str) -> re.Pattern[str]:
    return re.compile(_either(SCALES[code]) if code in SCALES else "(?!)")


def _either(words: Mapping[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_NAMED = re.compile(
    rf"\b(?:{_either(WORTH)}|an?(?=\s(?:{_either(SCALES['en'])})\b))\b"
    rf"(?:(?:-|\s|(?:(?<=hundred)|(?<=thousand))\sand\s)(?:{_either({**WORTH, **SCALES['en']})})\b)*"
)
