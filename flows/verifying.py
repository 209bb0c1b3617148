"""`symposia verify`: reads every byte of an archive and of its originals, and says what is not as it was."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from flows.layers import Layer, digest, layer_bytes
from flows.work import archived_layers
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.keeping import touch
from transcripts.moving import find_originals
from transcripts.originals import originals, size_of
from transcripts.place import Place
from transcripts.records import running_version
from transcripts.verification import FROM_A_COPY, Fault, database_faults, original_faults, stray_files


@dataclass(frozen=True, slots=True)
class Verify:
    """What is asked for: to make anew what is derived, and where to look for originals that are missing."""

    mend: bool = False
    look_in: Path | None = None


def verify_archive(place: Place, asked: Verify) -> int:
    """Say what is wrong and how to mend it; 0 where nothing is, 1 where something is.

    Raises ArchiveError when there is no archive.
    """
    found, summary = find_faults(place, asked)
    console = Console(highlight=False, soft_wrap=True)
    for fault in found:
        console.print(f"fault: {fault.what}", markup=False)
        console.print(f"  mend: {fault.mend}", markup=False)
    console.print(summary, markup=False)
    return 1 if found else 0


def find_faults(place: Place, asked: Verify) -> tuple[list[Fault], str]:
    """What is wrong in an archive, and a sentence on it. Raises ArchiveError when there is no archive."""
    with Archive.open(place) as archive:
        files = originals(archive)
        if asked.look_in is not None:
            _look(archive, asked.look_in, asked.mend)
        record = archive.size_bytes()
        with watched("reading", size_of(files) + record) as watch:
            database = database_faults(archive)
            watch(record)
            found = [*original_faults(archive, watch), *database]
        if not database:
            found += layer_faults(archive)
        found += stray_files(archive)
        if asked.mend:
            found = list(_mended(archive, found))
        recordings = len(archive.recordings())
    count = f"{len(files)} originals of {recordings} recordings, their layers and the database"
    return found, f"{len(found)} faults in {count}." if found else f"All is as it was: {count}."


@contextmanager
def watched(what: str, total_bytes: int) -> Iterator[Callable[[int], None]]:
    """A bar of bytes, where somebody watches a terminal; the yielded function is told what was read."""
    console = Console(file=sys.stderr)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=total_bytes or 1)
        yield lambda size: progress.advance(task, size)


def layer_faults(archive: Archive) -> Iterator[Fault]:
    """Layers that are not what was hashed when they were made.

    The hash covers the version of symposia that made a layer; the archive keeps that of a signature's
    first use. So where the hash differs, it is also made with each version that the archive knows.
    """
    done = archive.all_stages()
    versions = {running_version()}
    for recording_id, stages in done.items():
        versions |= {each.signature.code_version for each in stages.values() if each.signature}
        for stage, layer in archived_layers(archive.layers(recording_id)).items():
            if stage not in stages:
                continue
            if not any(
                digest(layer_bytes(each)) == stages[stage].digest for each in _as_made(layer, versions)
            ):
                yield Fault(
                    f"the layer '{stage}' of {recording_id!r} is not what was made: its hash differs",
                    FROM_A_COPY,
                )


def _as_made(layer: Layer, versions: Collection[str]) -> Iterator[Layer]:
    """A layer as it is kept, then as each version would have made it."""
    yield layer
    yield from (_as_of(layer, version) for version in sorted(versions))


def _as_of(layer: Layer, version: str) -> Layer:
    """A layer as if a version of symposia had made all of it."""
    rows: dict[str, Any] = {
        each.name: tuple(_signed(row, version) for row in getattr(layer, each.name)) for each in fields(layer)
    }
    return replace(layer, **rows)


def _signed(row: Any, version: str) -> Any:
    if not hasattr(row, "signature"):
        return row
    return replace(row, signature=replace(row.signature, code_version=version))


def _look(archive: Archive, folder: Path, mend: bool) -> None:
    """Find originals that were moved; with `mend`, the archive refers to where they are now."""
    if not folder.is_dir():
        raise ArchiveError(f"{folder} is no folder: name the one that the originals were moved to")
    for recording_id, path in find_originals(archive, folder, keep=mend).items():
        done = "the archive refers to it there now" if mend else "--mend has the archive refer to it there"
        sys.stderr.write(f"symposia: the original of '{recording_id}' is {path}: {done}.\n")


def _mended(archive: Archive, found: list[Fault]) -> Iterator[Fault]:
    """Make derived rows anew; the faults that are left."""
    for fault in found:
        if not fault.stale:
            yield fault
            continue
        with archive.writing() as connection:
            touch(connection, fault.stale)
        sys.stderr.write(f"symposia: mended: {fault.what}.\n")


__all__ = ["Verify", "find_faults", "layer_faults", "verify_archive", "watched"]
