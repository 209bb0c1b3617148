"""Originals that were moved: found again by what they hold, whatever they are called now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import update

from transcripts.archive import Archive
from transcripts.files import hash_of_file, is_there, place_at
from transcripts.originals import Original, originals
from transcripts.schema import recordings


def find_originals(archive: Archive, folder: Path, *, keep: bool) -> dict[str, Path]:
    """Where in a folder (or below) the files lie that are missing; with `keep`, that is put down.

    Files are known by their sha256. Of captions in several languages, all have to lie in one folder under
    their old names.
    """
    files: dict[str, list[Original]] = {}
    for each in originals(archive):
        files.setdefault(each.recording.id, []).append(each)
    missing = _missing(files.values())
    found: dict[str, Path] = {}
    for path in sorted(each for each in folder.rglob("*") if is_there(each)) if missing else ():
        try:
            all_lost = missing.get(hash_of_file(path, "sha256"), [])
        except OSError:  # not ours to read
            continue
        for lost in all_lost:
            others = files[lost.recording.id] if lost.recording.kind == "captions" else []
            if all(is_there(path.parent / other.path.name) for other in others):
                found[lost.recording.id] = path.absolute()
    if keep and found:
        with archive.writing() as connection:
            for recording_id, path in found.items():
                mine = recordings.c.id == recording_id
                connection.execute(update(recordings).where(mine).values(path=str(path)))
    return found


def _missing(recordings_files: Iterable[Sequence[Original]]) -> dict[str, list[Original]]:
    """By sha256, the file that each recording refers to, of those that lack one; it may be of several."""
    missing: dict[str, list[Original]] = {}
    for of in recordings_files:
        lacking = not all(is_there(each.path) for each in of)
        for each in of:
            if lacking and each.sha256 and each.path == place_at(each.recording.path):
                missing.setdefault(each.sha256, []).append(each)
    return missing


__all__ = ["find_originals"]
