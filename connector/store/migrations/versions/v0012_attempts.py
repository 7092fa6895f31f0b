"""Attempts to reach the person of a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; attempts of before stand on the tickets alone."""
    op.create_table(
        "attempt",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("way", sa.String(length=8), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_attempt_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", "key", name=op.f("pk_attempt")),
    )
