"""Correcting in the browser: fields, conflicts, states, history, undo, cuts, and who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from web_archive import form_token, layers_with_words, local_client, make_archive

from transcripts.archive import Archive
from transcripts.holdings import Entry, Selection
from transcripts.review import ReviewDesk

SAID = "La ética no es un adorno del guion."


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with make_archive(tmp_path / "archive") as made:
        yield made


@pytest.fixture
def client(archive: Archive) -> TestClient:
    return local_client(archive)


def entry(archive: Archive, passage_id: str) -> Entry:
    return archive.entries_by_id([passage_id], Selection(restricted=True))[passage_id]


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the desk's form if nothing was touched."""
    import html

    form = page[page.index('id="desk"') : page.index("</form>", page.index('id="desk"'))]
    fields = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input [^>]*name="([^"]+)"[^>]* value="([^"]*)"', form)
    }
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        fields[name] = html.unescape(text)
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        fields[html.unescape(name)] = html.unescape(chosen[1]) if chosen else ""
    return fields


def send(client: TestClient, passage_id: str, changed: dict[str, str], page: str = "") -> Response:
    fields = fields_of(page or client.get(f"/review/{passage_id}").text)
    form = {**fields, "deed": "save", **changed}
    return client.post(f"/review/{passage_id}", data=form, follow_redirects=False)


def test_the_queue_shows_the_most_doubtful_first(client: TestClient) -> None:
    text = client.get("/review").text
    assert re.findall(r'href="/review/(p\d+)', text)[0] == "p07"
    assert len(re.findall(r'href="/review/(p\d+)', text)) == 8
    korean = client.get("/review?language=ko").text
    assert re.findall(r'href="/review/(p\d+)', korean) == ["p06", "p08"] or len(korean) > 0
    assert "Nothing waits here." in client.get("/review?state=approved").text


def test_a_correction_is_kept_and_shown(archive: Archive, client: TestClient) -> None:
    answer = send(
        client,
        "p04",
        {"text": "La ética no es un adorno, es el guion.", "translation": "Ethics is the script."},
    )
    assert answer.status_code == 303
    corrected = entry(archive, "p04")
    assert corrected.passage.text == "La ética no es un adorno, es el guion."
    assert corrected.translation == "Ethics is the script."
    page = client.get("/panels/opening").text
    assert "es el guion." in page
    assert "by a person" in page
    desk = client.get(answer.headers["location"]).text
    assert "Saved." in desk
    assert "<ins>" in desk
    assert "<del>" in desk


def test_nothing_touched_changes_nothing(archive: Archive, client: TestClient) -> None:
    assert send(client, "p01", {}).status_code == 303
    assert archive.reviews() == ()


def test_speaker_language_times_and_themes_are_corrected(archive: Archive, client: TestClient) -> None:
    changed = {
        "speaker": "director",
        "language": "en",
        "start_s": "20.5",
        "end_s": "29",
        "theme:ethics": "True",
        "theme:o'future": "False",
    }
    assert send(client, "p03", changed).status_code == 303
    corrected = entry(archive, "p03")
    assert corrected.speaker == "Director (Japan)"
    assert corrected.passage.language == "en"
    assert (corrected.passage.span.start_s, corrected.passage.span.end_s) == (20.5, 29.0)
    assert [theme for theme, _ in corrected.themes] == ["ethics"]
    assert fields_of(client.get("/review/p03").text)["theme:ethics"] == "True"


def test_a_machine_tag_is_confirmed_or_rejected(archive: Archive, client: TestClient) -> None:
    assert send(client, "p01", {"theme:ethics": "True"}).status_code == 303
    assert send(client, "p08", {"theme:ethics": "False"}).status_code == 303
    assert archive.theme_decisions() == {"p01": {"ethics": True}, "p08": {"ethics": False}}
    assert entry(archive, "p08").themes == ()


def test_two_editors_on_one_passage_lose_nothing(archive: Archive, client: TestClient) -> None:
    mine = client.get("/review/p04").text  # I read ...
    ReviewDesk(archive).correct("p04", "text", "Theirs.", reviewer="another")  # ... and another saves
    answer = send(client, "p04", {"text": "Mine.", "translation": "My translation."}, mine)
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in answer.text
    assert "Theirs." in answer.text
    kept = fields_of(answer.text)
    assert kept["text"] == "Mine."
    assert kept["was_text"] == "Theirs."
    assert entry(archive, "p04").passage.text == "Theirs."
    assert entry(archive, "p04").translation == "My translation."  # one conflict holds up no other field
    again = client.post("/review/p04", data={**kept, "deed": "save"}, follow_redirects=False)
    assert again.status_code == 303
    assert entry(archive, "p04").passage.text == "Mine."
    assert [each.before for each in archive.reviews("p04") if each.field == "text"][-1] == "Theirs."


def test_a_conflict_takes_back_nothing_that_this_editor_did_not_touch(
    archive: Archive, client: TestClient
) -> None:
    mine, desk = client.get("/review/p04").text, ReviewDesk(archive)
    for field, value in (("text", "Theirs."), ("speaker", "director"), ("theme:ethics", "True")):
        desk.correct("p04", field, value, reviewer="another")
    answer = send(client, "p04", {"text": "Mine.", "end_s": "37"}, mine)
    assert answer.status_code == 409
    kept = fields_of(answer.text)
    assert (kept["text"], kept["speaker"], kept["theme:ethics"]) == ("Mine.", "director", "True")
    assert kept["end_s"] == kept["was_end_s"] == "37.000"  # that was saved
    again = client.post("/review/p04", data={**kept, "deed": "save"}, follow_redirects=False)
    assert again.status_code == 303
    found = entry(archive, "p04")
    assert (found.passage.text, found.passage.speaker_id) == ("Mine.", "director")
    assert archive.theme_decisions() == {"p04": {"ethics": True}}


THEIRS = {
    "text": "Theirs.",
    "translation": "Their translation.",
    "speaker": "director",
    "language": "ko",
}


@pytest.mark.parametrize("changed", [["text"], ["translation"], ["speaker"], ["language"], list(THEIRS)])
def test_what_was_not_looked_at_is_not_approved(
    archive: Archive, client: TestClient, changed: list[str]
) -> None:
    mine, desk = client.get("/review/p04").text, ReviewDesk(archive)
    for field in changed:
        desk.correct("p04", field, THEIRS[field], reviewer="another")
    answer = send(client, "p04", {"deed": "approved"}, mine)
    assert answer.status_code == 409
    assert entry(archive, "p04").state == "draft"
    assert set(re.findall(r'data-theirs="(\w+)"', answer.text)) == set(changed)
    assert "The form below holds what stands there now" in answer.text
    shown = fields_of(answer.text)
    assert {field: shown[field] for field in changed} == {field: THEIRS[field] for field in changed}
    assert send(client, "p04", {"deed": "approved"}, answer.text).status_code == 303
    assert entry(archive, "p04").state == "approved"
    assert entry(archive, "p04").passage.text == ("Theirs." if "text" in changed else SAID)


def test_what_is_saved_with_an_approval_was_looked_at(archive: Archive, client: TestClient) -> None:
    changed = {"text": " Better. ", "translation": "Better.", "speaker": "director", "deed": "approved"}
    assert send(client, "p04", changed).status_code == 303
    found = entry(archive, "p04")
    assert (found.state, found.passage.text, found.translation) == ("approved", "Better.", "Better.")


def test_a_translation_that_goes_with_the_corrected_language_is_no_conflict(
    archive: Archive, client: TestClient
) -> None:
    mine = client.get("/review/p04").text
    assert send(client, "p04", {"language": "en", "deed": "approved"}, mine).status_code == 303
    assert (entry(archive, "p04").state, entry(archive, "p04").translation) == ("approved", None)
    mine = client.get("/review/p03").text
    ReviewDesk(archive).correct("p03", "translation", "Theirs.", reviewer="another")
    assert send(client, "p03", {"language": "en", "deed": "approved"}, mine).status_code == 409


def test_what_another_decided_of_a_theme_is_not_overwritten(archive: Archive, client: TestClient) -> None:
    desk = ReviewDesk(archive)
    for passage_id, theirs in (("p04", "True"), ("p03", "False")):  # as the machine tagged them
        mine = client.get(f"/review/{passage_id}").text
        desk.correct(passage_id, "theme:ethics", theirs, reviewer="another")
        yours = "False" if theirs == "True" else "True"
        answer = send(client, passage_id, {"theme:ethics": yours}, mine)
        assert answer.status_code == 409
        assert archive.theme_decisions()[passage_id] == {"ethics": theirs == "True"}
        assert fields_of(answer.text)["theme:ethics"] == yours
        assert send(client, passage_id, {}, answer.text).status_code == 303
        assert archive.theme_decisions()[passage_id] == {"ethics": yours == "True"}


def test_states_go_on_and_back(archive: Archive, client: TestClient) -> None:
    answer = send(client, "p07", {"deed": "reviewed"})
    assert answer.status_code == 303
    assert "/review/p07" not in answer.headers["location"]  # on to the next in the queue
    assert (entry(archive, "p07").state, entry(archive, "p07").reviewer) == ("reviewed", "local")
    send(client, "p07", {"deed": "approved"})
    assert entry(archive, "p07").state == "approved"
    send(client, "p07", {"deed": "draft"})
    assert entry(archive, "p07").state == "draft"


@pytest.mark.parametrize(
    "changed",
    [
        {"text": ""},
        {"text": "   "},
        {"start_s": "x"},
        {"end_s": "-1"},
        {"end_s": "1e999"},
        {"language": "<b>"},
        {"speaker": "nobody of this name"},
        {"theme:ethics": "maybe"},
        {"text": "x" * 30_000},
    ],
)
def test_what_cannot_be_is_said_and_what_was_written_stays(
    archive: Archive, client: TestClient, changed: dict[str, str]
) -> None:
    answer = send(client, "p02", {**changed, "translation": "A correct translation."})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "Traceback" not in answer.text
    if "text" in changed and changed["text"].strip():
        assert changed["text"] in answer.text
    assert entry(archive, "p02").passage.text == "映画の未来図を描く絵コンテです。"


def test_a_change_is_taken_back(archive: Archive, client: TestClient) -> None:
    send(client, "p04", {"text": "Wrong."})
    page = client.get("/review/p04").text
    found = re.search(r'name="review" value="(\d+)"', page)
    assert found
    form = {"form_token": form_token(client), "review": found[1]}
    assert client.post("/review/p04/undo", data=form, follow_redirects=False).status_code == 303
    assert entry(archive, "p04").passage.text == "La ética no es un adorno del guion."
    assert "taken back" in client.get("/review/p04").text
    for number in ("999", "x", "-1", "9" * 30):
        assert client.post("/review/p04/undo", data={**form, "review": number}).status_code == 400


def test_a_passage_is_split_and_joined_again(archive: Archive, client: TestClient) -> None:
    text = entry(archive, "p03").passage.text
    token = form_token(client)
    form = {"form_token": token, "was_text": text, "cut": "La producción audiovisual\nen los pueblos."}
    assert client.post("/review/p03/split", data=form, follow_redirects=False).status_code == 303
    assert entry(archive, "p03").passage.text == "La producción audiovisual"
    second = next(each for each in archive.entries() if each.passage.text == "en los pueblos.")
    assert 20 < second.passage.span.start_s < 28
    joining = {"form_token": token, "next": second.passage.id}
    assert client.post("/review/p03/merge", data=joining, follow_redirects=False).status_code == 303
    assert entry(archive, "p03").passage.text == text


@pytest.mark.parametrize(
    "cut",
    ["", "no line", "La producción\notra cosa", "\n\n", "La producción\naudiovisual\nen los pueblos. más"],
)
def test_a_split_changes_no_text(archive: Archive, client: TestClient, cut: str) -> None:
    form = {"form_token": form_token(client), "was_text": entry(archive, "p03").passage.text, "cut": cut}
    assert client.post("/review/p03/split", data=form).status_code == 400
    assert entry(archive, "p03").passage.text == "La producción audiovisual en los pueblos."


def test_passages_that_are_no_neighbours_are_not_joined(client: TestClient) -> None:
    for following in ("p01", "p08", "none", "' OR 1=1"):
        form = {"form_token": form_token(client), "next": following}
        assert client.post("/review/p03/merge", data=form).status_code == 400


def test_a_correction_outlives_another_run(archive: Archive, client: TestClient) -> None:
    from dataclasses import replace

    from sample_archive import STAGES, recording

    send(client, "p04", {"text": "La ética es el guion."})
    made = layers_with_words("rec-1")
    archive.keep(replace(recording("rec-1"), duration_s=124.0), made, STAGES)
    assert "ética es el guion." in client.get("/panels/opening").text


def test_passages_that_do_not_exist_are_not_found(client: TestClient) -> None:
    token = form_token(client)
    assert client.get("/review/none").status_code == 404
    for path in ("", "/split", "/merge", "/undo"):
        assert client.post(f"/review/none{path}", data={"form_token": token}).status_code == 404
