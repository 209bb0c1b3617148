"""`symposia deposit` and `symposia restore`: an archive into a package, and back."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from flows.verifying import watched
from transcripts.archive import Archive
from transcripts.deposit.contents import Wishes
from transcripts.deposit.package import deposit
from transcripts.deposit.restoring import restore
from transcripts.errors import ArchiveError, ConfigurationError
from transcripts.originals import originals, size_of
from transcripts.place import Place

_DOI = re.compile(r"10\.\d{4,9}/\S+")  # https://www.doi.org/doi-handbook/HTML/syntax-of-a-doi-name.html


def deposit_archive(place: Place, out: Path, wishes: Wishes) -> None:
    """Pack an archive and say what is in the package.

    Raises ArchiveError, ConfigurationError or SymposiaError; nothing is left in OUT then.
    """
    if wishes.doi and not _DOI.fullmatch(wishes.doi):
        raise ConfigurationError(
            f"{wishes.doi!r} is no DOI: write it as 10.1234/abc, without https://doi.org/"
        )
    with Archive.open(place) as archive:
        total = size_of(originals(archive)) if wishes.originals else 0
        with watched("packing", total) as watch:
            made = deposit(archive, out, wishes, lambda _name, size: watch(size))
    megabytes = sum(file.size for file in made.files) / 1e6
    sys.stderr.write(f"symposia: packed {len(made.files)} files ({megabytes:.1f} MB) into {out}.\n")
    if made.withheld:
        sys.stderr.write(
            f"symposia: {len(made.withheld)} panels, speakers or passages are withheld, and the package "
            "holds them: it is to be kept, not to be opened to everybody (README.txt says which).\n"
        )


def restore_archive(bag: Path, directory: Path) -> None:
    """Make an archive from a package and say what is in it. Raises ArchiveError or SymposiaError."""
    if str(directory).startswith(("postgresql:", "postgres:")):
        raise ArchiveError(
            "a package is restored into a directory, where its originals come to lie: name one, and move the "
            "archive into the database with 'symposia migrate'"
        )
    total = sum(path.stat().st_size for path in bag.rglob("*") if path.is_file()) if bag.is_dir() else 0
    with watched("checking", total) as watch:
        restore(bag, directory, lambda _name, size: watch(size))
    with Archive.open(directory) as archive:
        summary = archive.summary()
    sys.stderr.write(
        f"symposia: restored {directory}: {summary.recordings} recordings, {summary.passages} passages, "
        f"{summary.reviews} changes of people. Accounts are no part of a package: 'symposia users add' "
        "makes them.\n"
    )


__all__ = ["deposit_archive", "restore_archive"]
