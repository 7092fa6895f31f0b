"""The tables about what people did in the helpdesk; they belong to those of `schema`.

Like all tables beside `content` they hold ids, keyed hashes, codes and times: what an
agent wrote stands in `content` and is erased with the words of the case.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from connector.store.schema import Moment, metadata

__all__ = ["case_ticket", "edit", "feed", "first_contact", "followed", "metadata", "observed"]

feed = Table(
    "feed",
    metadata,
    Column("helpdesk", String(40), primary_key=True),
    Column("cursor", Text, nullable=False),
    Column("asked_at", Moment),
    Column("current_at", Moment),
    Column("refused_at", Moment),
    Column("since", Moment, nullable=False),
)
"""Where a helpdesk's feed of changes goes on; `current_at`: when it was last read to its end.

`refused_at`: when the product last refused the feed alone, so that tickets are looked at in
turn; `since`: from when on a feed that begins anew is read.
"""

followed = Table(
    "followed",
    metadata,
    Column("ticket_id", String(64), primary_key=True),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("looked_at", Moment),
    Column("version", String(64), nullable=False, server_default="none"),
    Column("history", String(12), nullable=False, server_default="none"),
    Index(
        "followed_changed",
        "ticket_id",
        sqlite_where=text("changed = 1"),
        postgresql_where=text("changed = 1"),
    ),
)
"""What is known of each ticket: whether the feed named it since it was looked at, its version
when its history was last read, and whether that was `whole` or `incomplete` (`none`: unread)."""

case_ticket = Table(
    "case_ticket",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("ticket_id", String(64), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("own", Integer, nullable=False),
    Index("cases_of_ticket", "ticket_id"),
)
"""Every ticket that a case ever had: `own` is 0 for one into which agents merged its own."""

observed = Table(
    "observed",
    metadata,
    Column("ticket_id", String(64), primary_key=True),
    Column("event_id", String(64), primary_key=True),
    Column("case_id", String(13), ForeignKey("cases.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("note_key", String(64)),
    Column("to_status", String(10)),
    Column("contact", Integer, nullable=False, server_default="0"),
    Column("content_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Index("observed_of_case", "case_id"),
    Index("observed_words", "content_id"),
)
"""Each event of each ticket, once; `at` is the helpdesk's clock, `note_key` ours if it is ours.

`contact` is 1 where a human spoke with the patient. The words go with those of `case_id`.
"""

edit = Table(
    "edit",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("seen", LargeBinary(16)),
    Column("theirs", Integer, nullable=False, server_default="0"),
    Column("at", Moment, nullable=False),
)
"""What was seen last in each property of a case's ticket, as a keyed hash; `theirs` is 1 while
it is not what we wrote there last: an agent's value stands, and we leave it alone."""

first_contact = Table(
    "first_contact",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("ticket_id", String(64), nullable=False),
    Column("event_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
"""When a human first answered or called the person of a case; `at` is the helpdesk's clock."""
