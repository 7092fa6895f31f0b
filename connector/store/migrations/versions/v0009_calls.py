"""What is remembered of calls while their fate is open, and cases about many callers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; calls that were heard before are not entered: their fate is known."""
    op.create_table(
        "call",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("number", sa.LargeBinary(length=16), nullable=True),
        sa.Column("line", sa.LargeBinary(length=16), nullable=True),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("outbound", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("call_of_number", "call", ["tenant", "number", "ended"], unique=False)
    op.create_index("call_of_line", "call", ["tenant", "line", "started"], unique=False)
    op.create_index("call_of_source", "call", ["tenant", "source", "ended"], unique=False)
    op.create_index(
        "call_deferred",
        "call",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "call_group",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
