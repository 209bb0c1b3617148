"""`symposia migrate`: an archive goes into a database and comes back, whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sample_archive import fill
from sqlalchemy import select

from flows.migrating import migrate_archive
from flows.models import TRAINED_THEMES
from transcripts import rights
from transcripts.accounts import Accounts
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.place import Place
from transcripts.review import ReviewDesk
from transcripts.schema import meta
from transcripts.transfer import rows_of

PASSWORD = "three quiet otters"


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """An archive with something of everything."""
    with Archive.open(tmp_path / "full", create=True) as archive:
        desk = ReviewDesk(fill(archive))
        desk.correct("p02", "text", "未来の絵コンテです。", reviewer="ana")
        desk.set_state("p04", "approved", "ana")
        rights.restrict(archive, "passage", "p05", reason="asked", by="ana")
        Accounts(archive).add_user("ana", "editor", PASSWORD)
    (tmp_path / "full" / TRAINED_THEMES).write_text("{}")
    return tmp_path / "full"


def dump(place: Place) -> object:
    with Archive.open(place) as archive:
        return archive.dump()


def test_it_goes_into_a_database_and_comes_back(
    full: Path, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    migrate_archive(full, database_url)
    migrate_archive(database_url, tmp_path / "back")
    assert "2 recordings, 8 passages, 2 changes by people" in capsys.readouterr().err
    assert dump(full) == dump(database_url) == dump(tmp_path / "back")
    for place in (database_url, tmp_path / "back"):
        with Archive.open(place) as archive:
            assert archive.files is not None
            assert (archive.files / TRAINED_THEMES).read_text() == "{}"
            assert Accounts(archive).authenticate("ana", PASSWORD)
            ReviewDesk(archive).correct("p03", "text", "Otra cosa.", reviewer="ben")  # is numbered anew
            assert [review.reviewer for review in archive.reviews()] == ["ana", "ana", "ben"]
    with Archive.open(tmp_path / "back") as archive, archive.reading() as connection:
        assert "files" not in set(connection.execute(select(meta.c.key)).scalars())


def test_what_holds_something_is_left_alone(full: Path, place: Place) -> None:
    with Archive.open(place, create=True) as archive:
        Accounts(archive).add_user("ben", "reader", PASSWORD)
        before = archive.dump()
    with pytest.raises(ArchiveError, match="holds something already"):
        migrate_archive(full, place)
    assert dump(place) == before
    with pytest.raises(ArchiveError, match="already: name another place"):
        migrate_archive(full, str(full))


def test_it_waits_for_no_run(full: Path, tmp_path: Path) -> None:
    with Archive.open(full) as archive, archive.hold("run"), pytest.raises(ArchiveError, match="at work"):
        migrate_archive(full, tmp_path / "new")


KILLED = """
import os, signal, sys
from transcripts import transfer
from transcripts.archive import Archive

def watch(rows):
    global left
    left -= rows
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

left = int(sys.argv[3])
with Archive.open(sys.argv[1]) as old, Archive.open(sys.argv[2], create=True) as new:
    transfer.transfer(old, new, watch)
"""


def test_killed_in_the_middle_it_leaves_nothing_and_begins_again(full: Path, place: Place) -> None:
    with Archive.open(full) as archive:
        rows = int(rows_of(archive) * 0.9)
    done = subprocess.run([sys.executable, "-c", KILLED, str(full), str(place), str(rows)], check=False)
    assert done.returncode == -signal.SIGKILL
    with Archive.open(place) as archive:
        assert (archive.recordings(), archive.reviews()) == ((), ())
    migrate_archive(full, place)
    assert dump(place) == dump(full)
