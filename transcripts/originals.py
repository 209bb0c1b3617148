"""The files that recordings were read from: where they lay, and whether they are what was heard."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from transcripts.archive import Archive
from transcripts.files import is_there, place_at, state_of
from transcripts.formats.writers import file_name
from transcripts.records import Recording

_REFUSED = frozenset('/\\:*?"<>|')  # by one file system or another
_LONGEST_NAME_BYTES = 200
_CAPTIONS = (".srt", ".vtt")


@dataclass(frozen=True, slots=True)
class Original:
    """A file of a recording. `sha256` is '' where the archive does not know it."""

    recording: Recording
    path: Path
    sha256: str


def originals(archive: Archive) -> list[Original]:
    """The files of every recording: its sound, and the captions that were read, one a language.

    Of captions the archive keeps their names, and the path of one where there is no sound: they lie in its
    folder. Captions of sound may lie elsewhere; they are among the originals where they lie beside it.
    """
    done = archive.all_stages()
    found = []
    for recording in archive.recordings():
        path = place_at(recording.path)
        folder = path.parent
        named = [
            (stage.removeprefix("file:").partition(":")[2], record.digest)
            for stage, record in done.get(recording.id, {}).items()
            if stage.startswith("file:")
        ]
        read = {name: sha for name, sha in named if name.lower().endswith(_CAPTIONS)}
        if recording.kind == "captions":
            read = read or {path.name: ""}
        captions = [Original(recording, _of_name(folder, name), sha) for name, sha in sorted(read.items())]
        if recording.kind != "captions":
            found.append(Original(recording, path, recording.sha256))
            captions = [each for each in captions if is_there(each.path)]
        found += captions
    return found


def _of_name(folder: Path, name: str) -> Path:
    """Where a file of that name lies: in a package it may have another."""
    packed = packed_name(name)
    return folder / packed if packed != name and is_there(folder / packed) else folder / name


def packed_name(name: str) -> str:
    """The name that a file has in a package: its own, where every file system takes that."""
    safe = name.isprintable() and not _REFUSED & set(name) and name.strip(" .") == name
    if safe and unicodedata.is_normalized("NFC", name) and len(name.encode()) <= _LONGEST_NAME_BYTES:
        return name
    path = Path(name)
    return file_name(path.stem) + (f".{file_name(path.suffix)}" if path.suffix else "")


def size_of(files: Iterable[Original]) -> int:
    """Bytes of those that are there."""
    total = 0
    for each in files:
        try:
            total += state_of(each.path)[0]
        except (OSError, ValueError):
            continue
    return total


__all__ = ["Original", "originals", "packed_name", "size_of"]
