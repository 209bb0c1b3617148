"""Names in passages: every written form in every language, and nothing that only looks like one."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.config import Conference
from nlp import names
from nlp.languages import LANGUAGES
from nlp.names import KnownName, Mention, NameMarker, forms_in, mark_passages, names_signature
from transcripts.errors import ModelError
from transcripts.records import Passage, Span

KNOWN = (
    KnownName("ana", "speaker", {"": ("Ana May",), "ja": ("アナ・メイ",)}),
    KnownName(
        "hong",
        "person",
        {
            "ko": ("홍상수",),
            "en": ("Hong Sang-soo",),
            "ja": ("ホン・サンス",),
            "fa": ("هونگ سانگ سو",),
            "es": ("Hong Sang-soo",),
        },
    ),
    KnownName("kiarostami", "person", {"fa": ("عباس کیارستمی", "کیارستمی"), "en": ("Kiarostami",)}),
    KnownName("kyoto", "place", {"ja": ("京都",), "en": ("Kyoto",)}),
    KnownName("noto", "place", {"ja": ("能登",), "en": ("Noto",)}),
    KnownName(
        "tehran",
        "place",
        {"en": ("Tehran",), "ja": ("テヘラン",), "es": ("Teherán",), "fa": ("تهران",), "ko": ("테헤란",)},
    ),
    KnownName(
        "lamp",
        "film",
        {
            "en": ("The Salt Lamp",),
            "ja": ("塩のランプ",),
            "es": ("La lámpara de sal",),
            "fa": ("چراغ نمک",),
            "ko": ("소금 등불",),
        },
    ),
    KnownName("biff", "organisation", {"en": ("BIFF",), "ko": ("부산국제영화제",)}),
    KnownName("busan", "place", {"ko": ("부산",)}),
)


@pytest.fixture(scope="module")
def marker() -> NameMarker:
    return NameMarker(KNOWN)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        # Korean joins particles, titles and the copula to a name
        ("ko", "홍상수는 테헤란에서 왔다.", ["홍상수=hong", "테헤란=tehran"]),
        ("ko", "홍상수감독님께서는 테헤란이었습니다", ["홍상수=hong", "테헤란=tehran"]),
        ("ko", "홍상수에게도, 홍상수입니다", ["홍상수=hong", "홍상수=hong"]),
        ("ko", "'소금등불'과 BIFF에서도", ["소금등불=lamp", "BIFF=biff"]),
        ("ko", "부산국제영화제는 부산에서", ["부산국제영화제=biff", "부산=busan"]),
        ("ko", "홍상수염, 신테헤란, 부산한 아침", []),
        ("ko", unicodedata.normalize("NFD", "홍상수는"), [f"{unicodedata.normalize('NFD', '홍상수')}=hong"]),
        # Japanese has no blanks; foreign names have points or none
        ("ja", "ホンサンスは京都で塩のランプを見た。", ["ホンサンス=hong", "京都=kyoto", "塩のランプ=lamp"]),
        ("ja", "アッバス・キアロスタミと東京都のﾃﾍﾗﾝ", ["ﾃﾍﾗﾝ=tehran"]),
        ("ja", "The Salt LampをKyotoで", ["The Salt Lamp=lamp", "Kyoto=kyoto"]),
        ("ja", "ブテヘラン、テヘランツアー、MyBIFF2", []),
        ("ja", "アナ・メイさん、アナメイ", ["アナ・メイ=ana", "アナメイ=ana"]),
        # Persian: Arabic twins of letters; a blank, a non-joiner or nothing between the parts of a name
        ("fa", "كیارستمي در تهران بود", ["كیارستمي=kiarostami", "تهران=tehran"]),
        ("fa", "عباس\u200cکیارستمی", ["عباس\u200cکیارستمی=kiarostami"]),
        ("fa", "چراغ‌نمک، چراغ نمک، چراغنمک را", ["چراغ‌نمک=lamp", "چراغ نمک=lamp", "چراغنمک=lamp"]),
        ("fa", "تهران‌ها و تهرانها", ["تهران=tehran", "تهران=tehran"]),
        ("fa", "تهرانی و نوتهران", []),
        ("fa", "تِهران", ["تِهران=tehran"]),
        # Latin script: case, accents, hyphens and line breaks, but no words run together or torn apart
        ("es", "La lampara de sal, en TEHERÁN", ["La lampara de sal=lamp", "TEHERÁN=tehran"]),
        ("es", "Vi The Salt Lamp con Ana May.", ["The Salt Lamp=lamp", "Ana May=ana"]),
        ("en", "the salt\nlamp, Hong Sangsoo", ["the salt\nlamp=lamp", "Hong Sangsoo=hong"]),
        ("en", "Noto's coast", ["Noto=noto"]),
        ("en", "No to that; noto; tehran; biff; Tehrani; The SaltLamps", []),
        ("de", "Kyoto, Tehran und 京都", ["Kyoto=kyoto", "Tehran=tehran", "京都=kyoto"]),
        ("en", "", []),
        ("en", " \u200f\n", []),
    ],
)
def test_names_are_found_as_they_are_written(
    marker: NameMarker, code: str, text: str, expected: list[str]
) -> None:
    assert [f"{text[each.start : each.end]}={each.target_id}" for each in marker.mark(text, code)] == expected


def test_the_longest_name_wins_and_then_the_first_of_the_file() -> None:
    twins = NameMarker(
        (
            KnownName("one", "film", {"en": ("Lamp",)}),
            KnownName("two", "place", {"en": ("Lamp", "Lamp Island")}),
        )
    )
    assert twins.mark("Lamp Island, Lamp", "en") == [
        Mention(0, 11, "place", "two"),
        Mention(13, 17, "film", "one"),
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(["Tehran", "홍상수", "京都", "تهران", "\ud800", "\u200c", "\x00", "😀", " "])),
    st.text(),
    st.sampled_from(["en", "ja", "fa", "ko", "es", "zh", "th"]),
)
def test_whatever_the_text_mentions_lie_in_it_and_apart(pieces: list[str], more: str, code: str) -> None:
    text = "".join([*pieces, more])
    found = MARKER.mark(text, code)
    assert found == sorted(found)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


MARKER = NameMarker(KNOWN)


def test_a_form_of_another_language_is_looked_for_where_it_is_no_word_by_chance() -> None:
    sin = KnownName("sin", "film", {"en": ("Sin", "Sin and Salt"), "ko": ("죄",)})
    assert forms_in(sin, "es") == ["Sin", "Sin and Salt", "죄"]  # it has no Spanish form
    named = KnownName("sin", "film", {**sin.forms, "es": ("Pecado",)})
    assert forms_in(named, "es") == ["Pecado", "Sin and Salt", "죄"]


def test_passages_get_mentions_that_refer_to_what_is_named(marker: NameMarker) -> None:
    passage = Passage("p1", "r", 0, Span(0, 1), None, "S1", "en", "Ana May was in Tehran.")
    person, place = mark_passages(marker, [passage])
    assert (person.passage_id, person.start, person.end) == ("p1", 0, 7)
    assert (person.kind, person.target_id, place.kind, place.target_id) == (
        "speaker",
        "ana",
        "place",
        "tehran",
    )
    assert person.signature == marker.signature == names_signature({})


def test_without_names_nothing_is_marked() -> None:
    assert NameMarker(()).mark("Tehran", "en") == []


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spaCy pipeline in a folder that marks names, as a statistical one does."""
    import spacy

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    patterns = [("PERSON", "Bahram"), ("GPE", "Tehran"), ("DATE", "Monday"), ("ORG", "Salt")]
    ruler.add_patterns([{"label": label, "pattern": text} for label, text in patterns])  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("pipeline") / "en"
    nlp.to_disk(folder)
    return folder


def test_an_installed_pipeline_marks_further_names(pipeline: Path) -> None:
    marker = NameMarker(KNOWN, {"en": str(pipeline)})
    text = "Bahram saw The Salt Lamp in Tehran on Monday. Salt!"
    assert [(text[each.start : each.end], each.kind, each.target_id) for each in marker.mark(text, "en")] == [
        ("Bahram", "person", ""),
        ("The Salt Lamp", "film", "lamp"),
        ("Tehran", "place", "tehran"),
        ("Salt", "organisation", ""),
    ]
    assert marker.mark("Bahram", "es") == []
    assert marker.signature != names_signature({})


def test_a_pipeline_that_does_not_load_is_told(tmp_path: Path) -> None:
    marker = NameMarker((), {"en": str(tmp_path)})
    with pytest.raises(ModelError, match="which marks names in English, cannot be loaded"):
        marker.mark("Tehran", "en")


def test_the_best_installed_pipeline_of_a_language_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    held = ["ja_core_news_sm", "ja_core_news_lg", "es_dep_news_trf", "xx_ent_wiki_sm", "ja_mine"]
    monkeypatch.setattr(names, "installed_versions", lambda: dict.fromkeys(held, ""))
    assert names.installed_models() == {"ja": "ja_core_news_lg", "es": "es_dep_news_trf"}
    assert names_signature({"ja": "ja_core_news_lg"}).options["models"] == {"ja": "ja_core_news_lg"}


def test_every_language_can_be_marked(marker: NameMarker) -> None:
    for code in LANGUAGES:
        assert "tehran" in {each.target_id for each in marker.mark("Tehran, تهران, 테헤란", code)}, code


def test_a_conference_names_its_speakers_and_its_glossary(tmp_path: Path) -> None:
    conference = Conference.model_validate(
        {
            "id": "c",
            "title": "C",
            "target_language": "en",
            "speakers": [{"id": "ana", "name": "Ana May"}, {"id": "bo", "name": "Bo"}],
            "glossary": [
                {"id": "ana", "kind": "person", "forms": {"ja": "アナ・メイ"}},
                {"id": "bo", "kind": "place", "forms": {"en": "Bo"}},
                {"id": "ai", "kind": "term", "forms": {"en": "AI"}},
            ],
            "panels": [{"id": "p", "title": "P"}],
        },
        context={"folder": tmp_path},
    )
    assert conference.known_names() == (
        KnownName("ana", "speaker", {"": ("Ana May",), "ja": ("アナ・メイ",)}),
        KnownName("bo", "speaker", {"": ("Bo",)}),
        KnownName("bo", "place", {"en": ("Bo",)}),
    )
