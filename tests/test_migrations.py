"""Archives of every version that was kept become today's, and nothing of them is lost."""

from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sample_archive import fill, layers, recording
from sqlalchemy import text

from flows.doctor import archive_check
from transcripts import rights, schema
from transcripts.archive import Archive
from transcripts.columns import METADATA
from transcripts.errors import ArchiveError
from transcripts.place import Place
from transcripts.whereabouts import held_extents

STORED = sorted((Path(__file__).parent / "stored").glob("archive-version-*.sql"))


@pytest.fixture(params=STORED, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An archive of before: the sample, with corrections, as the symposia of that version wrote it."""
    with sqlite3.connect(tmp_path / "archive.sqlite") as database:
        database.executescript(request.param.read_text("utf-8"))
    database.close()
    return tmp_path


def differences(archive: Archive) -> list[object]:
    """How an archive's tables differ from those that this symposia makes."""
    with archive.reading() as connection:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), METADATA)
        now = connection.execute(text("SELECT value FROM meta WHERE key = 'schema_version'")).scalar_one()
    assert now == str(schema.SCHEMA_VERSION)
    return found


def test_an_old_archive_is_brought_up_to_date_and_loses_nothing(old: Path) -> None:
    with sqlite3.connect(old / "archive.sqlite") as database:
        (old_version,) = map(
            int, database.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        )
    database.close()
    with Archive.open(old) as archive:
        assert differences(archive) == []
        there = archive.layers("rec-1")
        embedded = () if old_version == 4 else layers("rec-1").translation_embeddings
        assert there == dataclasses.replace(layers("rec-1"), translation_embeddings=embedded)
        assert {review.field for review in archive.reviews()} == {"text", "theme:ethics", "state"}
        by_id = archive.entries_by_id(["p02", "p04"])
        assert by_id["p02"].passage.text == "未来の絵コンテです。"
        assert by_id["p04"].state == "approved"
        (withheld,) = rights.restrictions(archive)
        assert (withheld.target, withheld.lost) == ("p05", False)
        before = archive.dump()
    with Archive.open(old) as archive:
        assert archive.dump() == before


def test_looking_at_a_machine_changes_no_archive(old: Path) -> None:
    files, check = archive_check(old)
    assert (files, check.state) == (old, "ok")
    assert "as any other command" in check.what
    with sqlite3.connect(old / "archive.sqlite") as database:
        found = database.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    assert int(found[0]) < schema.SCHEMA_VERSION


def test_what_was_withheld_reaches_as_far_as_it_went_since(old: Path) -> None:
    with sqlite3.connect(old / "archive.sqlite") as database:
        database.execute("UPDATE readings SET end_s = 60 WHERE id = 'p05'")  # by an editor, afterwards
        database.execute("UPDATE restrictions SET until = '2099-W33-6'")
    database.close()
    with Archive.open(old) as archive:
        with archive.reading() as connection:
            (extent,) = held_extents(connection).values()
        (withheld,) = rights.restrictions(archive)
        text = layers("rec-1").passages[4].text
        assert (extent.start_s, extent.end_s, extent.text) == (40.0, 60.0, text)
        assert withheld.until == "2099-08-15"
        archive.keep(dataclasses.replace(recording("rec-1"), sha256="cd" * 32), layers("rec-1"), ())
        assert [each.passage.id for each in archive.entries_of_recordings(["rec-1"])] == [
            "p01",
            "p02",
            "p03",
            "p04",
        ]


def test_it_is_brought_up_to_date_whole_or_not_at_all(old: Path) -> None:
    with sqlite3.connect(old / "archive.sqlite") as database:
        fails = "CREATE TRIGGER fails BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'stopped'); END"
        database.execute(fails)  # the last that a migration does
        before = list(database.iterdump())
    with pytest.raises(ArchiveError, match="stopped"):
        Archive.open(old)
    assert list(database.iterdump()) == before
    database.close()


def test_what_is_older_than_that_is_refused_in_words(old: Path) -> None:
    with sqlite3.connect(old / "archive.sqlite") as database:
        database.execute("UPDATE meta SET value = '3' WHERE key = 'schema_version'")
    database.close()
    with pytest.raises(ArchiveError, match="development version"):
        Archive.open(old)


def test_tables_are_the_same_made_at_once_and_migrated(place: Place) -> None:
    with Archive.open(place, create=True) as archive:
        assert differences(fill(archive)) == []
        rights.restrict(archive, "passage", "p05", reason="asked", by="ana")
        rights.restrict(archive, "speaker", "o'hara", reason="asked", by="ana", until="2999-01-01")
        before = archive.dump()
        with archive.writing() as connection:  # as version 4 had them
            connection.execute(text("ALTER TABLE restrictions DROP COLUMN text"))
            connection.execute(text("ALTER TABLE restrictions DROP COLUMN sha256"))
            schema.translation_embeddings.drop(connection)
            schema.harvest.drop(connection)
            connection.execute(text("UPDATE meta SET value = '4' WHERE key = 'schema_version'"))
    with Archive.open(place) as archive:
        assert differences(archive) == []
        for recording in before["recordings"]:
            del recording["translation_embeddings"]
        assert archive.dump() == before


def test_alembic_is_not_imported_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from transcripts.archive import Archive; "
        "Archive.open(Path(sys.argv[1]), create=True).close(); "
        "sys.exit(any(name.startswith('alembic') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
