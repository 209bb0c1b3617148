"""Clauses: the parts of a passage that may carry a theme each."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.clauses import ClauseOptions, clauses

OPTIONS = ClauseOptions()


def parts(text: str, code: str) -> list[str]:
    return [text[start:end].strip() for start, end in clauses(text, code, OPTIONS)]


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (
            "en",
            "Nobody asked us at all about it, and they used our voices anyway. "
            "Lunch is served downstairs now.",
            [
                "Nobody asked us at all about it,",
                "and they used our voices anyway.",
                "Lunch is served downstairs now.",
            ],
        ),
        ("en", "Well, er, yes, I think so.", ["Well, er, yes, I think so."]),
        (
            "en",
            'She asked all of us in the room. "Why would anybody sign that for us?" Nobody answered then.',
            [
                "She asked all of us in the room.",
                '"Why would anybody sign that for us?"',
                "Nobody answered then.",
            ],
        ),
        (
            "ja",
            "許可を求める連絡は一度もありませんでした。昼食は下の階でご用意しております。",
            ["許可を求める連絡は一度もありませんでした。", "昼食は下の階でご用意しております。"],
        ),
        (
            "fa",
            "هیچ‌کس از ما نپرسید که آیا راضی هستیم؛ ناهار در طبقهٔ پایین آماده است و همه دعوت‌اند.",
            [
                "هیچ‌کس از ما نپرسید که آیا راضی هستیم؛",
                "ناهار در طبقهٔ پایین آماده است و همه دعوت‌اند.",
            ],
        ),
    ],
)
def test_passages_are_cut_where_something_ends(code: str, text: str, expected: list[str]) -> None:
    assert parts(text, code) == expected


@pytest.mark.parametrize(
    ("code", "text", "whole"),
    [
        (
            "ja",
            "応募作品のうちAIを使った作品の割合は1年で2.5パーセントから6.1パーセントに増えました"
            "そしてこの傾向はChatGPTのおかげで続くでしょう",
            ("2.5", "6.1", "ChatGPT"),
        ),
        ("ja", f"{'あ' * 43}プロデューサーが来てくれましたそれでみんなとても喜びました", ("プロデューサー",)),
        ("ja", "か\u3099" * 60, ("か\u3099",) * 60),
        (
            "en",
            "This one film of ours that nobody asked for took 10,000 prompts that were all written by hand, "
            "and then the wonderful Mr. Panahi sent it to the people of example.org at about 12:30 at night.",
            ("10,000", "Mr. Panahi", "example.org", "12:30"),
        ),
    ],
)
def test_numbers_and_foreign_words_are_not_cut(code: str, text: str, whole: tuple[str, ...]) -> None:
    found = parts(text, code)
    assert len(found) > 1
    joined = "|".join(found)
    assert all(joined.count(each) == whole.count(each) for each in whole)


def test_talk_without_marks_is_cut_between_words() -> None:
    text = " ".join(["nobody ever asked any of us whether we agreed to that"] * 6)
    found = parts(text, "en")
    assert len(found) > 2
    assert " ".join(found) == text
    assert max(map(len, found)) <= 1.5 * OPTIONS.longest


@given(st.text(max_size=400), st.sampled_from(["en", "ja", "fa", "es", "ko"]))
def test_clauses_cover_a_text_in_order(text: str, code: str) -> None:
    found = clauses(text, code, OPTIONS)
    if not text.strip():
        assert found == []
        return
    assert (found[0][0], found[-1][1]) == (0, len(text))
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))
    assert all(start < end for start, end in found)
