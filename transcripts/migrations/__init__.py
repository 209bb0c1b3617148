"""How older archives become today's: one Alembic script a version of the tables, forwards only.

A script is written once and never changed: it says the tables as they were then, and imports nothing of ours.
The version that an archive has stands in its table `meta`. The first that was kept is 4.
"""

from __future__ import annotations

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

OLDEST = 4


def migrate(connection: Connection, version: int) -> None:
    """Bring an archive's tables from an older version to the newest, in the transaction of a connection."""
    folder = str(Path(__file__).parent)
    scripts = ScriptDirectory(folder, version_locations=[folder])
    to_do = [each for each in scripts.walk_revisions() if int(each.revision) > version]
    with Operations.context(MigrationContext.configure(connection)):
        for script in reversed(to_do):
            script.module.upgrade()
            now = {"version": script.revision}
            connection.execute(text("UPDATE meta SET value = :version WHERE key = 'schema_version'"), now)


__all__ = ["OLDEST", "migrate"]
