"""The commands for unattended work: doctor, report, watch, estimate. Added by `cli`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import AnyArchivePlace, ArchivePlace, ProfileName


def doctor(
    archive: AnyArchivePlace = None,
    profile: ProfileName = "embedded",
) -> None:
    """Check models, disk, sound, database, PDF, GPU and server, and say what to do.

    The exit code is 0 where a run can go ahead, and 1 where something is wrong.
    """
    from flows.doctor import examine

    raise typer.Exit(examine(archive, profile))


def report(
    archive: ArchivePlace,
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


def watch(
    folder: Annotated[Path, typer.Argument(help="Folder that recordings arrive in.", metavar="FOLDER")],
    conference: Annotated[
        Path, typer.Option("--conference", help="The conference file.", metavar="CONFERENCE.yaml")
    ],
    archive: ArchivePlace,
    profile: ProfileName = "embedded",
    settle: Annotated[
        float,
        typer.Option(
            min=0, max=86_400, help="Seconds in which a file must not have changed.", metavar="SECONDS"
        ),
    ] = 30.0,
    once: Annotated[bool, typer.Option("--once", help="Process what has arrived, and end.")] = False,
) -> None:
    """Process recordings as they arrive in a folder, each once, until Ctrl-C."""
    from flows.request import Request
    from flows.watching import watch_folder

    request = Request(conference, archive, profile, arriving_in=folder)
    raise typer.Exit(watch_folder(request, settle, once=once))


def estimate(
    conference: Annotated[Path, typer.Argument(help="The conference file.", metavar="CONFERENCE.yaml")],
    profile: ProfileName = "embedded",
    workers: Annotated[
        int, typer.Option(min=1, max=10_000, help="Machines like this one that share the work.", metavar="N")
    ] = 1,
) -> None:
    """Predict the hours, memory and disk that a conference will take, and say how that is known."""
    from flows.estimating import estimate_conference

    estimate_conference(conference, profile, workers)
