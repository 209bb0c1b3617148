"""Who may do what: login, sessions, roles, and what is withheld from readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx2 import Response
from web_archive import addresses, form_token, make_archive

from transcripts.accounts import Accounts
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.rights import restrict
from transcripts.web.app import create_app
from transcripts.web.room import RoomSettings

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "a lamp of salt and snow"
FLOOR = quote('o\'neill "b"', safe="")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with make_archive(tmp_path / "archive") as made:
        accounts = Accounts(made, hasher=QUICK)
        for role in ("reader", "editor", "administrator"):
            accounts.add_user(role, role, PASSWORD)
        yield made


def stranger(archive: Archive, settings: RoomSettings | None = None) -> TestClient:
    """A browser that comes by HTTPS from elsewhere."""
    app = create_app(archive, settings or RoomSettings(login=True))
    app.state.room.accounts = Accounts(archive, hasher=QUICK)
    return TestClient(app, base_url="https://archive.example")


def log_in(client: TestClient, name: str, password: str = PASSWORD, going_to: str = "/") -> Response:
    form = {"form_token": form_token(client, "/login"), "name": name, "password": password, "next": going_to}
    return client.post("/login", data=form, follow_redirects=False)


def logged_in(archive: Archive, name: str) -> TestClient:
    client = stranger(archive)
    assert log_in(client, name).status_code == 303
    return client


def filled(path: str) -> str:
    for name, value in (
        ("panel_id", "opening"),
        ("recording_id", "rec-1"),
        ("passage_id", "p01"),
        ("language", "en"),
    ):
        path = path.replace(f"{{{name}}}", value)
    return path


def test_strangers_see_the_login_page_only(archive: Archive) -> None:
    client = stranger(archive)
    for path in addresses(changing=False):
        answer = client.get(filled(path), follow_redirects=False)
        if path == "/login":
            assert answer.status_code == 200
        elif path.startswith(("/api/", "/media/")) and path != "/api/docs":
            assert answer.status_code == 401
            assert "倫理" not in answer.text
        else:
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login")


def test_strangers_change_nothing(archive: Archive) -> None:
    client = stranger(archive)
    token = form_token(client, "/login")
    for path in addresses(changing=True):
        if path in ("/login", "/preferences"):
            continue
        answer = client.post(filled(path), data={"form_token": token}, follow_redirects=False)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login")
    assert archive.reviews() == ()


def test_a_person_logs_in_goes_on_and_logs_out(archive: Archive) -> None:
    client = stranger(archive)
    asked = client.get("/panels/opening?t=3", follow_redirects=False)
    going_to = "/panels/opening?t=3"
    assert asked.headers["location"] == "/login?next=" + quote(going_to, safe="")
    answer = log_in(client, "reader", going_to=going_to)
    assert answer.headers["location"] == going_to
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-symposia=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert client.get("/").status_code == 200
    session = client.cookies["__Host-symposia"]
    client.post("/logout", data={"form_token": form_token(client)})
    assert client.get("/", follow_redirects=False).status_code == 303
    client.cookies.set("__Host-symposia", session, domain="archive.example")
    assert client.get("/", follow_redirects=False).status_code == 303  # the token is worth nothing now


def test_wrong_passwords_are_refused_alike_and_not_for_ever(archive: Archive) -> None:
    client = stranger(archive)
    known, unknown = log_in(client, "reader", "wrong password"), log_in(client, "nobody", "wrong password")
    assert known.status_code == unknown.status_code == 401

    def without_name(answer: Response) -> str:
        return re.sub(r'value="[^"]*"', "", answer.text)

    assert without_name(known) == without_name(unknown)
    statuses = [log_in(client, "reader", "wrong password").status_code for _ in range(6)]
    assert statuses[-1] == 429
    answer = log_in(client, "reader")
    assert answer.status_code == 429  # the right one too, for a while
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("token", ["", "x", "0" * 43, "' OR 1=1 --", "%00", "ü" * 10, "a" * 4000])
def test_forged_sessions_are_nobodys(archive: Archive, token: str) -> None:
    client = stranger(archive)
    headers = [(b"cookie", b"__Host-symposia=" + token.encode("latin-1"))]
    assert client.get("/", headers=headers, follow_redirects=False).status_code == 303


def test_the_hash_in_the_archive_opens_nothing(archive: Archive) -> None:
    from sqlalchemy import select

    from transcripts.schema import sessions

    logged_in(archive, "administrator")
    with archive.reading() as connection:
        kept = connection.execute(select(sessions.c.token)).scalar_one()
    client = stranger(archive)
    client.cookies.set("__Host-symposia", kept, domain="archive.example")
    assert client.get("/", follow_redirects=False).status_code == 303


def test_a_person_who_is_removed_is_out_at_once(archive: Archive) -> None:
    client = logged_in(archive, "editor")
    assert client.get("/review").status_code == 200
    Accounts(archive).remove_user("editor")
    assert client.get("/review", follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (ArchiveError("db.example.org does not answer"), 503, "The archive cannot be read at the moment."),
        (RuntimeError("a defect"), 500, "This is a defect of symposia."),
    ],
)
def test_an_archive_that_cannot_say_who_it_is_is_told_in_words(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, said: str
) -> None:
    def fail(self: Accounts, token: str) -> None:
        raise error

    client = logged_in(archive, "editor")
    monkeypatch.setattr(Accounts, "user_of_session", fail)
    cookies, address = client.cookies, str(client.base_url)
    client = TestClient(client.app, address, raise_server_exceptions=False, cookies=cookies)
    for path in ("/panels/opening", "/api/panels"):
        answer = client.get(path)
        assert answer.status_code == status
        assert said in answer.text
        assert "db.example.org" not in answer.text  # nothing of our machines for whom nobody knows
        assert "content-security-policy" in answer.headers
        assert ("<!doctype html>" in answer.text) is (path != "/api/panels")


def test_what_was_written_outlives_the_session(archive: Archive) -> None:
    client = logged_in(archive, "editor")
    token = form_token(client, "/review/p04")
    client.cookies.clear()
    form = {"form_token": token, "text": "An hour's <b>work</b>.", "was_text": "As it was.", "deed": "save"}
    form |= {"was_translation": "Left alone.", "translation": "Left alone.", "password": "secret"}
    answer = client.post("/review/p04", data=form, follow_redirects=False)
    assert answer.status_code == 403
    assert "Your session has ended" in answer.text
    assert "An hour&#39;s &lt;b&gt;work&lt;/b&gt;." in answer.text
    assert 'href="/login"' in answer.text
    for nobodys in ("Left alone.", "As it was.", "secret", token):
        assert nobodys not in answer.text
    assert archive.reviews() == ()
    kind = {"content-type": "application/json"}
    for odd in (b"", b"{}"):  # nothing that could be kept
        answer = client.post("/review/p04", content=odd, headers=kind, follow_redirects=False)
        assert answer.headers["location"].startswith("/login")


def test_a_reader_does_not_reach_what_is_for_editors(archive: Archive) -> None:
    client = logged_in(archive, "reader")
    token = form_token(client)
    for path in addresses(changing=False):
        if path.startswith(("/review", "/rights")):
            assert client.get(filled(path)).status_code == 403, path
    for path in addresses(changing=True):
        if path.startswith(("/review", "/rights")):
            form = {"form_token": token, "text": "x", "was_text": "y", "deed": "save"}
            assert client.post(filled(path), data=form).status_code == 403, path
    assert archive.reviews() == ()
    page = client.get("/panels/opening").text
    assert "/review" not in page
    assert client.get("/api/passages/p01/layers").json()["history"] == []


def test_an_editor_signs_with_their_own_name(archive: Archive) -> None:
    client = logged_in(archive, "editor")
    text = archive.entries_by_id(["p05"])["p05"].passage.text
    form = {"form_token": form_token(client), "text": "Changed.", "was_text": text, "deed": "reviewed"}
    form |= {"was_speaker": "producer", "was_language": "en"}
    assert client.post("/review/p05", data=form, follow_redirects=False).status_code == 303
    assert {each.reviewer for each in archive.reviews("p05")} == {"editor"}
    assert "administrator" not in client.get("/account").text
    assert "reader" in logged_in(archive, "administrator").get("/account").text


def test_a_form_of_another_session_is_refused(archive: Archive) -> None:
    token = form_token(logged_in(archive, "administrator"))
    client = logged_in(archive, "editor")
    form = {"form_token": token, "what": "panel:opening", "reason": "x"}
    assert client.post("/rights", data=form).status_code == 403


def test_cookies_are_sent_without_https_only_where_that_was_chosen(archive: Archive) -> None:
    client = stranger(archive, RoomSettings(login=True, secure_cookies=False))
    cookie = log_in(client, "reader").headers["set-cookie"]
    assert cookie.startswith("symposia=")
    assert "Secure" not in cookie
    assert "HttpOnly" in cookie


def test_pages_of_a_room_with_login_are_kept_nowhere(archive: Archive) -> None:
    answer = logged_in(archive, "reader").get("/")
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" in answer.headers


def everything(client: TestClient) -> str:
    """All that a reader can get hold of, as one text."""
    paths = [
        filled(path)
        for path in addresses(changing=False)
        if not path.startswith(("/login", "/review", "/rights"))
    ]
    paths += [
        "/search?q=ethics+future+film",
        "/search?like=p02",
        "/search?q=panel:zzz+theme:zzz+speaker:zzz",
        "/api/search?q=panel:zzz+theme:zzz+speaker:zzz",
        "/search?q=film&around=p02",
        "/api/search?q=ethics",
        f"/panels/{FLOOR}",
        f"/api/panels/{FLOOR}/passages",
        f"/api/panels/{FLOOR}/words?recording=rec-2",
        "/api/panels/opening/words?recording=rec-1",
        "/media/rec-2/spoken.vtt",
        "/media/rec-1/spoken.vtt",
    ]
    paths += [
        f"/api/panels/{panel}/export?form={form}"
        for panel in ("opening", FLOOR)
        for form in ("json", "csv", "txt", "srt")
    ]
    paths += [f"/api/search/export?form={form}" for form in ("json", "csv", "bibtex", "csl", "markdown")]
    paths += [f"/api/passages/p0{n}{more}" for n in range(1, 9) for more in ("", "/layers")]
    answers = [client.get(path, follow_redirects=True) for path in paths]
    assert all(answer.status_code < 500 for answer in answers)
    return "\n".join(answer.text for answer in answers if "audio" not in answer.headers["content-type"])


def test_an_embargoed_passage_is_gone_at_once_and_everywhere(archive: Archive) -> None:
    reader, editor = logged_in(archive, "reader"), logged_in(archive, "editor")
    assert "絵コンテ" in everything(reader)
    assert reader.get("/media/rec-1").status_code == 200
    restrict(archive, "passage", "p02", reason="asked for", by="editor")
    seen = everything(reader)
    assert "絵コンテ" not in seen
    assert "storyboard of the future" not in seen
    assert "倫理委員会" in seen
    assert reader.get("/media/rec-1").status_code == 403  # the sound holds it too
    assert "絵コンテ" in editor.get("/panels/opening").text
    assert "Withheld from readers." in editor.get("/panels/opening").text
    assert editor.get("/media/rec-1").status_code == 200


def test_an_embargoed_speaker_is_gone_by_name_too(archive: Archive) -> None:
    reader = logged_in(archive, "reader")
    assert "Hara" in everything(reader)
    restrict(archive, "speaker", "o'hara", reason="risks at home", by="editor")
    seen = everything(reader)
    assert "Hara" not in seen
    assert "판소리" not in seen
    assert "윤리위원회" in seen


def test_whoever_is_withheld_is_not_heard_either(archive: Archive) -> None:
    from dataclasses import replace

    from sample_archive import STAGES, layers

    made = layers("rec-1")  # the director has a turn, and no passage
    silent = tuple(replace(each, speaker_id=None) for each in made.passages)
    archive.keep(archive.recording("rec-1"), replace(made, passages=silent), STAGES)
    reader = logged_in(archive, "reader")
    assert reader.get("/media/rec-1").status_code == 200
    restrict(archive, "speaker", "director", reason="risks at home", by="editor")
    assert reader.get("/media/rec-1").status_code == 403


def test_an_embargoed_panel_is_as_if_it_were_not_there(archive: Archive) -> None:
    reader, editor = logged_in(archive, "reader"), logged_in(archive, "editor")
    restrict(archive, "panel", "opening", reason="not yet", by="editor")
    assert reader.get("/panels/opening").status_code == 404
    assert reader.get("/media/rec-1").status_code == 404
    seen = everything(reader)
    assert "Opening" not in seen
    assert "there are o'neill" in seen  # what a filter may name is what the reader may see
    assert "opening," not in seen
    assert "倫理" not in seen
    assert editor.get("/panels/opening").status_code == 200


def test_a_panel_without_passages_is_withheld_too(archive: Archive) -> None:
    from dataclasses import replace

    from sample_archive import CONFERENCE

    from transcripts.records import Panel

    secret = Panel("secret", "Secret meeting", ("en",))
    archive.set_conference(replace(CONFERENCE, panels=(*CONFERENCE.panels, secret)))
    reader = logged_in(archive, "reader")
    assert "Secret meeting" in reader.get("/").text
    restrict(archive, "panel", "secret", reason="not yet", by="editor")
    assert "Secret meeting" not in reader.get("/").text
    assert reader.get("/panels/secret").status_code == 404


def test_an_editor_withholds_and_shows_again(archive: Archive) -> None:
    editor, reader = logged_in(archive, "editor"), logged_in(archive, "reader")
    day = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    token = form_token(editor, "/rights")
    form = {"form_token": token, "what": "panel:opening", "reason": "<b>until the premiere</b>", "until": day}
    assert editor.post("/rights", data=form, follow_redirects=False).status_code == 303
    page = editor.get("/rights").text
    assert "&lt;b&gt;until the premiere&lt;/b&gt;" in page
    assert "Opening" in page
    assert reader.get("/panels/opening").status_code == 404
    form = {"form_token": token, "kind": "panel", "target": "opening"}
    assert editor.post("/rights/lift", data=form, follow_redirects=False).status_code == 303
    assert reader.get("/panels/opening").status_code == 200


def test_an_editor_is_told_of_a_passage_that_is_lost_in_another_file(archive: Archive) -> None:
    from dataclasses import replace

    from sample_archive import STAGES, layers

    editor, reader = logged_in(archive, "editor"), logged_in(archive, "reader")
    restrict(archive, "passage", "p02", reason="asked for", by="editor")
    told = "this passage was not found in it"
    assert told not in editor.get("/rights").text
    other = replace(archive.recording("rec-1"), sha256="cd" * 32)
    archive.keep(other, layers("rec-1", ("p02",)), STAGES)
    assert told in editor.get("/rights").text
    assert reader.get("/panels/opening").status_code == 404
    assert reader.get("/media/rec-1").status_code == 404
    assert editor.get("/panels/opening").status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {"what": "panel:none", "reason": "x"},
        {"what": "panel:opening", "reason": ""},
        {"what": "panel:opening", "reason": "x", "until": "2020-01-01"},
        {"what": "panel:opening", "reason": "x", "until": "soon"},
        {"what": "world:all", "reason": "x"},
        {"kind": "passage", "target": "' OR 1=1", "reason": "x"},
        {},
    ],
)
def test_what_cannot_be_withheld_is_said(archive: Archive, form: dict[str, str]) -> None:
    editor = logged_in(archive, "editor")
    answer = editor.post("/rights", data={"form_token": form_token(editor), **form})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
