"""A word is found however it is written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcripts.analysis import query_words, words
from transcripts.folding import fold


def finds(query: str, text: str, language: str) -> bool:
    return not set(query_words(query)).isdisjoint(words(text, language))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("倫理", "AI倫理委員会で議論した"),
        ("倫理", "研究者の倫理観を問う"),
        ("未来", "映画の未来図を描く"),
        ("映画", "日本映画界の話"),
        ("都庁", "東京都庁舎前"),  # not a word that the dictionary splits off here
        ("食べる", "みんなで食べました"),
        ("引越し", "引っ越しの準備"),
        ("ＡＩ", "生成aiの利用"),
        ("2025年", "二〇二五年ではなく２０２５年"),
        ("3D", "この3D映画"),
        ("4K 映画", "画質は４Ｋです"),
        ("10,000", "約10,000本の映画"),
        ("10000", "10,000本の映画"),
    ],
)
def test_japanese(query: str, text: str) -> None:
    assert finds(query, text, "ja")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("영화", "부산국제영화제에서 만났어요"),
        ("윤리", "윤리위원회가 결정했습니다"),
        ("미래", "우리의 미래를 말합니다"),
        ("보조출연자를", "보조출연자가 필요해요"),
        ("듣다", "판소리를 들었어요"),
        ("판소리", "판소리에서는"),
        ("4K", "이 영화는 4K로 찍었어요"),
        ("삶", "우리의 삶은 영화다"),
        ("봄", "봄이 왔어요"),
    ],
)
def test_korean(query: str, text: str) -> None:
    assert finds(query, text, "ko")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("كليشه", "کلیشه‌های فرهنگی"),  # Arabic kaf and yeh
        ("كتاب", "کتاب"),
        ("فیلم نامه", "فیلم‌نامه"),
        ("فیلم‌نامه", "فیلم نامه"),
        ("فیلمنامه", "فیلم نامه"),
        ("فیلم‌نامه", "فیلمنامه‌ها"),
        ("کتاب ها", "کتاب"),
        ("کتابهای", "کتاب‌ها"),
        ("خانه", "خانهٔ ما"),
        ("خانه", "خانه‌ی ما"),
        ("هوا", "هوای تازه"),
        ("فرهنگ", "کلیشه‌های فرهنگی"),
        ("بازیگر", "بازیگران جوان"),
        ("نویسنده", "نویسندگان"),
        ("می‌روند", "می روند"),
        ("می‌سازم", "فیلم میسازم"),
        ("نمیدانند", "نمی‌دانند"),
        ("مدرسه", "مَدْرِسه"),
        ("آینده", "اینده"),
        ("1404", "سال ۱۴۰۴"),
        ("١٤٠٤", "سال ۱۴۰۴"),
        ("3D", "این فیلم 3D است"),
        ("10,000", "حدود ۱۰٬۰۰۰ نفر"),
    ],
)
def test_persian(query: str, text: str) -> None:
    assert finds(query, text, "fa")


@pytest.mark.parametrize(
    ("query", "text", "language"),
    [
        ("produccion", "La producción audiovisual", "es"),
        ("PRODUCCIÓN", "las producciones", "es"),
        ("cancion", "canciones", "es"),
        ("ano", "este año", "es"),
        ("editing", "the editors edit", "en"),
        ("director", "the director’s cut", "en"),
        ("naive", "a naïve view", "en"),
        ("editing", "編集はediting", "ja"),
        ("straße", "Die STRASSE", "de"),
        ("10000 films", "some 10,000 of them", "en"),
        ("10,000", "unas 10.000 personas", "es"),
        ("Lukasz", "Łukasz dreht", "de"),
        ("bjorn", "Bjørn filmer", "da"),
        ("ışık", "IŞIK", "tr"),
        ("oeuvre", "une œuvre", "fr"),
        ("电影", "我们的电影节", "zh"),
        ("倫理", "the word 倫理 in English", "en"),
        ("영화", "la palabra 영화제 en coreano", "es"),
    ],
)
def test_latin_and_other_scripts(query: str, text: str, language: str) -> None:
    assert finds(query, text, language)


def test_what_is_not_said_is_not_found() -> None:
    assert not finds("倫理", "映画の未来図を描く", "ja")
    assert not finds("영화", "판소리를 들었어요", "ko")
    assert not finds("کتاب", "فیلم‌نامه", "fa")
    assert not finds("の", "映画の話", "ja")


def test_the_word_itself_counts_for_more_than_its_letters_in_another() -> None:
    query = set(query_words("京都"))
    assert len(query & set(words("京都の映画館", "ja"))) > len(query & set(words("東京都の映画館", "ja")))


def test_a_mixed_query_is_analysed_script_by_script() -> None:
    found = query_words("映画 cine 영화 فيلم")
    assert {"映画", "cine", "영화", "فیلم"} <= set(found)
    assert len(found) == len(set(found))


def test_a_query_of_particles_is_taken_as_it_stands() -> None:
    assert query_words("の") == ("の",)
    assert query_words("ها") == ("ها",)
    assert query_words(" !? 🎬 ") == ()


def test_very_long_texts_are_analysed() -> None:
    assert words("映画" * 20_000, "ja").count("映画") >= 20_000


@given(st.text(max_size=40), st.sampled_from(["ja", "ko", "fa", "es", "en", "zh", "th", ""]))
def test_any_text_gives_tokens_that_blanks_may_join(text: str, language: str) -> None:
    for token in [*words(text, language), *query_words(text)]:
        assert token
        assert not any(letter.isspace() for letter in token)
    assert fold(fold(text)) == fold(text)
