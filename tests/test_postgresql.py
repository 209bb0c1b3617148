"""An archive in a PostgreSQL database: the same as one in a directory, and its troubles in words."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer
from sample_archive import embed, fill
from sqlalchemy import text
from web_archive import form_token, local_client

from flows.cli import main
from flows.doctor import archive_check
from transcripts import rights
from transcripts.archive import Archive
from transcripts.document import documents
from transcripts.errors import ArchiveError
from transcripts.formats.writers import WRITERS
from transcripts.place import place_of
from transcripts.query import SearchQuery, parse
from transcripts.records import Recording
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex


@pytest.fixture
def filled(database_url: str) -> str:
    """The URL of an archive that holds the sample."""
    with Archive.open(database_url, create=True) as archive:
        fill(archive)
    return database_url


@pytest.fixture
def archive(filled: str) -> Iterator[Archive]:
    with Archive.open(filled) as opened:
        yield opened


# The same as in a directory


def with_corrections(archive: Archive) -> Archive:
    desk = ReviewDesk(fill(archive))
    desk.correct("p02", "text", "未来の絵コンテです。", reviewer="ana")
    desk.correct("p01", "theme:ethics", "False", reviewer="ben")
    desk.set_state("p04", "approved", "ana")
    rights.restrict(archive, "passage", "p05", reason="asked", by="ana")
    return archive


def answers(archive: Archive) -> list[object]:
    """What searches answer, hits with their scores and all counts."""
    index = SearchIndex.open(archive, embed)
    asked = ["倫理", "future", '"guion"', "영화 미래", "فیلم", "storyboard -ethics", "theme:ethics", ""]
    queries = [parse(words) for words in asked]
    queries += [SearchQuery("未来", mode="meaning"), SearchQuery("", sort="time", limit=3, offset=2)]
    return [index.find(query) for query in queries]


def test_dump_searches_and_exports_are_those_of_a_directory(database_url: str, tmp_path: Path) -> None:
    with (
        Archive.open(database_url, create=True) as there,
        Archive.open(tmp_path / "here", create=True) as here,
    ):
        with_corrections(there)
        with_corrections(here)
        assert there.dump() == here.dump()
        assert answers(there) == answers(here)
        assert there.summary() == here.summary()
        for form in WRITERS.keys() - {"pdf", "docx", "epub"}:  # these hold the time of their making
            assert tuple(WRITERS[form](documents(there))) == tuple(WRITERS[form](documents(here)))
        assert (tmp_path / "files" / "index" / "state.json").exists()


def test_the_command_line_takes_a_url(filled: str, capfd: pytest.CaptureFixture[str]) -> None:
    symposia("status", "--archive", filled)
    assert f"symposia search WORDS --archive {filled}" in capfd.readouterr().out
    symposia("review", "state", "p01", "approved", "--reviewer", "ana", "--archive", filled)
    symposia("verify", "--archive", filled, expected=1)  # the sample has no originals
    assert "2 faults" in capfd.readouterr().out
    symposia("restore", "bag", "--archive", filled, expected=2)
    assert "symposia migrate" in capfd.readouterr().err


def test_the_reading_room_shows_it_and_writes_there(archive: Archive) -> None:
    with local_client(archive) as client:
        assert "The Future of Filmmaking" in client.get("/").text
        assert "p01" in client.get("/search", params={"q": "倫理"}).text
        asked = {"what": "", "kind": "passage", "target": "p04", "reason": "asked", "until": "", "next": ""}
        form = {**asked, "form_token": form_token(client, "/rights")}
        assert client.post("/rights", data=form, follow_redirects=False).status_code == 303
    assert [each.target for each in rights.restrictions(archive)] == ["p04"]


def test_many_hold_and_read_at_once(archive: Archive) -> None:
    """What is held needs no connection of those that readers wait for."""
    counted: list[int] = []

    def work() -> None:
        with archive.reading() as connection:
            ready.wait(timeout=60)
            with archive.hold("index", wait=True):
                counted.append(int(connection.execute(text("SELECT count(*) FROM readings")).scalar_one()))

    number = 15  # as many as the pool has connections
    ready = threading.Barrier(number)
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == [8] * number


def test_the_doctor_looks_at_the_database(filled: str) -> None:
    files, check = archive_check(filled)
    assert (check.state, files and files.name) == ("ok", "files")
    _, check = archive_check(filled.replace("/archive_", "/nowhere_"))
    assert check.state == "wrong"
    assert "createdb" in check.what


def symposia(*arguments: str, expected: int = 0) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["symposia", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == expected


# Where it is, and who may enter


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("postgresql://ana:secret@host/archive", "PGPASSFILE"),
        ("postgresql://host/archive?password=secret", "among its options"),
        ("postgresql://host", "names no database"),
        ("mysql://host/archive", "neither a directory nor a PostgreSQL database"),
        ("postgresql://[host/archive", "cannot be read"),
        ("postgresql://ana:sec/secret@host/archive", "PGPASSFILE"),
        ("postgresql://ana:sec?secret@host/archive", "PGPASSFILE"),
        ("postgresql://ana:secret/archive", "cannot be read"),
        ("postgresql://host/archive?sslpassword=secret", "among its options"),
        ("postgresql:/archive", "is no URL"),
        ("", "name is empty"),
    ],
)
def test_what_cannot_be_a_place_is_told_without_its_password(place: str, said: str) -> None:
    with pytest.raises(ArchiveError, match=said) as refused:
        place_of(place)
    assert "secret" not in str(refused.value)


def test_a_database_behind_a_socket_of_this_machine_is_no_folder() -> None:
    place = place_of("postgresql:///festival")
    assert place == "postgresql:///festival" == place_of(place)


def test_a_password_comes_from_the_environment_and_stays_there(
    postgresql_server: PostgresqlServer, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_server.execute("CREATE ROLE secretive SUPERUSER LOGIN PASSWORD 'a/b c'")
    url = database_url.replace("postgres@", "secretive@")
    with pytest.raises(ArchiveError, match="asks for a password"):
        Archive.open(url, create=True)
    monkeypatch.setenv("PGPASSWORD", "mistyped")
    with pytest.raises(ArchiveError, match="refuses user or password") as refused:
        Archive.open(url, create=True)
    monkeypatch.setenv("PGPASSWORD", "a/b c")
    Archive.open(url, create=True).close()
    monkeypatch.delenv("PGPASSWORD")
    given = url.replace("secretive@", "secretive:a%2Fb%20c@")
    monkeypatch.setenv("SYMPOSIA_ARCHIVE", given)
    assert place_of(given) == url
    with Archive.open(given) as archive, archive.reading() as connection:
        assert "a/b" not in repr(connection.execute(text("SELECT * FROM meta")).all())
    assert "mistyped" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("/archive_", "/nowhere_"), "createdb NAME"),
        (("postgres@", "nobody@"), "does not know this user"),
        (("?host=", "?host=/nowhere"), "no server answers there"),
        (("@/", "@127.0.0.1:1/"), "no server answers there"),
    ],
)
def test_a_server_that_lets_nobody_in(database_url: str, change: tuple[str, str], said: str) -> None:
    url = database_url.replace(*change)
    url = url.partition("?")[0] if "127.0.0.1" in url else url
    with pytest.raises(ArchiveError, match=said):
        Archive.open(url, create=True)
    with pytest.raises(ArchiveError, match=said):
        Archive.exists(url)


def test_it_is_made_only_where_its_files_may_lie(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not Archive.exists(database_url)
    with pytest.raises(ArchiveError, match="its database is empty"):
        Archive.open(database_url)
    monkeypatch.delenv("SYMPOSIA_FILES")
    with pytest.raises(ArchiveError, match="SYMPOSIA_FILES"):
        Archive.open(database_url, create=True)
    monkeypatch.setenv("SYMPOSIA_FILES", str(tmp_path / "one"))
    Archive.open(database_url, create=True).close()
    assert Archive.exists(database_url)
    monkeypatch.delenv("SYMPOSIA_FILES")
    with Archive.open(database_url) as archive:
        assert archive.files == tmp_path / "one"
    monkeypatch.setenv("SYMPOSIA_FILES", str(tmp_path / "here called otherwise"))
    with Archive.open(database_url) as archive:
        assert archive.files == tmp_path / "here called otherwise"


def test_a_database_of_something_else_is_left_alone(
    postgresql_server: PostgresqlServer, database_url: str
) -> None:
    postgresql_server.execute("CREATE TABLE mine (x int)", database=name_of(database_url))
    with pytest.raises(ArchiveError, match="holds something else"):
        Archive.open(database_url, create=True)


def test_a_read_only_database_can_be_read(postgresql_server: PostgresqlServer, filled: str) -> None:
    postgresql_server.execute(f"ALTER DATABASE {name_of(filled)} SET default_transaction_read_only = on")
    with Archive.open(filled) as archive:
        assert len(archive.entries()) == 8
        with pytest.raises(ArchiveError, match="it is read-only"):
            ReviewDesk(archive).set_state("p01", "approved", "ana")


def name_of(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


# In the middle


def test_a_connection_cut_in_the_middle_writes_nothing(
    postgresql_server: PostgresqlServer, archive: Archive
) -> None:
    before = archive.dump()

    def delete() -> None:
        with archive.writing() as connection:
            connection.execute(text("DELETE FROM notes"))
            postgresql_server.cut_connections()
            connection.execute(text("DELETE FROM names"))

    with pytest.raises(ArchiveError, match="nothing else is lost"):
        delete()
    assert archive.dump() == before


def test_a_connection_cut_between_two_transactions_is_replaced(
    postgresql_server: PostgresqlServer, archive: Archive
) -> None:
    for _ in range(3):
        postgresql_server.cut_connections()
        assert len(archive.entries()) == 8
        postgresql_server.cut_connections()
        ReviewDesk(archive).set_state("p01", "approved", "ana")


def test_a_server_that_is_down_is_told_and_taken_up_again(
    postgresql_server: PostgresqlServer, archive: Archive
) -> None:
    before = archive.dump()
    postgresql_server.stop()
    try:
        with pytest.raises(ArchiveError, match="no server answers there"):
            archive.dump()
    finally:
        postgresql_server.start()
    assert archive.dump() == before


def test_who_writes_for_long_is_told_of(filled: str) -> None:
    with Archive.open(filled) as archive, Archive.open(f"{filled}&options=-clock_timeout%3D100") as other:
        with archive.writing(), pytest.raises(ArchiveError, match="writing to it for a long time"):
            other.set_conference(archive.conferences()[0])
        other.set_conference(archive.conferences()[0])


def test_a_text_that_no_database_keeps_is_told_of(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="NUL"):
        archive.keep(
            Recording("a\0b", "opening", "a.wav", "0" * 64, 1.0, "audio"), archive.layers("rec-1"), ()
        )


# Held alone

HOLDER = """
import sys, time
from transcripts.archive import Archive
with Archive.open(sys.argv[1]) as archive, archive.hold("run") as held:
    print(held, flush=True)
    time.sleep(600)
"""


def test_what_one_holds_no_other_has_until_it_ends(filled: str) -> None:
    with Archive.open(filled) as one, Archive.open(filled) as other:
        with one.hold("run") as held, other.hold("run") as refused, other.hold("something else") as free:
            assert (held, refused, free) == (True, False, True)
        with other.hold("run", wait=True) as held:
            assert held


def test_the_hold_of_a_killed_process_ends_with_it(filled: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, filled], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with Archive.open(filled) as archive:
            with archive.hold("run") as held:
                assert not held
            process.send_signal(signal.SIGKILL)
            process.wait()
            with archive.hold("run", wait=True) as held:
                assert held


def test_a_hold_whose_connection_was_cut_harms_nobody(
    postgresql_server: PostgresqlServer, archive: Archive
) -> None:
    with archive.hold("run") as held:
        assert held
        postgresql_server.cut_connections()
        with archive.hold("run") as again:
            assert again
