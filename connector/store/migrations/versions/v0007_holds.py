"""Clocks that rest for a stated reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no round of before rested."""
    op.add_column("round", sa.Column("held_since", sa.String(length=27), nullable=True))
    op.add_column("round", sa.Column("held_s", sa.Integer(), server_default="0", nullable=False))
