"""Earlier cases of a person are found without reading all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "closed_cases_of_person",
        "cases",
        ["person", "closed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'closed' AND person IS NOT NULL"),
        postgresql_where=sa.text("state = 'closed' AND person IS NOT NULL"),
    )
