"""The tables, in one place; migrations bring a database here.

Words live in `content` only (erasable); every other table holds ids, keyed hashes,
integers and codes. The database itself forbids what must not be: a second open case
for one person and group, a second change with one key, an edited ledger.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import JSON, TypeDecorator

from connector.domain.ledger import timestamp

# one transaction prints its own time again and again
_printed = lru_cache(maxsize=256)(timestamp)


class Moment(TypeDecorator[datetime]):
    """An aware datetime as fixed-width RFC 3339 UTC text: sortable, and the ledger's own form."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Print for the database; naive datetimes are a fault of ours."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a naive datetime was about to be stored")
        return _printed(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read back as UTC."""
        del dialect
        if value is None:
            return None
        return datetime.fromisoformat(value)  # with its Z, and far faster than strptime


metadata = MetaData()


def _words(column: str, *allowed: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"""Facts about this state: `instance` (its id), `secret` (key of all keyed hashes), `epoch`."""

source = Table(
    "source",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("cursor", Text),
    Column("first_read_at", Moment, nullable=False),
    Column("last_read_at", Moment),
    Column("last_item_at", Moment),
    Column("last_error", Text),
    Column("error_since", Moment),
)
"""Where each source goes on; the cursor moves only in the commit that stores the items."""

content = Table(
    "content",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(20), nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("content_by_age", "created_at"),
    sqlite_autoincrement=True,
)
"""All words: parsed signals, originals, attachments, changes, frozen bodies, evidence."""

content_file = Table(
    "content_file",
    metadata,
    Column("owner_id", Integer, ForeignKey("content.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("file_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
)
"""Files of a signal or of a note, in their order; one file may serve both."""

seen = Table(
    "seen",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    sqlite_with_rowid=False,
)
"""Identities of all items ever stored; outlives retention, so nothing old comes back as new."""

signal = Table(
    "signal",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", LargeBinary(16), nullable=False, unique=True),
    Column("tenant", String(40), nullable=False),
    Column("source", String(40), nullable=False),
    Column("readable", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("event_time", Moment),
    Column("detected_at", Moment, nullable=False),
    Column("content_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("raw_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("assessment_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("outcome", String(12), nullable=False, server_default="waiting"),
    Column("case_id", String(13), ForeignKey("cases.id")),
    Column("lane", String(8)),
    Column("severity", Integer),
    Column("problem_code", String(60)),
    _words(
        "outcome",
        "waiting",
        "opened",
        "joined",
        "counted",
        "parked",
        "unreadable",
        "held",
    ),
    Index(
        "signal_waiting",
        "n",
        sqlite_where=text("outcome = 'waiting'"),
        postgresql_where=text("outcome = 'waiting'"),
    ),
    Index("signal_of_case", "case_id"),
    Index("signal_by_detection", "detected_at"),
    sqlite_autoincrement=True,
)
"""What was heard and what became of it; each row ends in exactly one outcome."""

sighting = Table(
    "sighting",
    metadata,
    Column("signal_id", LargeBinary(16), primary_key=True),
    Column("locator_hash", LargeBinary(16), primary_key=True),
    Column("content_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("seen_at", Moment, nullable=False),
)
"""Every place where an item was found."""

cases = Table(
    "cases",
    metadata,
    Column("id", String(13), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("grp", String(12), nullable=False),
    Column("person", LargeBinary(16)),
    Column("source", String(40), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("state", String(8), nullable=False),
    Column("severity", Integer, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("event_time", Moment),
    Column("contact_due", Moment),
    Column("resolution_due", Moment),
    Column("due_noticed_at", Moment),
    Column("closed_at", Moment),
    Column("close_reason", String(40)),
    Column("ticket_id", String(64)),
    Column("ticket_url", Text),
    Column("synced_at", Moment),
    Column("next_seq", Integer, nullable=False, server_default="1"),
    Column("site", String(40), nullable=False, server_default=text("''")),
    Column("conflict", Integer, nullable=False, server_default=text("0")),
    _words("kind", "case", "second_look", "notice"),
    _words("grp", "safety", "confidential", "service"),
    _words("state", "open", "held", "closed"),
    CheckConstraint("severity BETWEEN 0 AND 4", name="severity_in_range"),
    Index(
        "one_open_case",
        "tenant",
        "person",
        "grp",
        unique=True,
        sqlite_where=text("state <> 'closed' AND person IS NOT NULL"),
        postgresql_where=text("state <> 'closed' AND person IS NOT NULL"),
    ),
    Index(
        "closed_cases_of_person",
        "person",
        "closed_at",
        sqlite_where=text("state = 'closed' AND person IS NOT NULL"),
        postgresql_where=text("state = 'closed' AND person IS NOT NULL"),
    ),
    Index("cases_by_source", "source", "opened_at"),
    Index("cases_by_state", "state", "synced_at"),
    Index("cases_by_ticket", "ticket_id"),
)
"""One person, one failure; `notice` rows carry the summary tickets for staff."""

case_contact = Table(
    "case_contact",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True),
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("kind", String(6), nullable=False),
    Column("name_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    _words("kind", "email", "phone", "thread"),
    Index("contacts_of_case", "case_id"),
)
"""Keyed hashes of addresses, numbers and message ids by which later signals find a case."""

case_link = Table(
    "case_link",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("other_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("why", String(40), nullable=False),
    Column("at", Moment, nullable=False),
)
"""Cases that may belong together and were not joined."""

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String(40), nullable=False),
    Column("case_id", String(13), ForeignKey("cases.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("key", String(64), nullable=False, unique=True),
    Column("op", String(8), nullable=False),
    Column("content_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("body_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("state", String(8), nullable=False),
    Column("urgent", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("first_sent_at", Moment),
    Column("last_sent_at", Moment),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("done_at", Moment),
    Column("last_error", Text),
    UniqueConstraint("case_id", "seq", name="one_change_per_turn"),
    _words("op", "open", "note", "update"),
    _words("state", "ready", "sending", "unknown", "held", "aside", "done", "dropped"),
    Index(
        "outbox_due",
        "urgent",
        "due_at",
        "id",
        sqlite_where=text("state IN ('ready', 'unknown')"),
        postgresql_where=text("state IN ('ready', 'unknown')"),
    ),
    Index(
        "outbox_undone",
        "case_id",
        "seq",
        sqlite_where=text("state NOT IN ('done', 'dropped')"),
        postgresql_where=text("state NOT IN ('done', 'dropped')"),
    ),
    sqlite_autoincrement=True,
)
"""What is owed to the helpdesk, with its key and its frozen bytes, in order per case."""

ledger = Table(
    "ledger",
    metadata,
    Column("chain_id", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),
    Column("case_id", String(13), nullable=False),
    Column("body", Text, nullable=False),
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index("ledger_of_case", "case_id"),
)
"""What was done and decided; append only (triggers), chained by hash, without words."""

job = Table(
    "job",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("last_run_at", Moment, nullable=False),
)
"""When each wall-clock job ran last, so that missed runs are caught up."""

target = Table(
    "target",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("breaker", String(8), nullable=False),
    Column("failures", Integer, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("reason", Text),
    _words("breaker", "closed", "open", "half"),
)
"""Circuit state of each helpdesk; survives restarts."""
