"""`symposia export`: write what an archive holds in the formats that others read.

A folder that exports were written to holds a list of them. By it, what was exported before is
written anew, what is withheld since goes, and a file of anybody else, or one that somebody
has changed, is never overwritten or removed unasked.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcripts.archive import Archive
from transcripts.document import Document, documents
from transcripts.errors import ArchiveError, FormatError
from transcripts.files import write_atomically
from transcripts.formats.writers import WRITERS, File
from transcripts.place import Place

LIST_NAME = ".symposia-export.json"


@dataclass(frozen=True, slots=True)
class Export:
    """What is asked for: one panel or all, a format, for captions one track or all."""

    panel: str | None
    form: str
    track: str | None = None
    force: bool = False


def export_archive(place: Place, asked: Export, out: Path) -> None:
    """Write an export. Raises ArchiveError, FormatError or SymposiaError, and then nothing is changed."""
    with Archive.open(place) as archive:
        try:
            found = documents(archive, asked.panel)
        except ArchiveError as error:
            known = asked.panel is None or asked.panel in {panel.id for panel in archive.panels()}
            raise ArchiveError(f"{error}{_still_there(out, asked.form) if known else ''}") from error
    files = _chosen(list(WRITERS[asked.form](found)), asked.track, found)
    if len(files) == 1 and not out.is_dir() and out.suffix:
        _write_file(out, files[0], asked.force)
        sys.stderr.write(f"symposia: wrote {out}.\n")
    else:
        removed, left = _write_folder(out, asked, files)
        gone = f", removed {len(removed)} that the archive shows no more" if removed else ""
        sys.stderr.write(f"symposia: wrote {len(files)} files into {out}{gone}.\n")
        if left:
            sys.stderr.write(
                f"symposia: {', '.join(left)} in {out} hold what the archive shows no more, and somebody has "
                "edited them: remove them by hand.\n"
            )


def _chosen(files: Sequence[File], track: str | None, found: Sequence[Document]) -> Sequence[File]:
    """The files of a track, where one is asked for."""
    if track is None:
        return files
    known = sorted({file.track for file in files})
    if known == [""]:
        raise FormatError("--track chooses among captions: leave it out, or write srt or vtt")
    if track not in known:
        titles = ", ".join(repr(document.panel.title) for document in found[:3])
        raise FormatError(
            f"there is nothing in {track!r} of {titles}: it is neither spoken nor translated into; "
            f"take one of {', '.join(known)}"
        )
    return [file for file in files if file.track == track]


def _write_file(out: Path, file: File, force: bool) -> None:
    if not out.parent.is_dir():
        raise FormatError(f"the folder {out.parent} does not exist: make it, or name another place")
    if out.exists() and not force and out.read_bytes() != _bytes(file.content):
        raise FormatError(f"{out} exists and holds something else: name another file, or add --force")
    write_atomically(out, file.content)


def _write_folder(out: Path, asked: Export, files: Sequence[File]) -> tuple[list[str], list[str]]:
    """Write the files and their list; what earlier exports wrote and this one has not goes.

    Names of what went, and of what should have gone and was edited by somebody.
    """
    if out.exists() and not out.is_dir():
        raise FormatError(f"{out} is a file, and the export has {len(files)}: name a folder")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(f"the folder {out} cannot be made ({error.strerror}): name another") from error
    lists = _lists(out)
    ours = lists.get(asked.form, {})
    every = {name: digest for names in lists.values() for name, digest in names.items()}
    foreign = [
        file.name
        for file in files
        if (there := out / file.name).exists()
        and _digest(there.read_bytes()) not in (every.get(file.name), _digest(_bytes(file.content)))
    ]
    if foreign and not asked.force:
        raise FormatError(
            f"{out} holds {', '.join(foreign[:5])} that others wrote or have changed since: nothing was "
            "written; name another folder, or add --force"
        )
    for file in files:
        write_atomically(out / file.name, file.content)
    kept = {file.name: _digest(_bytes(file.content)) for file in files}
    stale = {name: digest for name, digest in ours.items() if name not in kept}
    captioned = {_recording_of(file.name) for file in files if file.track}
    removed: list[str] = []
    left: list[str] = []
    for name in sorted(stale):
        # Of one panel, a track may be gone; files of other recordings were not asked for.
        if asked.track is not None or (asked.panel is not None and _recording_of(name) not in captioned):
            continue
        if (there := out / name).exists():
            unchanged = _digest(there.read_bytes()) == stale[name]
            (removed if unchanged else left).append(name)
            if unchanged:
                there.unlink()
    lists[asked.form] = {**{name: stale[name] for name in stale if (out / name).exists()}, **kept}
    write_atomically(out / LIST_NAME, json.dumps(lists, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    return removed, left


def _recording_of(name: str) -> str:
    """The name of the recording in that of a file of captions, as in opening.ja.vtt."""
    return name.rpartition(".")[0].rpartition(".")[0]


def _still_there(out: Path, form: str) -> str:
    """A warning of what was exported before, where nothing may be exported any more."""
    if out.is_file():
        return f"; {out} is still there: remove it, if it was exported before"
    names = [name for name in _lists(out).get(form, ()) if (out / name).exists()] if out.is_dir() else []
    if not names:
        return ""
    return f"; {out} still holds {', '.join(names[:5])} of earlier exports: remove what is not to be shown"


def _lists(out: Path) -> dict[str, dict[str, str]]:
    """Names and digests of what was exported to a folder, by format; empty where nothing was."""
    path = out / LIST_NAME
    if not path.exists():
        return {}
    try:
        lists = json.loads(path.read_bytes())
        return {
            str(form): {str(name): str(digest) for name, digest in names.items() if Path(name).name == name}
            for form, names in lists.items()
        }
    except (ValueError, AttributeError) as error:
        raise ArchiveError(f"{path} is damaged: remove it, and export with --force") from error


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
