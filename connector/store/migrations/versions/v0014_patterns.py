"""Small failures of one kind that repeat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; what repeated before is not told afterwards."""
    op.create_table(
        "pattern",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("site", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=40), nullable=False),
        sa.Column("told_at", sa.String(length=27), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_pattern_case_id_cases")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_pattern")),
    )
    op.create_index("pattern_of_kind", "pattern", ["site", "category"])
