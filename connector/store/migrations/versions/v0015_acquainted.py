"""Mail addresses and numbers of one person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; it is filled by what is heard from now on."""
    op.create_table(
        "acquainted",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("email", sa.LargeBinary(length=16), nullable=False),
        sa.Column("phone", sa.LargeBinary(length=16), nullable=False),
        sa.Column("person", sa.LargeBinary(length=16), nullable=False),
        sa.Column("name_id", sa.Integer(), nullable=True),
        sa.Column("case_id", sa.String(length=13), nullable=False),
        sa.Column("how", sa.String(length=12), nullable=False),
        sa.Column("undone", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_acquainted_case_id_cases")
        ),
        sa.ForeignKeyConstraint(
            ["name_id"],
            ["content.id"],
            name=op.f("fk_acquainted_name_id_content"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("tenant", "email", "phone", name=op.f("pk_acquainted")),
    )
    op.create_index("acquainted_by_phone", "acquainted", ["tenant", "phone"])
