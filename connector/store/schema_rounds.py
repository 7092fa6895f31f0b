"""The tables about keeping promises: rounds of a case, evidence of its steps, pages.

Codes, times and counts only: what an agent wrote in words stands on the ticket.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from connector.store.schema import Moment
from connector.store.schema_mail import metadata

__all__ = ["acquainted", "attempt", "evidence", "metadata", "page", "pattern", "rounds"]

rounds = Table(
    "round",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("acted_at", Moment),
    Column("contact_at", Moment),
    Column("contact_fired", Integer, nullable=False, server_default="0"),
    Column("resolution_fired", Integer, nullable=False, server_default="0"),
    Column("silence_told_at", Moment),
    Column("shown", String(8), nullable=False, server_default="running"),
    Column("next_at", Moment, nullable=False),
    Column("held_since", Moment),
    Column("held_s", Integer, nullable=False, server_default="0"),
    Column("held_m", Integer, nullable=False, server_default="0"),
    Column("critical_told", Integer, nullable=False, server_default="0"),
    Column("update_fired", Integer, nullable=False, server_default="0"),
    Column("ended_at", Moment),
    Column("why", String(40)),
    Column("lacking", Text),
    Index(
        "round_next",
        "next_at",
        sqlite_where=text("ended_at IS NULL"),
        postgresql_where=text("ended_at IS NULL"),
    ),
    Index(
        "round_unjudged",
        "ended_at",
        sqlite_where=text("ended_at IS NOT NULL AND lacking IS NULL"),
        postgresql_where=text("ended_at IS NOT NULL AND lacking IS NULL"),
    ),
)
"""A case from its opening, or reopening, to its close: each round has clocks of its own.

`acted_at`: when a human first did anything on the ticket; `contact_at`: when one spoke with
the person. `..._fired`: the highest rung of the ladder that was climbed, in percent. `next_at`:
when the round is to be looked at next; `held_since`: since when its clocks rest, `held_s`: how
long they rested before, and `held_m`: how many minutes of opening hours were in that.
`critical_told`: 1 once it was of severity 4 and that was asked to be said outside the helpdesk.
`update_fired`: how far the reminders to tell the person how it stands went, in percent.
`shown`: which of `running`, `met` and `late` the ticket's tags say, or `ended`: none of them.
`lacking`: set when the round ended: what it lacks to count as recovered, comma-separated; empty
when nothing.
"""

evidence = Table(
    "evidence",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("value", String(40), nullable=False),
    Column("at", Moment, nullable=False),
)
"""What agents filled in on the ticket of a case, as codes (`recovery/evidence.py`)."""

attempt = Table(
    "attempt",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("way", String(8), nullable=False),
    Column("at", Moment, nullable=False),
)
"""Attempts to reach the person of a case (`recovery/attempts.py`), each once: `key` is that of the
event that told of it."""

acquainted = Table(
    "acquainted",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("email", LargeBinary(16), primary_key=True),
    Column("phone", LargeBinary(16), primary_key=True),
    Column("person", LargeBinary(16), nullable=False),
    Column("name_id", Integer, ForeignKey("content.id", ondelete="SET NULL")),
    Column("case_id", String(13), ForeignKey("cases.id"), nullable=False),
    Column("how", String(12), nullable=False),
    Column("undone", Integer, nullable=False, server_default="0"),
    Column("at", Moment, nullable=False),
    Index("acquainted_by_phone", "tenant", "phone"),
)
"""A mail address and a number of one person, as keyed hashes: from which case that was learned,
`how` (survey, mail: entered by staff; by_a_person), and whether a person undid it."""

pattern = Table(
    "pattern",
    metadata,
    Column("case_id", String(13), ForeignKey("cases.id"), primary_key=True),
    Column("site", String(40), nullable=False),
    Column("category", String(40), nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("told", Integer, nullable=False),
    Index("pattern_of_kind", "site", "category"),
)
"""Small failures of one kind that repeat at a site, each with its one ticket (a notice): up to when
cases are told there, and how many."""

page = Table(
    "page",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("case_id", String(13), ForeignKey("cases.id"), nullable=False),
    Column("route", String(40), nullable=False),
    Column("why", String(20), nullable=False),
    Column("state", String(8), nullable=False, server_default="ready"),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("done_at", Moment),
    Column("last_error", Text),
    CheckConstraint("state IN ('ready', 'done', 'dropped')", name="state_is_known"),
    Index(
        "page_due",
        "due_at",
        sqlite_where=text("state = 'ready'"),
        postgresql_where=text("state = 'ready'"),
    ),
    Index("page_by_route", "route", "created_at"),
    sqlite_autoincrement=True,
)
"""Messages about a case to a person outside the helpdesk: by which route, why, and whether sent.

`dropped`: not sent because the route had its share of the day, or it was too late to be of use.
"""
