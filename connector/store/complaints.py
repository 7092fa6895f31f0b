"""Statements about whether anybody can have read a complaint before its ticket was closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.ticket import TicketStatus
from connector.store.restoring import Recovery
from connector.store.schema import cases, outbox, signal
from connector.store.schema_following import observed

READ_TIME = timedelta(seconds=60)
"""What was on the ticket so long before it was closed was there to be read by whoever did it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A further complaint on its way to a ticket, or there."""

    key: str
    """Of its note."""
    happened_at: datetime
    first_sent_at: datetime | None
    done_at: datetime | None


def unread(
    connection: Connection,
    case_id: str,
    *,
    since: datetime | None,
    after_seq: int = 0,
    recovery: Recovery | None = None,
) -> int:
    """How many further complaints of a case nobody can have read before its ticket was closed.

    Those are the notes of joined signals that are still owed or were delivered since the last
    look (`since`), unless the helpdesk's own history shows them before the close. What stands
    before `after_seq` (the last reopening) was there to be read. What a restore made us forget
    may have been delivered and read before: where the helpdesk tells nothing else, it was.
    """
    fresh = _fresh(connection, case_id, since, after_seq)
    if not fresh:
        return 0
    shown = _shown(connection, case_id, [told.key for told in fresh])
    closed_at = _closed_at(connection, case_id)

    def readable(told: Told) -> bool:
        if closed_at is None or told.key not in shown:
            return _lost(told, recovery)
        return shown[told.key] + READ_TIME <= closed_at

    return sum(not readable(told) for told in fresh)


def _fresh(
    connection: Connection, case_id: str, since: datetime | None, after_seq: int
) -> list[Told]:
    joined = connection.execute(
        sa.select(signal.c.id, signal.c.event_time, signal.c.detected_at).where(
            signal.c.case_id == case_id, signal.c.outcome == "joined"
        )
    ).all()
    happened = {f"{bytes(row.id).hex()}.note": row.event_time or row.detected_at for row in joined}
    rows = connection.execute(
        sa.select(outbox).where(
            outbox.c.case_id == case_id,
            outbox.c.op == "note",
            outbox.c.seq > after_seq,
            outbox.c.state != "dropped",
        )
    ).all()
    return [
        Told(
            key=row.key,
            happened_at=happened[row.key],
            first_sent_at=row.first_sent_at,
            done_at=row.done_at,
        )
        for row in rows
        if row.key in happened
        and (row.state != "done" or (since is not None and row.done_at >= since))
    ]


def _shown(connection: Connection, case_id: str, keys: Sequence[str]) -> dict[str, datetime]:
    """When each of these notes appeared, by the helpdesk's clock, as far as it was seen."""
    rows = connection.execute(
        sa.select(observed.c.note_key, sa.func.min(observed.c.at, type_=observed.c.at.type))
        .join(cases, cases.c.ticket_id == observed.c.ticket_id)
        .where(cases.c.id == case_id, observed.c.note_key.in_(keys))
        .group_by(observed.c.note_key)
    )
    return {str(row[0]): row[1] for row in rows}


def _closed_at(connection: Connection, case_id: str) -> datetime | None:
    """When the ticket was closed last, by the helpdesk's clock, as far as it was seen."""
    ended = (TicketStatus.RESOLVED.value, TicketStatus.CLOSED.value)
    return connection.execute(
        sa.select(sa.func.max(observed.c.at, type_=observed.c.at.type))
        .join(cases, cases.c.ticket_id == observed.c.ticket_id)
        .where(cases.c.id == case_id, observed.c.to_status.in_(ended))
    ).scalar()


def _lost(told: Told, recovery: Recovery | None) -> bool:
    """Say whether the history that a restore made us forget may have delivered it."""
    if recovery is None or told.first_sent_at is None:
        return False
    sent_before = told.first_sent_at <= recovery.since
    return sent_before and told.happened_at <= recovery.since
