"""Passages: whole sentences of one speaker in one language, with ids that stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nlp.passages import PassageOptions, build_passages
from transcripts.records import Passage, Segment, Span, Turn, Word

OPTIONS = PassageOptions()
NAMES = {"S1": "director"}


def segment(start_s: float, end_s: float, language: str, text: str, speaker: str | None = "S1") -> Segment:
    return Segment(f"s{start_s}", "opening", Span(start_s, end_s), language, 0.9, text, (), 0.8, speaker)


def build(*segments: Segment) -> list[Passage]:
    spoken = [(each.span, each.speaker) for each in segments if each.speaker]
    turns = [Turn("opening", span, label, NAMES.get(label)) for span, label in spoken]
    return build_passages(segments, turns, OPTIONS)


def test_sentences_of_one_speaker_are_one_passage() -> None:
    (passage,) = build(segment(0, 4, "en", "Hello all. Welcome"), segment(4.2, 6, "en", "to the panel."))
    assert passage.text == "Hello all. Welcome to the panel."
    assert passage.speaker_id == "director"
    assert passage.span == Span(0, 6)
    assert passage.id == "opening-00000000"
    assert passage.segment_ids == ("s0", "s4.2")


def test_a_change_of_speaker_language_or_a_long_silence_ends_a_passage() -> None:
    found = build(
        segment(0, 2, "en", "One."),
        segment(2, 4, "en", "Two.", "S2"),
        segment(4, 6, "es", "Tres.", "S2"),
        segment(8.1, 9, "es", "Cuatro.", "S2"),
    )
    assert [passage.text for passage in found] == ["One.", "Two.", "Tres.", "Cuatro."]
    assert [passage.speaker_id for passage in found] == ["director", None, None, None]


def test_a_passage_carries_the_share_of_its_time_that_is_its_speakers() -> None:
    said = segment(0, 10, "en", "One long sentence.")
    (own,) = build_passages([said], [Turn("opening", Span(0, 10), "S1")], OPTIONS)
    assert (own.speaker_share, own.flags) == (1.0, ())
    turns = [Turn("opening", Span(0, 5), "S1"), Turn("opening", Span(5, 10), "S2")]
    (shared,) = build_passages([said], turns, OPTIONS)
    assert (shared.speaker_share, shared.flags) == (0.5, ("speaker_doubtful",))


def test_japanese_is_joined_without_blanks_and_cut_at_full_stops() -> None:
    (passage,) = build(segment(0, 3, "ja", "映画は未来です。"), segment(3.1, 5, "ja", "倫理も大切です。"))
    assert passage.text == "映画は未来です。倫理も大切です。"


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "This is one short sentence."), ("fa", "این یک جملهٔ کوتاه است؟")]
)
def test_passages_hold_whole_sentences_up_to_about_80_words(language: str, sentence: str) -> None:
    found = build(segment(0, 120, language, " ".join([sentence] * 60)))
    assert len(found) > 2
    assert all(len(passage.text.split()) <= OPTIONS.most_words for passage in found)
    assert all(passage.text.endswith(sentence[-1]) for passage in found)


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("es", "Nadie llegó a tiempo.", "¿Por qué no vino nadie?"),
        ("es", "Eso me dijo ayer.", "«Nadie lo sabe.»"),
        ("en", "So she asked us.", '"Why would anyone do that?"'),
        ("en", "So she asked us.", "(Nobody had an answer.)"),
        ("en", 'He said "we are done here."', "Then he left."),
        ("fa", "او پرسید چرا؟", "«نمی‌دانم.»"),
        ("ja", "彼は言いました。", "「もう終わりだ。」"),
        ("fa", "او گفت.", "سهم آن ۲.۵ درصد شد."),
    ],
)
def test_what_opens_a_sentence_goes_with_it(language: str, first: str, second: str) -> None:
    spaced = language != "ja"
    most = max(len(each.split() if spaced else each) for each in (first, second))
    said = segment(0, 9, language, f"{first}{' ' * spaced}{second}")
    found = build_passages([said], [], PassageOptions(most_words=most, characters_per_word=1.0))
    assert [passage.text for passage in found] == [first, second]


@pytest.mark.parametrize(("language", "unit"), [("ko", "영화 "), ("ja", "映画")])
def test_speech_without_full_stops_is_cut_too(language: str, unit: str) -> None:
    found = build(segment(0, 300, language, unit * 600))
    assert len(found) > 3
    assert "".join(passage.text for passage in found).replace(" ", "") == (unit * 600).replace(" ", "")


def test_captions_without_full_stops_are_cut_between_captions() -> None:
    said = "私たちは映画祭のために毎日ChatGPTを使って脚本を書いていました"
    found = build(*(segment(4 * n, 4 * n + 4, "ja", said) for n in range(9)))
    assert len(found) > 1
    assert all(passage.text == said * (len(passage.text) // len(said)) for passage in found)


def test_a_foreign_word_is_not_cut_where_nobody_pauses() -> None:
    found = build(segment(0, 60, "ja", f"{'夜' * 118}ChatGPT2.5{'夜' * 118}"))
    assert len(found) > 1
    assert any("ChatGPT2.5" in passage.text for passage in found)


def test_foreign_words_of_two_captions_stay_two_words() -> None:
    (passage,) = build(segment(0, 2, "ja", "それはOK"), segment(2, 4, "ja", "Googleです。"))
    assert passage.text == "それはOK Googleです。"


def test_a_passage_keeps_word_times_flags_and_confidence() -> None:
    words = (Word("Hello", Span(0.5, 0.9), 0.9), Word(" there.", Span(1.0, 1.4), 0.7))
    spoken = replace(segment(0, 2, "en", "Hello there."), words=words, flags=("low_confidence",))
    (passage,) = build(spoken)
    assert passage.span == Span(0.5, 1.4)
    assert passage.flags == ("low_confidence",)
    assert passage.confidence == pytest.approx(0.8)


def test_ids_are_stable_and_unique() -> None:
    both = [segment(0, 2, "en", "One.", "S1"), segment(0, 2, "en", "Two.", "S2")]
    first, second = build(*both), build(*both)
    assert first == second
    assert len({passage.id for passage in first}) == 2
