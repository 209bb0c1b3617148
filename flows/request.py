"""What a run is asked for, and how a person asks for the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from transcripts.place import Place


@dataclass(frozen=True, slots=True)
class Request:
    """Bring recordings of a conference file up to date in an archive.

    `only` are ids of recordings, None for all; for `arriving_in` see `load_conference`.
    """

    conference: Path
    archive: Place
    profile: str
    arriving_in: Path | None = None
    only: frozenset[str] | None = None

    @property
    def command(self) -> str:
        """What a person types to have the same done again."""
        rest = ["--archive", str(self.archive), "--profile", self.profile]
        if self.arriving_in is None:
            return shlex.join(["symposia", "run", str(self.conference), *rest])
        named = [str(self.arriving_in), "--conference", str(self.conference)]
        return shlex.join(["symposia", "watch", *named, *rest, "--once"])
