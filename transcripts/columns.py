"""The kinds of columns that the archive's tables are made of: those that SQLite and PostgreSQL share."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.schema import SchemaItem

# Constraint names are given so that a later migration can refer to them.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# In the order of code points, whatever a server's language: as SQLite has it, and Python.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def text(name: str) -> Column[str]:
    """A text; none is ''."""
    return Column(name, TEXT, nullable=False)


def number(name: str) -> Column[float]:
    """A double."""
    return Column(name, Double, nullable=False)


def json(name: str) -> Column[object]:
    """A list or an object."""
    return Column(name, JSON, nullable=False)


def refers(name: str, target: str) -> Column[str]:
    """A foreign key that is checked when the transaction ends.

    So a layer can be replaced while the layers that refer to it stay.
    """
    key = ForeignKey(target, deferrable=True, initially="DEFERRED")
    return Column(name, TEXT, key, nullable=False)


def layer(name: str, *items: SchemaItem) -> Table:
    """A table of one recording's layer."""
    return Table(
        name,
        METADATA,
        refers("recording_id", "recordings.id"),
        Column("position", Integer, nullable=False),
        *items,
        PrimaryKeyConstraint("recording_id", "position"),
    )
