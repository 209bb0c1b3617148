"""The archive keeps what it is given, whole, and says in words when it cannot."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_archive import CONFERENCE, EMBEDDER, SCRIPT, STAGES, fill, layers, recording

from transcripts.archive import Archive, Conference, RecordingLayers, Selection, StageRecord
from transcripts.columns import METADATA
from transcripts.errors import ArchiveError
from transcripts.records import Embedding, Panel, Passage, Recording, Segment, Signature, Span, Word
from transcripts.review import ReviewDesk
from transcripts.rows import float32_bytes, float32_values


@pytest.fixture
def archive(new_archive: Archive) -> Archive:
    return fill(new_archive)


SCRATCH = Archive.in_memory()  # Hypothesis wants no fixture of function scope


def revision(archive: Archive) -> int:
    from transcripts.keeping import meta_value

    with archive.reading() as connection:
        return int(meta_value(connection, "revision"))


# What is kept comes back


def test_layers_come_back_exactly(archive: Archive) -> None:
    for recording_id in ("rec-1", "rec-2"):
        assert archive.layers(recording_id) == layers(recording_id)
        assert archive.recording(recording_id) == recording(recording_id)
        assert tuple(archive.stages(recording_id).values()) == STAGES
    assert archive.all_stages() == {r: {s.stage: s for s in STAGES} for r in ("rec-1", "rec-2")}
    assert archive.passages("rec-1") == layers("rec-1").passages
    assert archive.notes() == {"rec-1": ("music for 4 s",), "rec-2": ("music for 4 s",)}
    assert archive.layers("unknown") == RecordingLayers()


def test_passages_are_selected_by_whom_they_name(archive: Archive) -> None:
    named = archive.entries(Selection(names=frozenset({"busan", "seoul"})))
    assert [entry.passage.id for entry in named] == ["p06"]
    assert archive.entries(Selection(names=frozenset({""}))) == []


def test_the_conference_comes_back(archive: Archive) -> None:
    assert archive.conferences() == (CONFERENCE,)
    assert archive.panels() == CONFERENCE.panels
    assert archive.speakers() == CONFERENCE.speakers


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
numbers = st.floats(0, 1e5)


@given(text=texts, start_s=numbers, length_s=numbers, probability=st.floats(0, 1), flags=st.lists(texts))
def test_any_text_and_number_comes_back(
    text: str, start_s: float, length_s: float, probability: float, flags: list[str]
) -> None:
    span = Span(start_s, start_s + length_s)
    word = Word(text, span, probability)
    kept = RecordingLayers(
        segments=(Segment("s", "rec-1", span, "ja", probability, text, (word,), 0.0, None, tuple(flags)),),
        passages=(Passage("p", "rec-1", 0, span, None, text, "ja", text, ("s",), 0.0, tuple(flags)),),
    )
    SCRATCH.set_conference(CONFERENCE)
    SCRATCH.keep(recording("rec-1"), kept, ())
    assert SCRATCH.layers("rec-1") == kept


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_vectors_are_exact_in_float32(vector: list[float]) -> None:
    assert float32_values(float32_bytes(vector)) == tuple(vector)


def test_a_file_name_that_is_not_utf8_comes_back(archive: Archive) -> None:
    odd = dataclasses.replace(recording("rec-1"), path=os.fsdecode(b"/media/caf\xe9.wav"))
    archive.keep(odd, layers("rec-1"), STAGES)
    assert archive.recording("rec-1") == odd


def test_hints_are_told_for_voices_without_a_name(archive: Archive) -> None:
    hints = [(hint.recording_id, hint.label, hint.speaker_id) for hint in archive.speaker_hints()]
    assert hints == [("rec-1", "S2", "o'hara"), ("rec-2", "S2", "o'hara")]


# Keeping again


def test_keeping_the_same_writes_nothing(archive: Archive) -> None:
    before = revision(archive)
    assert archive.keep(recording("rec-1"), layers("rec-1"), STAGES) is False
    archive.set_conference(CONFERENCE)
    assert revision(archive) == before


def test_keeping_something_else_replaces_the_layers_alone(archive: Archive) -> None:
    review = ReviewDesk(archive).correct("p01", "text", "b", reviewer="editor")
    before = revision(archive)
    shorter = layers("rec-1", without=("p01", "p03"))
    assert archive.keep(recording("rec-1"), shorter, STAGES[:1]) is True
    assert revision(archive) == before + 1
    assert archive.layers("rec-1") == shorter
    assert tuple(archive.stages("rec-1").values()) == STAGES[:1]
    assert archive.layers("rec-2") == layers("rec-2")
    assert archive.reviews() == archive.reviews("p01") == (review,)


def test_the_order_of_keeping_does_not_show_in_the_dump(archive: Archive) -> None:
    with Archive.in_memory() as other:
        other.set_conference(CONFERENCE)
        for recording_id in ("rec-2", "rec-1"):
            moved = dataclasses.replace(recording(recording_id), path=f"/elsewhere/{recording_id}")
            other.keep(moved, RecordingLayers(), ())
            other.keep(moved, layers(recording_id), STAGES)
        assert json.dumps(other.dump()) == json.dumps(archive.dump())
        other.keep(recording("rec-1"), layers("rec-1"), (*STAGES, StageRecord("tag", "k", "d")))
        assert other.dump() != archive.dump()


def test_the_dump_names_no_place_and_no_time(archive: Archive) -> None:
    archive.fail("rec-9", "opening", "/media/rec-9.wav", "probe", "/media/rec-9.wav is empty", "symposia run")
    ReviewDesk(archive).correct("p01", "text", "b", reviewer="editor")
    text = json.dumps(archive.dump())
    assert "/media" not in text
    assert archive.reviews()[0].at not in text


def test_records_that_do_not_fit_are_refused_whole(archive: Archive) -> None:
    before = archive.dump()
    stray = dataclasses.replace(layers("rec-1"), embeddings=(Embedding("nobody", (1.0,), EMBEDDER),))
    with pytest.raises(ArchiveError, match="nothing was written"):
        archive.keep(recording("rec-1"), stray, STAGES)
    twice = dataclasses.replace(layers("rec-1"), passages=layers("rec-1").passages[:1] * 2)
    with pytest.raises(ArchiveError, match="nothing was written"):
        archive.keep(recording("rec-1"), twice, STAGES)
    with pytest.raises(ArchiveError, match="nothing was written"):
        archive.keep(dataclasses.replace(recording("rec-1"), panel_id="no panel"), layers("rec-1"), STAGES)
    assert archive.dump() == before


# Conferences


def test_two_conferences_may_not_share_a_panel_id(archive: Archive) -> None:
    other = Conference("other", "Other", "en", panels=(Panel("opening", "Opening", ("en",)),))
    with pytest.raises(ArchiveError, match=r"'opening' of conference 'other'.*'film-ai'.*another id"):
        archive.set_conference(other)
    archive.set_conference(dataclasses.replace(other, panels=(Panel("other-opening", "Opening", ("en",)),)))
    assert [conference.id for conference in archive.conferences()] == ["film-ai", "other"]


def test_what_recordings_refer_to_stays_when_the_file_drops_it(archive: Archive) -> None:
    extra = Panel("empty", "Nobody came", ("en",))
    archive.set_conference(dataclasses.replace(CONFERENCE, panels=(*CONFERENCE.panels, extra)))
    archive.fail("rec-9", "empty", "x.wav", "probe", "is empty", "symposia run")
    archive.set_conference(dataclasses.replace(CONFERENCE, panels=(), speakers=()))
    assert [panel.id for panel in archive.panels()] == [panel.id for panel in CONFERENCE.panels]
    assert {speaker.id for speaker in archive.speakers()} == {"director", "producer", "o'hara"}
    assert archive.failures() == ()


# Failures and figures


def test_a_failure_is_told_until_the_recording_is_kept(archive: Archive) -> None:
    archive.fail("rec-1", "opening", "a.wav", "probe", "a.wav is empty", "symposia run c.yaml")
    archive.fail("rec-1", "opening", "a.wav", "decode", "a.wav is cut short", "symposia run c.yaml")
    (failure,) = archive.failures()
    assert (failure.stage, failure.reason) == ("decode", "a.wav is cut short")
    assert archive.layers("rec-1") == layers("rec-1")
    archive.keep(recording("rec-1"), layers("rec-1"), STAGES)
    assert archive.failures() == ()
    archive.fail("rec-9", "opening", "b.wav", "probe", "no sound", "symposia run c.yaml")
    archive.clear_failure("rec-9")
    assert archive.failures() == ()


def test_the_summary_counts(archive: Archive) -> None:
    summary = archive.summary()
    assert (summary.panels, summary.recordings, summary.failures) == (2, 2, 0)
    assert (summary.passages, summary.segments, summary.translations) == (8, 8, 7)
    assert summary.duration_s == pytest.approx(246.5)
    assert summary.languages == {"en": 1, "es": 2, "fa": 1, "ja": 2, "ko": 2}
    assert summary.themes == {"ethics": 4, "o'future": 2}
    assert summary.recordings_passages == {"rec-1": 5, "rec-2": 3}
    assert summary.passage_flags == {"doubtful": 1}
    assert summary.untranscribed == {"rec-1": 1, "rec-2": 1}
    with Archive.in_memory() as empty:
        assert empty.summary().duration_s == 0


def test_entries_carry_what_is_shown_beside_a_passage(archive: Archive) -> None:
    entries = archive.entries()
    assert [entry.passage.id for entry in entries] == [line[1] for line in SCRIPT]
    fourth, fifth, seventh = entries[3], entries[4], entries[6]
    assert (fourth.speaker, fourth.panel_id, fourth.themes) == (
        "Productora (México)",
        "opening",
        (("ethics", 0.8),),
    )
    assert fourth.translation == "Ethics is no ornament of the script."
    assert fifth.translation is None
    assert seventh.speaker == "S2"
    assert archive.entries(limit=2, offset=1) == entries[1:3]
    assert archive.entries_by_id(["p04", "gone"]) == {"p04": fourth}


# Opening


def test_an_archive_is_made_and_opened_again(tmp_path: Path) -> None:
    directory = tmp_path / "deep" / "box? #1 %20"
    with Archive.open(directory, create=True) as archive:
        dump = fill(archive).dump()
    with Archive.open(directory) as archive:
        assert archive.dump() == dump
        assert archive.files == directory
    database = sqlite3.connect(directory / "archive.sqlite")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_what_is_not_an_archive_is_refused_in_words(tmp_path: Path) -> None:
    makes_one = "symposia run CONFERENCE.yaml --archive DIR"
    with pytest.raises(ArchiveError, match=f"does not exist.*{makes_one}"):
        Archive.open(tmp_path / "missing")
    with pytest.raises(ArchiveError, match=f"is not an archive.*{makes_one}"):
        Archive.open(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArchiveError, match="is a file"):
        Archive.open(tmp_path / "file", create=True)
    with pytest.raises(ArchiveError, match="cannot open the archive"):
        Archive.open(tmp_path / "file" / "below", create=True)


def test_a_strange_database_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    path.write_text("this is no database, and it is long enough to have a header of its own" * 30)
    with pytest.raises(ArchiveError, match="is not a database of symposia"):
        Archive.open(tmp_path)
    path.unlink()
    foreign = sqlite3.connect(path)
    foreign.execute("CREATE TABLE recipes (name)")
    foreign.close()
    with pytest.raises(ArchiveError, match="not an archive of symposia"):
        Archive.open(tmp_path, create=True)
    path.write_bytes(b"")
    with pytest.raises(ArchiveError, match="not an archive of symposia"):
        Archive.open(tmp_path)
    Archive.open(tmp_path, create=True).close()


def test_a_database_of_something_else_is_told(tmp_path: Path) -> None:
    for number, rows in enumerate(("", "INSERT INTO meta VALUES ('schema_version', 'two')")):
        place = tmp_path / str(number)
        place.mkdir()
        with closing(sqlite3.connect(place / "archive.sqlite")) as database:
            database.executescript(f"CREATE TABLE meta (key TEXT, value TEXT); {rows}")
        with pytest.raises(ArchiveError, match="holds something else"):
            Archive.open(place, create=True)


def test_a_damaged_database_is_told_in_words(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive:
        fill(archive)
    path = tmp_path / "archive.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with (
        pytest.raises(ArchiveError, match="the database is damaged; restore"),
        Archive.open(tmp_path) as archive,
    ):
        archive.dump()


@pytest.mark.parametrize(
    ("version", "told"),
    [("99", r"newer symposia.*99.*update symposia"), ("1", r"development version.*1, .*into a new archive")],
)
def test_an_archive_of_another_version_is_refused_in_words(tmp_path: Path, version: str, told: str) -> None:
    Archive.open(tmp_path, create=True).close()
    database = sqlite3.connect(tmp_path / "archive.sqlite")
    database.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [version])
    database.commit()
    database.close()
    with pytest.raises(ArchiveError, match=told):
        Archive.open(tmp_path, create=True)


def test_an_archive_from_before_translations_were_embedded_is_brought_up_to_date(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive:
        fill(archive)
        whole = archive.dump()
    with closing(sqlite3.connect(tmp_path / "archive.sqlite")) as database:
        database.execute("DROP TABLE translation_embeddings")
        for column in ("text", "sha256"):
            database.execute(f"ALTER TABLE restrictions DROP COLUMN {column}")
        database.execute("UPDATE meta SET value = 4 WHERE key = 'schema_version'")
        database.commit()
    with Archive.open(tmp_path) as archive:
        assert archive.dump() == {
            **whole,
            "recordings": [
                {name: rows for name, rows in each.items() if name != "translation_embeddings"}
                for each in whole["recordings"]
            ],
        }
        fill(archive)
        assert archive.dump() == whole


@pytest.mark.parametrize(
    ("pragma", "words"), [("query_only = ON", "is read-only"), ("max_page_count = 1", "the disk is full")]
)
def test_what_cannot_be_written_is_told_in_words(pragma: str, words: str) -> None:
    with Archive.in_memory() as archive:
        with archive.reading() as connection:
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        with pytest.raises(ArchiveError, match=words):
            archive.set_conference(dataclasses.replace(CONFERENCE, title="long" * 10_000))


def test_a_lock_held_for_long_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transcripts.database.BUSY_TIMEOUT_MS", 10)
    with Archive.open(tmp_path, create=True) as archive:
        other = sqlite3.connect(tmp_path / "archive.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ArchiveError, match="another process has been writing"):
            fill(archive)
        assert archive.panels() == ()  # reading goes on
        other.execute("ROLLBACK")
        other.close()
        fill(archive)


# Killed

WRITER = """
import sys
from pathlib import Path
from sample_archive import *
with Archive.open(Path(sys.argv[1]), create=True) as archive:
    print("open", flush=True)
    while True:
        fill(archive)
        for recording_id in ("rec-1", "rec-2"):
            archive.keep(recording(recording_id), layers(recording_id, without=("p02", "p07")), STAGES[:1])
"""


def test_kill_9_leaves_the_old_layers_or_the_new(tmp_path: Path) -> None:
    here = Path(__file__).parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    for delay_s in (0.0, 0.05, 0.15):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment
        )
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"open\n"
        try:
            writer.wait(delay_s)
        except subprocess.TimeoutExpired:
            os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        with Archive.open(tmp_path) as archive:
            for kept in archive.recordings():
                whole, part = layers(kept.id), layers(kept.id, without=("p02", "p07"))
                assert archive.layers(kept.id) in (whole, part)
            assert fill(archive).layers("rec-2") == layers("rec-2")


def test_the_model_for_queries_is_known(archive: Archive) -> None:
    assert archive.embedding_model() == "fake"
    few = dataclasses.replace(layers("rec-2").embeddings[0], signature=Signature("embed", "another model"))
    archive.keep(recording("rec-2"), dataclasses.replace(layers("rec-2"), embeddings=(few,)), STAGES)
    assert archive.embedding_model() == "fake"
    with Archive.in_memory() as empty:
        assert empty.embedding_model() is None


def test_every_table_and_column_is_documented() -> None:
    page = (Path(__file__).parent.parent / "docs" / "archive.md").read_text("utf-8")
    for table in METADATA.sorted_tables:
        assert f"| `{table.name}` |" in page
        missing = [column.name for column in table.columns if f"`{column.name}`" not in page]
        assert missing == []


def test_recordings_know_their_place_only_as_given(archive: Archive) -> None:
    assert archive.recordings() == (recording("rec-1"), recording("rec-2"))
    with pytest.raises(ArchiveError, match="no recording 'rec-7'"):
        archive.recording("rec-7")
    assert isinstance(archive.recordings()[0], Recording)
