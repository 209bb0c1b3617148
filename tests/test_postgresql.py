"""An archive in a PostgreSQL database: the same as one in a directory, and what may go wrong in words."""

from __future__ import annotations

import pytest
from sample_archive import fill

from transcripts.archive import Archive


def test_it(database_url: str) -> None:
    with Archive.open(database_url, create=True) as archive:
        fill(archive)
        there = archive.dump()
    with Archive.in_memory() as archive:
        assert fill(archive).dump() == there
