"""`symposia verify` finds what has changed, is missing or is nobody's, and says how to mend it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from deposit_archive import make

from flows.layers import Layer, Passages, Tags, Translations, digest, layer_bytes
from flows.verifying import Verify, layer_faults, verify_archive
from transcripts.archive import Archive, RecordingLayers, StageRecord
from transcripts.errors import ArchiveError
from transcripts.moving import find_originals
from transcripts.verification import database_faults, original_faults, stray_files

CHECK = Verify()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    make(tmp_path / "archive").close()
    return tmp_path / "archive"


def change(directory: Path, statement: str) -> None:
    """Something that no program of ours does."""
    with sqlite3.connect(directory / "archive.sqlite") as database:
        database.execute(statement)
    database.close()


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_an_archive_as_it_was_is_said_to_be_so(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (directory / "archive.sqlite").read_bytes()
    assert verify_archive(directory, CHECK) == 0
    assert said(capsys) == ("All is as it was: 2 originals of 2 recordings, their layers and the database.\n")
    assert (directory / "archive.sqlite").read_bytes() == before


def test_originals_that_changed_or_went_are_named(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = directory.parent / "media"
    sound = media / "rec-1.wav"
    sound.write_bytes(sound.read_bytes()[:-1] + b"?")
    (media / "rec-2.ko.srt").unlink()
    assert verify_archive(directory, CHECK) == 1
    told = said(capsys)
    assert f"{sound}, the original of 'rec-1'" in told
    assert "has changed: it has sha256" in told
    assert "rec-2.ko.srt, the original of 'rec-2'" in told
    assert "is missing" in told
    assert told.count("  mend: ") == 2
    assert told.endswith("2 faults in 2 originals of 2 recordings, their layers and the database.\n")


def test_originals_that_were_moved_are_found_again(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media = directory.parent / "media"
    (media / "rec-1.wav").rename(directory.parent / "renamed.wav")
    media.rename(directory.parent / "elsewhere")
    asked = Verify(look_in=directory.parent)
    assert verify_archive(directory, asked) == 1
    assert "--mend has the archive refer to it there" in capsys.readouterr().err
    assert verify_archive(directory, replace(asked, mend=True)) == 0
    with Archive.open(directory) as archive:
        assert archive.recording("rec-1").path == str(directory.parent / "renamed.wav")
    with pytest.raises(ArchiveError, match="is no folder"):
        verify_archive(directory, Verify(look_in=directory.parent / "none"))


def test_one_file_of_two_recordings_is_found_for_both(directory: Path) -> None:
    with Archive.open(directory) as archive:
        heard = archive.recording("rec-1")
        archive.keep(replace(heard, id="rec-3"), RecordingLayers(), (StageRecord("probe", "k", "d"),))
        moved = directory.parent / "renamed.wav"
        Path(heard.path).rename(moved)
        found = find_originals(archive, directory.parent, keep=True)
        assert found == {"rec-1": moved, "rec-3": moved}
        assert archive.recording("rec-3").path == str(moved)


def test_files_of_nobody_are_named(directory: Path) -> None:
    (directory / ".archive.sqlite.abc").write_text("half")
    (directory / "originals" / "rec-9").mkdir(parents=True)
    (directory / "originals" / "rec-9" / "left.wav").write_text("left")
    (directory / "work").mkdir()
    with Archive.open(directory) as archive:
        strays = [fault.what for fault in stray_files(archive)]
    assert [Path(each.split(" belongs")[0]).name for each in strays] == [".archive.sqlite.abc", "left.wav"]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE readings SET text = 'x' WHERE id = 'p03'", "readings of 'rec-1' are not what layers"),
        ("UPDATE passages SET text = 'x' WHERE id = 'p03'", "readings of 'rec-1' are not what layers"),
        ("DELETE FROM reading_themes WHERE passage_id = 'p01'", "reading_themes of 'rec-1'"),
        ("DELETE FROM review_places", "review_places of 'rec-1' are not"),
        ("DELETE FROM passages WHERE id = 'p03'", "points at nothing in passages"),
        ("DELETE FROM signatures WHERE component = 'tag'", "points at nothing in signatures"),
        ("DELETE FROM segments WHERE id = 's-p03'", "passage 'p03' is made of segments that are not there"),
        ("DELETE FROM speakers WHERE id = 'director'", "passages.speaker_id names 'director'"),
        ("UPDATE readings SET signature = 'no' WHERE id = 'p03'", "readings.signature names 'no'"),
        ("UPDATE reviews SET recording_id = 'gone'", "reviews.recording_id names 'gone'"),
        (
            "UPDATE restrictions SET kind = 'speaker', target = 'old-id'",
            "the speaker 'old-id' is withheld, and is not there",
        ),
    ],
)
def test_rows_that_do_not_fit_are_named(directory: Path, statement: str, fault: str) -> None:
    change(directory, statement)
    with Archive.open(directory) as archive:
        found = database_faults(archive)
    assert any(fault in each.what for each in found), found
    assert all(each.mend for each in found)


def test_what_is_derived_is_made_anew(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Archive.open(directory) as archive:
        before = archive.entries()
    change(directory, "UPDATE readings SET text = 'x', doubt = 0 WHERE id = 'p01'")
    assert verify_archive(directory, CHECK) == 1
    assert "'symposia verify --mend' makes it anew" in said(capsys)
    assert verify_archive(directory, Verify(mend=True)) == 0
    assert verify_archive(directory, CHECK) == 0
    with Archive.open(directory) as archive:
        assert archive.entries() == before


def test_a_damaged_database_is_told(directory: Path) -> None:
    path = directory / "archive.sqlite"
    content = bytearray(path.read_bytes())
    page = 4096
    content[3 * page : 3 * page + 200] = bytes(200)
    path.write_bytes(content)
    with Archive.open(directory) as archive:
        try:
            told = database_faults(archive)[0].what
        except ArchiveError as error:
            told = str(error)
    assert "damaged" in told


@pytest.fixture
def hashed(directory: Path) -> Iterator[Archive]:
    """An archive whose stages carry the hashes of their layers, as a run leaves them."""
    with Archive.open(directory) as archive:
        kept = archive.layers("rec-1")
        of: dict[str, Layer] = {
            "passages": Passages(kept.passages),
            "translation": Translations(kept.translations),
            "themes": Tags(kept.tags),
        }
        records = [StageRecord(name, "k", digest(layer_bytes(layer))) for name, layer in of.items()]
        archive.keep(archive.recording("rec-1"), kept, records)
        yield archive


def test_layers_are_hashed_again(hashed: Archive, directory: Path) -> None:
    def faults() -> list[str]:
        mine = (fault.what for fault in layer_faults(hashed))
        return [what for what in mine if "'rec-1'" in what]

    assert faults() == []
    change(directory, "UPDATE signatures SET code_version = '9.9'")  # a later release made them anew
    change(directory, "UPDATE theme_tags SET score = 0.81 WHERE passage_id = 'p01' AND theme_id = 'ethics'")
    assert ["the layer 'themes'" in each for each in faults()] == [True]


def test_bytes_are_counted_as_they_are_read(directory: Path) -> None:
    read: list[int] = []
    with Archive.open(directory) as archive:
        assert list(original_faults(archive, read.append)) == []
    assert sum(read) == sum(path.stat().st_size for path in (directory.parent / "media").iterdir())


def test_there_has_to_be_an_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="does not exist"):
        verify_archive(tmp_path / "none", CHECK)
