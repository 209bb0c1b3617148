"""The commands for unattended work: doctor, report, watch, estimate. Added by `cli`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

ArchiveDir = Annotated[Path, typer.Option("--archive", help="Directory of the archive.", metavar="DIR")]
ProfileName = Annotated[
    str,
    typer.Option("--profile", help="embedded, standard, quality, or the path of your own.", metavar="P"),
]


def doctor(
    archive: Annotated[
        Path | None, typer.Option("--archive", help="Directory of the archive.", metavar="DIR")
    ] = None,
    profile: ProfileName = "embedded",
) -> None:
    """Check models, disk, sound, database, PDF, GPU and server, and say what to do.

    The exit code is 0 where a run can go ahead, and 1 where something is wrong.
    """
    from flows.doctor import examine

    raise typer.Exit(examine(archive, profile))


def report(
    archive: ArchiveDir,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="File to write; left out: standard output.")
    ] = None,
) -> None:
    """Write the quality report of an archive: one HTML page that needs nothing else."""
    from flows.reporting import report_archive
    from transcripts.files import write_atomically

    page = report_archive(archive)
    if output is None:
        sys.stdout.write(page)
    else:
        write_atomically(output, page)
