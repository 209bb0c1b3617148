"""What holds for every test: Hypothesis tries the same examples each time, at its own pace.

And the archives that tests begin with: of both kinds where it matters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from postgresql_server import PostgresqlServer, binaries

from transcripts.archive import Archive
from transcripts.place import Place

if TYPE_CHECKING:
    from transcripts.search import SearchIndex

settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
settings.load_profile("repeatable")
# `make fuzz`: many cases, by a seed that it tells; none is kept between runs.
cases = int(os.environ.get("CASES", "10000"))
settings.register_profile("fuzz", max_examples=cases, database=None, deadline=None, print_blob=True)

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A server of the tests' own."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = PostgresqlServer(programs)
    yield server
    server.remove()


@pytest.fixture
def database_url(
    postgresql_server: PostgresqlServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An empty database, for an archive whose files lie in `tmp_path / "files"`."""
    monkeypatch.setenv("SYMPOSIA_FILES", str(tmp_path / "files"))
    with postgresql_server.empty_database() as url:
        yield url


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where an archive may be made: a directory, then a database."""
    if request.param == "sqlite":
        return tmp_path / "archive"
    return str(request.getfixturevalue("database_url"))


@pytest.fixture(params=KINDS)
def new_archive(request: pytest.FixtureRequest) -> Iterator[Archive]:
    """An empty archive: in memory, then in a database."""
    if request.param == "sqlite":
        with Archive.in_memory() as archive:
            yield archive
    else:
        with Archive.open(str(request.getfixturevalue("database_url")), create=True) as archive:
            yield archive


@pytest.fixture(scope="module")
def index() -> Iterator[SearchIndex]:
    """Of the sample archive, for tests that only look."""
    from sample_archive import embed, fill

    from transcripts.search import SearchIndex

    with Archive.in_memory() as fresh:
        yield SearchIndex.open(fill(fresh), embed)
