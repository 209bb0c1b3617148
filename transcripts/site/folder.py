"""A folder that is made anew as a whole: what has not changed is linked, and the old one stays until the end.

Files come in groups, each with the digest of all that it is made of. The marker file in the folder
names the groups, their digests and their files: by it the folder is known as ours, a group whose
digest is the same is taken over, and nothing that somebody else put there is ever removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock, Timeout

from transcripts.errors import SymposiaError
from transcripts.files import copy_file

MARKER = ".symposia-site.json"
_BY_SIZE = ("media/", "search/")  # too large, or too many that nobody edits: known by their sizes

Content = str | bytes | Path  # a path is of a file to be copied
Make = Callable[[], Mapping[str, Content]]


def digest_of_content(value: object) -> str:
    """32 hex digits of the sha256 of records, texts and numbers; equal values, equal digests.

    What JSON does not tell apart is the same: lists and tuples, no number (NaN) and nothing.
    """
    try:
        told = orjson.dumps(value, default=repr, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a text with half of a character
        told = repr(value).encode("utf-8", "surrogatepass")
    return hashlib.sha256(told).hexdigest()[:32]


@dataclass(slots=True)
class Group:
    """Files that are made together of the same things: the start of their sha256, and their size, by path."""

    made_of: str
    files: dict[str, tuple[str, int]] = field(default_factory=dict)


class NewFolder:
    """The folder that is being made. `written` and `kept` count its files."""

    def __init__(self, place: Path, before: Path, known: Mapping[str, Group]) -> None:
        self.written = self.kept = 0
        self._place, self._before, self._known = place, before, known
        self._groups: dict[str, Group] = {}
        self._folders: set[str] = set()
        self._old = {path: seen for group in known.values() for path, seen in group.files.items()}

    def has(self, name: str, made_of: str) -> bool:
        """Whether a group can be taken over as it is."""
        return name in self._known and self._known[name].made_of == made_of

    def add(self, name: str, made_of: str, make: Make) -> dict[str, tuple[str, int]]:
        """Put a group into the folder; `make` is asked only where `made_of` is not what it was.

        Its files: see `Group`.
        """
        if self.has(name, made_of):
            group = self._known[name]
            for path in group.files:
                self._link(path)
        else:
            group = Group(made_of)
            for path, content in make().items():
                group.files[path] = self._write(path, content)
        self._groups[name] = group
        return group.files

    def _place_of(self, path: str) -> str:
        """Where a file is to be; its folder is there."""
        there = f"{self._place}/{path}"
        folder = there.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - so many paths are quicker as texts
            self._folders.add(folder)
        return there

    def _link(self, path: str) -> None:
        there, before = self._place_of(path), f"{self._before}/{path}"
        try:
            os.link(before, there)
        except OSError:  # a file system without links
            shutil.copyfile(before, there)
        self.kept += 1

    def _write(self, path: str, content: Content) -> tuple[str, int]:
        if not isinstance(content, str | bytes):
            there = Path(self._place_of(path))
            copy_file(content, there)
            self.written += 1
            return "", there.stat().st_size
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        seen = hashlib.sha256(data).hexdigest()[:32], len(data)
        if self._old.get(path) == seen:
            self._link(path)
        else:
            Path(self._place_of(path)).write_bytes(data)
            self.written += 1
        return seen

    def write_marker(self) -> None:
        groups = {name: {"made_of": each.made_of, "files": each.files} for name, each in self._groups.items()}
        text = json.dumps({"made_by": "symposia publish", "groups": groups}, sort_keys=True, indent=0)
        (self._place / MARKER).write_text(text + "\n", encoding="utf-8")


@contextmanager
def folder_made_anew(out: Path) -> Iterator[NewFolder]:
    """A new folder that takes the place of `out` at the end; after any error `out` is as it was.

    Raises SymposiaError where `out` holds what others wrote, where somebody is making it already,
    and where it cannot be written.
    """
    out = out.resolve()
    new, old = (out.with_name(f".{out.name}.symposia-{what}") for what in ("new", "old"))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(out.with_name(f".{out.name}.symposia-lock"), timeout=0):
            if old.exists() and not out.exists():
                old.rename(out)  # a crash between the two renamings below
            known = known_groups(out)
            for left in (new, old):
                shutil.rmtree(left, ignore_errors=True)
            try:
                new.mkdir()
                folder = NewFolder(new, out, known)
                yield folder
                folder.write_marker()
                if out.exists():
                    out.rename(old)
                new.rename(out)
            finally:
                if old.exists() and not out.exists():
                    old.rename(out)  # the second renaming failed, or was interrupted
                for left in (new, old):
                    shutil.rmtree(left, ignore_errors=True)
    except Timeout as error:
        raise SymposiaError(f"{out} is being published at this moment: wait until that is done") from error
    except OSError as error:
        raise SymposiaError(
            f"{out} cannot be written ({f'{error.filename}: ' if error.filename else ''}"
            f"{error.strerror or error}): what was there is unchanged; check the folder, its permissions and "
            "the space left"
        ) from error


def known_groups(out: Path) -> dict[str, Group]:
    """What a folder of ours holds; nothing where there is no folder or an empty one.

    Raises SymposiaError where it is not ours, or holds what somebody else wrote or changed.
    """
    if not out.exists():
        return {}
    if not out.is_dir():
        raise SymposiaError(f"{out} is a file: name a folder to publish into")
    there = dict(sorted(_files_in(out)))
    if not there:
        return {}
    if MARKER not in there:
        raise SymposiaError(
            f"{out} holds files that symposia did not publish ({_some(there)}): nothing was changed; "
            "name an empty folder, or one that was published before"
        )
    groups = _marked(out / MARKER)
    seen = {path: each for group in groups.values() for path, each in group.files.items()}
    foreign = [
        name for name, size in there.items() if name != MARKER and not _is_as_written(out, name, size, seen)
    ]
    if foreign:
        raise SymposiaError(
            f"somebody added to the site or changed it ({_some(foreign)}): nothing was written; move "
            "these files elsewhere, and put what pages should look like into templates of a site file"
        )
    lost = seen.keys() - there.keys()
    return {name: each for name, each in groups.items() if not lost & each.files.keys()}


def _files_in(folder: Path, before: str = "") -> Iterator[tuple[str, int]]:
    """Every file below a folder, by its path in it, with its size in bytes; -1 for what is no plain file.

    With strings and one look at each folder: a site of 10,000 passages has more files than that.
    """
    with os.scandir(folder) as found:
        for each in found:
            if each.is_dir(follow_symlinks=False):
                yield from _files_in(Path(each.path), f"{before}{each.name}/")
            else:
                plain = each.is_file(follow_symlinks=False)
                yield before + each.name, each.stat().st_size if plain else -1


def _is_as_written(out: Path, name: str, size: int, seen: Mapping[str, tuple[str, int]]) -> bool:
    digest, expected = seen.get(name, ("", None))
    if size != expected:
        return False
    return name.startswith(_BY_SIZE) or hashlib.sha256((out / name).read_bytes()).hexdigest()[:32] == digest


def _marked(marker: Path) -> dict[str, Group]:
    try:
        groups: dict[str, Any] = json.loads(marker.read_bytes())["groups"]
        return {
            name: Group(each["made_of"], {path: (seen[0], seen[1]) for path, seen in each["files"].items()})
            for name, each in groups.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SymposiaError(f"{marker} is damaged: publish into another folder") from error


def _some(names: Iterable[str]) -> str:
    first, *more = [*names]
    return ", ".join([first, *more[:2]]) + (f" and {len(more) - 2} more" if len(more) > 2 else "")


__all__ = ["MARKER", "Content", "NewFolder", "digest_of_content", "folder_made_anew", "known_groups"]
