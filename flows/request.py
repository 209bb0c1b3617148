"""What a run is asked for, and how a person asks for the same."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.profiles import is_file
from transcripts.place import Place, place_of


@dataclass(frozen=True, slots=True)
class Request:
    """Bring recordings of a conference file up to date in an archive.

    `only` are ids of recordings, None for all; for `arriving_in` see `load_conference`. `again` are
    stages to make anew though nothing has changed, and `on` says who does the work: see `spreading`.
    """

    conference: Path
    archive: Place
    profile: str
    arriving_in: Path | None = None
    only: frozenset[str] | None = None
    again: frozenset[str] = frozenset()
    on: str = ""

    @property
    def command(self) -> str:
        """What a person types to have the same done again."""
        rest = ["--archive", str(self.archive), "--profile", self.profile]
        if self.arriving_in is not None:
            named = [str(self.arriving_in), "--conference", str(self.conference)]
            return shlex.join(["symposia", "watch", *named, *rest, "--once"])
        for stage in sorted(self.again):
            rest += ["--again", stage]
        if self.on:
            rest += ["--on", self.on]
        return shlex.join(["symposia", "run", str(self.conference), *rest])

    @property
    def parameters(self) -> dict[str, Any]:
        """What another process needs to know of it, JSON-able, in whatever folder that runs."""
        return {
            "conference": str(self.conference.absolute()),
            "archive": str(self.archive.absolute() if isinstance(self.archive, Path) else self.archive),
            "profile": str(Path(self.profile).absolute()) if is_file(self.profile) else self.profile,
            "arriving_in": None if self.arriving_in is None else str(self.arriving_in.absolute()),
            "again": sorted(self.again),
        }


def request_of(
    conference: str,
    archive: str,
    profile: str,
    arriving_in: str | None = None,
    again: Sequence[str] = (),
) -> Request:
    """A request, from its `parameters`. Raises ArchiveError as `place_of` does."""
    folder = None if arriving_in is None else Path(arriving_in)
    return Request(Path(conference), place_of(archive), profile, folder, again=frozenset(again))


__all__ = ["Request", "request_of"]
