"""Words with times: from aligned tokens to the words of the language, marks where they belong."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.words import timed_pieces, whole_words, without_stray_blanks
from transcripts.records import Span, Word

END = 0  # the token that ends a text


def pieces(texts: Sequence[str], step_s: float = 0.1) -> list[Word]:
    """Pieces of one length, one after the other."""
    return [
        Word(text, Span(at * step_s, (at + 1) * step_s), 0.5 + at % 5 / 10) for at, text in enumerate(texts)
    ]


def texts(words: Sequence[Word]) -> list[str]:
    return [word.text for word in words]


def bounds(word: Word) -> tuple[float, float]:
    return word.span.start_s, word.span.end_s


def assert_in_order_and_inside(words: Sequence[Word], within: Span) -> None:
    for before, after in itertools.pairwise(words):
        assert before.span.start_s <= after.span.start_s
        assert before.span.end_s <= after.span.start_s + 1e-9
    assert all(within.start_s <= word.span.start_s for word in words)
    assert all(word.span.end_s <= within.end_s + 1e-9 for word in words)
    assert all(0 <= word.probability <= 1 for word in words)


# Japanese


def test_japanese_words_are_made_of_single_letters() -> None:
    written = "こんにちは、世界のAI機械学習は2024年に始まりました。"
    words = whole_words(pieces(written), "ja")
    assert texts(words) == [
        *("こんにちは、", "世界", "の", "AI", "機械", "学習", "は", "2024", "年", "に"),
        *("始まり", "まし", "た。"),
    ]
    assert bounds(words[1]) == pytest.approx((0.6, 0.8))


def test_a_piece_that_two_words_share_is_parted_by_its_letters() -> None:
    held = [Word("世界の機", Span(0.0, 0.8), 0.9), Word("械", Span(0.8, 1.0), 0.5)]
    world, of, machine = whole_words(held, "ja")
    assert texts([world, of, machine]) == ["世界", "の", "機械"]
    assert bounds(of) == pytest.approx((0.4, 0.6))
    assert bounds(machine) == pytest.approx((0.6, 1.0))
    assert machine.probability == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("私 は 行く", "私は行く"),
        ("はい。 そうです", "はい。そうです"),
        ("AI と human voice の話", "AIとhuman voiceの話"),
        ("data driven", "data driven"),
        (" 春", "春"),
    ],
)
def test_japanese_has_blanks_between_foreign_words_alone(written: str, expected: str) -> None:
    assert without_stray_blanks(written, "ja") == expected
    assert "".join(texts(whole_words(pieces(written), "ja"))) == expected


def test_other_languages_keep_their_blanks() -> None:
    assert without_stray_blanks("저는 AI를 써요", "ko") == "저는 AI를 써요"
    assert without_stray_blanks("one two", "en") == "one two"


JAPANESE = st.text("あいうのはがをカメラ世界機械学習映画人AIx2 、。「」！", max_size=30)


@given(JAPANESE, st.lists(st.integers(1, 4), min_size=30, max_size=30), st.floats(0.0, 0.4))
def test_japanese_words_lose_no_letter_and_no_order(text: str, lengths: list[int], step_s: float) -> None:
    ends = list(itertools.accumulate(lengths, initial=0))
    held = pieces([text[a:b] for a, b in itertools.pairwise(ends) if text[a:b]], step_s)
    words = whole_words(held, "ja")
    if text.strip():
        assert "".join(texts(words)) == without_stray_blanks(text, "ja")
    assert_in_order_and_inside(words, Span(0.0, step_s * len(held)))


# Marks


@pytest.mark.parametrize(
    ("given_texts", "expected"),
    [
        (["Yes", ",", " we", " did", "."], ["Yes,", " we", " did."]),
        ([" “", "Quoted", "”"], [" “Quoted”"]),
        ([" ¿", "Qué", "?", "!"], [" ¿Qué?!"]),
        (["سلام", "،", " دنیا", "؟"], ["سلام،", " دنیا؟"]),
        (["..."], ["..."]),
        ([], []),
    ],
)
def test_marks_go_to_the_word_they_stand_at(given_texts: list[str], expected: list[str]) -> None:
    assert texts(whole_words(pieces(given_texts), "en")) == expected


def test_a_mark_takes_time_and_leaves_the_probability_to_the_word() -> None:
    (only,) = whole_words([Word("Yes", Span(0, 1), 0.9), Word("!", Span(1.0, 1.2), 0.1)], "en")
    assert only == Word("Yes!", Span(0, 1.2), 0.9)
    (only,) = whole_words([Word("¡", Span(0, 0.1), 0.1), Word("Sí", Span(0.1, 1.0), 0.9)], "es")
    assert only == Word("¡Sí", Span(0, 1.0), 0.9)


@given(st.lists(st.text("ab ,.!", min_size=1, max_size=5), max_size=12))
def test_every_word_but_a_text_of_marks_alone_has_a_letter(given_texts: list[str]) -> None:
    words = whole_words(pieces(given_texts), "en")
    assert "".join(texts(words)) == "".join(given_texts)
    assert len(words) <= 1 or all(any(map(str.isalnum, word.text)) for word in words)
    assert_in_order_and_inside(words, Span(0.0, 0.1 * len(given_texts)))


# Times from an alignment


@dataclass(frozen=True)
class SpelledTokens:
    """A tokeniser of a letter a token; a blank begins a word."""

    text: str
    eot: int = END

    def split_to_word_tokens(self, tokens: Sequence[int]) -> tuple[list[str], list[list[int]]]:
        words = self.text.replace(" ", "\n ").split("\n")
        ends = list(itertools.accumulate(map(len, words), initial=0))
        groups = [list(tokens[a:b]) for a, b in itertools.pairwise(ends)]
        return [*words, ""], [*groups, [END]]


def timed(text: str, states: Sequence[int], within: Span, repeats: int = 1) -> tuple[Word, ...]:
    """Words of a text, each letter of which (and its end) is aligned to a state of the encoder."""
    path = [(token, state) for token, state in enumerate(states) for _ in range(repeats)]
    alignment = SimpleNamespace(
        alignments=path, text_token_probs=[0.5 + token % 2 / 2 for token in range(len(text))]
    )
    tokens: Any = SpelledTokens(text)
    found: Any = alignment
    return timed_pieces(tokens, [1] * len(text), found, within)


def test_a_word_begins_with_its_first_token_and_ends_with_the_next_word() -> None:
    first, second = timed("ab cd", [10, 20, 30, 40, 50, 60], Span(0.1, 5.0), repeats=3)
    assert texts([first, second]) == ["ab", " cd"]
    assert bounds(first) == pytest.approx((0.1, 0.5))
    assert bounds(second) == pytest.approx((0.5, 1.1))
    assert first.probability == 0.75


def test_times_are_kept_inside_what_was_spoken() -> None:
    first, second = timed("a b", [0, 5, 90, 200], Span(0.3, 2.0))
    assert bounds(first) == (0.0, 0.0)
    assert bounds(second) == pytest.approx((0.0, 1.7))


def test_without_an_alignment_there_are_no_words() -> None:
    assert timed("a b", [], Span(0.0, 2.0)) == ()


@given(st.text("ab ", min_size=1, max_size=20), st.data())
def test_aligned_words_are_in_order_and_inside(text: str, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(text) + 1))  # an alignment may end before the tokens do
    states = data.draw(st.lists(st.integers(0, 1500), min_size=count, max_size=count))
    within = Span(0.3, 0.3 + data.draw(st.floats(0.1, 28.0)))
    words = timed(text, states, within)
    assert "".join(map(str, texts(words))) in {"", text}
    assert_in_order_and_inside(words, Span(0.0, within.duration_s))


def test_japanese_words_from_two_threads_at_a_time() -> None:
    pieces = [
        Word(letter, Span(at / 10, (at + 1) / 10), 0.9) for at, letter in enumerate("映画祭を見ました" * 20)
    ]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: whole_words(pieces, "ja"), range(40)))
    assert all(words == found[0] for words in found)
