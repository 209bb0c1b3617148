"""The folder of a site: swapped in whole, what is the same taken over, nobody else's files touched."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

import pytest

from transcripts.errors import SymposiaError
from transcripts.site.folder import MARKER, Content, folder_made_anew


def put(out: Path, files: Mapping[str, Content]) -> tuple[int, int]:
    """Make a folder of these files, each a group of its own; how many were written and taken over."""
    with folder_made_anew(out) as folder:
        for path, content in files.items():
            folder.add(path, repr(content), lambda path=path, content=content: {path: content})  # type: ignore[misc]
    return folder.written, folder.kept


def held(out: Path) -> dict[str, bytes]:
    return {each.relative_to(out).as_posix(): each.read_bytes() for each in out.rglob("*") if each.is_file()}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    out = tmp_path / "site"
    assert put(out, {"a.html": "a", "b/c.html": "c", "d.html": "d"}) == (3, 0)
    inode = (out / "a.html").stat().st_ino
    assert put(out, {"a.html": "a", "b/c.html": "new"}) == (1, 1)
    assert (out / "a.html").stat().st_ino == inode
    assert held(out).keys() == {"a.html", "b/c.html", MARKER}
    assert (out / "b" / "c.html").read_text() == "new"


def test_what_is_made_of_other_things_and_comes_out_the_same_is_taken_over(tmp_path: Path) -> None:
    out = tmp_path / "site"
    for made_of, expected in (("1", (1, 0)), ("2", (0, 1))):
        with folder_made_anew(out) as folder:
            folder.add("page", made_of, lambda: {"page.html": "same"})
        assert (folder.written, folder.kept) == expected


def test_an_error_leaves_the_old_folder_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "old"})
    before = held(out)
    with pytest.raises(ZeroDivisionError), folder_made_anew(out) as folder:
        folder.add("b.html", "x", lambda: {"b.html": f"{1 / 0}"})
    assert held(out) == before
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(("-new", "-old"))] == []


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "old"})
    before = held(out)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SymposiaError, match=r"No space left on device.*unchanged"):
        put(out, {"a.html": "new"})
    monkeypatch.undo()
    assert held(out) == before


def test_a_crash_between_the_renamings_is_mended(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "old", "b.html": "b"})
    out.rename(tmp_path / ".site.symposia-old")
    (tmp_path / ".site.symposia-new").mkdir()
    (tmp_path / ".site.symposia-new" / "half").write_text("half")
    assert put(out, {"a.html": "new", "b.html": "b"}) == (1, 1)
    assert held(out).keys() == {"a.html", "b.html", MARKER}


@pytest.mark.parametrize("trouble", [OSError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
def test_a_failure_between_the_renamings_leaves_the_old_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException
) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "old"})
    before = held(out)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.endswith("-new"):
            raise trouble
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises((SymposiaError, KeyboardInterrupt)):
        put(out, {"a.html": "new"})
    monkeypatch.undo()
    assert held(out) == before


def test_a_folder_of_other_files_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "photos"
    out.mkdir()
    (out / "holiday.jpg").write_bytes(b"1")
    with pytest.raises(SymposiaError, match=r"did not publish \(holiday.jpg\)"):
        put(out, {"a.html": "a"})
    assert held(out) == {"holiday.jpg": b"1"}
    with pytest.raises(SymposiaError, match="is a file"):
        put(out / "holiday.jpg", {"a.html": "a"})


@pytest.mark.parametrize("name", ["mine.txt", "a.html"])
def test_what_somebody_added_or_changed_is_not_lost(tmp_path: Path, name: str) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "a"})
    (out / name).write_text("by hand")
    with pytest.raises(SymposiaError, match=f"added to the site or changed it .{name}"):
        put(out, {"a.html": "a"})
    assert (out / name).read_text() == "by hand"


def test_a_file_that_is_gone_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "a", "b.html": "b"})
    (out / "a.html").unlink()
    assert put(out, {"a.html": "a", "b.html": "b"}) == (1, 1)


def test_a_damaged_marker_is_told(tmp_path: Path) -> None:
    out = tmp_path / "site"
    put(out, {"a.html": "a"})
    (out / MARKER).write_text("{")
    with pytest.raises(SymposiaError, match="is damaged"):
        put(out, {"a.html": "a"})


def test_two_at_once_are_told_to_wait(tmp_path: Path) -> None:
    out = tmp_path / "site"
    with folder_made_anew(out) as folder:
        folder.add("a", "a", lambda: {"a.html": "a"})
        with pytest.raises(SymposiaError, match="at this moment"):
            put(out, {"b.html": "b"})
    assert held(out).keys() == {"a.html", MARKER}
