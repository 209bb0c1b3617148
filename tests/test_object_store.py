"""The files of an archive in an object store: a server that speaks S3, which is moto's (no real store)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from fakes import FakeModels
from object_store import ObjectStore, running_store
from sample_archive import embed, fill
from sounds import tone, write_sound
from web_archive import local_client

from flows.conference import carry_out, conference_record
from flows.config import Conference, load_conference
from flows.doctor import archive_check, room_checks
from flows.jobs import Step
from flows.layers import Layer
from flows.migrating import migrate_archive
from flows.models import TRAINED_THEMES, trained_in
from flows.profiles import load_profile
from flows.request import Request
from flows.retrying import may_pass
from flows.work import bring_up_to_date, job_for
from flows.yamlfile import configs_dir
from nlp.audio import probe
from nlp.theme_training import read_scorer
from transcripts.archive import Archive
from transcripts.deposit.contents import Wishes
from transcripts.deposit.package import deposit
from transcripts.errors import ConfigurationError, FormatError, MediaError, SymposiaError
from transcripts.files import hash_of_file, in_object_store, place_at, remove, write_atomically
from transcripts.formats.subtitles import read_captions
from transcripts.query import SearchQuery
from transcripts.review import ReviewDesk
from transcripts.search import SearchIndex
from transcripts.site.publish import publish
from transcripts.site.settings import Site
from transcripts.verification import original_faults, stray_files

IN_STORE = """
id: talks
title: Talks
target_language: en
panels:
  - {id: opening, title: Opening, languages: [en, es], recording: "s3://symposia-test/tapes/opening.wav"}
  - id: floor
    title: Floor
    captions: [{path: "s3://symposia-test/tapes/floor.vtt", language: ko}]
"""
CAPTIONS = """WEBVTT

00:01.000 --> 00:04.000
<v Ann>영화는 꿈입니다.
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ObjectStore]:
    with running_store() as store:
        yield store


@pytest.fixture
def bucket(server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty bucket."""
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    made = place_at("s3://symposia-test")
    made.mkdir(exist_ok=True)
    yield made
    cast("Any", made).fs.clear_instance_cache()  # one may have been told of a server that is away


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
    [
        ("s3://ana:secret@bucket/x", "holds no password"),
        ("nosuch://bucket/x", "cannot be reached"),
        ("github://a/b", "cannot be reached"),
        ("reference://x", "cannot be reached"),
    ],
)
def test_a_uri_that_cannot_be_a_folder_is_told(uri: str, said: str) -> None:
    with pytest.raises(SymposiaError, match=said) as refused:
        place_at(uri)
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


# Recordings that lie in a store


@pytest.fixture
def conference_file(bucket: Path, tmp_path: Path) -> Path:
    """A conference whose recording and captions lie in a bucket, beside the file that describes it."""
    sound = write_sound(tmp_path / "opening.wav", tone(4.0, 16_000), 16_000)
    for name, content in {"opening.wav": sound.read_bytes(), "floor.vtt": CAPTIONS.encode()}.items():
        (bucket / "tapes" / name).write_bytes(content)
    sound.unlink()
    described = tmp_path / "talks.yaml"
    described.write_text(IN_STORE, encoding="utf-8")
    return described


@pytest.fixture
def processed(
    conference_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Conference, Archive]]:
    """That conference as the archive keeps it, with fake models."""
    monkeypatch.setattr(
        "faster_whisper.vad.get_speech_timestamps", lambda held, options: [{"start": 8_000, "end": 40_000}]
    )
    conference = load_conference(conference_file)
    with Archive.open(tmp_path / "archive", create=True) as made:
        assert work(conference, made) > 0
        yield conference, made


def work(conference: Conference, archive: Archive) -> int:
    """Bring all recordings up to date; how many steps that took."""
    models = FakeModels(load_profile("embedded"), configs_dir() / "themes.yaml", print)
    archive.set_conference(conference_record(conference))
    done: list[Step] = []

    def perform(steps: Sequence[Step]) -> list[Layer]:
        done.extend(steps)
        return [step.make(lambda reached_s: None) for step in steps]

    for source in conference.sources:
        bring_up_to_date(job_for(source, conference, models, archive), archive, perform)
    return len(done)


def test_recordings_are_read_where_they_lie(processed: tuple[Conference, Archive], bucket: Path) -> None:
    conference, archive = processed
    assert archive.recording("opening").path == "s3://symposia-test/tapes/opening.wav"
    assert archive.recording("opening").duration_s == pytest.approx(4.0)
    assert archive.recording("opening").sha256 == hash_of_file(
        place_at("s3://symposia-test/tapes/opening.wav"), "sha256"
    )
    assert [each.text for each in archive.layers("floor").passages] == ["영화는 꿈입니다."]
    assert work(conference, archive) == 0
    (bucket / "tapes" / "floor.vtt").write_text(CAPTIONS.replace("꿈", "빛"), encoding="utf-8")
    assert work(conference, archive) > 0
    assert [each.text for each in archive.layers("floor").passages] == ["영화는 빛입니다."]


def test_the_room_plays_them_a_range_at_a_time(processed: tuple[Conference, Archive], bucket: Path) -> None:
    _, archive = processed
    content = (bucket / "tapes" / "opening.wav").read_bytes()
    size = len(content)
    room = local_client(archive)
    for asked, status, start, end in (
        ("", 200, 0, size),
        ("bytes=0-", 206, 0, size),
        ("bytes=100-199", 206, 100, 200),
        (f"bytes={size - 5}-{size + 5}", 206, size - 5, size),
        ("bytes=-7", 206, size - 7, size),
        (f"bytes=-{size + 7}", 206, 0, size),
        ("bytes=9-8", 200, 0, size),
        ("bytes=0-1,4-5", 200, 0, size),
        ("pages=1-2", 200, 0, size),
        (f"bytes={size}-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
    ):
        answer = room.get("/media/opening", headers={"Range": asked} if asked else {})
        assert (answer.status_code, answer.content) == (status, content[start:end]), asked
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers.get("content-range") == {
            200: None,
            206: f"bytes {start}-{end - 1}/{size}",
            416: f"bytes */{size}",
        }.get(status)
    tag = answer.headers["etag"]
    for same, status in ((tag, 206), ('"another"', 200)):
        answer = room.get("/media/opening", headers={"Range": "bytes=0-9", "If-Range": same})
        assert answer.status_code == status
    (bucket / "tapes" / "opening.wav").write_bytes(b"")
    assert room.get("/media/opening").content == b""
    assert room.get("/media/opening", headers={"Range": "bytes=5-"}).status_code == 416
    remove(bucket / "tapes" / "opening.wav")
    assert room.get("/media/opening").status_code == 404


def test_no_more_is_fetched_than_is_asked_for(processed: tuple[Conference, Archive], bucket: Path) -> None:
    """Counted in what moto answers: s3fs would read 50 MB ahead."""
    _, archive = processed
    (bucket / "tapes" / "opening.wav").write_bytes(bytes(8_000_000))
    room = local_client(archive)
    with fetched_bytes() as fetched:
        assert room.head("/media/opening").headers["content-length"] == "8000000"
    assert sum(fetched) == 0
    with fetched_bytes() as fetched:
        assert len(room.get("/media/opening", headers={"Range": "bytes=1000-1999"}).content) == 1000
    assert 1000 <= sum(fetched) < 1_500_000


@contextmanager
def fetched_bytes() -> Iterator[list[int]]:
    """The sizes of what objects are asked for meanwhile."""
    sizes: list[int] = []
    from s3fs.core import S3File

    original = S3File._fetch_range

    def fetch(self: Any, start: int, end: int) -> Any:
        found = original(self, start, end)
        sizes.append(len(found))
        return found

    S3File._fetch_range = fetch
    try:
        yield sizes
    finally:
        S3File._fetch_range = original


def test_a_store_that_is_away_is_not_one_that_lost_them(
    processed: tuple[Conference, Archive], bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, archive = processed
    publish(archive, tmp_path / "site", Site(), include="draft")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    cast("Any", bucket).fs.clear_instance_cache()
    with pytest.raises(SymposiaError, match="cannot be asked for"):
        publish(archive, tmp_path / "site", Site(), include="draft")
    assert (tmp_path / "site" / "media" / "opening.wav").exists()
    (fault, *_) = original_faults(archive, lambda size: None)
    assert "cannot be read" in fault.what
    assert "missing" not in fault.what
    assert local_client(archive).get("/media/opening").status_code == 503


def test_they_are_verified_published_and_packed(
    processed: tuple[Conference, Archive], bucket: Path, tmp_path: Path
) -> None:
    _, archive = processed
    assert list(original_faults(archive, lambda size: None)) == []
    assert list(stray_files(archive)) == []
    publish(archive, tmp_path / "site", Site(), include="draft")
    content = (bucket / "tapes" / "opening.wav").read_bytes()
    assert (tmp_path / "site" / "media" / "opening.wav").read_bytes() == content
    deposit(archive, tmp_path / "bag", Wishes())
    packed = sorted(each.name for each in (tmp_path / "bag" / "data" / "originals").rglob("*.*"))
    assert packed == ["floor.vtt", "opening.wav"]
    (bucket / "tapes" / "opening.wav").write_bytes(content[:-1] + b"!")
    (fault,) = original_faults(archive, lambda size: None)
    assert "has changed" in fault.what


def test_what_cannot_be_read_in_a_store_is_named(
    conference_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = conference_file.read_text("utf-8")
    request = Request(conference_file, tmp_path / "archive", "embedded")
    for wrong in ("tapes/closing.wav", "tapes"):
        conference_file.write_text(text.replace("tapes/opening.wav", wrong), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=f"s3://symposia-test/{wrong} is not there"):
            carry_out(request)
    conference_file.write_text(text.replace("s3://symposia-test", "s3://ana:secret@b"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="holds no password"):
        load_conference(conference_file)
    conference_file.write_text(text, encoding="utf-8")
    source, floor = load_conference(conference_file).sources
    assert source.path is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    cast("Any", source.path).fs.clear_instance_cache()
    with pytest.raises(SymposiaError, match=r"s3://symposia-test/tapes/opening.wav cannot be asked") as told:
        carry_out(request)
    assert may_pass(told.value)
    with pytest.raises(MediaError, match=r"s3://symposia-test/tapes/opening.wav cannot be read"):
        probe(place_at(str(source.path)))
    with pytest.raises(FormatError, match=r"s3://symposia-test/tapes/floor.vtt cannot be read"):
        read_captions(place_at(str(floor.captions[0].path)), "ko")
    assert not (tmp_path / "archive").exists()
