"""Originals that were moved: found again by what they hold, whatever they are called now."""

from __future__ import annotations

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
    missing = {
        each.sha256: each
        for of in files.values()
        for each in of
        if each.sha256
        and each.path == place_at(each.recording.path)
        and not all(is_there(one.path) for one in of)
    }
    found: dict[str, Path] = {}
    for path in sorted(each for each in folder.rglob("*") if is_there(each)) if missing else ():
        try:
            lost = missing.get(hash_of_file(path, "sha256"))
        except OSError:  # not ours to read
            continue
        if lost is not None:
            others = files[lost.recording.id] if lost.recording.kind == "captions" else []
            if all(is_there(path.parent / other.path.name) for other in others):
                found[lost.recording.id] = path.absolute()
    if keep and found:
        with archive.writing() as connection:
            for recording_id, path in found.items():
                mine = recordings.c.id == recording_id
                connection.execute(update(recordings).where(mine).values(path=str(path)))
    return found


__all__ = ["find_originals"]
