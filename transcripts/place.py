"""Where an archive is: a directory (SQLite), or the URL of a database (PostgreSQL), without a password.

A password reaches the database from where libpq looks for it (PGPASSWORD, PGPASSFILE) or from the URL in
SYMPOSIA_ARCHIVE; so places may be shown, logged, kept and handed to other processes.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from transcripts.errors import ArchiveError

Place = Path | str  # a directory, or the URL of a database

DEFAULT = "SYMPOSIA_ARCHIVE"  # environment: the place where no other is named
_SCHEME = "postgresql"
_FORM = f"{_SCHEME}://[USER@]HOST[:PORT]/DATABASE"
# A URL with a password, which ends at the "@" and may hold anything before: SQLAlchemy reads it so, too.
SIGNED_IN = re.compile(r"(?P<scheme>[^:/]+://)(?P<user>[^:/]*):(?P<password>[^@]*)@(?P<rest>.*)", re.DOTALL)
_ELSEWHERE = f"give it in PGPASSWORD, in PGPASSFILE, or in a URL in {DEFAULT}"


def place_of(named: Place) -> Place:
    """A place as a person names it: a path, or a URL as text.

    Raises ArchiveError for a URL that names no PostgreSQL database. A password in it is refused, since
    command lines can be read by others, unless it comes from SYMPOSIA_ARCHIVE; then it is left out, and
    `password_of` finds it.
    """
    if isinstance(named, Path) or "://" not in named:
        if not str(named).strip():
            raise ArchiveError(f"the archive's name is empty: give a directory, or a URL ({_FORM})")
        if str(named).startswith(("postgresql:", "postgres:")):
            raise ArchiveError(f"{named} is no URL of an archive: that has the form {_FORM}")
        return Path(named)
    bare, password = _parted(named)
    if password is not None and named != os.environ.get(DEFAULT):
        raise ArchiveError(f"{bare}: the URL of an archive does not hold a password: {_ELSEWHERE}")
    return bare


def password_of(url: str) -> str | None:
    """The password that SYMPOSIA_ARCHIVE has for a place; None where it has none."""
    given = os.environ.get(DEFAULT, "")
    if "://" not in given:
        return None
    bare, password = _parted(given)
    return password if bare == url else None


def _parted(text: str) -> tuple[str, str | None]:
    """A URL without its password, and that."""
    found = SIGNED_IN.match(text)
    bare = text if found is None else f"{found['scheme']}{found['user']}@{found['rest']}"
    try:
        url = urlsplit(bare)
        url.port  # noqa: B018 - asks whether it is a number
    except ValueError:  # what it holds is not shown: it may be a password
        raise ArchiveError(f"the archive's URL cannot be read: it has the form {_FORM}") from None
    if dict(parse_qsl(url.query)).keys() & {"password", "passfile", "sslpassword"}:
        raise ArchiveError(f"the URL of an archive has no password among its options: {_ELSEWHERE}")
    if url.scheme != _SCHEME:
        raise ArchiveError(
            f"{bare} is neither a directory nor a PostgreSQL database ({_FORM}): name one of the two"
        )
    if not url.path.strip("/"):
        raise ArchiveError(f"{bare} names no database: an archive's URL has the form {_FORM}")
    return bare, None if found is None else unquote(found["password"])


__all__ = ["DEFAULT", "SIGNED_IN", "Place", "password_of", "place_of"]
