"""`symposia users`, `rights` and `review` at the command line."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sample_archive import STAGES, fill, layers, recording
from typer.main import get_command

from flows import people
from flows.cli import app
from transcripts.accounts import Accounts, User
from transcripts.archive import Archive
from transcripts.errors import ArchiveError, ConflictError

PASSWORD = "three quiet otters"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with Archive.open(tmp_path / "archive", create=True) as archive:
        fill(archive)
    return tmp_path / "archive"


def run(directory: Path, *arguments: str) -> None:
    """Run the command line, with its errors as they are raised."""
    get_command(app)([*arguments, "--archive", str(directory)], standalone_mode=False)


def test_users_come_and_go(
    directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\nnot this\n"))
    run(directory, "users", "add", "[b]ana[/b]", "--role", "editor")
    with Archive.open(directory) as archive:
        assert Accounts(archive).authenticate("[b]ana[/b]", PASSWORD) == User("[b]ana[/b]", "editor")
    run(directory, "users", "list")
    out = capsys.readouterr().out
    assert "[b]ana[/b]  editor" in out
    assert PASSWORD not in out
    run(directory, "users", "remove", "[b]ana[/b]")
    with pytest.raises(ArchiveError, match="no user"):
        run(directory, "users", "remove", "[b]ana[/b]")


def test_a_password_is_asked_for_twice_on_a_terminal(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    typed = iter([PASSWORD, PASSWORD, PASSWORD, "another"])
    monkeypatch.setattr(people, "getpass", lambda prompt: next(typed))
    run(directory, "users", "add", "ana")
    with pytest.raises(ArchiveError, match="the two passwords differ"):
        run(directory, "users", "add", "ben")
    with Archive.open(directory) as archive:
        assert Accounts(archive).users() == (User("ana", "reader"),)


def test_rights_are_set_shown_and_lifted(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(directory, "rights", "restrict", "panel", "opening", "--reason", "[asked]", "--by", "ana")
    run(
        directory,
        "rights",
        "restrict",
        "passage",
        "p06",
        "--reason",
        "r",
        "--by",
        "ana",
        "--until",
        "2999-01-01",
    )
    run(directory, "rights", "list")
    shown = capsys.readouterr().out
    assert "[asked]" in shown
    assert "2999-01-01" in shown
    with Archive.open(directory) as archive:
        assert [entry.passage.id for entry in archive.entries()] == ["p07", "p08"]
    run(directory, "rights", "lift", "panel", "opening", "--by", "ben")
    run(directory, "rights", "list")
    assert "[asked]" not in capsys.readouterr().out
    run(directory, "rights", "list", "--all")
    assert "ben" in capsys.readouterr().out


def test_a_passage_that_is_lost_in_another_file_is_told(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(directory, "rights", "restrict", "passage", "p06", "--reason", "r", "--by", "ana")
    run(directory, "rights", "list")
    assert "another file" not in capsys.readouterr().out
    with Archive.open(directory) as archive:
        archive.keep(replace(recording("rec-2"), sha256="cd" * 32), layers("rec-2", ("p06",)), STAGES)
    run(directory, "rights", "list")
    assert "The recording of passage p06 is another file now" in " ".join(capsys.readouterr().out.split())
    run(directory, "rights", "lift", "passage", "p06", "--by", "ben")
    run(directory, "rights", "list", "--all")
    assert "another file" not in capsys.readouterr().out


def test_a_passage_is_reviewed_by_command(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(directory, "review", "correct", "p01", "text", "[b]違う[/b]", "--reviewer", "ana")
    run(directory, "review", "correct", "p01", "text", "[b]違う[/b]", "--reviewer", "ana")
    run(directory, "review", "state", "p01", "approved", "--reviewer", "ana")
    assert capsys.readouterr().out.splitlines() == ["change 1.", "it is so already.", "change 2."]
    with pytest.raises(ConflictError, match="is now '\\[b\\]違う\\[/b\\]', and not 'AI'"):
        run(directory, "review", "correct", "p01", "text", "x", "--reviewer", "ben", "--expected", "AI")
    run(directory, "review", "show", "p01")
    shown = json.loads(capsys.readouterr().out)
    assert (shown["text"], shown["state"], shown["reviewer"]) == ("[b]違う[/b]", "approved", "ana")
    assert [(each["field"], each["undone"]) for each in shown["history"]] == [
        ("text", False),
        ("state", False),
    ]
    run(directory, "review", "list", "--state", "approved", "--panel", "opening")
    assert "[b]違う[/b]" in capsys.readouterr().out
    run(directory, "review", "undo", "2", "--reviewer", "ben")
    assert capsys.readouterr().out == "change 3 takes back change 2.\n"
    run(directory, "review", "voice", "rec-2", "S2", "o'hara", "--reviewer", "ben")
    assert capsys.readouterr().out == "2 passages corrected.\n"
    with pytest.raises(ArchiveError, match="no passage 'p99'"):
        run(directory, "review", "show", "p99")


def test_what_lost_its_place_is_listed(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sample_archive import STAGES, layers, recording

    run(directory, "review", "correct", "p08", "translation", "[i]Extras", "--reviewer", "ana")
    with Archive.open(directory) as archive:
        archive.keep(recording("rec-2"), layers("rec-2", without=("p08",)), STAGES)
    capsys.readouterr()
    run(directory, "review", "list", "--limit", "3")
    told = capsys.readouterr().out
    assert "change 1 of ana has no place any more (translation of p08): '[i]Extras'" in told
