"""The site that a case is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; cases of before belong to the practice as a whole."""
    op.add_column(
        "cases",
        sa.Column("site", sa.String(length=40), server_default=sa.text("''"), nullable=False),
    )
