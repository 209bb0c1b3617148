"""An archive's database on a server that many machines share: PostgreSQL, by psycopg."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from transcripts.database import BUSY_TIMEOUT_MS, Database, Passing, json_text, json_value
from transcripts.errors import ArchiveError
from transcripts.place import password_of

CONNECT_TIMEOUT_S = 10
# A server or a machine that is gone without a word is noticed after about a minute, at either end:
# so is whoever held something, which the server then gives to others.
_ALIVE = {"idle": 30, "interval": 10, "count": 3}
_UNSENT_MS = 60_000

_ABSENT = "no server answers there; start it, or correct the address in the URL, and run again"
_BUSY = "another process has been writing to it for a long time; wait for it to end and run again"
_CROWDED = "the server has too many connections; end some, or raise max_connections"
_RETRY = "run the same command again: what was not finished was not written, and nothing else is lost"
_CUT = f"the connection was cut in the middle; check server and network, then {_RETRY}"
_FULL = "the server's disk is full; make room there and run the same command again"
_SIGN_IN = (
    "check the user in the URL, and its password in PGPASSWORD, PGPASSFILE or the URL in SYMPOSIA_ARCHIVE"
)
_IN_WORDS = {
    "no password supplied": f"the server asks for a password; {_SIGN_IN}",
    "password authentication failed": f"the server refuses user or password (wrong, or expired); {_SIGN_IN}",
    "no pg_hba.conf entry": "the server lets no such user in from here; have its pg_hba.conf do so",
    "fatal: role": f"the server does not know this user; {_SIGN_IN}",
    "fatal: database": "there is no such database on the server; make it ('createdb NAME'), and run again",
    "connection refused": Passing(_ABSENT),
    "no such file or directory": _ABSENT,
    "could not translate host name": "there is no such host; correct the URL, or check the network",
    "failed to resolve host": "there is no such host; correct the URL, or check the network",
    "timeout expired": Passing(
        "the server does not answer; check the network and its address, and run again"
    ),
    "timed out": Passing(f"the server has stopped answering; check the network, then {_RETRY}"),
    "starting up": Passing("the server is starting; wait a moment and run again"),
    "too many clients": Passing(_CROWDED),
    "remaining connection slots": Passing(_CROWDED),
    "lock timeout": Passing(_BUSY),
    "read-only transaction": "it is read-only; name the server that is written to, or make it writable",
    "recovery": "the server is a copy that follows another and cannot do this; name the server itself",
    "permission denied": "the user may not do this there; have its owner grant it all rights to the database",
    "no space left": _FULL,
    "could not extend file": _FULL,
    "nul (0x00)": "a text has a character that databases do not keep (NUL); remove it at its source",
    "terminating connection": Passing(f"the server ended the connection; {_RETRY}"),
    "shutting down": Passing(f"the server is shutting down; start it again, then {_RETRY}"),
    "closed the connection": Passing(_CUT),
    "connection is closed": Passing(_CUT),
    "connection is lost": Passing(_CUT),
    "could not receive data": Passing(_CUT),
}


class PostgresqlDatabase(Database):
    """A database of a PostgreSQL server, by its URL without a password.

    Writing transactions wait for each other, as SQLite's do; reading ones see one moment throughout. A
    connection that has died is replaced before a transaction begins, never within one.
    """

    in_words = _IN_WORDS
    files_apart = True

    def __init__(self, url: str) -> None:
        self.place = f"the archive {url}"
        try:
            target = make_url(url).set(drivername="postgresql+psycopg", password=password_of(url))
            connect_args = _connect_args(dict(target.query))
            # A cut connection is told of where it was used; the pool would add a traceback of its own.
            logging.getLogger("sqlalchemy.pool.impl.QueuePool.symposia").setLevel(logging.CRITICAL)
            self.engine = create_engine(
                target,
                pool_logging_name="symposia",
                pool_pre_ping=True,
                hide_parameters=True,
                json_serializer=json_text,
                json_deserializer=json_value,
                connect_args=connect_args,
            )
            # What is held alone is held by a session of its own, whoever else waits for connections.
            self._holders = create_engine(
                target, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=connect_args
            )
        except ModuleNotFoundError as error:
            raise ArchiveError(
                f"{self.place} needs what speaks to PostgreSQL: pip install 'symposia[postgresql]'"
            ) from error
        except (ValueError, DBAPIError) as error:
            raise ArchiveError(f"{self.place} cannot be understood ({error}): correct the URL") from None
        self._reading = self.engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        # Its statements see what others have committed until the lock was had. Whether it may write is the
        # server's to say (None): it may be set up to be read only.
        self._writing = self.engine.execution_options(
            isolation_level="READ COMMITTED", postgresql_readonly=None, writing=True
        )
        event.listen(self.engine, "begin", _wait_for_other_writers)

    def _readers(self) -> Engine:
        return self._reading

    def _writers(self) -> Engine:
        return self._writing

    @contextmanager
    def hold(self, name: str, *, wait: bool) -> Iterator[bool]:
        with self._worded():
            connection = self._holders.connect()
        try:
            with self._worded():
                held = _take(connection, _number_of(name), wait=wait)
            yield held
        finally:
            _release(connection, _number_of(name))

    def damage(self, connection: Connection) -> list[str]:
        return []

    def size_bytes(self) -> int:
        with self.reading() as connection:
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return int(size)


def _connect_args(asked: dict[str, object]) -> dict[str, object]:
    """What a connection is opened with, where the URL does not say otherwise."""
    server = {f"tcp_keepalives_{name}": value for name, value in _ALIVE.items()}
    settings = {**server, "lock_timeout": BUSY_TIMEOUT_MS, "client_encoding": "UTF8"}
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    args: dict[str, object] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "tcp_user_timeout": _UNSENT_MS,
        "application_name": "symposia",
        **{f"keepalives_{name}": value for name, value in _ALIVE.items()},
    }
    given = asked.get("options", "")
    return {
        **{name: value for name, value in args.items() if name not in asked},
        "options": f"{options} {given}".strip(),
    }


def _number_of(name: str) -> int:
    """A lock's number, of 64 bits, the same in every version and on every machine."""
    return int.from_bytes(hashlib.sha256(f"symposia:{name}".encode()).digest()[:8], "big", signed=True)


_WRITER = _number_of("writer")


def _wait_for_other_writers(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")


def _take(connection: Connection, number: int, *, wait: bool) -> bool:
    if not wait:
        return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({number})").scalar_one())
    connection.exec_driver_sql("SET lock_timeout = 0")
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({number})")
    return True


def _release(connection: Connection, number: int) -> None:
    """Give it back at once; where the connection has died, so has the hold."""
    try:
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")
    except DBAPIError:
        pass
    finally:
        connection.close()


__all__ = ["PostgresqlDatabase"]
