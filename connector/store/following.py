"""Statements about following the helpdesk: its feed, its tickets, and which to look at next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.case import CaseState
from connector.store.schema import cases, outbox
from connector.store.schema_following import case_ticket, feed, followed
from connector.store.signals import insert_new
from connector.store.store import Tx

AT_ONCE = 500
"""So many tickets are named in one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """Where the feed of a helpdesk stands."""

    cursor: str = ""
    since: datetime
    """From when on it is read when it has no cursor."""
    asked_at: datetime | None = None
    current_at: datetime | None = None
    """When it was last read to its end."""
    refused_at: datetime | None = None
    """When the product refused it last; None while it does not."""


def feed_of(connection: Connection, helpdesk: str) -> FeedState | None:
    """Where the feed of a helpdesk goes on; None when it was never read."""
    row = connection.execute(sa.select(feed).where(feed.c.helpdesk == helpdesk)).first()
    if row is None:
        return None
    return FeedState(
        cursor=row.cursor,
        since=row.since,
        asked_at=row.asked_at,
        current_at=row.current_at,
        refused_at=row.refused_at,
    )


def set_feed(tx: Tx, helpdesk: str, state: FeedState) -> None:
    """Remember where the feed of a helpdesk goes on."""
    values = {
        "cursor": state.cursor,
        "since": state.since,
        "asked_at": state.asked_at,
        "current_at": state.current_at,
        "refused_at": state.refused_at,
    }
    if not insert_new(tx.connection, feed, {"helpdesk": helpdesk, **values}):
        tx.connection.execute(sa.update(feed).where(feed.c.helpdesk == helpdesk).values(**values))


def name_changed(tx: Tx, ticket_ids: Iterable[str]) -> int:
    """Let those of the tickets that are ours be looked at next; gives how many are."""
    ids = sorted(set(ticket_ids))
    count = 0
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        # what a case had before may be changed too (a merge undone); its present ticket counts
        ours = sa.select(cases.c.ticket_id).where(cases.c.ticket_id.in_(part)).distinct()
        for ticket_id in list(tx.connection.execute(ours).scalars()):
            count += 1
            if not insert_new(tx.connection, followed, {"ticket_id": ticket_id, "changed": 1}):
                tx.connection.execute(
                    sa.update(followed).where(followed.c.ticket_id == ticket_id).values(changed=1)
                )
    return count


_CHANGED: Final = (
    sa.select(followed.c.ticket_id)
    .where(sa.literal_column("changed") == sa.literal_column("1"))
    .order_by(followed.c.ticket_id)
    .limit(sa.bindparam("limit"))
)
"""In the very words of the index."""


def changed(connection: Connection, limit: int) -> list[str]:
    """Tickets that the feed named since they were looked at."""
    return list(connection.execute(_CHANGED, {"limit": limit}).scalars())


_IN_TURN: Final = (
    sa.select(cases.c.ticket_id)
    .where(
        cases.c.state == CaseState.OPEN.value,
        cases.c.ticket_id.is_not(None),
        sa.or_(cases.c.synced_at.is_(None), cases.c.synced_at < sa.bindparam("before")),
    )
    .order_by(cases.c.synced_at.is_not(None), cases.c.synced_at)
    .limit(sa.bindparam("limit"))
)


def in_turn(connection: Connection, before: datetime, limit: int) -> list[str]:
    """Tickets of open cases that were not looked at since `before`, longest ago first."""
    found = connection.execute(_IN_TURN, {"before": before, "limit": limit}).scalars()
    return list(dict.fromkeys(found))


_AFTERCARE: Final = (
    sa.select(cases.c.ticket_id)
    .where(
        cases.c.state == CaseState.CLOSED.value,
        # closing looks at the ticket: whatever was closed since then was looked at since then
        cases.c.synced_at >= sa.bindparam("since"),
        cases.c.synced_at < sa.bindparam("before"),
        cases.c.closed_at >= sa.bindparam("since"),
        cases.c.ticket_id.is_not(None),
        cases.c.close_reason.in_(sa.bindparam("reasons", expanding=True)),
    )
    .order_by(cases.c.synced_at)
    .limit(sa.bindparam("limit"))
)


def aftercare(
    connection: Connection,
    *,
    since: datetime,
    before: datetime,
    reasons: Sequence[str],
    limit: int,
) -> list[str]:
    """Tickets of cases closed since then for such a reason, not looked at since `before`."""
    values = {"since": since, "before": before, "reasons": list(reasons), "limit": limit}
    return list(dict.fromkeys(connection.execute(_AFTERCARE, values).scalars()))


_OF_TICKET: Final = (
    sa.select(cases)
    .where(cases.c.ticket_id == sa.bindparam("ticket"))
    .order_by(cases.c.opened_at, cases.c.id)
)


def cases_of(connection: Connection, ticket_id: str) -> list[Row[Any]]:
    """Cases that have the ticket now, oldest first; several when agents merged their tickets."""
    return list(connection.execute(_OF_TICKET, {"ticket": ticket_id}))


def ticket(connection: Connection, ticket_id: str) -> Row[Any] | None:
    """What is known of a ticket; None before it was looked at."""
    return connection.execute(sa.select(followed).where(followed.c.ticket_id == ticket_id)).first()


def looked(tx: Tx, ticket_id: str, *, version: str | None, history: str) -> str:
    """Remember a look; a `version` of None means: its history is to be read next time.

    Gives how its history stood before.
    """
    before = ticket(tx.connection, ticket_id)
    values: dict[str, Any] = {"changed": 0, "looked_at": tx.now, "history": history}
    values["version"] = version[:64] if version else "none"
    if before is None:
        insert_new(tx.connection, followed, {"ticket_id": ticket_id, **values})
        return "none"
    tx.connection.execute(
        sa.update(followed).where(followed.c.ticket_id == ticket_id).values(**values)
    )
    return str(before.history)


def has_ticket(tx: Tx, case_id: str, ticket_id: str, *, own: bool) -> bool:
    """Remember that a case has a ticket; False when that was known."""
    values = {"case_id": case_id, "ticket_id": ticket_id, "since": tx.now, "own": int(own)}
    return insert_new(tx.connection, case_ticket, values)


def tickets_of(connection: Connection, case_id: str) -> list[Row[Any]]:
    """Every ticket that a case was seen to have, the first one first."""
    query = (
        sa.select(case_ticket)
        .where(case_ticket.c.case_id == case_id)
        .order_by(case_ticket.c.since, case_ticket.c.own.desc(), case_ticket.c.ticket_id)
    )
    return list(connection.execute(query))


def opening_key(connection: Connection, case_id: str) -> str:
    """Key of the change that opened the ticket of a case; empty when there is none."""
    query = (
        sa.select(outbox.c.key)
        .where(outbox.c.case_id == case_id, outbox.c.op == "open")
        .order_by(outbox.c.seq)
        .limit(1)
    )
    return str(connection.execute(query).scalar() or "")


def is_guest(connection: Connection, case_id: str) -> bool:
    """Say whether the present ticket of a case is one into which agents merged its own."""
    query = (
        sa.select(case_ticket.c.own)
        .join(cases, cases.c.id == case_ticket.c.case_id)
        .where(cases.c.id == case_id, cases.c.ticket_id == case_ticket.c.ticket_id)
    )
    return connection.execute(query).scalar() == 0


def reopen(tx: Tx, case_id: str) -> bool:
    """Open a closed case again; False when another case of the person is open by now."""
    row = tx.connection.execute(sa.select(cases).where(cases.c.id == case_id)).one()
    if row.person is not None:
        other = sa.select(cases.c.id).where(
            cases.c.tenant == row.tenant,
            cases.c.person == row.person,
            cases.c.grp == row.grp,
            cases.c.state != CaseState.CLOSED.value,
        )
        if tx.connection.execute(other).first() is not None:
            return False
    tx.connection.execute(
        sa.update(cases)
        .where(cases.c.id == case_id)
        .values(state=CaseState.OPEN.value, closed_at=None, close_reason=None)
    )
    return True


def other_open(connection: Connection, row: Row[Any]) -> str:
    """The open case of the same person and group, or empty."""
    query = sa.select(cases.c.id).where(
        cases.c.tenant == row.tenant,
        cases.c.person == row.person,
        cases.c.grp == row.grp,
        cases.c.state != CaseState.CLOSED.value,
    )
    return str(connection.execute(query).scalar() or "")
