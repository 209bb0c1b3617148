"""People who may log in: their roles, their passwords as argon2 hashes, their sessions.

A browser holds a random token and the archive its sha256, so that a copy of the archive lets
nobody in. Attempts to log in are counted in the archive, before a password is looked at: many
at once are no way round, nor is starting the server again.
"""

from __future__ import annotations

import hashlib
import math
import secrets
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from transcripts.archive import Archive
from transcripts.database import upsert
from transcripts.errors import ArchiveError, SymposiaError
from transcripts.journal import named
from transcripts.schema import login_attempts as attempts
from transcripts.schema import sessions, users

ROLES = ("reader", "editor", "administrator")
FEWEST_LETTERS = 10  # of a password
MOST_LETTERS = 1000
SESSION_S = 14 * 24 * 3600.0
WINDOW_S = 15 * 60.0
# Attempts that may fail within the window: of one person from one address, from one address, of one person.
MOST_ATTEMPTS, MOST_OF_ADDRESS, MOST_OF_NAME = 5, 20, 50


class TooManyAttemptsError(SymposiaError):
    """Logging in has failed too often; it may be tried again in `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts to log in; try again in {wait_s} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class User:
    """A person who may log in."""

    name: str
    role: str


class Accounts:
    """The people of one archive. `hasher` and `clock` (Unix time, s) are given by tests alone."""

    def __init__(
        self,
        archive: Archive,
        *,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._archive = archive
        self._hasher = hasher or PasswordHasher()  # argon2id with the parameters of RFC 9106
        self._clock = clock

    def users(self) -> tuple[User, ...]:
        """Everybody who may log in, by name."""
        with self._archive.reading() as connection:
            rows = connection.execute(select(users.c.name, users.c.role).order_by(users.c.name))
            return tuple(User(*row) for row in rows)

    def add_user(self, name: str, role: str, password: str) -> User:
        """Let a person log in. One who could already gets the new role and password, and is logged out.

        Raises ArchiveError for no name, another role, or a password that is too short.
        """
        if role not in ROLES:
            raise ArchiveError(f"{role!r} is no role: take one of {', '.join(ROLES)}")
        user = User(named(name), role)
        if not FEWEST_LETTERS <= len(password) <= MOST_LETTERS:
            raise ArchiveError(
                f"a password has {FEWEST_LETTERS} to {MOST_LETTERS} letters, not {len(password)}: "
                "a few words that only you would put together do well"
            )
        row = {
            "name": user.name,
            "role": role,
            "password": self._hasher.hash(_typed(password)),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._archive.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.name == user.name))
            upsert(connection, users, row)
        return user

    def remove_user(self, name: str) -> None:
        """Let a person in no more, at once. What they reviewed stays. Raises ArchiveError for nobody."""
        with self._archive.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.name == name))
            if not connection.execute(delete(users).where(users.c.name == name)).rowcount:
                raise ArchiveError(f"there is no user {name!r}; 'symposia users list' shows all")

    def authenticate(self, name: str, password: str, address: str = "") -> User | None:
        """The person, if the password is theirs; it takes as long for a name that is not there.

        Raises TooManyAttemptsError when the person, or the address, has failed too often.
        """
        name, address = _plain(name), _plain(address)
        with self._archive.writing() as connection:
            attempt = self._counted(connection, name, address)
            row = connection.execute(select(users).where(users.c.name == name)).mappings().one_or_none()
        kept = row["password"] if row else self._nobodys
        if len(password) > MOST_LETTERS or not self._fits(kept, password) or row is None:
            return None
        with self._archive.writing() as connection:
            mine = and_(attempts.c.name == name, attempts.c.address == address)
            connection.execute(delete(attempts).where(or_(mine, attempts.c.id == attempt)))
            if self._hasher.check_needs_rehash(kept):
                changed = update(users).where(users.c.name == name, users.c.password == kept)
                connection.execute(changed.values(password=self._hasher.hash(_typed(password))))
        return User(row["name"], row["role"])

    def start_session(self, user: User) -> str:
        """A token for the browser of a person who has logged in."""
        token = secrets.token_urlsafe(32)
        now_s = self._clock()
        with self._archive.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.ends_at_s <= now_s))
            row = {"token": _hashed(token), "name": user.name, "ends_at_s": now_s + SESSION_S}
            connection.execute(insert(sessions), row)
        return token

    def user_of_session(self, token: str) -> User | None:
        """Whose session a token belongs to, with the role that they have now."""
        statement = (
            select(users.c.name, users.c.role)
            .join(sessions, sessions.c.name == users.c.name)
            .where(sessions.c.token == _hashed(token), sessions.c.ends_at_s > self._clock())
        )
        with self._archive.reading() as connection:
            row = connection.execute(statement).one_or_none()
        return User(*row) if row else None

    def end_session(self, token: str) -> None:
        """Log out; a token of no session is none afterwards either."""
        with self._archive.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.token == _hashed(token)))

    def _counted(self, connection: Connection, name: str, address: str) -> int:
        """Count an attempt, as failed until it succeeds; its id."""
        now_s = self._clock()
        connection.execute(delete(attempts).where(attempts.c.at_s <= now_s - WINDOW_S))
        of_name, of_address = attempts.c.name == name, attempts.c.address == address
        for mine, most in (
            (and_(of_name, of_address), MOST_ATTEMPTS),
            (of_address, MOST_OF_ADDRESS),
            (of_name, MOST_OF_NAME),
        ):
            counted = select(func.count(), func.min(attempts.c.at_s)).where(mine)
            number, first_s = connection.execute(counted).one()
            if number >= most:
                raise TooManyAttemptsError(math.ceil(first_s + WINDOW_S - now_s))
        row = {"name": name, "address": address, "at_s": now_s}
        key = connection.execute(insert(attempts), row).inserted_primary_key
        return int(key[0]) if key else 0

    def _fits(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, _typed(password))
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def _plain(text: str) -> str:
    """What a form sent, as a text of an archive: blanks as in names, no half characters, no end."""
    return " ".join(text.encode("utf-8", "replace").decode().split())[:MOST_LETTERS]


def _typed(password: str) -> bytes:
    """A password as bytes, the same from every keyboard (NFKC, after NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
