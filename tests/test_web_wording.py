"""The interface in five languages: complete catalogues, the right language, digits, dates, direction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from web_archive import local_client, make_archive

from transcripts.web.messages import catalogue, collected
from transcripts.web.templating import TEMPLATES
from transcripts.web.wording import INTERFACES, chosen, clock, direction_of, wording

TRANSLATED = [code for code in INTERFACES if code != "en"]
_PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with make_archive(tmp_path_factory.mktemp("wording") / "archive") as archive:
        yield local_client(archive)


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated(code: str) -> None:
    mine = {message.id: message for message in catalogue(code) if message.id}
    wanted = {message.id for message in collected() if message.id}
    assert wanted - mine.keys() == set(), "run 'python -m transcripts.web.messages', then translate"
    assert mine.keys() - wanted == set()
    for message in mine.values():
        for string in _forms(message.string):
            assert string.strip(), f"{code}: {message.id!r} has no translation"
            places = sorted(_PLACES.findall(_forms(message.id)[0]))
            assert sorted(_PLACES.findall(string)) == places, message.id


def _forms(text: object) -> list[str]:
    """A message's one form, or its plurals."""
    return [text] if isinstance(text, str) else [str(form) for form in cast("list[str]", text)]


@pytest.mark.parametrize("code", INTERFACES)
def test_pages_are_in_the_language_asked_for(client: TestClient, code: str) -> None:
    text = client.get("/panels/opening", headers={"accept-language": f"{code};q=0.9, de"}).text
    direction = "rtl" if code == "fa" else "ltr"
    assert f'<html lang="{code}" dir="{direction}">' in text
    assert wording(code).text("Transcript") in text
    assert wording(code).language("ja") in text


def test_numbers_have_the_digits_of_the_language() -> None:
    assert wording("fa").number(1234.5) == "۱٬۲۳۴٫۵"
    assert wording("es").number(1234.5) == "1.234,5"
    assert wording("en").number(1234.5) == "1,234.5"


def test_dates_are_written_as_the_language_does() -> None:
    assert wording("ja").date("2025-10-25") == "2025年10月25日"
    assert wording("es").date("2025-10-25T10:00:00+00:00") == "25 de octubre de 2025"
    assert wording("en").date("some day") == "some day"


def test_plurals_follow_the_language() -> None:
    spanish = wording("es")
    assert spanish.plural("%(num)s doubt", "%(num)s doubts", 1) == "%(num)s duda"
    assert spanish.plural("%(num)s doubt", "%(num)s doubts", 2) == "%(num)s dudas"


@given(st.text(max_size=300))
def test_any_preference_of_a_browser_leads_to_a_language(header: str) -> None:
    assert chosen([header], header).code in INTERFACES


def test_what_was_chosen_goes_before_what_the_browser_prefers() -> None:
    assert chosen(["ko"], "ja").code == "ko"
    assert chosen(["xx"], "de, fa-IR;q=0.8, ja;q=0.9").code == "ja"
    assert chosen([], "de").code == "en"


def test_directions_of_texts() -> None:
    assert [direction_of(code) for code in ("fa", "ar", "ja", "en")] == ["rtl", "rtl", "ltr", "ltr"]
    assert direction_of("no language") == "auto"


def test_times_are_written_as_clocks() -> None:
    assert [clock(seconds) for seconds in (-1, 0, 41.9, 725, 3723)] == [
        "0:00",
        "0:00",
        "0:41",
        "12:05",
        "1:02:03",
    ]


def test_templates_translate_only_what_they_write_themselves() -> None:
    for path in TEMPLATES.glob(
        "*.html"
    ):  # a text from elsewhere may hold a '%', which _() would read as a place
        assert re.findall(r"(?<![\w.])_\((?!\s*[\"'])", path.read_text(encoding="utf-8")) == [], path.name
