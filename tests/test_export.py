"""`symposia export`: what is in it, what is never in it, and whose files it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sample_archive import CONFERENCE, fill
from sample_documents import EVERYTHING, document, remark
from typer.testing import CliRunner

from flows.cli import app
from flows.cli_formats import ExportFormat
from flows.exporting import Export, export_archive
from transcripts import rights
from transcripts.archive import Archive
from transcripts.document import Document, Rendering, documents
from transcripts.errors import ArchiveError, FormatError
from transcripts.formats.writers import WRITERS, file_name
from transcripts.records import Span
from transcripts.review import ReviewDesk


@pytest.fixture
def archive() -> Iterator[Archive]:
    with Archive.in_memory() as fresh:
        yield fill(fresh)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with Archive.open(tmp_path / "archive", create=True) as fresh:
        fill(fresh)
    return tmp_path / "archive"


def export(directory: Path, out: Path, form: str = "txt", **more: object) -> None:
    asked: dict[str, object] = {"panel": None, **more}
    export_archive(directory, Export(form=form, **asked), out)  # type: ignore[arg-type]


def contents(out: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(out.iterdir()))


def test_a_document_holds_passages_as_they_are_read(archive: Archive) -> None:
    desk = ReviewDesk(archive)
    desk.correct("p02", "text", "未来の絵コンテです。", reviewer="ana")
    desk.set_state("p04", "approved", "ana")
    first, second = documents(archive)
    assert (first.recording.id, first.recording.path, first.panel.title) == ("rec-1", "rec-1.opus", "Opening")
    assert [each.id for each in first.remarks] == ["p01", "p02", "p03", "p04", "p05"]
    corrected = first.remarks[1]
    assert (corrected.text, corrected.words) == ("未来の絵コンテです。", ())
    assert corrected.renderings[0].flags == ("stale",)
    assert first.remarks[3].state == "approved"
    assert [speaker.id for speaker in first.speakers] == ["director", "producer"]
    assert second.remarks[0].names[0].target_id == "busan"
    assert second.remarks[1].speaker == "S2"


@pytest.mark.parametrize(
    ("kind", "target"), [("panel", "opening"), ("speaker", "director"), ("passage", "p01")]
)
def test_what_is_withheld_is_in_no_format(archive: Archive, kind: str, target: str) -> None:
    rights.restrict(archive, kind, target, reason="asked", by="ana")
    found = documents(archive)
    for write in WRITERS.values():
        for file in write(found):
            content = file.content.encode() if isinstance(file.content, str) else file.content
            assert "倫理委員会".encode() not in content
            assert b"AI ethics committee" not in content
            if kind == "speaker":
                assert b"Director (Japan)" not in content
                assert b'"director"' not in content
            if kind == "panel":
                assert b"Opening" not in content


def test_an_export_names_what_is_not_there(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="no panel 'closing': take one of opening"):
        documents(archive, "closing")
    rights.restrict(archive, "panel", "opening", reason="asked", by="ana")
    with pytest.raises(ArchiveError, match="panel 'opening' has nothing to export"):
        documents(archive, "opening")


def test_the_table_of_writers_is_the_command_lines() -> None:
    assert [each.value for each in ExportFormat] == list(WRITERS)


@pytest.mark.parametrize("form", WRITERS)
def test_the_same_document_gives_the_same_bytes(form: str) -> None:
    files = [list(WRITERS[form]([EVERYTHING])) for _ in range(2)]
    assert files[0] == files[1]
    assert files[0][0].content


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "made",
    [
        document(remark(1, "映画", Span(0, 0), "ja")),
        document(remark(1, "👩\u200d💻", Span(0, 1), "", renderings=(Rendering("en", "👍"),))),
    ],
    ids=["no translation and no time", "an emoji and no language"],
)
def test_odd_panels_are_written_in_every_format(form: str, made: Document) -> None:
    assert all(file.content for file in WRITERS[form]([made]))


def test_files_have_names_that_every_system_takes() -> None:
    assert [file_name(text) for text in ('o\'neill "b"', "a/b\\c", "..", "", "映画 2", "x" * 300)] == [
        "o-neill-b", "a-b-c", "untitled", "untitled", "映画-2", "x" * 80
    ]  # fmt: skip


def test_recordings_whose_names_are_alike_get_files_of_their_own(archive: Archive) -> None:
    first, second = documents(archive)
    same = [first, second, first]
    assert [file.name for file in WRITERS["tei"](same)] == [
        "rec-1.tei.xml",
        "rec-2.tei.xml",
        "rec-1-2.tei.xml",
    ]


def test_captions_are_a_file_a_track(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(directory, out, "vtt", panel="opening")
    names = {path.name for path in out.iterdir() if not path.name.startswith(".")}
    assert names == {f"rec-1.{track}.vtt" for track in ("original", "en", "ja", "es")}
    export(directory, tmp_path / "one.vtt", "vtt", panel="opening", track="en")
    assert (tmp_path / "one.vtt").read_bytes() == (out / "rec-1.en.vtt").read_bytes()
    with pytest.raises(FormatError, match=r"nothing in 'ko' of 'Opening'.*take one of en, es, ja, original"):
        export(directory, out, "vtt", panel="opening", track="ko")
    with pytest.raises(FormatError, match="--track chooses among captions"):
        export(directory, out, "csv", track="en")


def test_an_export_written_again_follows_the_archive(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(directory, out, "tei")
    export(directory, out, "rttm")
    with Archive.open(directory) as archive:
        ReviewDesk(archive).correct("p01", "text", "訂正", reviewer="ana")
        rights.restrict(archive, "panel", CONFERENCE.panels[1].id, reason="asked", by="ana")
    export(directory, out, "tei")
    assert {path.name for path in out.iterdir()} == {
        "rec-1.tei.xml", "film-ai.rttm", ".symposia-export.json"
    }  # fmt: skip
    assert "訂正" in contents(out)


def test_an_edited_file_of_what_is_withheld_since_is_told(
    directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    export(directory, out, "tei")
    (out / "rec-2.tei.xml").write_text("by hand", encoding="utf-8")
    with Archive.open(directory) as archive:
        rights.restrict(archive, "panel", CONFERENCE.panels[1].id, reason="asked", by="ana")
    export(directory, out, "tei")
    assert (out / "rec-2.tei.xml").exists()
    for _ in range(2):  # until it is gone
        told = capsys.readouterr().err
        assert "rec-2.tei.xml" in told
        assert "remove them by hand" in told
        export(directory, out, "tei")


def test_a_track_that_is_withheld_since_goes_with_its_panel(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(directory, out, "vtt")
    with Archive.open(directory) as archive:
        rights.restrict(archive, "passage", "p05", reason="asked", by="ana")  # all that is said in English
        rights.restrict(archive, "speaker", "producer", reason="asked", by="ana")
    export(directory, out, "vtt", panel="opening")
    names = {path.name for path in out.iterdir() if path.name.startswith("rec-1")}
    assert names == {f"rec-1.{track}.vtt" for track in ("original", "en", "ja")}
    assert (out / "rec-2.original.vtt").exists()
    export(directory, out, "vtt", panel="opening", track="en")
    assert (out / "rec-1.ja.vtt").exists()
    assert "Productora" not in "".join(path.read_text("utf-8") for path in out.glob("rec-1*"))


@pytest.mark.parametrize("panel", [None, "opening"])
def test_what_was_exported_before_all_was_withheld_is_told(
    directory: Path, tmp_path: Path, panel: str | None
) -> None:
    export(directory, tmp_path / "out", "tei", panel=panel)
    export(directory, tmp_path / "one.txt", panel=panel)
    with Archive.open(directory) as archive:
        for each in CONFERENCE.panels:
            rights.restrict(archive, "panel", each.id, reason="asked", by="ana")
    with pytest.raises(ArchiveError, match=r"nothing to export.*out still holds rec-1.tei.xml"):
        export(directory, tmp_path / "out", "tei", panel=panel)
    with pytest.raises(ArchiveError, match=r"nothing to export.*one.txt is still there"):
        export(directory, tmp_path / "one.txt", panel=panel)
    with pytest.raises(ArchiveError, match=r"no panel 'nope': take one of [^;]*$"):
        export(directory, tmp_path / "one.txt", panel="nope")


def test_files_of_others_are_left_alone(directory: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(directory, out, "tei")
    edited = out / "rec-1.tei.xml"
    edited.write_text("by hand", encoding="utf-8")
    with Archive.open(directory) as archive:
        ReviewDesk(archive).correct("p06", "text", "정정", reviewer="ana")
    with pytest.raises(FormatError, match=r"out holds rec-1.tei.xml that others wrote or have changed"):
        export(directory, out, "tei")
    assert "정정" not in contents(out)
    assert edited.read_text(encoding="utf-8") == "by hand"
    export(directory, out, "tei", force=True)
    assert "정정" in contents(out)
    one = tmp_path / "one.txt"
    one.write_text("mine", encoding="utf-8")
    with pytest.raises(FormatError, match=r"one.txt exists and holds something else"):
        export(directory, one)
    export(directory, one, force=True)
    export(directory, one)
    with pytest.raises(FormatError, match=r"one.txt is a file, and the export has 2: name a folder"):
        export(directory, one, "tei")


def test_the_command_says_what_cannot_be(directory: Path, tmp_path: Path) -> None:
    run = ["export", "--archive", str(directory), "--format", "jsonl", "-o"]
    done = CliRunner().invoke(app, [*run, str(tmp_path / "a.jsonl")])
    assert (done.exit_code, done.output) == (0, f"symposia: wrote {tmp_path / 'a.jsonl'}.\n")
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["passage_id"] for line in lines][:2] == ["p01", "p02"]
    done = CliRunner().invoke(app, [*run, str(tmp_path / "no" / "a.jsonl")])
    assert isinstance(done.exception, FormatError)
    assert "does not exist: make it" in str(done.exception)
