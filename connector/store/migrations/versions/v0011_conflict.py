"""Cases that are about whoever would be asked to see to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of cases of before nobody knows."""
    op.add_column(
        "cases", sa.Column("conflict", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
