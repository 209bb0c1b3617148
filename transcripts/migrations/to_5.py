"""The meaning of translations is kept, and what harvesters were offered."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    inspect,
)

revision = "5"
down_revision = None  # of 4, the first version that was kept

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")

_UNIQUE = "uq_translation_embeddings_passage_id_language_signature"


def upgrade() -> None:
    op.create_table(
        "translation_embeddings",
        _refers("recording_id", "recordings.id"),
        Column("position", Integer, nullable=False),
        _refers("passage_id", "passages.id"),
        Column("language", _TEXT, nullable=False),
        Column("vector", LargeBinary, nullable=False),
        _refers("signature", "signatures.digest"),
        PrimaryKeyConstraint("recording_id", "position", name="pk_translation_embeddings"),
        UniqueConstraint("passage_id", "language", "signature", name=_UNIQUE),
    )
    if inspect(op.get_bind()).has_table(
        "harvest"
    ):  # where harvesters came, it was made without a new version
        return
    op.create_table(
        "harvest",
        Column("panel_id", _TEXT, nullable=False),
        Column("digest", _TEXT, nullable=False),
        Column("changed_at", _TEXT, nullable=False),
        PrimaryKeyConstraint("panel_id", name="pk_harvest"),
    )


def _refers(name: str, target: str) -> Column[str]:
    constraint = f"fk_translation_embeddings_{name}"
    key = ForeignKey(target, name=constraint, deferrable=True, initially="DEFERRED")
    return Column(name, _TEXT, key, nullable=False)
