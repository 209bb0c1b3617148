"""The commands that keep an archive for good: verify, deposit, restore, migrate. Added by `cli`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import ArchivePlace, SourcePlace, TargetPlace


def verify(
    archive: ArchivePlace,
    mend: Annotated[
        bool, typer.Option("--mend", help="Make anew what is derived, and note where originals are now.")
    ] = False,
    look_in: Annotated[
        Path | None, typer.Option(help="Where to look for originals that were moved.", metavar="FOLDER")
    ] = None,
) -> None:
    """Read originals, layers and database again, and say what has changed and how to mend it.

    The exit code is 0 where all is as it was, and 1 where it is not.
    """
    from flows.verifying import Verify, verify_archive

    raise typer.Exit(verify_archive(archive, Verify(mend, look_in)))


def deposit(
    out: Annotated[Path, typer.Argument(help="Folder to make; not there yet, or empty.", metavar="OUT")],
    archive: ArchivePlace,
    publisher: Annotated[str, typer.Option(help="Who publishes it.", metavar="NAME")] = "",
    doi: Annotated[str, typer.Option(help="Its DOI, as in 10.1234/abc.", metavar="DOI")] = "",
    licence: Annotated[str, typer.Option(help="Its licence, in words or as a URL.", metavar="TEXT")] = "",
    without_originals: Annotated[
        bool, typer.Option("--without-originals", help="Leave sound and video out.")
    ] = False,
) -> None:
    """Pack an archive for a repository: a bag of originals, all layers, history, TEI, captions, metadata."""
    from flows.depositing import deposit_archive
    from transcripts.deposit.contents import Wishes

    deposit_archive(archive, out, Wishes(publisher, doi, licence, not without_originals))


def restore(
    bag: Annotated[Path, typer.Argument(help="The package that deposit made.", metavar="BAG")],
    archive: Annotated[
        Path, typer.Option("--archive", help="Archive to make; not there yet, or empty.", metavar="NEW")
    ],
) -> None:
    """Check every byte of a package, and make the archive again, with its history."""
    from flows.depositing import restore_archive

    restore_archive(bag, archive)


def migrate(source: SourcePlace, target: TargetPlace) -> None:
    """Copy an archive from a directory into a database, or back, with history and accounts; compare both."""
    from flows.migrating import migrate_archive

    migrate_archive(source, target)
