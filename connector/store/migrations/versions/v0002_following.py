"""What people did in the helpdesk: feed, tickets, events, edits, first contact."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _helpdesk()
    _events()
    _cases()


def _helpdesk() -> None:
    op.create_table(
        "feed",
        sa.Column("helpdesk", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=True),
        sa.Column("current_at", sa.String(length=27), nullable=True),
        sa.Column("refused_at", sa.String(length=27), nullable=True),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("helpdesk"),
    )
    op.create_table(
        "followed",
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("looked_at", sa.String(length=27), nullable=True),
        sa.Column("version", sa.String(length=64), server_default="none", nullable=False),
        sa.Column("history", sa.String(length=12), server_default="none", nullable=False),
        sa.PrimaryKeyConstraint("ticket_id"),
    )
    op.create_index(
        "followed_changed",
        "followed",
        ["ticket_id"],
        unique=False,
        sqlite_where=sa.text("changed = 1"),
        postgresql_where=sa.text("changed = 1"),
    )


def _events() -> None:
    op.create_table(
        "observed",
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.Column("note_key", sa.String(length=64), nullable=True),
        sa.Column("to_status", sa.String(length=10), nullable=True),
        sa.Column("contact", sa.Integer(), server_default="0", nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("ticket_id", "event_id"),
    )
    op.create_index("observed_of_case", "observed", ["case_id"], unique=False)
    op.create_index("observed_words", "observed", ["content_id"], unique=False)


def _cases() -> None:
    op.create_table(
        "case_ticket",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("own", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "ticket_id"),
    )
    op.create_index("cases_of_ticket", "case_ticket", ["ticket_id"], unique=False)
    op.create_table(
        "edit",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("seen", sa.LargeBinary(length=16), nullable=True),
        sa.Column("theirs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id", "name"),
    )
    op.create_table(
        "first_contact",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("ticket_id", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"]),
        sa.PrimaryKeyConstraint("case_id"),
    )
