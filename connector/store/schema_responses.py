"""The tables about rows of exports: which responses are known, and what became of every row."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Index, Integer, LargeBinary, String, Table

from connector.store.schema_rounds import metadata

__all__ = ["metadata", "response", "response_trace", "row_count"]

response = Table(
    "response",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("content", LargeBinary(20), nullable=False),
    Column("version", LargeBinary(8), nullable=False),
    Column("stamp", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Integer, nullable=False),
    Column("signal_id", LargeBinary(16)),
    CheckConstraint("state BETWEEN 0 AND 8", name="state_is_known"),
    sqlite_with_rowid=False,
)
"""Each response of a survey by a keyed hash of tenant, source and natural key.

`content`: how its columns are read and what it says; `version`: of the file it was learned
from; `stamp`: when that was written, epoch seconds; `revision`: how often it was edited; `state`:
see `response_rows.State`; `signal_id`: the latest signal about it, null while nobody had to
judge it."""

response_trace = Table(
    "response_trace",
    metadata,
    Column("trace", LargeBinary(16), primary_key=True),
    Column("id", LargeBinary(16), primary_key=True),
    Index("response_traces", "id"),
    sqlite_with_rowid=False,
)
"""Responses without an id by keyed hashes of their time and of their address."""

row_count = Table(
    "row_count",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("source", String(40), primary_key=True),
    Column("reason", String(12), primary_key=True),
    Column("count", Integer, nullable=False),
    CheckConstraint("count >= 0", name="count_is_one"),
    sqlite_with_rowid=False,
)
"""How many rows of exports were read (`read`), and how many came to each end."""
