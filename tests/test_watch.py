"""`symposia watch`: what arrives is processed once, whatever its name, and across restarts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from flows.conference import _alone, conference_record
from flows.config import load_conference
from flows.request import Request
from flows.watching import AGAIN_AFTER_S, Watcher, watch_folder
from flows.work import stat_key
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConfigurationError
from transcripts.holdings import RecordingLayers, StageRecord
from transcripts.records import Recording

CONFERENCE = """
id: talks
title: Talks
target_language: es
panels:
  - {id: opening, title: Opening, languages: [en], recording: day1/opening.wav}
  - {id: closing, title: Closing, languages: [en], recordings: [closing.wav, encore.wav]}
"""
SETTLE_S = 30.0


@dataclass
class Place:
    """A folder, a conference, an archive, and a run that only writes down what it was asked for."""

    root: Path
    processed: list[set[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    trouble: Exception | None = None
    now_s: float = 0.0

    @property
    def request(self) -> Request:
        return Request(self.root / "talks.yaml", self.root / "archive", "embedded", self.root / "inbox")

    def arrive(self, name: str, content: str = "") -> Path:
        path = self.root / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content or name, encoding="utf-8")
        return path

    def process(self, request: Request) -> None:
        if self.trouble:
            raise self.trouble
        assert request.only is not None
        self.processed.append(set(request.only))
        conference = load_conference(request.conference, request.arriving_in)
        with Archive.open(request.archive, create=True) as archive:
            archive.set_conference(conference_record(conference))
            for source in conference.sources:
                if source.recording_id in request.only and source.path:
                    sha256 = source.path.read_text("utf-8").encode().hex().ljust(64, "0")
                    recording = Recording(source.recording_id, source.panel_id, str(source.path), sha256, 1.0)
                    file = StageRecord(f"file:0:{source.path.name}", stat_key(source.path), sha256)
                    archive.keep(recording, RecordingLayers(), [file])

    def watcher(self) -> Watcher:
        return Watcher(self.request, SETTLE_S, self.process, self.said.append)

    def look(self, watcher: Watcher, later_s: float = SETTLE_S) -> None:
        self.now_s += later_s
        watcher.look(self.now_s)

    def settle(self, watcher: Watcher) -> None:
        self.look(watcher)
        self.look(watcher)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(
        "flows.watching.sha256_of", lambda path: path.read_text("utf-8").encode().hex().ljust(64, "0")
    )
    (tmp_path / "inbox").mkdir()
    (tmp_path / "talks.yaml").write_text(CONFERENCE, encoding="utf-8")
    return Place(tmp_path)


def test_a_recording_is_taken_when_it_has_stopped_growing(place: Place) -> None:
    watcher = place.watcher()
    place.look(watcher)
    place.arrive("day1/opening.wav", "a")
    place.look(watcher, 1)
    place.look(watcher, SETTLE_S - 1)
    place.arrive("day1/opening.wav", "ab")  # still growing
    place.look(watcher, 1)
    place.look(watcher, SETTLE_S - 1)
    assert place.processed == []
    place.look(watcher, 1)
    assert place.processed == [{"opening"}]


def test_each_recording_once_also_across_restarts(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("closing.wav")
    place.settle(watcher)
    place.arrive("day1/opening.wav")
    place.settle(watcher)
    place.settle(watcher)
    assert place.processed == [{"closing"}, {"opening"}]
    assert "waiting for 1 recordings: encore.wav" in place.said
    again = place.watcher()
    place.settle(again)
    place.settle(again)
    assert place.processed[2:] == [{"closing", "opening"}]  # asked once more; see the test with a real run


def test_what_is_renamed_or_delivered_twice_is_known(place: Place) -> None:
    watcher = place.watcher()
    path = place.arrive("day1/opening.wav", "sound")
    place.settle(watcher)
    place.arrive("day1/opening (1).wav", "sound")
    path.rename(path.with_name("renamed.wav"))
    place.arrive("closing.wav", "sound")
    place.settle(watcher)
    assert place.processed == [{"opening"}]
    told = [line for line in place.said if "holds the same as the recording 'opening'" in line]
    assert [line.partition(" holds")[0].rpartition("/")[2] for line in told] == [
        "closing.wav",
        "opening (1).wav",
        "renamed.wav",
    ]
    waiting = [line for line in place.said if line.startswith("waiting")]
    assert waiting[-1] == "waiting for 1 recordings: encore.wav"  # not for what was renamed since


def test_of_two_that_arrive_together_the_first_of_the_file_is_taken(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("closing.wav", "sound")
    place.arrive("day1/opening.wav", "sound")
    place.settle(watcher)
    assert place.processed == [{"opening"}]


def test_what_nobody_named_is_reported_and_not_guessed(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("opening.wav")  # named, but in another folder
    for hidden in (".opening.wav.x7Qa", "day1/opening.wav.part", ".Trash/closing.wav"):
        place.arrive(hidden)
    place.settle(watcher)
    place.settle(watcher)
    assert place.processed == []
    unnamed = [line for line in place.said if "is not named" in line]
    assert len(unnamed) == 1
    assert "inbox/opening.wav" in unnamed[0]


def test_a_recording_at_its_own_place_needs_no_copy_in_the_folder(place: Place) -> None:
    (place.root / "closing.wav").write_text("there already", encoding="utf-8")
    watcher = place.watcher()
    place.settle(watcher)
    assert place.processed == [{"closing"}]


def test_ids_do_not_depend_on_what_has_arrived(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("encore.wav")
    place.settle(watcher)
    assert place.processed == [{"closing-2"}]


def test_recordings_in_an_object_store_are_left_to_run(place: Place) -> None:
    described = place.root / "talks.yaml"
    stored = '  - {id: stored, title: Stored, languages: [en], recording: "s3://tapes/stored.wav"}'
    described.write_text(f"{CONFERENCE.rstrip()}\n{stored}\n", encoding="utf-8")
    watcher = place.watcher()
    place.arrive("day1/opening.wav")
    place.settle(watcher)
    assert place.processed == [{"opening"}]
    assert [line for line in place.said if "1 recordings lie in an object store" in line] == place.said[:1]


def test_the_conference_file_may_change_meanwhile(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("late.wav")
    place.settle(watcher)
    more = "  - {id: late, title: Late, languages: [en], recording: late.wav}\n"
    place.request.conference.write_text(CONFERENCE + more + "  - nonsense", encoding="utf-8")
    place.settle(watcher)
    assert place.processed == []
    assert len([line for line in place.said if "is not used as it is" in line]) == 1
    place.request.conference.write_text(CONFERENCE + more, encoding="utf-8")
    place.settle(watcher)
    assert place.processed == [{"late"}]


def test_trouble_is_told_once_and_tried_again_after_a_while(place: Place) -> None:
    watcher = place.watcher()
    place.arrive("closing.wav")
    watcher.look_patiently(0.0)
    place.trouble = ArchiveError("another run is at work")
    for now_s in (SETTLE_S, SETTLE_S + 1, SETTLE_S + AGAIN_AFTER_S):
        watcher.look_patiently(now_s)
    assert place.said.count("another run is at work") == 1
    place.trouble = None
    watcher.look_patiently(SETTLE_S + AGAIN_AFTER_S + 1)
    assert place.processed == []
    watcher.look_patiently(SETTLE_S + 2 * AGAIN_AFTER_S)
    assert place.processed == [{"closing"}]


def test_two_panels_of_one_file_are_both_told_of(place: Place) -> None:
    again = "  - {id: again, title: Again, languages: [es], recording: day1/opening.wav}\n"
    place.request.conference.write_text(CONFERENCE + again, encoding="utf-8")
    watcher = place.watcher()
    place.arrive("day1/opening.wav")
    place.settle(watcher)
    assert place.processed == [{"opening"}]
    (told,) = [line for line in place.said if "holds the same as the recording 'opening'" in line]
    assert "symposia run" in told


def test_a_folder_with_a_circle_of_links_is_watched(place: Place) -> None:
    for here, there in (("a.wav", "b.wav"), ("b.wav", "a.wav")):
        (place.root / "inbox" / here).symlink_to(place.root / "inbox" / there)
    watcher = place.watcher()
    place.arrive("closing.wav")
    place.settle(watcher)
    assert place.processed == [{"closing"}]


def test_trouble_with_the_folder_does_not_end_the_watch(place: Place) -> None:
    watcher = place.watcher()
    place.trouble = PermissionError(13, "Permission denied", "inbox")
    place.arrive("closing.wav")
    watcher.look_patiently(0.0)
    watcher.look_patiently(SETTLE_S)
    assert any("Permission denied" in line for line in place.said)
    place.trouble = None
    watcher.look_patiently(SETTLE_S + AGAIN_AFTER_S)
    watcher.look_patiently(2 * SETTLE_S + AGAIN_AFTER_S)
    assert place.processed == [{"closing"}]


def test_an_archive_that_was_only_begun_is_made(place: Place) -> None:
    place.root.joinpath("archive").mkdir()
    place.root.joinpath("archive", "archive.sqlite").touch()
    watcher = place.watcher()
    place.arrive("closing.wav")
    place.settle(watcher)
    assert place.processed == [{"closing"}]


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with Archive.open(tmp_path, create=True) as archive, Archive.open(tmp_path) as other:
        refused = pytest.raises(ArchiveError, match="another run is at work")
        with _alone(archive, tmp_path), refused, _alone(other, tmp_path):
            pass
        with _alone(other, tmp_path):  # it is free again
            pass


def test_a_folder_that_is_not_there(place: Place) -> None:
    (place.root / "inbox").rmdir()
    with pytest.raises(ConfigurationError, match="is no folder"):
        watch_folder(place.request, 0, once=True)


def test_without_a_watch_recordings_must_be_there(place: Place) -> None:
    with pytest.raises(ConfigurationError, match=r"opening\.wav does not exist"):
        load_conference(place.request.conference)
    (place.root / "inbox" / "closing.wav").mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        load_conference(place.request.conference, place.root / "inbox")


CAPTIONED = """
id: talks
title: Talks
target_language: ko
panels:
  - {id: floor, title: Floor, captions: [{path: floor.vtt, language: ko}]}
  - {id: opening, title: Opening, languages: [en], recording: opening.wav}
"""


@pytest.fixture
def real(place: Place) -> Place:
    """A conference whose captions are there, and whose recording is to come."""
    place.request.conference.write_text(CAPTIONED, encoding="utf-8")
    (place.root / "floor.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:04.000\n영화는 꿈입니다.\n", encoding="utf-8"
    )
    return place


def started(place: Place, *more: str) -> subprocess.Popen[str]:
    request = place.request
    here = Path(__file__).resolve().parent
    command = [sys.executable, str(here / "fakes_main.py"), "watch", str(request.arriving_in), *more]
    command += ["--conference", str(request.conference), "--archive", str(request.archive), "--settle", "0"]
    environment = {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"}
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    )


def read_until(process: subprocess.Popen[str], wanted: Callable[[str], bool]) -> list[str]:
    assert process.stderr
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if wanted(line):
            return lines
    raise AssertionError("".join(lines))


def test_ctrl_c_ends_a_watch_cleanly(place: Place) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts behind ignores it
    try:
        process = started(place)
    finally:
        signal.signal(signal.SIGINT, before)
    read_until(process, lambda line: "waiting for 3 recordings" in line)
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in rest) == (0, False)
    assert "the watch has ended" in rest


def test_a_watch_that_is_killed_goes_on_where_it_was(real: Place) -> None:
    process = started(real)
    assert process.stderr
    try:
        deadline_s = time.monotonic() + 300
        while not list((real.root / "archive" / "work").glob("passages-*")):
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
    finally:
        process.kill()
    process.wait()  # its server lives on, and holds its pipe, until the next run ends it
    process.stderr.close()
    done = started(real, "--once")
    _, said = done.communicate(timeout=240)
    assert done.returncode == 0, said
    with Archive.open(real.request.archive) as archive:
        assert [each.id for each in archive.recordings()] == ["floor"]
        assert len(archive.passages("floor")) == 1
        before = archive.dump()
    again = started(real, "--once")
    _, said = again.communicate(timeout=240)
    assert "nothing to do" in said
    with Archive.open(real.request.archive) as archive:
        assert archive.dump() == before
