"""What a person types becomes a query, and never an error."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from transcripts.errors import SymposiaError
from transcripts.query import MOST_LETTERS, NOTICES, Notice, SearchQuery, parse


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("", {}),
        ("倫理 ethics 영화", {"text": "倫理 ethics 영화"}),
        ('the "AI committee" said', {"text": "the said", "phrases": ("AI committee",)}),
        ("「倫理委員会」 «فیلم نامه» “voz propia”", {"phrases": ("倫理委員会", "فیلم نامه", "voz propia")}),
        ("-guion －絵コンテ", {"excluded": ("guion", "絵コンテ")}),
        ('-"no way" -「未来」', {"excluded_phrases": ("no way", "未来")}),
        ("”så här” »so etwas« „tak“", {"phrases": ("så här", "so etwas", "tak")}),
        ("stand-in co-author", {"text": "stand-in co-author"}),
        ("theme:ethics theme:future", {"themes": ("ethics", "future")}),
        (
            'Speaker:"Director (Japan)" language：ko',
            {"speakers": ("Director (Japan)",), "languages": ("ko",)},
        ),
        ('name:"是枝裕和" name:varda', {"names": ("是枝裕和", "varda")}),
        ("panel:opening x", {"panels": ("opening",), "text": "x"}),
        ("after:2025 before:2025-02", {"after": "2025-01-01", "before": "2025-02-28"}),
        ("after:۲۰۲۵-۰۳-۰۴", {"after": "2025-03-04"}),
        ("after:2025-01 after:2025-06", {"after": "2025-06-01"}),
        ("quality:Good quality:check", {"qualities": ("good", "check")}),
        ("reviewed:yes", {"states": ("reviewed", "approved")}),
        ("reviewed:no state:approved", {"states": ("draft", "approved")}),
        ("http://example.org 12:30", {"text": "http://example.org 12:30"}),
        ("Film: the future", {"text": "Film the future"}),
        ("- -- :", {"text": "- -- :"}),
    ],
)
def test_what_is_typed_is_read(typed: str, fields: dict[str, Any]) -> None:
    query = parse(typed)
    assert query == SearchQuery(**fields)
    assert query.notices == ()


@pytest.mark.parametrize(
    ("typed", "text", "notice"),
    [
        ('say "this', "say this", "a quotation mark is not closed"),
        ("genre:horror", "genre horror", "'genre' is not a filter: searched as words; filters are theme, "),
        ("theme: ethics", "theme ethics", "'theme:' says nothing after its colon"),
        ("after:soon", "after soon", "'after:soon' is not a date such as 2025"),
        ("before:2025-02-30", "before 2025-02-30", "is not a date"),
        ("quality:superb", "quality superb", "'quality:superb' is not one of good, check, doubtful"),
        ("-theme:ethics x", "x", "a filter cannot be excluded: left out"),
        ("a" * 3_000, "a" * MOST_LETTERS, "only the first 2000 characters"),
    ],
)
def test_what_cannot_be_read_is_searched_as_words_and_said(typed: str, text: str, notice: str) -> None:
    query = parse(typed)
    assert query.text == text
    assert notice in str(query.notices[0])
    assert len(query.notices) == 1


def test_what_is_excluded_is_never_looked_for() -> None:
    query = parse("AI -genre:horror")
    assert (query.text, query.excluded) == ("AI", ("genre horror",))
    assert "'genre' is not a filter" in str(query.notices[0])


def test_every_notice_can_be_said() -> None:
    for kind in NOTICES:
        assert "{" not in str(Notice(kind, "that", "this"))


PIECES = st.sampled_from(
    [
        '"',
        "“",
        "”",
        "«",
        "「",
        "-",
        "－",
        ":",
        "：",
        " ",
        "theme:",
        "after:",
        "speaker:",
        "倫理",
        "영화",
        "فیلم",
        "a",
        "\0",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=20).map("".join)))
@example("\udcff:\udcff")
@example('-theme:"')
@example("after:" + "9" * 5_000)
def test_nothing_that_is_typed_is_an_error(typed: str) -> None:
    query = parse(typed)
    assert all(str(notice) for notice in query.notices)
    parse(query.sought)


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20))
def test_no_word_is_lost(word: str) -> None:
    query = parse(f'{word} "{word}" -{word}')
    assert (query.text, query.phrases, query.excluded) == (word, (word,), (word,))


def test_what_no_search_can_do_is_refused_in_words() -> None:
    for wrong, said in (
        ({"mode": "magic"}, "'magic' is no way to search; take one of hybrid, words, meaning"),
        ({"sort": "size"}, "'size' is no order of hits; take one of relevance, time"),
        ({"limit": 0}, "at least 1 passage, not 0"),
        ({"offset": -1}, "starts at hit 0 or later, not at -1"),
    ):
        with pytest.raises(SymposiaError, match=said):
            SearchQuery(**wrong)
