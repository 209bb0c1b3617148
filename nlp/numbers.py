"""Numbers in a text by what they are worth: 3万, 3만, 30 mil, ۳۰ هزار and 30,000 are one number.

What is written may be read in several ways: 5.30 is a time or a price, the 80s are the 1980s, 10,000 is ten
thousand in Mexico and ten in Spain. A number is found again where any of its readings is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from math import prod
from types import MappingProxyType

from nlp.spelling import TWINS


@dataclass(frozen=True, slots=True)
class Number:
    """All that a number can be worth, and its figures one by one where there are marks between them."""

    worth: frozenset[Decimal]
    figures: frozenset[Decimal] = frozenset()


# What makes more of the figures that it stands after.
SCALES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "ja": {"割": 10, "百": 10**2, "千": 10**3, "万": 10**4, "億": 10**8, "兆": 10**12},
        "ko": {"백": 10**2, "천": 10**3, "만": 10**4, "억": 10**8, "조": 10**12},
        "fa": {"هزار": 10**3, "میلیون": 10**6, "میلیارد": 10**9, "تریلیون": 10**12},
        "es": {"mil": 10**3, "millón": 10**6, "millones": 10**6, "billón": 10**12, "billones": 10**12},
        "en": {
            "hundred": 10**2,
            "thousand": 10**3,
            "million": 10**6,
            "billion": 10**9,
            "trillion": 10**12,
            "k": 10**3,
            "m": 10**6,
            "bn": 10**9,
        },
    }
)
CLOSING = {"ja": 10**4, "ko": 10**4}  # from which scale on it is of all before: 2千7百万; elsewhere a million
# What may stand between a scale and what is added: 3만5천, 1億 2000万, ۳۰ هزار و ۵۰۰, 2 mil 500. And halves.
JOINTS = {"ja": r"(?:(?<=[万億兆])\s)?", "ko": r"(?:(?<=[만억조])\s)?", "fa": r"\s*و\s*", "es": r"\s(?:y\s)?"}
HALVES = {"ja": "半", "ko": r"\s?반", "fa": r"\s*و\s*نیم", "es": r"\sy\smedi[oa]"}
DECADES = re.compile(r"\s?(?:年代|년대)|s\b")  # after a number
OF_DECADE = re.compile(r"(?:años|دهه|دهه‌ی|دههٔ)\s$")  # before one
AMBIGUOUS = {"조", "割", "m", "k"}  # 제3조 is an article, 4K a width

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
FIRST = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
MONTHS = "january february march april may june july august september october november december"
WORTH = {
    **{word: value for value, word in enumerate(ONES.split())},
    **{word: 10 * value for value, word in enumerate(TENS.split(), 2)},
    **{word: value for value, word in enumerate(FIRST.split())},
    **{word: value for value, word in enumerate(MONTHS.split(), 1)},
}
HALF = {"half a million": "five hundred thousand", "half a billion": "five hundred million"}
TWO_DIGITS = set(range(10, 100))
SMALL = 12  # up to which a number in words may be of anything: one of them, in June


def numbers_in(text: str, code: str) -> list[Number]:
    """How each number can be read that is written in figures, whatever the script of their digits."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(TWINS)
    plain = "".join(str(unicodedata.decimal(letter, letter)) for letter in plain)
    return [_readings(match, code) for match in _number(code).finditer(plain)]


def numbers_named(text: str) -> list[Number]:
    """Those that are written in words in an English text, as 'three hundred thousand', 'third' and 'June'."""
    found: list[Number] = []
    plain = text.casefold()
    for half, number in HALF.items():
        plain = plain.replace(half, number)
    for match in _NAMED.finditer(plain):
        values = list(_spoken(re.findall(r"[a-z]+", match[0])))
        years = [100 * one + other for one, other in pairwise(values) if {one, other} <= TWO_DIGITS]
        found += [Number(frozenset(map(Decimal, {value, *years}))) for value in values]
    return found


def _spoken(words: Sequence[str]) -> Iterator[int]:
    """The numbers in a row of English words: 'nineteen eighty-four' are two."""
    whole = part = 0
    for word in words:
        scale, worth = SCALES["en"].get(word, 0), WORTH.get(word, 0)
        if scale > 100:
            whole, part = whole + max(1, part) * scale, 0
        elif scale:
            part = max(1, part) * scale
        else:
            is_tens = part % 10 == 0 and part % 100 >= 20  # after which ones are of the same number
            if word in WORTH and part % 100 and not (is_tens and 0 < worth < 10):
                yield whole + part
                whole = part = 0
            part += worth
    yield whole + part


def not_among(numbers: Sequence[Number], others: Sequence[Number]) -> list[Number]:
    """The numbers of which the others have no reading, nor all figures."""
    known = {value for other in others for value in other.worth | other.figures}
    return [
        each for each in numbers if not each.worth & known and not (each.figures and each.figures <= known)
    ]


def another_number(source: str, text: str, source_code: str, target_code: str) -> bool:
    """Whether a number of the source is missing from a translation that has another one instead.

    One of both alone may be right: a number that was spoken in words may be written in figures. Where the
    marks of a language are not known, nothing is said; nor is anything known of calendars, of time on
    clocks of twelve hours, and of numbers that have changed places.
    """
    if not {source_code, target_code} <= SCALES.keys():
        return False
    said, written = numbers_in(source, source_code), numbers_in(text, target_code)
    named_before = numbers_named(source) if source_code == "en" else []
    named = numbers_named(text) if target_code == "en" else []
    large = [number for number in named if max(number.worth) > SMALL]
    return bool(not_among(said, written + named) and not_among(written + large, said + named_before))


def _readings(match: re.Match[str], code: str) -> Number:
    words = [
        (part["figures"], _scale_words(code).findall(part["scales"]))
        for part in _part(code).finditer(match[0])
    ]
    figures, first = words[0]
    if len(words) == 1 and not first:
        return Number(_alone(figures, match, code), _apart(figures))
    parts = [(figures, [SCALES[code][word] for word in after]) for figures, after in words]
    found = {_scaled(parts, match["half"] is not None, code)}
    if len(parts) == len(first) == 1 and first[0] in AMBIGUOUS:
        found |= set(_plain(figures, code))
    if len(parts) > 1 and re.search(r"\s", match[0]):  # they may be apart after all
        found |= {_value(figures, code) * prod(scales) for figures, scales in parts}
    return Number(frozenset(found))


def _alone(figures: str, match: re.Match[str], code: str) -> frozenset[Decimal]:
    """What figures without a scale can be worth, where they were found."""
    found = set(_plain(figures, code))
    if DECADES.match(match.string, match.end()) or OF_DECADE.search(match.string, 0, match.start()):
        found |= {century + value for value in found if value < 100 for century in (1900, 2000)}
    if range_end := _range_end(code).match(match.string, match.end()):
        scale = prod(SCALES[code][word] for word in _scale_words(code).findall(range_end[1]))
        found |= {value * scale for value in found}
    return frozenset(found)


def _scaled(parts: Sequence[tuple[str, Sequence[int]]], has_half: bool, code: str) -> Decimal:
    """What figures with scales are worth together, and half of the last scale where that is said."""
    whole = part = last = Decimal(0)
    scale = 1
    for figures, scales in parts:
        part, last = part + last, _value(figures, code)
        for scale in scales:
            if scale >= CLOSING.get(code, 10**6):
                whole, part, last = whole + (part + last) * scale, Decimal(0), Decimal(0)
            else:
                last *= scale
    return whole + part + last + (Decimal(scale) / 2 if has_half else 0)


def _plain(figures: str, code: str) -> list[Decimal]:
    """What figures with marks between them may be: first as the language has it, then otherwise."""
    comma, point = re.sub("[,٬]", "", figures), re.sub("[. \u00a0\u202f]", "", figures).replace(",", ".")
    ways = [point, comma] if code == "es" else [comma, point]
    ways = [way.replace("٫", ".") for way in (*ways, figures.replace("/", "."))]
    return [Decimal(way) for way in ways if re.fullmatch(r"\d+(?:\.\d+)?", way)]


def _value(figures: str, code: str) -> Decimal:
    """What the language has figures for; the last of them where they are no number."""
    return next(iter(_plain(figures, code)), Decimal(re.findall(r"\d+", figures)[-1]))


def _apart(figures: str) -> frozenset[Decimal]:
    """Each of several figures with marks between them; nothing of one alone."""
    several = re.findall(r"\d+", figures)
    return frozenset(map(Decimal, several)) if len(several) > 1 else frozenset()


def _either(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


FIGURES = r"(?P<figures>\d{1,20}(?:[.,:/٫٬]\d{1,20}|[ \u00a0\u202f]\d{3}(?!\d))*)"


@lru_cache(maxsize=16)
def _scale(code: str) -> str:
    if code not in SCALES:
        return "(?!)"
    end = "" if code in {"ja", "ko"} else r"(?=\b|تا)"
    return rf"(?:[\s\u200c-]?(?:{_either(SCALES[code])}){end})"


@lru_cache(maxsize=16)
def _number(code: str) -> re.Pattern[str]:
    """Figures with scales, and more of them that are added."""
    bare = FIGURES.replace("?P<figures>", "?:")
    more = rf"(?:(?<=[^\d]){JOINTS[code]}{bare}{_scale(code)}*)*" if code in JOINTS else ""
    return re.compile(rf"{bare}(?:{_scale(code)}+{more})?(?P<half>{HALVES.get(code, '(?!)')})?")


@lru_cache(maxsize=16)
def _part(code: str) -> re.Pattern[str]:
    return re.compile(rf"{FIGURES}(?P<scales>{_scale(code)}*)")


@lru_cache(maxsize=16)
def _range_end(code: str) -> re.Pattern[str]:
    """The rest of a range, of which the scale is of both ends: 2~3万."""
    return re.compile(rf"\s?(?:[~〜–、-]|a|تا|to)\s?\d+({_scale(code)}+)")


@lru_cache(maxsize=16)
def _scale_words(code: str) -> re.Pattern[str]:
    return re.compile(_either(SCALES[code]) if code in SCALES else "(?!)")


_AN = rf"an?(?=\s+(?:{_either(SCALES['en'])})\b)"
_NAMED = re.compile(
    rf"\b(?:{_either(WORTH)}|{_AN})\b"
    rf"(?:(?:\s*-\s*|\s+|(?:(?<=hundred)|(?<=thousand))\s+and\s+)(?:{_either({**WORTH, **SCALES['en']})})\b)*"
)
