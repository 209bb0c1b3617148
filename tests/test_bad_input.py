"""Recordings that cannot be processed: named with a reason, and the others go on."""

from __future__ import annotations

import errno
import io
import json
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from fakes import FakeModels

from flows import cli
from flows.yamlfile import configs_dir
from transcripts.archive import Archive

DEMO = configs_dir() / "demo"
RATE_HZ = 16_000


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def music(seconds: float) -> np.ndarray:
    """Three-note chords with overtones that change every half second; nobody sings."""
    rng = np.random.default_rng(3)
    times_s = np.arange(int(0.5 * RATE_HZ)) / RATE_HZ
    fade = np.exp(-3 * times_s)
    chords = []
    for _ in range(int(seconds * 2)):
        notes_hz = 220 * 2 ** (rng.choice([0, 3, 4, 5, 7, 9, 12], 3) / 12)
        chords.append(
            sum(np.sin(2 * np.pi * f * k * times_s) / k for f in notes_hz for k in (1, 2, 3)) * fade / 12
        )
    return np.concatenate(chords)


def write_silent_video(path: Path) -> None:
    with av.open(str(path), "w") as container:
        track = container.add_stream("mpeg4", rate=5)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(track.encode(picture))
        container.mux(track.encode(None))


def conference_of(folder: Path, *names: str) -> Path:
    panels: list[dict[str, object]] = [
        {"id": Path(name).stem, "title": name, "languages": ["en", "es"], "recording": name} for name in names
    ]
    captions = [{"path": str(DEMO / "floor.ko.srt"), "language": "ko"}]
    panels.append({"id": "floor", "title": "Floor", "languages": ["ko"], "captions": captions})
    path = folder / "conference.yaml"
    path.write_text(json.dumps({"id": "c", "title": "C", "target_language": "ko", "panels": panels}), "utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of a command."""
    monkeypatch.setattr("sys.argv", ["symposia", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


@pytest.mark.model
def test_bad_recordings_are_named_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("this is a letter, not a sound\n" * 50)
    write_silent_video(tmp_path / "picture.mp4")
    write_wav(tmp_path / "silence.wav", np.zeros(RATE_HZ * 20))
    write_wav(tmp_path / "music.wav", music(60))
    write_wav(tmp_path / "cut.wav", music(60))
    whole = (tmp_path / "cut.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    names = ["empty.wav", "text.wav", "picture.mp4", "silence.wav", "music.wav", "cut.wav"]
    conference, archive = conference_of(tmp_path, *names), tmp_path / "archive"

    assert run(monkeypatch, "run", str(conference), "--archive", str(archive)) == 2

    shown = capfd.readouterr()
    assert "Traceback" not in shown.err + shown.out
    with Archive.open(archive) as opened:
        assert [recording.id for recording in opened.recordings()] == ["floor"]
        failures = {failure.recording_id: failure for failure in opened.failures()}
    assert set(failures) == {Path(name).stem for name in names}
    for name in names:
        failure = failures[Path(name).stem]
        assert name in failure.reason
        assert "defect" not in failure.reason
        assert failure.command.startswith("symposia run ")
    assert "no speech" in failures["silence"].reason
    assert "cut off" in failures["cut"].reason

    assert run(monkeypatch, "status", "--archive", str(archive)) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert all(" ".join(failure.reason.split()) in told for failure in failures.values())


def test_a_full_disk_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("flows.conference.Models", FakeModels)
    monkeypatch.setattr("flows.recording.Models", FakeModels)
    monkeypatch.setattr("flows.stages.read_captions", full)
    monkeypatch.setattr("flows.work.read_captions", full)
    conference, archive = conference_of(tmp_path), tmp_path / "archive"
    assert run(monkeypatch, "run", str(conference), "--archive", str(archive)) == 2
    assert "the disk is full" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nowhere.yaml", "--archive", "a"], "nowhere.yaml"),
        (["search", "x", "--archive", "nowhere"], "does not exist"),
        (["status", "--archive", "nowhere"], "does not exist"),
        (["transcribe", "nowhere.wav", "--languages", "en"], "nowhere.wav"),
        (["transcribe", "nowhere.wav", "--languages", "xx"], "unknown language 'xx'"),
        (["transcribe", "nowhere.wav", "--languages", ","], "names no language"),
        (["translate", "--from", "ja", "--to", "klingon", "-"], "unknown language 'klingon'"),
        (["translate", "--from", "ja", "--to", "en", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["tag", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["run", "nowhere.yaml", "--archive", "a", "--profile", "embeded"], "nowhere.yaml"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert run(monkeypatch, *arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("symposia: ")
    assert words in shown
    assert list(tmp_path.iterdir()) == []  # nothing half-written
