"""Mail in two mailboxes, mail of one sender, and what people released."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; mail that was stored before is not entered, which costs nothing."""
    op.create_table(
        "mail",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("same", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sender", sa.LargeBinary(length=16), nullable=True),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )

    op.create_index("mail_same", "mail", ["same"], unique=False)
    op.create_index("mail_by_sender", "mail", ["sender", "at"], unique=False)
    op.create_table(
        "released",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["assessment_id"], ["content.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
