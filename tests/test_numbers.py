"""Numbers are compared by their value, however a language writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.numbers import numbers_in, numbers_named


@pytest.mark.parametrize(
    ("code", "text", "values"),
    [
        ("ja", "1億2,500万円、3万人、5千人", "125000000 30000 5000"),
        ("ja", "1956年6月、100歳から", "1956 6 100"),
        ("ja", "４分41.30秒", "4 41.3"),
        ("ko", "3만 5천 명이 300만 번", "35000 3000000"),
        ("ko", "5천만 원과 2조원", "50000000 2000000000000"),
        ("fa", "۳۰ هزار نفر، ۲٫۵ میلیون و ۱٬۲۰۰", "30000 2500000 1200"),
        ("fa", "۳/۵ درصد", "3.5"),
        ("es", "30.000 personas, 40 000 más y 2,5 millones", "30000 40000 2500000"),
        ("es", "2 mil millones; la versión 3.5", "2000000000 3.5"),
        ("es", "milenios: 3 milenios", "3"),
        ("en", "30,000 people, £2.8bn, 2.5 million", "30000 2800000000 2500000"),
        ("en", "3-1 at 5:30, version 1.2.3", "3 1 5 30 1.2"),
        ("en", "in 2019, 3 million", "2019 3000000"),
        ("de", "3 Millionen", "3"),
        ("en", "none", ""),
    ],
)
def test_numbers_are_read_by_their_value(code: str, text: str, values: str) -> None:
    assert numbers_in(text, code) == set(map(Decimal, values.split()))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("three hundred thousand people", "300000"),
        ("Twenty-five of them, a million times", "25 1000000"),
        ("two thousand and five; one and two", "2005 1 2"),
        ("a hour, an onerous attendance", ""),
    ],
)
def test_numbers_in_english_words_are_read(text: str, values: str) -> None:
    assert numbers_named(text) == set(map(Decimal, values.split()))


@given(
    st.text(alphabet="0123456789０９۳.,:/٫٬ 万억mil millones천hundred", max_size=60),
    st.sampled_from(["ja", "ko", "fa", "es", "en", "de"]),
)
def test_any_text_has_numbers_that_are_not_negative(text: str, code: str) -> None:
    assert all(value >= 0 for value in numbers_in(text, code) | numbers_named(text))
