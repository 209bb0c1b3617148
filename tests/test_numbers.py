"""Numbers are compared by their value, however a language writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.numbers import SCALES, another_number, numbers_in, numbers_named


@pytest.mark.parametrize(
    ("code", "text", "values"),
    [
        ("ja", "1億2,500万円、3万人、5千人", "125000000 30000 5000"),
        ("ja", "2千7百万ユーロ", "27000000"),
        ("ja", "1956年6月、100歳から", "1956 6 100"),
        ("ja", "４分４１.３０秒、１，０００人", "4 41.3 1000"),
        ("ja", "2~3万人、3割", "20000 30000 30"),
        ("ko", "3만5천 명이 300만 번, 5천 20명", "35000 3000000 5000 20"),
        ("ko", "5천만 원과 2조원, 제21조", "50000000 2000000000000 21"),
        ("fa", "۳۰ هزار نفر، ۲٫۵ میلیون، ۱٬۲۰۰", "30000 2500000 1200"),
        ("fa", "۳۰ هزار و ۵۰۰ نفر، ۳۰‌هزار تا", "30500 30000"),
        ("es", "30.000 personas, 40 000 más y 2,5 Millones", "30000 40000 2500000"),
        ("es", "2 mil millones; la versión 3.5; 10,000 pesos", "2000000000 3.5 10000"),
        ("es", "1 millón y medio", "1500000"),
        ("en", "30,000 people, £2.8bn, $125m, 2.5 million", "30000 2800000000 125000000 2500000"),
        ("en", "3-1 at 5:30, in 2019", "3 1 5 2019"),
        ("en", "none", ""),
    ],
)
def test_numbers_are_read_by_their_value(code: str, text: str, values: str) -> None:
    found = numbers_in(text, code)
    assert len(found) == len(values.split())
    for value, number in zip(values.split(), found, strict=True):
        assert Decimal(value) in number.worth | number.figures


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("three hundred thousand people", "300000"),
        ("Twenty-five of them, a million times", "25 1000000"),
        ("two thousand and five; one and two", "2005 1 2"),
        ("one two three, the third of June", "1 2 3 3 6"),
        ("half a million, two hundred and ten", "500000 210"),
        ("an hour, an onerous attendance", ""),
    ],
)
def test_numbers_in_english_words_are_read(text: str, values: str) -> None:
    assert [each.worth for each in numbers_named(text)] == [{Decimal(value)} for value in values.split()]


def test_a_year_in_words_is_one_number() -> None:
    assert all(Decimal(1984) in each.worth for each in numbers_named("in nineteen eighty-four"))


@pytest.mark.parametrize(
    ("code", "source", "right", "wrong"),
    [
        ("ja", "3万人が集まりました。", "30,000 people gathered.", "300,000 people gathered."),
        (
            "ja",
            "3万人が集まりました。",
            "Thirty thousand people gathered.",
            "Three hundred thousand came.",
        ),
        ("ja", "3万人が集まりました。", "Some 30 thousand people gathered.", "3 people gathered."),
        ("ja", "5時30分に", "at 5.30", "at 5.40"),
        ("ja", "80年代の映画です。", "A film from the 1980s.", "A film from the 1970s."),
        ("ja", "6月に三百人が来た", "In June, 300 people came.", "In July, 300 people came."),
        ("ko", "2천7백만 유로", "27 million euros", "2.7 million euros"),
        ("fa", "۲ میلیون نفر", "2 million people", "200,000 people"),
        ("es", "costó 10,000 pesos", "It cost 10,000 pesos.", "It cost 100,000 pesos."),
        ("es", "a las 4:20", "at 4.20 a.m.", "at 3.20 a.m."),
    ],
)
def test_another_number_than_was_said_is_told(code: str, source: str, right: str, wrong: str) -> None:
    assert not another_number(source, right, code, "en")
    assert another_number(source, wrong, code, "en")


def test_of_languages_whose_marks_are_not_known_nothing_is_said() -> None:
    assert not another_number("3.000 Menschen", "3,000 people", "de", "en")
    assert not another_number("3,000 people", "30.000 Menschen", "en", "de")


MARKS = {"en": ",", "ja": ",", "ko": ",", "fa": "٬", "es": "."}


@given(st.integers(0, 10**12), st.sampled_from(sorted(SCALES)))
def test_thousands_are_read_as_each_language_marks_them(number: int, code: str) -> None:
    marked = f"{number:,}".replace(",", MARKS[code])
    digits = marked.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) if code == "fa" else marked
    (found,) = numbers_in(f"({digits})", code)
    assert Decimal(number) in found.worth


@given(st.text(alphabet="0123456789０۳.,:/٫٬ \u200c万億半만억반mil millonesهزارو천khundredand", max_size=60))
def test_no_text_makes_it_stumble(text: str) -> None:
    for code in (*SCALES, "de"):
        assert all(each.worth or each.figures for each in numbers_in(text, code))
    assert all(each.worth for each in numbers_named(text))
