"""`symposia import`: what a file would correct, and, when asked, the corrections."""

from __future__ import annotations

import sys
from pathlib import Path

from transcripts.archive import Archive
from transcripts.formats.offers import read_offers
from transcripts.importing import Correction, apply, plan
from transcripts.place import Place


def import_file(path: Path, place: Place, panel: str, reviewer: str, track: str | None, make: bool) -> None:
    """List what a file would change, and change it when told to. Raises FormatError or ArchiveError."""
    offers = read_offers(path, track)
    with Archive.open(place) as archive:
        found = plan(archive, panel, offers)
        corrections = apply(archive, found.corrections, reviewer) if make else found.corrections
    for each in corrections:
        sys.stdout.write(_line(each) + "\n")
    for words in found.misplaced:
        sys.stdout.write(f"left out: {words}\n")
    refused = sum(bool(each.conflict) for each in corrections)
    verb = "made" if make else "would be made with --apply"
    sys.stderr.write(
        f"symposia: {len(corrections) - refused} corrections {verb}, {refused} refused, "
        f"{len(found.misplaced)} left out; {found.unmentioned} passages are not in the file and stay.\n"
    )


def _line(each: Correction) -> str:
    refused = f"  (refused: {each.conflict})" if each.conflict else ""
    return f"{each.passage_id} {each.field}: {each.before!r} -> {each.after!r}{refused}"
