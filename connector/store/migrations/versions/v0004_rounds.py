"""Rounds of a case with their clocks, evidence of its steps, pages to people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; open cases of before begin their first round with the next turn."""
    _rounds()
    _pages()


def _rounds() -> None:
    op.create_table(
        "round",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("acted_at", sa.String(length=27), nullable=True),
        sa.Column("contact_at", sa.String(length=27), nullable=True),
        sa.Column("contact_fired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resolution_fired", sa.Integer(), server_default="0", nullable=False),
        sa.Column("silence_told_at", sa.String(length=27), nullable=True),
        sa.Column("shown", sa.String(length=8), server_default="running", nullable=False),
        sa.Column("next_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("why", sa.String(length=40), nullable=True),
        sa.Column("lacking", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "number"),
    )
    op.create_index(
        "round_next",
        "round",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "round_unjudged",
        "round",
        ["ended_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NOT NULL AND lacking IS NULL"),
        postgresql_where=sa.text("ended_at IS NOT NULL AND lacking IS NULL"),
    )
    op.create_table(
        "evidence",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "name"),
    )


def _pages() -> None:
    op.create_table(
        "page",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("route", sa.String(length=40), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="ready", nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.String(length=27), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('ready', 'done', 'dropped')", name="state_is_known"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "page_due",
        "page",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'ready'"),
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index("page_by_route", "page", ["route", "created_at"], unique=False)
