"""Statements that count: the daily reconciliation and what status shows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.store.schema import cases, outbox, seen, signal

OUTCOMES = ("opened", "joined", "counted", "parked", "unreadable", "held", "waiting")
"""Every end that an item can have, and `waiting`, which is none yet."""


def heard(connection: Connection) -> int:
    """How many identities were ever stored."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(seen)).scalar_one())


def by_outcome(connection: Connection) -> dict[str, int]:
    """How many items came to each end."""
    rows = connection.execute(
        sa.select(signal.c.outcome, sa.func.count()).group_by(signal.c.outcome)
    ).all()
    found = {str(row[0]): int(row[1]) for row in rows}
    return {name: found.get(name, 0) for name in OUTCOMES}


def _will_have_ticket() -> sa.Exists:
    return sa.exists().where(
        outbox.c.case_id == cases.c.id,
        outbox.c.op == "open",
        outbox.c.state.not_in(("done", "dropped")),
    )


def tickets_owed(connection: Connection) -> int:
    """How many cases wait for their ticket."""
    query = sa.select(sa.func.count()).where(
        cases.c.state != "closed", cases.c.ticket_id.is_(None), _will_have_ticket()
    )
    return int(connection.execute(query).scalar_one())


def cases_without_ticket(connection: Connection) -> int:
    """How many open cases have no ticket and nothing that will make one; dropped ones aside."""
    dropped = sa.exists().where(
        outbox.c.case_id == cases.c.id, outbox.c.op == "open", outbox.c.state == "dropped"
    )
    query = sa.select(sa.func.count()).where(
        cases.c.state != "closed", cases.c.ticket_id.is_(None), ~_will_have_ticket(), ~dropped
    )
    return int(connection.execute(query).scalar_one())


def since(connection: Connection, moment: datetime) -> dict[str, int]:
    """How many items detected since then came to each end."""
    rows = connection.execute(
        sa.select(signal.c.outcome, sa.func.count())
        .where(signal.c.detected_at >= moment)
        .group_by(signal.c.outcome)
    ).all()
    return {str(row[0]): int(row[1]) for row in rows}
