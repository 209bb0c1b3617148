"""What is made once and kept: folders in the cache that are either whole or not there.

A folder is made beside its place under another name, written through to the disk,
and renamed; so neither a crash nor a second process can leave half of one. Its
marker lists the files with their sizes: a folder that lost a file is made again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from transcripts.errors import ModelError

Notify = Callable[[str], None]

MARKER = "symposia.json"


def cache_dir() -> Path:
    """Where weights are kept: SYMPOSIA_CACHE, or the user's cache folder."""
    given = os.environ.get("SYMPOSIA_CACHE")
    try:
        return Path(given).expanduser() if given else user_cache_path("symposia")
    except RuntimeError as error:
        raise ModelError(f"SYMPOSIA_CACHE is {given!r} ({error}): name a folder, or unset it.") from error


def slug(name: str) -> str:
    """A name as part of a file's name."""
    return re.sub(r"[^\w.]+", "-", name).strip("-")


def marker(folder: Path) -> Mapping[str, str] | None:
    """What a kept folder is, by name of the fact; None unless every file is there in full size."""
    try:
        held = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in held["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    facts: dict[str, str] = held["facts"]
    return facts if whole else None


def made_once(key: str, facts: Mapping[str, str], make: Callable[[Path], None]) -> Path:
    """The folder `weights/KEY` of the cache, made by `make(folder)` unless it is there.

    Two processes that want the same folder wait for each other. Raises ModelError
    when the cache cannot be written; what `make` raises goes through.
    """
    root = cache_dir() / "weights"
    final = root / key
    if marker(final) is not None:
        return final
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f"{key}.lock"):
            if marker(final) is None:
                _make(final, facts, make)
    except OSError as error:
        free_mb = _free_mb(root)
        raise ModelError(
            f"{final} cannot be written ({error.strerror or error}; {free_mb} MB free). Make room there, or "
            "set SYMPOSIA_CACHE to a folder with about 1.5 GB of space."
        ) from error
    return final


def _make(final: Path, facts: Mapping[str, str], make: Callable[[Path], None]) -> None:
    building = ".building-"
    for left in final.parent.glob(f"{building}{final.name}-*"):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{building}{final.name}-", dir=final.parent))
    try:
        make(folder)
        files = {str(file.relative_to(folder)): file.stat().st_size for file in _files(folder)}
        listing = json.dumps({"facts": dict(facts), "files": files}, indent=1)
        (folder / MARKER).write_text(listing, encoding="utf-8")
        for file in _files(folder):
            _sync(file)
        shutil.rmtree(final, ignore_errors=True)
        folder.replace(final)
        _sync(final.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    final.chmod(0o755)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _free_mb(path: Path) -> int:
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free // 2**20
