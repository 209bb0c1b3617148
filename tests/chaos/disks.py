"""Disks that are full, or lose power: mounted for a test, where this user may mount."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this user may not mount here ({done.stderr.strip()})")


@contextmanager
def _unmounted_later(at: Path) -> Iterator[Path]:
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """A disk in memory, to be given its size by `resize`."""
    at.mkdir()
    _mount("-t", "tmpfs", "-o", "size=256m", "tmpfs", str(at))
    with _unmounted_later(at):
        yield at


def resize(disk: Path, size_bytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size_bytes}", str(disk)], check=True)


def used_bytes(disk: Path) -> int:
    return shutil.disk_usage(disk).used


def new_image(path: Path, size_bytes: int = 64 << 20) -> Path:
    """A file that holds an empty ext4 file system, as a disk does."""
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("there is no mkfs.ext4")
    with path.open("wb") as file:
        file.truncate(size_bytes)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True)
    return path


@contextmanager
def mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir(exist_ok=True)
    _mount("-o", "loop", str(image), str(at))
    with _unmounted_later(at):
        yield at


def as_it_lies_there(image: Path, to: Path) -> Path:
    """What a disk holds at this moment: what the kernel has only in memory is not in the copy."""
    subprocess.run(["cp", "--sparse=always", str(image), str(to)], check=True)
    return to
