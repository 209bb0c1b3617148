"""`symposia migrate`: an archive from a directory into a database, or back, or to another of its kind."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import Progress

from flows.models import trained_in
from transcripts.archive import Archive
from transcripts.errors import ArchiveError
from transcripts.files import write_atomically
from transcripts.place import Place, place_of
from transcripts.transfer import rows_of, transfer


def migrate_archive(source: Place, target: Place) -> None:
    """Copy an archive to a new place, and say what is there now. The old one stays as it is.

    Raises ArchiveError or SymposiaError; the new place holds no archive then, or an empty one.
    """
    if place_of(source) == place_of(target):
        raise ArchiveError(f"the archive is at {source} already: name another place in --to")
    with Archive.open(source) as old, Archive.open(target, create=True) as new:
        console = Console(file=sys.stderr)
        with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
            task = progress.add_task("copying and comparing", total=2 * rows_of(old) or 1)
            transfer(old, new, lambda rows: progress.advance(task, rows), lambda: _take_along(old, new))
        summary = new.summary()
    sys.stderr.write(
        f"symposia: {target} holds the archive now: {summary.recordings} recordings, {summary.passages} "
        f"passages, {summary.reviews} changes by people, compared with {source} value by value. Work there: "
        "what is changed in the old one from now on does not follow.\n"
    )


def _take_along(old: Archive, new: Archive) -> None:
    """What the tagger learned from people; everything else that lies beside the record is made again."""
    learned, place = trained_in(old), trained_in(new)
    if learned is not None and place is not None and learned.is_file():
        write_atomically(place, learned.read_bytes())


__all__ = ["migrate_archive"]
