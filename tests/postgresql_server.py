"""A PostgreSQL server of Debian's packages, for the tests of one process; nothing of it outlives them."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Nothing here has to survive a power cut, and many tests want a database of their own at once.
_SETTINGS = {
    "listen_addresses": "",  # only a socket in a folder of its own: no port to fight for
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


def binaries() -> Path | None:
    """Where initdb and pg_ctl are; None where PostgreSQL or the user that it runs as is not there."""
    if os.geteuid() == 0 and not any(user.pw_name == "postgres" for user in pwd.getpwall()):
        return None
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[4]))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).resolve().parent if elsewhere else None


class PostgresqlServer:
    """Started at once. Everybody may sign in as `postgres`, and `secretive` with a password."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._made = 0
        self._free: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="symposia-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # initdb refuses to run as root
            shutil.chown(self.folder, "postgres", "postgres")
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
        self._run(
            "initdb",
            "-D",
            str(self._data),
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--no-locale",
            "-N",
            "-A",
            "trust",
        )
        rules = self._data / "pg_hba.conf"
        rules.write_text("local all secretive scram-sha-256\n" + rules.read_text())
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.folder, check=False, **self._as
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"

    def start(self) -> None:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = str(self.folder / "log")
        self._run("pg_ctl", "start", "-w", "-s", "-D", str(self._data), "-l", log, "-o", options)

    def stop(self) -> None:
        """At once, as in a crash: connections are cut, what was not committed is gone."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate", "-D", str(self._data))

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The URL of one that nobody else uses until it is given back; it is emptied then, not made anew."""
        if not self._free:
            self._made += 1
            self._free.append(f"archive_{self._made}")
            self.execute(f"CREATE DATABASE {self._free[-1]} TEMPLATE template0")
        name = self._free.pop()
        yield self.url(name)
        self.cut_connections()
        self.execute(f"ALTER DATABASE {name} RESET ALL")
        self.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", database=name)
        self._free.append(name)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def cut_connections(self) -> None:
        """As an administrator or a broken network does: every session ends in the middle."""
        self.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"  # and wait until it has
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
