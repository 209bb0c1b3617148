"""What people give to translate with: names and terms that come out right, remarks said before."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fakes_meaning import ScriptedEngine, TrustingJudge
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.memory import Memory
from nlp.terms import Terms, put_in
from nlp.translation import REMEMBERED, TERM_MISSING, GuardedTranslator, Guidance
from nlp.units import units_of

ENTRIES: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "salt-lamp": (
        "film",
        {"en": ("The Salt Lamp",), "ja": ("塩のランプ",), "fa": ("چراغ نمک",), "ko": ("소금 등불",)},
    ),
    "farhadi": ("person", {"en": ("Farhadi",), "fa": ("فرهادی",), "ko": ("파르하디",)}),
    "copyright": ("term", {"en": ("copyright",), "ja": ("著作権",), "es": ("derechos de autor",)}),
    "noto": ("place", {"ja": ("能登",)}),  # has no English form: nothing is wanted
}
TERMS = Terms.of(ENTRIES)


def translated(
    engine: ScriptedEngine, text: str, source: str, guidance: Guidance
) -> tuple[str, tuple[str, ...]]:
    (found,) = GuardedTranslator(engine, TrustingJudge()).translate([text], source, "en", guidance)
    return found.text, found.flags


def test_what_is_wanted_is_known_from_the_source() -> None:
    wanted = TERMS.wanted("能登で塩のランプの著作権について話しました。", "ja", "en")
    assert [(each.entry.id, each.forms) for each in wanted] == [
        ("salt-lamp", ("The Salt Lamp",)),
        ("copyright", ("copyright",)),
    ]
    assert TERMS.missing("Two copyrights of the salt lamp.", wanted, "en") == []
    assert [each.entry.id for each in TERMS.missing("About rights.", wanted, "en")] == [
        "salt-lamp",
        "copyright",
    ]
    assert Terms().wanted("能登で", "ja", "en") == []


def test_forms_are_put_in_where_the_names_stood() -> None:
    text = "소금 등불은 파르하디가 찍었습니다."
    assert put_in(text, TERMS.wanted(text, "ko", "en"), "en") == "The Salt Lamp 은 Farhadi 가 찍었습니다."
    back = "Farhadi made The Salt Lamp."
    assert put_in(back, TERMS.wanted(back, "en", "ja"), "ja") == "Farhadi made塩のランプ."


def test_a_name_that_is_nearly_right_is_mended() -> None:
    engine = ScriptedEngine(lambda unit: "Farhady shot it at night, as we know.")
    assert translated(engine, "파르하디가 밤에 찍었다는 것을 압니다.", "ko", Guidance(TERMS)) == (
        "Farhadi shot it at night, as we know.",
        (),
    )


@pytest.mark.parametrize(
    ("translation", "mended"),
    [
        ("Kim Ji-won and somebody came.", "Kim Ji-won and somebody came."),
        ("Kim Jee-woo and Kim Ji-won came.", "Kim Ji-woo and Kim Ji-won came."),
        ("Kim Ji-woo and Kim Chi-won came.", "Kim Ji-woo and Kim Ji-won came."),
    ],
)
def test_a_name_that_is_right_is_not_taken_for_one_that_is_like_it(translation: str, mended: str) -> None:
    terms = Terms.of(
        {
            "woo": ("person", {"en": ("Kim Ji-woo",), "ko": ("김지우",)}),
            "won": ("person", {"en": ("Kim Ji-won",), "ko": ("김지원",)}),
        }
    )
    engine = ScriptedEngine(lambda unit: translation)
    assert translated(engine, "김지우와 김지원이 왔습니다.", "ko", Guidance(terms))[0] == mended


def test_a_term_is_not_put_for_another_word_that_is_like_it() -> None:
    terms = Terms.of({"animation": ("term", {"en": ("animation",), "ja": ("アニメーション",)})})
    wanted = terms.wanted("アニメーションの監督です。", "ja", "en")
    assert terms.mended("The animator directs.", wanted, "en") == "The animator directs."
    assert terms.mended("He directs anymation.", wanted, "en") == "He directs anymation."
    assert terms.mended("He directs annimation.", wanted, "en") == "He directs animation."


@pytest.mark.parametrize(
    ("translation", "missing"),
    [
        ("He said that it was raining again.", True),
        ("Aim at it.", True),
        ("AIs write it.", False),
        ("An AI-made film.", False),
    ],
)
def test_a_short_term_is_not_found_within_other_words(translation: str, missing: bool) -> None:
    terms = Terms.of({"ai": ("term", {"en": ("AI",), "ja": ("人工知能",)})})
    wanted = terms.wanted("人工知能の話です。", "ja", "en")
    assert bool(terms.missing(translation, wanted, "en")) == missing


def test_a_name_that_is_missing_is_put_into_the_source() -> None:
    engine = ScriptedEngine(lambda unit: "The lantern was shot at night by him.", lambda unit: unit)
    text, flags = translated(engine, "El film es 소금 등불 según dice.", "ko", Guidance(TERMS))
    assert engine.asked[1] == ["El film es The Salt Lamp según dice."]
    assert "The Salt Lamp" in text
    assert flags == ()


def test_what_stays_without_the_name_is_flagged() -> None:
    engine = ScriptedEngine(lambda unit: "It was shot at night by somebody.", lambda unit: "At night it was.")
    _, flags = translated(engine, "파르하디가 밤에 찍었다는 것을 압니다.", "ko", Guidance(TERMS))
    assert flags == (TERM_MISSING,)


def test_the_same_text_gets_the_same_translation_and_says_so() -> None:
    memory = Memory([{"es": "El río canta.", "en": "The river is singing."}])
    engine = ScriptedEngine(lambda unit: "Something else.")
    assert translated(engine, " el  río CANTA.", "es", Guidance(memory=memory)) == (
        "The river is singing.",
        (REMEMBERED,),
    )
    assert engine.asked == []


def test_emoji_are_put_into_what_a_machine_wrote_and_not_into_what_a_person_did() -> None:
    memory = Memory(
        [{"es": "El río canta en la noche oscura 🌊.", "en": "The river is singing in the dark night."}]
    )
    engine = ScriptedEngine(lambda unit: "All of them were waiting for the morning.")
    text = "El río canta en la noche oscura 🌊. Todos esperaban la mañana 🌅."
    assert translated(engine, text, "es", Guidance(memory=memory))[0] == (
        "The river is singing in the dark night. All of them were waiting for the morning. 🌅"
    )


def test_a_sentence_said_before_is_used_within_a_longer_text() -> None:
    said = {
        "es": "El río canta de noche. La cámara espera en la orilla.",
        "en": "The river sings at night. The camera waits on the bank.",
    }
    engine = ScriptedEngine(lambda unit: "Nobody knows why, they say.")
    text, flags = translated(
        engine,
        "La cámara espera en la orilla. Nadie sabe por qué, dicen.",
        "es",
        Guidance(memory=Memory([said])),
    )
    assert text == "The camera waits on the bank. Nobody knows why, they say."
    assert engine.asked == [["Nadie sabe por qué, dicen."]]
    assert flags == ()


@pytest.mark.parametrize(
    ("said", "meant", "asked"),
    [
        (  # as many units, but other sentences went together
            "そうです。映画は記憶だと思います。ありがとうございます。",
            "That is right, indeed. I think film is memory. Thank you.",
            "ありがとうございます。",
        ),
        (  # as many sentences, of which one says what three say
            "私は心からそう思います。では、次の方の質問に移りましょう。",
            "I believe so with all my heart, and my whole crew believes it as well, by day and by night, in "
            "the rain and in the snow. Next question, please.",
            "私は心からそう思います。",
        ),
        (  # one sentence in clauses, which come in another order
            f"{'私たちは山で夜を待ち、' * 14}朝に帰りました。",
            f"We went home in the morning, {'having waited in the mountains for the night, ' * 8}all of us.",
            f"{'私たちは山で夜を待ち、' * 14}",
        ),
    ],
)
def test_sentences_that_may_not_belong_together_are_not_remembered_apart(
    said: str, meant: str, asked: str
) -> None:
    memory = Memory([{"ja": said, "en": meant}])
    assert memory.exact(said, "ja", "en") == meant
    assert all(memory.exact(unit, "ja", "en") is None for unit in (asked, *units_of(said, "ja")))


def test_the_same_text_is_remembered_in_every_language_that_it_was_said_in() -> None:
    memory = Memory([{"ja": "ありがとう。", "en": "Thank you."}, {"ko": "고마워요.", "en": "Thank you."}])
    assert memory.exact("Thank you.", "en", "ja") == "ありがとう。"
    assert memory.exact("Thank you.", "en", "ko") == "고마워요."


def test_later_translations_go_before_earlier_ones() -> None:
    memory = Memory([{"es": "Sí.", "en": "Yes."}, {"es": "sí.", "en": "Indeed."}])
    assert memory.exact("Sí.", "es", "en") == "Indeed."
    assert memory.exact("Indeed.", "en", "es") == "sí."
    assert memory.exact("No.", "es", "en") is None
    assert memory.exact("Sí.", "es", "ja") is None


def test_remarks_that_are_alike_are_shown() -> None:
    memory = Memory(
        [
            {"es": "La cámara espera en la orilla del río.", "en": "The camera waits on the bank."},
            {"es": "Nadie duerme esta noche.", "en": "Nobody sleeps tonight."},
            {"es": "La cámara espera en la calle.", "ja": "カメラは通りで待つ。"},
        ]
    )
    engine = ScriptedEngine(lambda unit: "The camera sleeps on the bank of the river.")
    translated(engine, "La cámara duerme en la orilla del río.", "es", Guidance(memory=memory))
    assert [[each["en"] for each in shown] for shown in engine.shown] == [["The camera waits on the bank."]]


def test_a_remark_of_several_lines_is_shown_on_one() -> None:
    said = {"es": "La cámara espera\nen la orilla del río.", "en": "The camera\nwaits on the bank."}
    (shown,) = Memory([said]).near("La cámara duerme en la orilla del río.", "es", "en")
    assert shown == {"es": "La cámara espera en la orilla del río.", "en": "The camera waits on the bank."}


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=5), st.text(max_size=60))
def test_no_memory_makes_it_stumble(pairs: list[tuple[str, str]], text: str) -> None:
    memory = Memory([{"fa": source, "en": target} for source, target in pairs])
    memory.exact(text, "fa", "en")
    assert len(memory.near(text, "fa", "en")) <= 2


@pytest.mark.parametrize("source", ["ko", "fa", "ja", "es"])
@settings(max_examples=25)
@given(text=st.text(max_size=80))
def test_no_text_makes_terms_stumble(source: str, text: str) -> None:
    wanted = TERMS.wanted(text, source, "en")
    put_in(text, wanted, "en")
    assert set(TERMS.missing(text, wanted, "en")) <= set(wanted)
