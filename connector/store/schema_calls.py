"""The tables about calls: what is remembered of each for a while, and tickets about many.

They hold keyed hashes, times and marks only. Rows of `call` go when the words of their signal do.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from connector.store.schema import Moment
from connector.store.schema_responses import metadata

__all__ = ["call", "call_group", "metadata"]

call = Table(
    "call",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("number", LargeBinary(16)),
    Column("line", LargeBinary(16)),
    Column("started", Integer, nullable=False),
    Column("ended", Integer, nullable=False),
    Column("outbound", Integer, nullable=False),
    Column("reached", Integer, nullable=False),
    Column("message", Integer, nullable=False),
    Column("failed", Integer),
    Column("due_at", Moment),
    Index("call_of_number", "tenant", "number", "ended"),
    Index("call_of_line", "tenant", "line", "started"),
    Index("call_of_source", "tenant", "source", "ended"),
    Index(
        "call_deferred",
        "due_at",
        sqlite_where=text("due_at IS NOT NULL"),
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)
"""Each call by signal; `failed` is null until it was judged, `due_at` is set while its fate is
open: until then casework leaves it alone."""

call_group = Table(
    "call_group",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("case_id", String(13), ForeignKey("cases.id"), nullable=False),
    Column("at", Moment, nullable=False),
    sqlite_with_rowid=False,
)
"""Cases about many callers at once, by what they have in common (line and hour, day)."""
