"""The quality report: every doubt, gap and failure is in it, one file is all, and figures quote nobody."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from lxml import html
from markdown_it import MarkdownIt
from sample_archive import SCRIPT, STAGES, fill, layers, recording
from typer.testing import CliRunner

from flows import reporting
from flows.cli import app
from transcripts.archive import Archive
from transcripts.holdings import StageRecord
from transcripts.records import Gap, Recording, Signature, Span
from transcripts.report import PROBABLY_POOR, report_on
from transcripts.report_page import report_html, report_markdown
from transcripts.rights import restrict
from transcripts.web.wording import wording

EVIL = "<script>alert('x')</script> | *a* `b`\nc"


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.in_memory() as opened:
        yield fill(opened)


def text_of(page: str) -> str:
    return " ".join(" ".join(map(str, html.fromstring(page.encode()).itertext())).split())


def keep(archive: Archive, flags: tuple[str, ...] = (), quality: float = 0.5, evil: str = "") -> None:
    """The second recording again, its first passage with other flags and translation."""
    held = layers("rec-2")
    first, *passages = held.passages
    doubted, *translations = held.translations
    held = replace(
        held,
        passages=(replace(first, flags=flags), *passages),
        translations=(replace(doubted, quality=quality), *translations),
        gaps=(*held.gaps, Gap(Span(60.0, 61.0), evil or "noise")),
        notes=(*held.notes, evil),
    )
    signature = Signature("speech", "embedded:ge2e", "3937", "")
    archive.keep(recording("rec-2"), held, [*STAGES, StageRecord("speakers", "k", "d", signature)])


def test_figures_doubts_and_gaps_of_every_recording(archive: Archive) -> None:
    keep(archive, ("overlap", "glossary:a=b", "glossary:c=d"), 0.1)
    first, second = report_on(archive).recordings
    assert (first.passages, second.passages) == (5, 3)
    assert first.languages_s == pytest.approx({"es": 16.246, "ja": 16.246, "en": 8.123})
    assert first.confidence == pytest.approx(0.7)
    assert second.doubts == {
        "doubtful": 1,
        "passages in which two may speak at once": 1,
        "passages with what is nearly a name of the glossary": 1,
        PROBABLY_POOR: 1,
    }
    assert second.gaps_s == pytest.approx(6.5)
    assert {lane.kind: set(lane.runs) for lane in second.lanes} == {
        "languages": {"lang-ko", "lang-fa"},
        "doubts": {"doubt"},
        "gaps": {"gap"},
    }


def test_the_page_tells_everything_that_needs_a_person(archive: Archive) -> None:
    keep(archive, ("overlap",), 0.1)
    archive.fail("rec-3", "opening", "/media/x.mp4", "probe", "no sound", "symposia run c.yaml --archive a")
    shown = text_of(report_html(report_on(archive), "today"))
    for said in (
        "1 passages in which two may speak at once",
        "0:01:30–0:01:35 no language of the panel fits",
        "rec-3 (probe): no sound To go on: symposia run c.yaml --archive a",
        "I heard pansori at the Busan film festival.",
        "music for 4 s",
        "embedded:ge2e",
    ):
        assert said in shown


def test_the_page_is_one_file_that_asks_for_nothing(archive: Archive) -> None:
    keep(archive, ("overlap",), 0.1, EVIL)
    archive.fail("rec-3", "opening", "x", "probe", EVIL, EVIL)
    page = report_html(report_on(archive), "today")
    tree = html.fromstring(page.encode())
    assert not tree.xpath("//script | //link | //img | //iframe | //object | //@src | //@href | //@onload")
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page
    assert text_of(page).count("<script>alert('x')</script>") == 4  # as text: note, gap, reason, command


def test_withheld_passages_are_counted_and_not_quoted(archive: Archive) -> None:
    keep(archive, quality=0.1)
    restrict(archive, "passage", "p06", reason="asked for", by="ana")
    report = report_on(archive)
    assert (report.flagged_count, report.flagged, report.recordings[1].withheld) == (1, (), 1)
    assert "pansori" not in report_html(report, "today")


def test_markdown_has_the_figures_and_no_word_of_the_transcript(archive: Archive) -> None:
    keep(archive, ("overlap",), 0.1, EVIL)
    archive.fail("rec-3", "opening", "x", "probe", EVIL, "command")
    said = report_markdown(report_on(archive))
    assert "| rec-2 | 2.1 | Korean 67%, Persian 33% | 3 | 0.70 | 3 | 6 s |" in said
    assert not [
        line for _, _, _, _, text, english, _ in SCRIPT for line in (text, english) if line and line in said
    ]
    rendered = html.fromstring(MarkdownIt("commonmark").enable("table").render(said))
    assert rendered.xpath("count(//tbody/tr)") == 2
    assert not rendered.xpath("//script | //em | //code")


def test_only_the_recordings_of_a_run(archive: Archive) -> None:
    archive.fail("rec-3", "opening", "x", "probe", "why", "command")
    report = report_on(archive, ["rec-1"])
    assert [each.recording.id for each in report.recordings] == ["rec-1"]
    assert report.failures == ()


def test_an_empty_archive_and_a_recording_without_speech(archive: Archive) -> None:
    with Archive.in_memory() as empty:
        assert "None so far." in report_html(report_on(empty), "today")
        assert report_markdown(report_on(empty)).startswith("0 recordings")
    silent = Recording("rec-0", "opening", "/media/silent.wav", "cd" * 32, 0.0)
    archive.keep(silent, replace(layers("rec-1"), **dict.fromkeys(_FIELDS, ())), STAGES)
    (report, *_) = report_on(archive).recordings
    assert (report.passages, report.confidence) == (0, None)
    assert "rec-0" in report_html(report_on(archive), "today")
    assert "| rec-0 | 0.0 |  | 0 |  | 0 | 0 s |" in report_markdown(report_on(archive))


_FIELDS = tuple(each for each in layers("rec-1").__slots__)


def test_licences_that_signatures_lack_come_from_the_models_at_hand(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        keep(fill(archive))
    done = CliRunner().invoke(app, ["report", "--archive", str(tmp_path / "archive")])
    assert "Apache-2.0" in text_of(done.output)
    out = tmp_path / "report.html"
    CliRunner().invoke(app, ["report", "--archive", str(tmp_path / "archive"), "-o", str(out)])
    assert out.read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_run_leaves_its_figures_with_prefect(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    left: dict[str, str] = {}

    def take(text: str, key: str, description: str) -> None:
        left[key] = text

    # in its place, for Prefect must not be imported here, before a run has set it up
    monkeypatch.setitem(sys.modules, "prefect.artifacts", SimpleNamespace(create_markdown_artifact=take))
    reporting.keep_artifact(archive, ["rec-2"])
    assert set(left) == {"quality-report"}
    assert "rec-2" in left["quality-report"]
    assert "rec-1" not in left["quality-report"]
    assert wording("en").language("ko") in left["quality-report"]
