"""The tables about mail and about what people released; they belong to those of `schema`.

They hold keyed hashes and times only. Rows of `mail` go when the words of their signal do.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table

from connector.store.schema import Moment
from connector.store.schema_following import metadata

__all__ = ["mail", "metadata", "released"]

mail = Table(
    "mail",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("same", LargeBinary(16), nullable=False),
    Column("sender", LargeBinary(16)),
    Column("at", Moment, nullable=False),
    Index("mail_same", "same"),
    Index("mail_by_sender", "sender", "at"),
    sqlite_with_rowid=False,
)
"""Each mail by signal: `same` is alike for one mail in two mailboxes; `sender` for mail of one
address, null where many mails of one sender are no circle."""

released = Table(
    "released",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("assessment_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    sqlite_with_rowid=False,
)
"""Signals that a person released from what was parked: they are judged as a person's words.

`assessment_id` is the judgement that had parked them, kept as long as their words are."""
