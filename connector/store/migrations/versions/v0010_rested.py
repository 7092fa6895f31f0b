"""Rounds know how many open minutes they rested, and that they were told to be critical."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was told of a running round before has its page by key."""
    op.add_column("round", sa.Column("held_m", sa.Integer(), server_default="0", nullable=False))
    op.add_column(
        "round", sa.Column("critical_told", sa.Integer(), server_default="0", nullable=False)
    )
