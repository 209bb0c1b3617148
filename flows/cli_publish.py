"""The command that publishes. Added to the command line by `cli`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from flows.cli_options import ArchivePlace


class Included(StrEnum):
    """How far the review of what is published must be."""

    approved = "approved"
    reviewed = "reviewed"
    draft = "draft"


def publish(
    out: Annotated[Path, typer.Argument(help="Folder of the site.", metavar="OUT")],
    archive: ArchivePlace,
    include: Annotated[
        Included, typer.Option(help="Publish what is at least so far; all but approved is marked so.")
    ] = Included.approved,
    site: Annotated[
        Path | None, typer.Option(help="How the site looks and what it says.", metavar="SITE.yaml")
    ] = None,
    media: Annotated[bool, typer.Option("--media/--no-media", help="Whether sound is copied.")] = True,
) -> None:
    """Publish what is approved as a site that needs no server.

    OUT is made, or made anew where it was published before; what has not changed is left as it is.
    """
    from flows.publishing import publish_archive

    publish_archive(archive, out, include.value, site, media)
