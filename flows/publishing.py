"""`symposia publish`: a static site of an archive."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from transcripts.archive import Archive
from transcripts.place import Place
from transcripts.site.publish import publish
from transcripts.site.settings import Site


def publish_archive(place: Place, out: Path, include: str, settings: Path | None, media: bool) -> None:
    """Publish an archive. Raises SymposiaError, and then the folder is as it was."""
    gc.disable()  # what is read is kept to the end, and looking through it again and again takes time
    site = Site()
    if settings is not None:
        from flows.site_file import load_site

        site = load_site(settings)
    with Archive.open(place) as archive:
        done = publish(archive, out, site, include=include, with_media=media)
    for note in done.notes:
        sys.stderr.write(f"symposia: {note}.\n")
    if not site.address:
        sys.stderr.write(
            "symposia: no 'address' in a site file: its map, its feed and its IIIF manifests are left out.\n"
        )
    sys.stderr.write(
        f"symposia: published {done.passages} passages of {done.panels} panels into {out}: "
        f"{done.written} files written, {done.kept} unchanged.\n"
    )
