"""Which responses of surveys are known, and what became of every row of their exports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; responses that were heard before are learned when they are read again."""
    op.create_table(
        "response",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.LargeBinary(length=20), nullable=False),
        sa.Column("version", sa.LargeBinary(length=8), nullable=False),
        sa.Column("stamp", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("signal_id", sa.LargeBinary(length=16), nullable=True),
        sa.CheckConstraint("state BETWEEN 0 AND 8", name="state_is_known"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "response_trace",
        sa.Column("trace", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("trace", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("response_traces", "response_trace", ["id"], unique=False)
    op.create_table(
        "row_count",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 0", name="count_is_one"),
        sa.PrimaryKeyConstraint("tenant", "source", "reason"),
        sqlite_with_rowid=False,
    )
