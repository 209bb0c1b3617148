"""Emoji survive translation."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.pictures import PICTURE, with_pictures

FAMILY, THUMB, FLAG, HEART = "👩‍👩‍👧", "👍🏽", "🇯🇵", "❤️"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("¡Qué película! 🎬🎉", "What a film!", "What a film! 🎬🎉"),
        ("🎬 ¡Qué película!", "What a film!", "🎬 What a film!"),
        ("🎬 ¡Qué película! 🎬", "What a film!", "🎬 What a film! 🎬"),
        ("🎬 ¡Qué película! 🎬", "What a film! 🎬", "🎬 What a film! 🎬"),
        ("Una 🎬 noche", "One 🎬 night", "One 🎬 night"),
        ("Una 🎬 noche", "One night", "One night 🎬"),
        (f"Gracias {FAMILY}{THUMB}", "Thank you", f"Thank you {FAMILY}{THUMB}"),
        (f"{FLAG}{HEART}", "", f"{FLAG}{HEART}"),
        ("En 2019, #1 ™ © *", "In 2019", "In 2019"),
        (f"¡Vamos {ENGLAND}!", "Go!", f"Go! {ENGLAND}"),
        ("1️⃣ primero", "first", "1️⃣ first"),
        ("Son las 3 ⌚︎", "It is three", "It is three"),
        ("El orgullo 🏳‍🌈", "Pride", "Pride 🏳‍🌈"),
        ("⭐️ Bravo", "⭐ Bravo", "⭐ Bravo"),
        ("Amor ❤️", "Love ❤", "Love ❤"),
        ("vale 👍🏽", "ok 👍", "ok 👍"),
    ],
)
def test_pictures_that_a_translation_lacks_are_put_where_they_stood(
    source: str, text: str, expected: str
) -> None:
    assert with_pictures(source, text, " ") == expected


def test_between_japanese_there_is_no_blank() -> None:
    assert with_pictures("What a film! 🎬", "すごい映画！", "") == "すごい映画！🎬"


PIECES = st.lists(st.sampled_from(["🎬", "🎉", FLAG, THUMB, FAMILY, HEART, "a", " ", "1", "。"])).map("".join)


@given(PIECES, PIECES, st.sampled_from([" ", ""]))
def test_none_is_lost_and_none_comes_twice(source: str, text: str, blank: str) -> None:
    found = with_pictures(source, text, blank)
    had, written = Counter(PICTURE.findall(source)), Counter(PICTURE.findall(text))
    assert text in found
    assert Counter(PICTURE.findall(found)) == had | written
    assert with_pictures(source, found, blank) == found
