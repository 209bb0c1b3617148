"""What a decoder made up: stock phrases, sounds that are no speech, loops; each refusal has its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from fakes_speech import said, spread
from hypothesis import given
from hypothesis import strategies as st

from flows.models import stock_phrases
from nlp.asr import Decoded
from nlp.guards import LOOP_TURNS, GuardOptions, is_stock, refusal, without_loop
from nlp.languages import language, script_shares
from nlp.repeats import Repeat, doubled, first_repeat, letters

PHRASES = stock_phrases()
OPTIONS = GuardOptions(stock_phrases=PHRASES)
EVERY_PHRASE = [(code, phrase) for code, phrases in PHRASES.items() for phrase in phrases]


def reason(heard: Decoded, code: str = "en", duration_s: float = 3.0, declared_share: float = 0.9) -> str:
    return refusal(heard, code, duration_s, declared_share, OPTIONS)


# Stock phrases


@pytest.mark.parametrize(("code", "phrase"), EVERY_PHRASE)
def test_a_stock_phrase_over_doubtful_sound_is_refused_and_quoted(code: str, phrase: str) -> None:
    doubtful = spread(phrase, 0.0, 2.0, log_probability=-0.7)
    unspoken = replace(spread(phrase, 0.0, 2.0), no_speech_probability=0.4)
    for heard in (doubtful, unspoken):
        assert reason(heard, code).startswith("a stock phrase of the speech model")
        assert repr(heard.text) in reason(heard, code)


@pytest.mark.parametrize(("code", "phrase"), EVERY_PHRASE)
def test_a_stock_phrase_that_is_clearly_said_is_kept(code: str, phrase: str) -> None:
    assert reason(spread(phrase, 0.0, 2.0), code) == ""


@pytest.mark.parametrize(("code", "phrase"), EVERY_PHRASE)
def test_a_stock_phrase_is_written_in_its_languages_script(code: str, phrase: str) -> None:
    own = {"Japanese", "Han"} if code == "ja" else {language(code).script}
    assert own & set(script_shares(phrase))


@pytest.mark.parametrize(
    "text", ["THANK YOU FOR WATCHING!!", "you you you", "Bye-bye. Thanks for watching..."]
)
def test_punctuation_case_and_repeats_hide_no_stock_phrase(text: str) -> None:
    assert is_stock(text, PHRASES["en"])


@pytest.mark.parametrize("text", ["Thank you for watching my film with me.", "", "...", "young"])
def test_a_sentence_that_holds_a_stock_phrase_is_no_stock_phrase(text: str) -> None:
    assert not is_stock(text, PHRASES["en"])


def test_a_stock_phrase_of_another_language_is_taken_as_said() -> None:
    assert reason(spread("Gracias por ver", 0, 2, log_probability=-0.7), "en") == ""


# Other refusals


@pytest.mark.parametrize("text", ["", "...", "♪ ♪"])
def test_a_text_without_letters_is_nothing(text: str) -> None:
    assert reason(spread(text, 0, 2)) == "nothing was recognised"


def test_text_that_the_model_neither_believes_nor_takes_for_speech_is_refused() -> None:
    unbelieved = spread("whatever that was", 0, 2, log_probability=-1.2)
    assert reason(replace(unbelieved, no_speech_probability=0.83)) == (
        "not taken for speech (no-speech probability 0.83)"
    )
    assert reason(unbelieved) == ""
    assert reason(replace(spread("we did say it", 0, 2), no_speech_probability=0.83)) == ""


def test_a_short_sound_like_no_declared_language_is_refused() -> None:
    unbelieved = spread("uh huh", 0, 1, log_probability=-1.2)
    expected = "a sound of 1.2 s that is like none of the declared languages"
    assert reason(unbelieved, duration_s=1.2, declared_share=0.5) == expected
    assert reason(unbelieved, duration_s=1.2, declared_share=0.8) == ""
    assert reason(unbelieved, duration_s=2.5, declared_share=0.5) == ""
    assert reason(spread("uh huh", 0, 1), duration_s=1.2, declared_share=0.5) == ""


@pytest.mark.parametrize("text", ["Hum hum hum hum", "mmmmmmmm", "La, la, la, la, l", "あああああああああ"])
def test_a_chant_like_no_declared_language_is_refused(text: str) -> None:
    expected = f"one sound again and again, like none of the declared languages: {text!r}"
    assert reason(spread(text, 0, 4), declared_share=0.5) == expected
    assert reason(spread(text, 0, 4), declared_share=0.8) == ""


@pytest.mark.parametrize("text", ["no no no", "well no no no no", "no no no no, thanks"])
def test_words_beside_a_chant_are_no_chant(text: str) -> None:
    assert reason(spread(text, 0, 4), declared_share=0.5) == ""


# Loops


def test_more_than_can_be_said_in_a_short_strange_sound_is_refused() -> None:
    horn = replace(spread("1. 2. 3. 4. 4. 4.", 0.0, 0.2), flags=("too_fast",))
    assert "like none of the declared languages" in reason(horn, "fa", 0.2, declared_share=0.37)
    assert reason(horn, "fa", 0.2, declared_share=0.9) == ""


def test_one_syllable_again_and_again_is_no_speech_where_no_language_fits() -> None:
    chant = spread("اگه اگه اگه اگه", 0.0, 3.0)
    assert "again and again" in reason(chant, "fa", declared_share=0.1)
    assert reason(chant, "fa", declared_share=0.9) == ""
    assert reason(spread("no, no, no, no", 0.0, 3.0)) == ""


def test_what_is_said_after_a_loop_is_kept() -> None:
    loop = spread("thank you very much indeed " * 3 + "now the next question", 0.0, 14.0)
    kept = without_loop(loop, "en").text
    assert kept == "thank you very much indeed now the next question"


def test_a_loop_is_cut_after_its_first_turn() -> None:
    heard = spread("now " + "the same again and " * LOOP_TURNS, 0.0, 6.0)
    cut = without_loop(heard, "en")
    assert cut.text == "now the same again and"
    assert cut.words == heard.words[:5]
    assert cut.mean_log_probability == heard.mean_log_probability


def test_what_follows_a_loop_is_kept() -> None:
    heard = spread("the same again and " * LOOP_TURNS + "then we left", 0.0, 6.0)
    cut = without_loop(heard, "en")
    assert cut.text == "the same again and then we left"
    assert cut.words == heard.words[:4] + heard.words[-3:]


def test_a_loop_without_blanks_is_cut_too() -> None:
    pieces = ["これは", "機械", "です"] * 4
    heard = said(*((piece, 0.3 * at, 0.3 * (at + 1)) for at, piece in enumerate(pieces)))
    assert without_loop(heard, "ja").text == "これは機械です"


def test_a_phrase_really_said_twice_is_kept() -> None:
    heard = spread("never trust a machine never trust a machine", 0.0, 4.0)
    assert without_loop(heard, "en") is heard


def test_a_second_turn_faster_than_anyone_speaks_is_cut() -> None:
    words = ["never", "trust", "a", "machine"]
    slow = [(f" {word}", 0.5 * at, 0.5 * (at + 1)) for at, word in enumerate(words)]
    fast = [(f" {word}", 2 + 0.1 * at, 2 + 0.1 * (at + 1)) for at, word in enumerate(words)]
    assert without_loop(said(*slow, *fast), "en").text == "never trust a machine"


@pytest.mark.parametrize("text", ["no no no", "very very good", "We came, we saw, and we went home."])
def test_what_people_do_repeat_is_no_loop(text: str) -> None:
    heard = spread(text, 0, 2)
    assert without_loop(heard, "en") is heard


def test_a_loop_without_timed_words_is_left_as_it_is() -> None:
    heard = replace(spread("round and round it goes " * 4, 0, 6), words=())
    assert without_loop(heard, "en") is heard


def test_a_loop_behind_what_was_said_twice_is_cut() -> None:
    text = (
        "never trust a machine " * 2
        + "so thank you all for being here "
        + "thank you all for being here " * 7
    )
    cut = without_loop(spread(text, 0.0, 30.0), "en")
    assert cut.text == "never trust a machine never trust a machine so thank you all for being here"


def test_every_loop_is_cut() -> None:
    text = "we begin now and " * 3 + "then we all go home " * 5 + "at last"
    assert without_loop(spread(text, 0, 30), "en").text == "we begin now and then we all go home at last"


@pytest.mark.parametrize(
    ("text", "code", "wanted"),
    [
        ("j" + "aj" * 60, "es", "jajajajajaja"),
        ("네" * 60, "ko", "네" * 5),
        ("well, " + "ja" * 60 + "!", "es", "well, jajajajajaja!"),
        ("sí " + "ja" * 60 + " gracias", "es", "sí jajajajajaja gracias"),
        ("blablablablablablablabla", "es", "blablablablablablablabla"),  # twice twelve letters may be said
    ],
)
def test_a_loop_within_a_word_is_cut(text: str, code: str, wanted: str) -> None:
    heard = spread(text, 0, 10)
    cut = without_loop(heard, code)
    assert cut.text == "".join(word.text for word in cut.words).strip() == wanted
    assert [word.span for word in cut.words] == [word.span for word in heard.words]


@given(st.text("abc", min_size=0, max_size=6), st.text("abcde ", min_size=12, max_size=20), st.integers(3, 6))
def test_whatever_loops_is_cut_to_less(start: str, phrase: str, turns: int) -> None:
    heard = spread(" ".join([start, *[phrase] * turns]), 0.0, 8.0)
    cut = without_loop(heard, "en")
    spans = {word.span: word.text for word in heard.words}
    assert [word.span for word in cut.words] == sorted(word.span for word in cut.words)
    assert all(spans[word.span].startswith(word.text) for word in cut.words)
    assert cut.text == "".join(word.text for word in cut.words).strip()
    if len(letters(phrase)) >= 12:
        assert len(letters(cut.text)) < len(letters(heard.text))
    assert without_loop(cut, "en") == cut


# Repeats


def naive_repeat(tokens: Sequence[str], shortest: int, turns: int) -> tuple[int, int] | None:
    """Start and length of the first repeat, of the shortest that start there; by trying everything."""
    for start in range(len(tokens)):
        for length in range(shortest, len(tokens) // turns + 1):
            phrase = list(tokens[start : start + length])
            if list(tokens[start : start + turns * length]) == phrase * turns:
                return start, length
    return None


@given(st.text("ab", max_size=24), st.integers(1, 4), st.integers(2, 4))
def test_the_first_repeat_is_the_one_that_trying_everything_finds(
    text: str, shortest: int, turns: int
) -> None:
    tokens = list(text)
    found = first_repeat(tokens, shortest, turns)
    assert (found and (found.start, found.length)) == naive_repeat(tokens, shortest, turns)
    if found:
        phrase = tokens[found.start : found.start + found.length]
        assert found.turns >= turns
        assert tokens[found.start : found.start + found.turns * found.length] == phrase * found.turns
        after = (phrase * 2)[(found.end - found.start) % found.length]
        assert found.end == len(tokens) or tokens[found.end] != after


def test_a_repeat_counts_its_turns_and_not_what_is_left_over() -> None:
    assert first_repeat(list("xabcabcabcab"), 3, 2) == Repeat(1, 3, 12)
    assert Repeat(1, 3, 12).turns == 3


def test_a_doubled_phrase_is_shorter_in_scripts_that_say_more_with_a_letter() -> None:
    assert doubled("難しい問題 難しい問題", "ja") is None
    assert doubled("難しい問題だ。難しい問題だ。", "ja") == Repeat(0, 6, 12)
    assert doubled("a hard one a hard one", "en") is None
    assert doubled("a harder one yet, a harder one yet", "en") == Repeat(0, 13, 26)
