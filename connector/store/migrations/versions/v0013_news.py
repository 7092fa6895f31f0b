"""Rounds remember that it was said that the person should be told how it stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; nothing of the kind was said before."""
    op.add_column(
        "round", sa.Column("update_fired", sa.Integer(), server_default="0", nullable=False)
    )
