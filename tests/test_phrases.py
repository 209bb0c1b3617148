"""Exact phrases: what a passage has that has one in it, whatever its language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_archive import SCRIPT

from transcripts.analysis import tokens_of_phrase, words
from transcripts.phrases import phrase_writing, writing
from transcripts.query import Mode, SearchQuery
from transcripts.search import SearchIndex

TYPED = """
film films Película películas corazón director's Don't AI 3D 4K 2019 10,000 ﬁlm straße O'Hara Être e
倫理 倫理観 映画 映画祭 子猫 猫 考えていた という アーティスト 三百 2019年 ３Ｄ 髙橋 人々 ｱﾆﾒ
영화 국제영화제 삶 윤리를 그리다 뭘 돕다 도와 ㅋㅋ 3부작
فیلم فیلم‌نامه فیلم‌نامه‌ای کتاب‌های کتابها می‌روم نمی‌شود كتاب خانهٔ مُعَلِّم های ۱۲ دست‌کتابی ـراه
ภาพยนตร์ кино Ελλάδα הסרט naïve ปี ๒๕๖๒ 2562
3بعدی ٣سال یک3بعدی AIー ーAI x3بعدی 七3بعدی
"""
PIECES = TYPED.split()
TEXTS = st.lists(
    st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " ", " ", "‌", "。", ", ", "-", "\n"])), max_size=8
).map(lambda pairs: "".join(piece + between for piece, between in pairs))
SAID = {passage_id: text for _, passage_id, _, _, text, _, _ in SCRIPT}
SPANS = st.tuples(st.integers(0, 60), st.integers(1, 25))


@settings(max_examples=1_500, deadline=None)
@given(TEXTS, SPANS, st.sampled_from(["ja", "ko", "fa", "es", "en", "zh", "th", "ru"]))
def test_a_passage_has_the_words_of_every_phrase_in_it(
    text: str, span: tuple[int, int], language: str
) -> None:
    phrase = text[span[0] : span[0] + span[1]]
    if (written := phrase_writing(phrase)) and written in writing(text):
        had = set(words(text, language))
        for needed in tokens_of_phrase(phrase):
            assert needed & had, (phrase, needed)


@pytest.mark.parametrize(
    "phrase", ["という", "アーティスト", "2019", "猫", "e", "های", "12", "3بعدی", "๒๕๖๒"]
)
def test_of_some_phrases_no_word_is_certain(phrase: str) -> None:
    assert tokens_of_phrase(phrase) == []


@pytest.mark.parametrize(
    "phrase", ["director", "倫理", "영화", "کتابها", "Película", "映画祭 2019", "corazón de película"]
)
def test_most_phrases_are_known_by_their_words(phrase: str) -> None:
    assert tokens_of_phrase(phrase)


@pytest.mark.parametrize("named", [0, 20_000])  # rows that a search is narrowed to by name, at most
@pytest.mark.parametrize("mode", ["words", "meaning", "hybrid"])
def test_every_passage_with_a_phrase_is_found(
    index: SearchIndex, mode: Mode, named: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transcripts.index_lookup._NAMED", named)
    monkeypatch.setattr("transcripts.index_lookup._READ_AT_ONCE", 2)
    starts = [(start, size) for start in (0, 3, 8) for size in (1, 2, 5)]
    for phrase in {text[start : start + size] for text in SAID.values() for start, size in starts}:
        if not (written := phrase_writing(phrase)):
            continue
        has = {passage_id for passage_id, text in SAID.items() if written in writing(text)}
        found = index.find(SearchQuery(phrases=(phrase,), mode=mode, limit=100))
        assert {hit.passage_id for hit in found.hits} == has
        others = index.find(SearchQuery(excluded_phrases=(phrase,), limit=100))
        assert not has & {hit.passage_id for hit in others.hits}


def test_many_passages_with_a_phrase_are_ranked_as_few_are(
    index: SearchIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = [
        SearchQuery(text, phrases=phrases, excluded_phrases=excluded, excluded=left_out, mode=mode, limit=100)
        for text in ("ethics guion 未来", "film storyboard")
        for phrases in ((), ("de",), ("の", "。"), ("未来",))
        for excluded in ((), ("pueblos", "を"))
        for left_out in ((), ("ornament",))
        for mode in ("words", "hybrid")
    ]
    few = [[hit.passage_id for hit in index.find(query).hits] for query in queries]
    monkeypatch.setattr("transcripts.index_lookup._NAMED", 0)
    assert [[hit.passage_id for hit in index.find(query).hits] for query in queries] == few
    assert any(few)
