"""The files of an archive in an object store: a server that speaks S3, which is moto's (no real store)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from sample_archive import embed, fill

from flows.doctor import archive_check, room_checks
from flows.migrating import migrate_archive
from flows.models import TRAINED_THEMES, trained_in
from nlp.theme_training import read_scorer
from transcripts.archive import Archive
from transcripts.errors import SymposiaError
from transcripts.files import folder_at, in_object_store, remove, write_atomically
from transcripts.query import SearchQuery
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty bucket."""
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "ana",
        "AWS_SECRET_ACCESS_KEY": "three quiet otters",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    made = folder_at("s3://symposia-test")
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture
def archive(database_url: str, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setenv("SYMPOSIA_FILES", str(bucket / "festival"))
    with Archive.open(database_url, create=True) as made:
        monkeypatch.delenv("SYMPOSIA_FILES")
        yield fill(made)


def found(archive: Archive, *queries: str) -> list[object]:
    index = SearchIndex.open(archive, embed)
    return [index.find(SearchQuery(query)) for query in queries]


def test_the_index_lies_in_the_store_and_follows(archive: Archive) -> None:
    asked = ("倫理", "future", "guion", "فیلم")
    with Archive.in_memory() as beside:
        fill(beside)
        assert found(archive, *asked) == found(beside, *asked)
        for each in (archive, beside):
            ReviewDesk(each).correct("p01", "text", "未来の絵コンテです。", reviewer="ana")
        assert found(archive, "絵コンテ", *asked) == found(beside, "絵コンテ", *asked)
        assert archive.files is not None
        assert in_object_store(archive.files)
        state = archive.files / "index" / "state.json"
        state.write_text("{")  # half of one, as no store leaves it: the index is made anew
        assert found(archive, "絵コンテ", *asked) == found(beside, "絵コンテ", *asked)
        assert len(state.read_text()) > 100


def test_what_the_tagger_learned_moves_there_and_is_read(
    archive: Archive, bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = trained_in(archive)
    assert place is not None
    assert read_scorer(place) is None
    write_atomically(place, "learned")
    assert (bucket / "festival" / TRAINED_THEMES).read_text() == "learned"
    remove(bucket / "festival")
    assert not place.exists()


def test_the_doctor_tries_the_store(
    archive: Archive, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, check = archive_check(database_url)
    assert check.state == "ok"
    assert [each.state for each in room_checks({"archive": files})] == ["ok"]
    monkeypatch.setenv("SYMPOSIA_FILES", "s3://no-such-bucket/festival")
    files, _ = archive_check(database_url)
    (told,) = room_checks({"archive": files})
    assert told.state == "wrong"
    assert "credentials" in told.what


@pytest.mark.parametrize(
    ("uri", "said"),
    [("s3://ana:secret@bucket/x", "holds no password"), ("nosuch://bucket/x", "cannot be reached")],
)
def test_a_uri_that_cannot_be_a_folder_is_told(uri: str, said: str) -> None:
    with pytest.raises(SymposiaError, match=said) as refused:
        folder_at(uri)
    assert "secret" not in str(refused.value)


def test_an_archive_moves_into_a_store_and_back(
    archive: Archive, database_url: str, bucket: Path, tmp_path: Path
) -> None:
    place = trained_in(archive)
    assert place is not None
    write_atomically(place, "learned")
    migrate_archive(database_url, tmp_path / "here")
    assert (tmp_path / "here" / TRAINED_THEMES).read_text() == "learned"
    with Archive.open(tmp_path / "here") as here:
        assert here.dump() == archive.dump()
