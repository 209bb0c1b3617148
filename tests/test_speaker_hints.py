"""Hints of who is speaking: from what people say of themselves and of each other."""

from __future__ import annotations

from typing import Any

import pytest

from flows.yamlfile import configs_dir, read_yaml
from nlp.hints import HintOptions, compile_cues, find_hints, match_speaker
from transcripts.errors import ConfigurationError
from transcripts.records import Segment, Span, Speaker, SpeakerHint, Turn

OPTIONS = HintOptions()
CUES = compile_cues(read_yaml(configs_dir() / "speaker_cues.yaml").data)
ROSTER = [
    Speaker("tanaka", "Hiroshi Tanaka"),
    Speaker("garcia", "María García"),
    Speaker("yamada", "山田太郎"),
    Speaker("kim", "김철수"),
    Speaker("rezaei", "علی رضایی"),
]
TURNS = [Turn("r", Span(0, 30), "S1"), Turn("r", Span(31, 60), "S2"), Turn("r", Span(61, 90), "S3")]


def hints(language: str, text: str, at: Span) -> list[SpeakerHint]:
    """What is found in words of the second of three turns."""
    segment = Segment("s", "r", at, language, 0.9, text, speaker="S2")
    return find_hints([segment], TURNS, ROSTER, CUES, OPTIONS)


def told(language: str, text: str, at: Span) -> list[tuple[str, str, str | None]]:
    return [(hint.label, hint.heard, hint.speaker_id) for hint in hints(language, text, at)]


BEGINNING, END = Span(31, 36), Span(52, 60)


@pytest.mark.parametrize(
    ("language", "text", "heard", "speaker_id"),
    [
        ("en", "Good morning, my name is Hiroshi Tanaka and I direct films.", "Hiroshi Tanaka", "tanaka"),
        ("en", "Hello. I'm Tanakka, from Osaka.", "Tanakka", "tanaka"),
        ("es", "Hola, me llamo María García y soy productora.", "María García", "garcia"),
        ("es", "Buenos días, soy Maria Garcia.", "Maria Garcia", "garcia"),
        ("fa", "سلام، اسم من علی رضایی است.", "علی رضایی", "rezaei"),
        ("ja", "はじめまして、山田太郎と申します。", "山田太郎", "yamada"),
        ("ja", "東京映画大学の山田です。よろしくお願いします。", "山田", "yamada"),
        ("ko", "안녕하세요. 제 이름은 김철수입니다.", "김철수", "kim"),
        ("en", "My name is Jane Doe.", "Jane Doe", None),
    ],
)
def test_people_introduce_themselves(language: str, text: str, heard: str, speaker_id: str | None) -> None:
    assert told(language, text, BEGINNING) == [("S2", heard, speaker_id)]


@pytest.mark.parametrize(
    ("language", "text", "heard", "speaker_id"),
    [
        ("en", "The next question is from Maria Garcia.", "Maria Garcia", "garcia"),
        ("es", "La siguiente pregunta es de la señora García.", "García", "garcia"),
        ("es", "Le doy la palabra a Hiroshi Tanaka.", "Hiroshi Tanaka", "tanaka"),
        ("fa", "سؤال بعدی از آقای رضایی", "رضایی", "rezaei"),
        ("ja", "それでは、山田さん、お願いします。", "山田", "yamada"),
        ("ko", "다음 질문은 김철수 감독님 부탁드립니다.", "김철수", "kim"),
    ],
)
def test_whoever_is_called_speaks_next(language: str, text: str, heard: str, speaker_id: str) -> None:
    assert ("S3", heard, speaker_id) in told(language, text, END)


@pytest.mark.parametrize(
    ("language", "text", "heard", "speaker_id"),
    [
        ("en", "Thank you very much, Mr. Tanaka.", "Tanaka", "tanaka"),
        ("es", "Muchas gracias, señor Tanaka.", "Tanaka", "tanaka"),
        ("fa", "خیلی ممنون آقای رضایی.", "رضایی", "rezaei"),
        ("ja", "山田先生、ありがとうございました。", "山田", "yamada"),
        ("ko", "김철수 감독님 감사합니다.", "김철수", "kim"),
    ],
)
def test_whoever_is_thanked_spoke_before(language: str, text: str, heard: str, speaker_id: str) -> None:
    assert told(language, text, BEGINNING) == [("S1", heard, speaker_id)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I am Happy to be here. Thank you, everyone. This is Japan."),
        ("es", "Soy Productora. Gracias a todos."),
        ("fa", "من خیلی خوشحال هستم. ممنون از شما."),
        ("ja", "皆さん、ありがとうございます。私は学生です。"),
        ("ko", "저는 학생입니다. 선생님 감사합니다."),
        ("de", "Mein Name ist Hiroshi Tanaka."),  # nobody has written its cues
    ],
)
def test_other_words_are_no_hints(language: str, text: str) -> None:
    assert told(language, text, BEGINNING) == []


def test_words_far_from_a_change_of_speaker_are_no_hints() -> None:
    middle = Span(52, 58)
    assert told("en", "My name is Hiroshi Tanaka.", middle) == []
    assert told("en", "Thank you, Mr. Tanaka.", middle) == []
    assert told("en", "The next question is from Maria Garcia.", Span(31, 36)) == []


def test_a_hint_says_where_and_why() -> None:
    (hint,) = hints("en", "Right. Thank you, Mr. Tanaka.", BEGINNING)
    assert hint.recording_id == "r"
    assert 31 < hint.at_s < 36
    assert (hint.why, hint.quote) == ("previous", "Thank you, Mr. Tanaka")


def test_a_segment_of_nobody_gives_no_hint() -> None:
    segment = Segment("s", "r", BEGINNING, "en", 0.9, "My name is Hiroshi Tanaka.")
    assert find_hints([segment], TURNS, ROSTER, CUES, OPTIONS) == []


def test_a_name_that_fits_two_speakers_proposes_neither() -> None:
    roster = [Speaker("a", "Hiroshi Tanaka"), Speaker("b", "Aki Tanaka")]
    assert match_speaker("Tanaka", roster, OPTIONS) is None
    assert match_speaker("Aki Tanaka", roster, OPTIONS) == "b"
    assert match_speaker("Smith", roster, OPTIONS) is None
    assert match_speaker("Tanaka", [], OPTIONS) is None


def test_a_mistake_in_the_cues_is_told() -> None:
    def compiled(**cue: Any) -> None:
        compile_cues({"languages": {"en": {"name": r"\p{Lu}\w+", "titles": ["Mr"], "cues": [cue]}}})

    with pytest.raises(
        ConfigurationError, match="en: who is 'them', and can only be one of self, next, previous"
    ):
        compiled(who="them", pattern="{name}")
    with pytest.raises(ConfigurationError, match=r"en: the pattern '\(\{name\}' is not a regular expression"):
        compiled(who="self", pattern="({name}")
    with pytest.raises(ConfigurationError, match=r"en: the pattern 'I am' has no \{name\}"):
        compiled(who="self", pattern="I am")
