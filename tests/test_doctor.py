"""`symposia doctor`: every trouble is a line that says what to do, and nothing is changed by looking."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import flows.doctor as doctor
from flows.doctor import Check
from flows.profiles import load_profile
from transcripts import logs
from transcripts.archive import Archive
from transcripts.errors import FormatError
from transcripts.sqlite import DATABASE_NAME


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYMPOSIA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def of_profile(tmp_path: Path, speech: str, device: str = "auto") -> list[Check]:
    file = tmp_path / "own.yaml"
    file.write_text(
        f"speech: {{model: {speech}, device: {device}}}\n"
        "translation: {kind: seq2seq, model: owner/never-fetched}\n"
        "embedding: {model: owner/never-fetched}\n",
        encoding="utf-8",
    )
    profile = load_profile(file)
    return [*doctor.model_checks(profile), doctor.gpu_check(profile)]


def symposia_doctor(archive: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: Prefect must not be imported here, before a run has set it up."""
    command = [sys.executable, "-m", "flows.cli", "doctor", "--archive", str(archive)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **environment}
    )


def test_a_machine_that_is_fit_has_a_line_a_check_and_exit_code_0(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "archive", create=True):
        pass
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = symposia_doctor(tmp_path / "archive")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "doubtful"}
    for subject in (
        "program",
        "model embedded:ge2e (speakers)",
        "sound",
        "memory",
        "database",
        "PDF",
        "Prefect",
    ):
        assert [line for line in lines if line[9:].startswith(f"{subject}:")], subject
    assert "symposia verify" in done.stdout
    assert before.items() <= {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}.items()


def test_something_wrong_gives_exit_code_1_and_every_check_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no archive", encoding="utf-8")
    done = symposia_doctor(tmp_path / "file", PREFECT_API_URL="http://127.0.0.1:9/api")
    assert (done.returncode, done.stderr) == (1, "")
    wrong = [line[9:].partition(":")[0] for line in done.stdout.splitlines() if line.startswith("wrong")]
    assert wrong == ["archive", "database", "Prefect"]
    assert "unset it" in done.stdout.splitlines()[-1]


def test_models_of_the_hub_are_named_with_what_to_do_and_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, local_files_only: bool = False, **__: object) -> str:
        assert local_files_only, "something was to be fetched"
        raise FileNotFoundError

    monkeypatch.setattr("huggingface_hub.snapshot_download", refused)
    speech, rest, *_ = of_profile(tmp_path, "embedded:nothing")
    assert (speech.state, rest.state) == ("wrong", "ok")  # `rest` is the voice encoder
    by_subject = {each.subject: each for each in of_profile(tmp_path, "owner/never-fetched")}
    missing = by_subject["model owner/never-fetched (speech, translation, embedding)"]
    assert missing.state == "doubtful"
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (offline, *_) = of_profile(tmp_path, "owner/never-fetched")
    assert offline.state == "wrong"
    assert "HF_HUB_OFFLINE" in offline.what


def test_a_gpu_that_the_profile_asks_for_is_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    assert of_profile(tmp_path, "embedded:whisper-base")[-1].state == "ok"
    assert of_profile(tmp_path, "embedded:whisper-base", "cuda")[-1].state == "wrong"
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 1)
    assert of_profile(tmp_path, "embedded:whisper-base", "cuda")[-1].state == "ok"


def test_a_full_disk_and_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for free_mb, state in ((100, "wrong"), (1_000, "doubtful"), (90_000, "ok")):
        usage = SimpleNamespace(free=free_mb * 1_000_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda place, usage=usage: usage)
        (check,) = doctor.room_checks({"archive": tmp_path / "not" / "there" / "yet", "none": None})
        assert (check.state, "make room" in check.what) == (state, state != "ok")
    assert list(tmp_path.iterdir()) == []

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    (check,) = doctor.room_checks({"cache": tmp_path})
    assert check.state == "wrong"
    assert "SYMPOSIA_CACHE" in check.what


@pytest.mark.parametrize("harm", ["not a database", "a damaged page", "a newer version"])
def test_a_database_that_cannot_be_used(tmp_path: Path, harm: str) -> None:
    with Archive.open(tmp_path, create=True):
        pass
    path = tmp_path / DATABASE_NAME
    assert doctor.archive_check(tmp_path)[1].state == "ok"
    if harm == "not a database":
        path.write_bytes(b"something else" * 1000)
    elif harm == "a damaged page":
        content = bytearray(path.read_bytes())
        content[-4096:] = b"\xff" * 4096
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        connection.close()
    found = doctor.archive_check(tmp_path)[1]
    assert found.state == "wrong"
    assert {"a newer version": "update symposia"}.get(harm, "archive.sqlite") in found.what


def test_without_pango_only_pdf_is_doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise FormatError("install Pango")

    monkeypatch.setattr("transcripts.formats.pdf.load_weasyprint", missing)
    assert doctor.pdf_check().state == "doubtful"


def test_sound_that_cannot_be_decoded_is_told(tmp_path: Path) -> None:
    clip = tmp_path / "clip.opus"
    clip.write_bytes(b"OggS" * 100)
    found = doctor.sound_check(clip)
    assert found.state == "wrong"
    assert "PyAV" in found.what


@pytest.mark.parametrize(("free_mb", "state"), [(8_000, "ok"), (1_799, "doubtful"), (499, "wrong")])
def test_too_little_memory_is_told(free_mb: int, state: str) -> None:
    check = doctor.memory_check(free_mb)
    assert (check.state, "end other programs" in check.what) == (state, state != "ok")
    assert f"{free_mb / 1000:.1f} GB free" in check.what
    assert 0 < doctor.free_memory_mb() < 10_000_000


def test_the_folder_of_the_log_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert logs.log_folder() is None
    monkeypatch.setenv(logs.PLACE, str(tmp_path / "logs" / "symposia.jsonl"))
    (check,) = doctor.room_checks({"log": logs.log_folder()})
    assert check.subject == "log"
    assert str(tmp_path / "logs") in check.what
