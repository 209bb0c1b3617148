"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from transcripts.place import DEFAULT, place_of


def _place(text: str) -> str:
    """A place without a password, if there was one."""
    return str(place_of(text))


_METAVAR = "DIR|URL"
_ARCHIVE = typer.Option(
    "--archive",
    help="The archive: a directory, or postgresql://[USER@]HOST/DATABASE.",
    metavar=_METAVAR,
    envvar=DEFAULT,
    parser=_place,
)
ArchivePlace = Annotated[str, _ARCHIVE]
AnyArchivePlace = Annotated[str | None, _ARCHIVE]
SourcePlace = Annotated[
    str, typer.Option("--from", help="The archive, as in --archive.", metavar=_METAVAR, parser=_place)
]
TargetPlace = Annotated[
    str,
    typer.Option(
        "--to", help="Where it is to be: a directory or database, empty.", metavar=_METAVAR, parser=_place
    ),
]
ProfileName = Annotated[
    str,
    typer.Option("--profile", help="embedded, standard, quality, or the path of your own.", metavar="P"),
]

__all__ = ["AnyArchivePlace", "ArchivePlace", "ProfileName", "SourcePlace", "TargetPlace"]
