"""Home, panel, sound and API: what they show, and that hostile content stays text."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
import webvtt
from fastapi import HTTPException
from fastapi.testclient import TestClient
from sample_archive import CONFERENCE, STAGES, layers, recording
from web_archive import form_token, local_client, make_archive, write_sound

from transcripts.archive import Archive, ThemeName
from transcripts.records import Panel, Speaker
from transcripts.review import ReviewDesk
from transcripts.rights import restrict
from transcripts.web.pages.api import entry_or_404
from transcripts.web.room import ReadingRoom
from transcripts.web.visitors import Visitor

FLOOR = quote('o\'neill "b"', safe="")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with make_archive(tmp_path_factory.mktemp("pages") / "archive") as archive:
        yield local_client(archive)


def test_home_shows_the_archive_at_a_glance(client: TestClient) -> None:
    text = client.get("/").text
    assert "The Future of Filmmaking" in text
    assert f'href="/panels/{FLOOR}"' in text.replace("%27", "%27")
    assert "captions only" in text
    assert "1 doubt" in text
    assert text.count('<svg class="strip"') == 2
    assert "Ethics and Cultural Responsibility" in text


def test_home_has_pages(tmp_path: Path) -> None:
    panels = tuple(Panel(f"p{n}", f"Panel number {n}", ("en",)) for n in range(30))
    with Archive.open(tmp_path, create=True) as archive:
        archive.set_conference(replace(CONFERENCE, panels=panels))
        client = local_client(archive)
        first, second = client.get("/").text, client.get("/?page_number=2").text
        assert "Panel number 29<" in client.get("/?page_number=70").text
    assert "Panel number 0<" in first
    assert "Panel number 29<" in second
    assert "Panel number 29<" not in first
    assert 'rel="next"' in first
    assert 'rel="next"' not in second


def test_an_empty_archive_says_how_to_begin(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive:
        assert "symposia run" in local_client(archive).get("/").text


def test_a_panel_shows_text_translation_evidence_and_doubts(client: TestClient) -> None:
    text = client.get("/panels/opening").text
    assert '<mark class="theme-0">AI</mark>倫理委員会で議論しました。' in text
    assert "We discussed it in the AI ethics committee." in text
    assert 'lang="ja" dir="ltr"' in text
    assert "<audio" in text
    assert 'href="/panels/opening?t=10#p02"' in text
    floor = client.get(f"/panels/{FLOOR}").text
    assert 'lang="fa" dir="rtl"' in floor
    assert "<audio" not in floor
    assert "captions only" in floor
    assert re.search(r'class="line [^"]*doubtful[^"]*" id="p07"', floor)


def test_an_unknown_panel_is_not_found(client: TestClient) -> None:
    answer = client.get("/panels/none")
    assert answer.status_code == 404
    assert "There is no such panel." in answer.text


def test_the_sound_is_given_by_ranges(client: TestClient) -> None:
    whole = client.get("/media/rec-1")
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["accept-ranges"] == "bytes"
    part = client.get("/media/rec-1", headers={"range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole.content[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    end = client.get("/media/rec-1", headers={"range": "bytes=-10"})
    assert end.content == whole.content[-10:]
    assert client.head("/media/rec-1").headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("bytes=99999999-", 416),
        ("bytes=99999999-100000000", 416),
        ("bytes=5-2", 400),
        ("bytes=x-y", 400),
        ("lines=1-2", 400),
        ("bytes=" + ",".join(["0-1"] * 500), 200),  # nobody needs so many: the whole
        ("bytes=0-" + "9" * 100, 206),
    ],
)
def test_odd_ranges_do_no_harm(client: TestClient, asked: str, status: int) -> None:
    assert client.get("/media/rec-1", headers={"range": asked}).status_code == status


@pytest.mark.parametrize(
    "path",
    [
        "/media/rec-2",  # captions only
        "/media/none",
        "/media/..%2f..%2f..%2fetc%2fpasswd",
        "/media/%2fetc%2fpasswd",
        "/media/rec-1.wav",
        "/media/rec-1/..%2f..%2farchive.sqlite",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e/app.py",
        "/api/panels/..%2f..%2fetc%2fpasswd/export",
    ],
)
def test_no_path_leads_out_of_the_recordings(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_only_sound_and_video_are_sent(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(CONFERENCE)
        for path in (str(secret), str(tmp_path), "/dev/zero", "bad\udcff.wav", "a\0b.wav", "gone.wav"):
            archive.keep(replace(recording("rec-1"), path=path), layers("rec-1"), STAGES)
            assert local_client(archive).get("/media/rec-1").status_code == 404


def test_captions_are_read_by_another_reader(client: TestClient, tmp_path: Path) -> None:
    for name, words in (("spoken", "La ética no es un adorno"), ("en", "Ethics is no ornament")):
        path = tmp_path / f"{name}.vtt"
        path.write_bytes(client.get(f"/media/rec-1/{name}.vtt").content)
        cues = webvtt.read(str(path)).captions
        assert len(cues) == 5
        assert any(words in cue.text for cue in cues)
    assert client.get("/media/rec-1/xx.vtt").status_code == 404


def test_the_api_gives_panels_passages_words_and_layers(client: TestClient) -> None:
    panels = client.get("/api/panels").json()
    assert [panel["id"] for panel in panels] == ["opening", 'o\'neill "b"']
    passages = client.get("/api/panels/opening/passages?limit=2&offset=1").json()
    assert [passage["id"] for passage in passages] == ["p02", "p03"]
    assert passages[0]["themes"] == [{"id": "o'future", "score": 0.8, "evidence": [0, 2]}]
    assert passages[0]["link"] == "http://localhost/panels/opening?t=10#p02"
    words = client.get("/api/panels/opening/words?recording=rec-1").json()
    assert len(words["passages"]["p03"]) == 4 * 6
    found = client.get("/api/passages/p03/layers").json()
    assert found["translation_signature"]["component"] == "translate"
    assert found["words"] == words["passages"]["p03"]
    assert client.get("/api/passages/none").status_code == 404
    assert client.get("/api/panels/opening/words?recording=rec-2").status_code == 404


def test_the_api_refuses_what_it_cannot_read_in_words(client: TestClient) -> None:
    for path in ("/api/panels/opening/passages?limit=0", "/api/panels/opening/export?form=exe"):
        answer = client.get(path)
        assert answer.status_code == 422
        assert isinstance(answer.json()["detail"], str)


def test_the_api_is_described(client: TestClient) -> None:
    description = client.get("/api/openapi.json").json()
    page = client.get("/api/docs").text
    assert "/api/passages/{passage_id}/layers" in description["paths"]
    for path, methods in description["paths"].items():
        assert path in page
        assert all(operation["description"] for operation in methods.values())


FORMS = {
    "json": "json",
    "csv": "csv",
    "txt": "txt",
    "srt": "srt",
    "vtt": "vtt",
    "bibtex": "bib",
    "csl": "csl.json",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_transcript_is_exported(client: TestClient, form: str) -> None:
    answer = client.get(f"/api/panels/opening/export?form={form}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="opening.{FORMS[form]}"'
    assert "絵コンテ" in answer.text


def test_export_names_are_plain_whatever_the_panel_is_called(client: TestClient) -> None:
    answer = client.get(f"/api/panels/{FLOOR}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="o_neill__b_.json"'


EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}%(x)s"


class Tags(HTMLParser):
    """Collects the elements of a page and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def evil_archive(directory: Path) -> Archive:
    """An archive in which every text that anybody can choose is an attack."""
    archive = Archive.open(directory, create=True)
    archive.set_conference(
        replace(
            CONFERENCE,
            title=EVIL,
            panels=tuple(replace(panel, title=EVIL, held_on=EVIL) for panel in CONFERENCE.panels),
            speakers=tuple(Speaker(each.id, EVIL + each.id, EVIL) for each in CONFERENCE.speakers),
            glossary=({"id": EVIL, "kind": "place", "forms": {"ja": [EVIL]}},),
            themes=tuple(ThemeName(theme.id, EVIL) for theme in CONFERENCE.themes),
        )
    )
    sound = write_sound(directory / "a'\"<script>b.wav", 5)
    made = layers("rec-1")
    evil = replace(
        made,
        passages=tuple(
            replace(each, text=EVIL + each.text, flags=(f"glossary:{EVIL}={EVIL}", EVIL), language="ja")
            for each in made.passages
        ),
        translations=tuple(replace(each, text=EVIL, flags=(EVIL,)) for each in made.translations),
        notes=(EVIL,),
    )
    archive.keep(replace(recording("rec-1"), path=str(sound)), evil, STAGES)
    archive.fail("rec-9", "opening", EVIL, EVIL, EVIL, EVIL)
    return archive


def test_hostile_content_stays_text(tmp_path: Path) -> None:
    with evil_archive(tmp_path / "archive") as archive:
        client = local_client(archive)
        for path in (
            "/",
            "/panels/opening",
            "/search",
            "/search?q=" + quote(EVIL),
            "/review",
            "/review/p01",
            "/rights",
        ):
            answer = client.get(path)
            assert answer.status_code == 200, path
            tags = Tags()
            tags.feed(answer.text)
            scripts = [attributes for tag, attributes in tags.seen if tag == "script"]
            assert all(str(each.get("src", "")).startswith("/static/") for each in scripts)
            assert not [tag for tag, attributes in tags.seen if tag == "img" or "onerror" in attributes]
            assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(..)", answer.text)
        assert client.get("/media/rec-1").status_code == 200
        json.loads(client.get("/api/panels/opening/export?form=json").text)


def test_cells_of_a_table_are_no_formulas(tmp_path: Path) -> None:
    made = layers("rec-1")
    formula = replace(made, passages=tuple(replace(each, text='=HYPERLINK("x")') for each in made.passages))
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(CONFERENCE)
        archive.keep(recording("rec-1"), formula, STAGES)
        text = local_client(archive).get("/api/panels/opening/export?form=csv").text
    assert ",\"'=HYPERLINK" in text
    assert ",=HYPERLINK" not in text


def test_half_letters_do_not_break_a_page(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(CONFERENCE)
        archive.fail("rec-1", "opening", "half \udcff.wav", "probe", "half \udcff letter", "again")
        assert "half ? letter" in local_client(archive).get("/").text


def test_a_change_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        client = local_client(archive)
        assert "A new title" not in client.get("/").text
        with Archive.open(tmp_path / "archive") as other:
            panels = (replace(CONFERENCE.panels[0], title="A new title"), CONFERENCE.panels[1])
            other.set_conference(replace(CONFERENCE, panels=panels))
            made = layers("rec-1")
            first = replace(made.passages[0], text="言い直しました。")
            other.keep(recording("rec-1"), replace(made, passages=(first, *made.passages[1:])), STAGES)
        assert "A new title" in client.get("/").text
        page = client.get("/panels/opening").text
        assert "A new title" in page
        assert "直しました。" in page


def test_a_damaged_archive_is_told_in_words(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        client = local_client(archive)
        assert client.get("/").status_code == 200
        archive.close()
        for path in (tmp_path / "archive").glob("archive.sqlite*"):
            path.write_bytes(b"no database" * 1000)
        answer = client.get("/")
        shutil.rmtree(tmp_path / "archive")
    assert answer.status_code == 503
    assert "archive" in answer.text


def test_words_in_context_are_those_of_the_translation_too(client: TestClient) -> None:
    text = client.get("/search?q=script+فیلم‌نامه&view=context").text
    lines = re.findall(
        r'<div class="context" lang="(..)" dir="(...)"><span>(.*?)</span>.*?<mark class="hit">(.*?)</mark>',
        text,
    )
    assert lines == [("fa", "rtl", "نوشتن ", "فیلم‌نامه‌های"), ("en", "ltr", "Writing ", "scripts")]
    assert "no-context" not in text


def test_a_hit_without_marks_is_one_line_among_words_in_context(client: TestClient) -> None:
    text = client.get("/search?q=language:fa&view=context").text
    (line,) = re.findall(r'<p class="no-context" lang="fa" dir="rtl"><a href="(.*?)">(.*?)</a>', text)
    assert line[0].endswith("?t=10#p07")
    assert line[1].startswith("نوشتن")


def test_the_id_of_a_passage_that_was_joined_leads_to_where_it_is_now(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        client = local_client(archive)
        ReviewDesk(archive).merge("p03", "p04", reviewer="ana")
        answer = client.get("/api/passages/p04")
        assert answer.status_code == 200
        assert (answer.json()["id"], answer.json()["link"][-8:]) == ("p03", "t=20#p03")
        layers_of = client.get("/api/passages/p04/layers").json()
        assert layers_of["passage"]["id"] == "p03"
        assert [each["field"] for each in layers_of["history"]] == ["merge"]
        assert len(layers_of["words"]) == 4 * 14
        assert "adorno del guion" in client.get("/api/search/export?passage=p04&form=markdown").text
        moved = client.get("/review/p04?panel=opening", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (307, "/review/p03?panel=opening")
        token = form_token(client, "/review/p03")
        form = {"form_token": token, "text": "Mine.", "was_text": "La ética no es un adorno del guion."}
        late = client.post("/review/p04", data={**form, "deed": "save"})  # of a page that was open before
        assert late.status_code == 409
        assert "Mine." in late.text
        assert client.get("/api/passages/p99").status_code == 404


def test_a_former_id_leads_to_nothing_that_is_withheld(tmp_path: Path) -> None:
    with make_archive(tmp_path / "archive") as archive:
        ReviewDesk(archive).merge("p03", "p04", reviewer="ana")
        restrict(archive, "passage", "p03", reason="asked for", by="ana")
        reader, editor = Visitor("r", "reader", "s"), Visitor("e", "editor", "s")
        room = ReadingRoom(archive)
        assert entry_or_404(room, "p04", editor).passage.id == "p03"
        with pytest.raises(HTTPException):
            entry_or_404(room, "p04", reader)


def test_a_page_beyond_the_end_is_the_last(client: TestClient) -> None:
    for path in ("/search?q=language:ja&page=400", "/search?page=2&q=language:ja"):
        text = client.get(path).text
        assert "2 passages found" in text
        assert "Nothing was found" not in text
        assert text.count('class="hit-card"') == 2
    assert "Nothing was found" in client.get("/search?q=language:xx&page=3").text
    assert client.get("/review?page_number=9").text.count('href="/review/p') == 8
