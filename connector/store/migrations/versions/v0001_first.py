"""The first schema: signals, cases, outbox, ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = {
    "update": "BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END",
    "delete": "BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END",
    # INSERT OR REPLACE deletes without asking the guard above
    "replace": "BEFORE INSERT ON ledger WHEN EXISTS "
    "(SELECT 1 FROM ledger WHERE chain_id = NEW.chain_id AND seq = NEW.seq) "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append only'); END",
}
"""SQLite's guards; whoever owns the file can drop them, which is why the chain exists."""


def upgrade() -> None:
    """Create every table, in the order of their references."""
    _cases()
    _content()
    _job()
    _ledger()
    _meta()
    _seen()
    _source()
    _target()
    _case_contact()
    _case_link()
    _content_file()
    _outbox()
    _sighting()
    _signal()
    if op.get_bind().dialect.name == "sqlite":
        for verb, guard in APPEND_ONLY.items():
            op.execute(f"CREATE TRIGGER ledger_no_{verb} {guard}")


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=13), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("grp", sa.String(length=12), nullable=False),
        sa.Column("person", sa.LargeBinary(length=16), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.Column("event_time", sa.String(length=27), nullable=True),
        sa.Column("contact_due", sa.String(length=27), nullable=True),
        sa.Column("resolution_due", sa.String(length=27), nullable=True),
        sa.Column("due_noticed_at", sa.String(length=27), nullable=True),
        sa.Column("closed_at", sa.String(length=27), nullable=True),
        sa.Column("close_reason", sa.String(length=40), nullable=True),
        sa.Column("ticket_id", sa.String(length=64), nullable=True),
        sa.Column("ticket_url", sa.Text(), nullable=True),
        sa.Column("synced_at", sa.String(length=27), nullable=True),
        sa.Column("next_seq", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("grp IN ('safety', 'confidential', 'service')", name="grp_is_known"),
        sa.CheckConstraint("kind IN ('case', 'second_look', 'notice')", name="kind_is_known"),
        sa.CheckConstraint("state IN ('open', 'held', 'closed')", name="state_is_known"),
        sa.CheckConstraint("severity BETWEEN 0 AND 4", name="severity_in_range"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("cases_by_source", "cases", ["source", "opened_at"], unique=False)
    op.create_index("cases_by_state", "cases", ["state", "synced_at"], unique=False)
    op.create_index("cases_by_ticket", "cases", ["ticket_id"], unique=False)
    op.create_index(
        "one_open_case",
        "cases",
        ["tenant", "person", "grp"],
        unique=True,
        sqlite_where=sa.text("state <> 'closed' AND person IS NOT NULL"),
        postgresql_where=sa.text("state <> 'closed' AND person IS NOT NULL"),
    )


def _content() -> None:
    op.create_table(
        "content",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("content_by_age", "content", ["created_at"], unique=False)


def _job() -> None:
    op.create_table(
        "job",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("last_run_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("chain_id", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", "seq"),
    )
    op.create_index("ledger_of_case", "ledger", ["case_id"], unique=False)


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _seen() -> None:
    op.create_table(
        "seen",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )


def _source() -> None:
    op.create_table(
        "source",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("first_read_at", sa.String(length=27), nullable=False),
        sa.Column("last_read_at", sa.String(length=27), nullable=True),
        sa.Column("last_item_at", sa.String(length=27), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("error_since", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "name"),
    )


def _target() -> None:
    op.create_table(
        "target",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("breaker", sa.String(length=8), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.String(length=27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("breaker IN ('closed', 'open', 'half')", name="breaker_is_known"),
        sa.PrimaryKeyConstraint("name"),
    )


def _case_contact() -> None:
    op.create_table(
        "case_contact",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("name_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('email', 'phone', 'thread')", name="kind_is_known"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(["name_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("tenant", "key", "case_id"),
    )
    op.create_index("contacts_of_case", "case_contact", ["case_id"], unique=False)


def _case_link() -> None:
    op.create_table(
        "case_link",
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("other_id", sa.String(length=13), nullable=False),
        sa.Column("why", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["cases.id"],
        ),
        sa.PrimaryKeyConstraint("case_id", "other_id"),
    )


def _content_file() -> None:
    op.create_table(
        "content_file",
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["content.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["owner_id"], ["content.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", "position"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("op", sa.String(length=8), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("body_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("urgent", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("first_sent_at", sa.String(length=27), nullable=True),
        sa.Column("last_sent_at", sa.String(length=27), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_at", sa.String(length=27), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("op IN ('open', 'note', 'update')", name="op_is_known"),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'unknown', 'held', 'aside', 'done', 'dropped')",
            name="state_is_known",
        ),
        sa.ForeignKeyConstraint(["body_id"], ["content.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("case_id", "seq", name="one_change_per_turn"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["urgent", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'unknown')"),
        postgresql_where=sa.text("state IN ('ready', 'unknown')"),
    )
    op.create_index(
        "outbox_undone",
        "outbox",
        ["case_id", "seq"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('done', 'dropped')"),
        postgresql_where=sa.text("state NOT IN ('done', 'dropped')"),
    )


def _sighting() -> None:
    op.create_table(
        "sighting",
        sa.Column("signal_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("locator_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("signal_id", "locator_hash"),
    )


def _signal() -> None:
    op.create_table(
        "signal",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("readable", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("event_time", sa.String(length=27), nullable=True),
        sa.Column("detected_at", sa.String(length=27), nullable=False),
        sa.Column("content_id", sa.Integer(), nullable=True),
        sa.Column("raw_id", sa.Integer(), nullable=True),
        sa.Column("assessment_id", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.String(length=12), server_default="waiting", nullable=False),
        sa.Column("case_id", sa.String(length=13), nullable=True),
        sa.Column("lane", sa.String(length=8), nullable=True),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("problem_code", sa.String(length=60), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('waiting', 'opened', 'joined', 'counted', 'parked', 'unreadable', 'held')",
            name="outcome_is_known",
        ),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["cases.id"],
        ),
        sa.ForeignKeyConstraint(["content_id"], ["content.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["raw_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("signal_by_detection", "signal", ["detected_at"], unique=False)
    op.create_index("signal_of_case", "signal", ["case_id"], unique=False)
    op.create_index(
        "signal_waiting",
        "signal",
        ["n"],
        unique=False,
        sqlite_where=sa.text("outcome = 'waiting'"),
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
