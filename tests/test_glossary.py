"""Names of the glossary: what was heard nearly like one is proposed, never changed in silence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlp.asr import Decoded, Piece, Recogniser
from nlp.attempts import Attempt, with_proposals
from nlp.audio import stream
from nlp.glossary import (
    Glossary,
    proposal_flag,
    read_proposal,
)
from nlp.runs import Run
from nlp.speech_options import SpeechOptions
from nlp.spelling import by_sound, same_spelling
from nlp.weights import resolve
from transcripts.errors import ConfigurationError
from transcripts.records import Span

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
GLOSSARY = Glossary.of(
    {
        "miyazaki": {"en": ["Hayao Miyazaki", "Miyazaki"], "ja": ["宮崎駿"], "fa": ["میازاکی"]},
        "spielberg": {
            "en": ["Spielberg"],
            "es": ["Steven Spielberg"],
            "fa": ["استیون اسپیلبرگ"],
            "ja": ["スピルバーグ"],
            "ko": ["스필버그"],
        },
        "almodovar": {"es": ["Almodóvar"]},
        "machiavelli": {"ja": ["マキアヴェルリ"]},
        "kiarostami": {"fa": ["عباس کیارستمی"]},
        "noto": {"en": ["Noto"], "ja": ["のと", "能登"]},
        "lee": {"en": ["Lee"]},
        "ai": {"ko": ["인공지능"], "fa": ["هوش مصنوعی"], "en": ["co-creator"], "ja": ["人工知能"]},
        "transformer": {"fa": ["ترنسفورمر"]},
    }
)


def proposals(text: str, code: str) -> list[tuple[str, str]]:
    """What was heard and what is proposed; every part is where it is said to be."""
    found = GLOSSARY.near_misses(text, code)
    assert [text[each.start : each.end] for each in found] == [each.heard for each in found]
    assert all(0 < each.likeness <= 100 for each in found)
    return [(each.heard, each.form) for each in found]


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("en", "I asked Hayao Miasaki about it.", [("Hayao Miasaki", "Hayao Miyazaki")]),
        ("en", "Miya Zaki and Spilberg's son", [("Miya Zaki", "Miyazaki"), ("Spilberg", "Spielberg")]),
        ("en", "Our cocreator is a machine.", [("cocreator", "co-creator")]),
        ("en", "That was in Hayao. Miyasaki came.", [("Miyasaki", "Miyazaki")]),  # two sentences
        ("es", "con Almodobar", [("Almodobar", "Almodóvar")]),
        ("es", "o Stiven Spielberg", [("Stiven Spielberg", "Steven Spielberg")]),
        ("es", "una película de Almodovar", [("Almodovar", "Almodóvar")]),
        ("ja", "これはスピルバークの映画です", [("スピルバーク", "スピルバーグ")]),
        ("ja", "マキアベルリが国家の本質とした", [("マキアベルリ", "マキアヴェルリ")]),
        ("ja", "すぴるばーぐの映画", [("すぴるばーぐ", "スピルバーグ")]),
        ("ja", "ノトの海", [("ノト", "のと")]),
        ("ja", "宮崎俊の作品", [("宮崎俊", "宮崎駿")]),  # read alike
        ("ja", "それは人口知能です", [("人口知能", "人工知能")]),
        ("ko", "스필버거는 영화감독이다", [("스필버거", "스필버그")]),
        ("ko", "인공지눙으로 만든", [("인공지눙", "인공지능")]),
        ("fa", "فیلم عباس کیاروستمی را دیدم", [("عباس کیاروستمی", "عباس کیارستمی")]),
        ("fa", "حوش مسنوعی", [("حوش مسنوعی", "هوش مصنوعی")]),
    ],
)  # fmt: skip
def test_a_near_miss_is_proposed(code: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert proposals(text, code) == expected


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "MIYAZAKI and Hayao Miyazaki's co creator in Noto"),
        ("es", "Steven Spielberg y almodóvar"),
        ("ja", "スピルバーグは宮崎駿とのとで会った"),
        ("ko", "스필버그는 인공 지능을, 스필버그에게서"),
        ("fa", "هوش‌مصنوعی و هوش مصنوعي و ترنسفورمرها و عباس كيارستمی"),
    ],
)
def test_an_exact_name_gives_no_proposal(code: str, text: str) -> None:
    assert proposals(text, code) == []
    assert GLOSSARY.names_in(text, code)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "It is not to be; let me note the lie, lean and see, in to le monde. The creator"),
        ("ja", "この土地では人工的な知恵で、スピードを上げる"),
        ("ko", "스피커와 인공적인 것"),
        ("fa", "در این هوای خوب و مصنوعات"),
        ("zh", "宮崎"),  # the glossary has no name in this language
        ("en", ""),
        ("ja", "。、"),
    ],
)
def test_ordinary_words_give_no_proposal(code: str, text: str) -> None:
    assert proposals(text, code) == []


def test_a_name_is_not_corrected_to_its_neighbour_in_the_glossary() -> None:
    both = Glossary.of({"a": {"en": ["Miyazaki"]}, "b": {"en": ["Miyazawa"]}})

    assert both.near_misses("Miyazaki and Miyazawa", "en") == []
    assert [each.form for each in both.near_misses("Miyazawo", "en")] == ["Miyazawa"]


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="unknown language 'xx'"):
        Glossary.of({"a": {"xx": ["Name"]}})


@pytest.mark.parametrize(
    ("code", "one", "other"),
    [
        ("es", "Vallejo Zoe quien", "baiejo soe kien".replace("i", "y", 1)),
        ("en", "Philippe Beck", "filipe bek"),
        ("fa", "ثمین طاهری", "سمین تاهری"),
        ("ja", "ヴェネツィア", "ベネツイア"),
        ("ja", "ワークフロー", "わあくふろ".replace("あ", "")),
    ],
)
def test_what_sounds_alike_is_compared_alike(code: str, one: str, other: str) -> None:
    assert by_sound(one, code) == by_sound(other, code)
    assert same_spelling(one, code) != same_spelling(other, code)


@pytest.mark.parametrize(
    ("heard", "form"), [("Spilberg", "Spielberg"), ("a=b", "50%=c%3D"), ("하야", "하야오: 1")]
)
def test_a_proposal_is_read_from_its_flag_as_it_was_written(heard: str, form: str) -> None:
    assert read_proposal(proposal_flag(heard, form)) == (heard, form)


@pytest.mark.parametrize("flag", ["overlap", "glossary:", "glossary:no form", "language_doubtful"])
def test_other_flags_are_no_proposals(flag: str) -> None:
    assert read_proposal(flag) is None


class Listener:
    """Hears what it is told to, and the names that it is asked to listen for."""

    def __init__(self, heard: str, flags: tuple[str, ...] = ()) -> None:
        self.heard = Decoded(heard, (1,), -0.2, 0.0, flags)
        self.pieces: list[Piece] = []

    def transcribe(self, pieces: Sequence[Piece]) -> list[Decoded]:
        self.pieces += pieces
        return [self.heard for _ in pieces]


def attempts(*texts: str) -> list[Attempt]:
    sound = np.zeros(16000, dtype=np.float32)
    run = Run(Span(0.0, 1.0), "en", (("en", 1.0),))
    return [Attempt(run, sound, Decoded(text, (1,), -0.3, 0.0)) for text in texts]


def test_what_is_nearly_a_name_is_proposed_without_listening_again() -> None:
    listener = Listener("")
    first = attempts("Hello.", "I met Spilberg.", "I met Spielberg.")

    found = with_proposals(listener, first, GLOSSARY)  # type: ignore[arg-type]

    assert not listener.pieces
    assert [each.result.text for each in found] == [each.result.text for each in first]
    assert [each.result.flags for each in found] == [(), ("glossary:Spilberg=Spielberg",), ()]


@pytest.mark.parametrize(
    ("listener", "flags"),
    [
        (Listener("I met Spielberg."), ("glossary:Zilberg=Spielberg",)),
        (Listener("I met Zilberg."), ()),
        (Listener("I met Miyazaki."), ()),
    ],
    ids=["the name is heard", "the name is not heard", "another name is"],
)
def test_what_is_somewhat_like_a_name_is_listened_to_again_with_it(
    listener: Listener, flags: tuple[str, ...]
) -> None:
    first = attempts("I met Zilberg.")
    assert GLOSSARY.near_misses(first[0].result.text, "en") == []

    found = with_proposals(listener, first, GLOSSARY)  # type: ignore[arg-type]

    assert [piece.hotwords for piece in listener.pieces] == [("Spielberg",)]
    assert found[0].result.text == "I met Zilberg."  # nobody changes it in silence
    assert found[0].result.flags == flags


def test_nothing_is_decoded_again_without_near_misses() -> None:
    listener = Listener("")

    found = with_proposals(listener, attempts("Hello."), GLOSSARY)  # type: ignore[arg-type]

    assert [each.result.text for each in found] == ["Hello."]
    assert not listener.pieces


@pytest.mark.model
@pytest.mark.skipif(not SHARED.exists(), reason="the shared recordings are not here")
def test_names_to_listen_for_are_heard_and_change_no_other_piece() -> None:
    weights = resolve(SpeechOptions().model, lambda line: None)
    recogniser = Recogniser(weights.path, weights.revision, SpeechOptions())
    clips = json.loads((SHARED / "audio/manifest.json").read_text(encoding="utf-8"))
    paths = {clip["id"]: SHARED / "audio" / clip["file"] for clip in clips}
    japanese, korean = (
        Piece(np.concatenate(list(stream(paths[clip]))), code)
        for clip, code in (("ja_cv_32866882", "ja"), ("ko_ets_pmc00006", "ko"))
    )
    alone = recogniser.transcribe([japanese, korean])
    names = {"ja": ("マキアヴェルリ",), "ko": ("상하이", "스필버그")}

    together = recogniser.transcribe(
        [japanese, korean, *(replace(each, hotwords=names[each.language]) for each in (japanese, korean))]
    )

    assert together[:2] == alone
    assert not any("マキアヴェルリ" in each.text or "상하이" in each.text for each in alone)
    assert "マキアヴェルリ" in together[2].text
    assert "상하이" in together[3].text
    assert "스필버그" not in together[3].text
