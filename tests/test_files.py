"""Files are written whole or not at all, and what is no plain file stays what it is; errors are sentences."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.cli import main
from flows.request import Request, request_of
from transcripts.errors import SymposiaError
from transcripts.files import new_folder, write_atomically


@pytest.fixture
def private(tmp_path: Path) -> Iterator[Path]:
    """A folder of somebody who lets nobody else see their files."""
    before = os.umask(0o077)
    try:
        yield tmp_path
    finally:
        os.umask(before)


def test_nobody_sees_more_than_the_person_wants(private: Path) -> None:
    write_atomically(private / "out.txt", "said")
    assert stat.S_IMODE((private / "out.txt").stat().st_mode) == 0o600
    with new_folder(private / "package") as folder:
        (folder / "one").touch()
    assert stat.S_IMODE((private / "package").stat().st_mode) == 0o700


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "kept" / "out.txt")
    write_atomically(tmp_path / "link.txt", "said")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "kept" / "out.txt").read_text() == "said"
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(SymposiaError, match="cannot be written"):
        write_atomically(tmp_path / "a", "said")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "said")
    reader.join(timeout=10)
    assert read == ["said"]
    assert pipe.is_fifo()


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    with pytest.raises(SymposiaError, match="cannot be written"):
        write_atomically(tmp_path, "said")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "/srv/box"), "/srv/box: Permission denied"),
        (ConnectionRefusedError(111, "Connection refused"), "a server or the network is away"),
        (UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates not allowed"), "give it another name"),
    ],
)
def test_no_command_ends_in_a_traceback_for_what_a_person_can_mend(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("flows.cli.app", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_defect_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise KeyError("of ours")

    monkeypatch.setattr("flows.cli.app", fail)
    with pytest.raises(KeyError):
        main()


def test_names_in_any_bytes_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flows.cli.app", lambda: print("caf\udce9", file=sys.__stdout__))
    monkeypatch.setattr(sys, "stdout", sys.__stdout__)
    main()
    assert "caf\\udce9" in capfd.readouterr().out


def test_other_processes_are_told_whole_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    request = Request(Path("c.yaml"), Path("archive"), "own.yaml", Path("inbox"))
    monkeypatch.chdir("/")
    told = Request(tmp_path / "c.yaml", tmp_path / "archive", str(tmp_path / "own.yaml"), tmp_path / "inbox")
    monkeypatch.chdir(tmp_path)
    assert request_of(**request.parameters) == told
    assert Request(Path("c.yaml"), "postgresql://host/db", "embedded").parameters["archive"] == (
        "postgresql://host/db"
    )
