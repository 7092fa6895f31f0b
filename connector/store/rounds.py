"""Statements about rounds of cases: which begin, which are to be looked at, how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.case import CaseState
from connector.store.schema import cases
from connector.store.schema_following import case_ticket, edit, observed
from connector.store.schema_rounds import attempt, evidence, rounds
from connector.store.signals import insert_new
from connector.store.store import Tx

_BY_PEOPLE: Final = ("note", "public_reply", "call")
"""Kinds of events that only a person makes; a status may be changed by ourselves."""

_UNBEGUN: Final = (
    sa.select(cases)
    .where(
        cases.c.state == CaseState.OPEN.value,
        cases.c.kind == "case",
        cases.c.contact_due.is_not(None),
        ~sa.exists().where(rounds.c.case_id == cases.c.id, rounds.c.ended_at.is_(None)),
    )
    .order_by(cases.c.opened_at, cases.c.id)
    .limit(sa.bindparam("limit"))
)


def unbegun(connection: Connection, limit: int) -> list[Row[Any]]:
    """Open cases with clocks that are in no round: new, or opened again."""
    return list(connection.execute(_UNBEGUN, {"limit": limit}))


def begin(tx: Tx, case_id: str, started_at: datetime) -> int:
    """Begin the next round of a case, to be looked at now; gives its number, from 1."""
    last = tx.connection.execute(
        sa.select(sa.func.max(rounds.c.number)).where(rounds.c.case_id == case_id)
    ).scalar()
    number = int(last or 0) + 1
    row = {"case_id": case_id, "number": number, "started_at": started_at, "next_at": tx.now}
    insert_new(tx.connection, rounds, row)
    return number


_DUE: Final = (
    sa.select(rounds, cases)
    .join(cases, cases.c.id == rounds.c.case_id)
    .where(rounds.c.ended_at.is_(None), rounds.c.next_at <= sa.bindparam("now"))
    .order_by(rounds.c.next_at)
    .limit(sa.bindparam("limit"))
)


def due(connection: Connection, now: datetime, limit: int) -> list[Row[Any]]:
    """Running rounds that are to be looked at, each with its case."""
    return list(connection.execute(_DUE, {"now": now, "limit": limit}))


def get(connection: Connection, case_id: str, number: int) -> Row[Any] | None:
    """One round with its case; None when there is none."""
    query = (
        sa.select(rounds, cases)
        .join(cases, cases.c.id == rounds.c.case_id)
        .where(rounds.c.case_id == case_id, rounds.c.number == number)
    )
    return connection.execute(query).first()


def of_case(connection: Connection, case_id: str) -> list[Row[Any]]:
    """Every round of a case, the first one first."""
    query = sa.select(rounds).where(rounds.c.case_id == case_id).order_by(rounds.c.number)
    return list(connection.execute(query))


def change(tx: Tx, case_id: str, number: int, values: Mapping[str, object]) -> None:
    """Remember what became of a round."""
    tx.connection.execute(
        sa.update(rounds)
        .where(rounds.c.case_id == case_id, rounds.c.number == number)
        .values(**values)
    )


def wake(tx: Tx, case_id: str) -> None:
    """Let the running round of a case be looked at now: something happened."""
    tx.connection.execute(
        sa.update(rounds)
        .where(rounds.c.case_id == case_id, rounds.c.ended_at.is_(None))
        .values(next_at=tx.now)
    )


def end(tx: Tx, case_id: str, why: str) -> None:
    """End the running round of a case, if there is one."""
    tx.connection.execute(
        sa.update(rounds)
        .where(rounds.c.case_id == case_id, rounds.c.ended_at.is_(None))
        .values(ended_at=tx.now, why=why[:40])
    )


_UNJUDGED: Final = (
    sa.select(rounds, cases)
    .join(cases, cases.c.id == rounds.c.case_id)
    .where(rounds.c.ended_at.is_not(None), rounds.c.lacking.is_(None))
    .order_by(rounds.c.ended_at)
    .limit(sa.bindparam("limit"))
)


def unjudged(connection: Connection, limit: int) -> list[Row[Any]]:
    """Rounds that ended and were not yet examined for what they lack."""
    return list(connection.execute(_UNJUDGED, {"limit": limit}))


def contact_since(connection: Connection, case_id: str, since: datetime) -> datetime | None:
    """When a human first spoke with the person since then, as far as the helpdesk tells."""
    query = (
        sa.select(sa.func.min(observed.c.at))
        .join(case_ticket, case_ticket.c.ticket_id == observed.c.ticket_id)
        .where(case_ticket.c.case_id == case_id, observed.c.contact == 1, observed.c.at >= since)
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def spoken_since(connection: Connection, case_id: str, since: datetime) -> datetime | None:
    """When a human spoke with the person last since then, as far as the helpdesk tells."""
    query = (
        sa.select(sa.func.max(observed.c.at))
        .join(case_ticket, case_ticket.c.ticket_id == observed.c.ticket_id)
        .where(case_ticket.c.case_id == case_id, observed.c.contact == 1, observed.c.at >= since)
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def acted_since(connection: Connection, case_id: str, since: datetime) -> datetime | None:
    """When a human first did anything on the ticket since then.

    They wrote, changed what was ours, or filled in a field that is theirs.
    """
    wrote = (
        sa.select(sa.func.min(observed.c.at))
        .join(case_ticket, case_ticket.c.ticket_id == observed.c.ticket_id)
        .where(
            case_ticket.c.case_id == case_id,
            observed.c.kind.in_(_BY_PEOPLE),
            observed.c.note_key.is_(None),
            observed.c.at >= since,
        )
    )
    edited = sa.select(sa.func.min(edit.c.at)).where(
        edit.c.case_id == case_id, edit.c.theirs == 1, edit.c.at >= since
    )
    filled = sa.select(sa.func.min(evidence.c.at)).where(
        evidence.c.case_id == case_id, evidence.c.at >= since
    )
    times = [connection.execute(query).scalar() for query in (wrote, edited, filled)]
    return min((time for time in times if time is not None), default=None)


def try_once(tx: Tx, case_id: str, key: str, way: str, at: datetime) -> bool:
    """Remember an attempt to reach the person of a case; False when it was known."""
    row = {"case_id": case_id, "key": f"{key}.{way}"[:80], "way": way[:8], "at": at}
    return insert_new(tx.connection, attempt, row)


def tries_since(
    connection: Connection, case_id: str, since: datetime
) -> list[tuple[datetime, str]]:
    """Give when and by which way somebody tried to reach the person since then."""
    query = (
        sa.select(attempt.c.at, attempt.c.way)
        .where(attempt.c.case_id == case_id, attempt.c.at >= since)
        .order_by(attempt.c.at, attempt.c.way)
    )
    return [(row.at, row.way) for row in connection.execute(query)]


def evidence_of(connection: Connection, case_id: str) -> dict[str, str]:
    """Give what agents filled in on the ticket of a case, as codes by field name."""
    rows = connection.execute(sa.select(evidence).where(evidence.c.case_id == case_id))
    return {row.name: row.value for row in rows}


def stated_since(
    connection: Connection, case_id: str, name: str, since: datetime
) -> datetime | None:
    """When a field was seen to be filled in, if that was since then."""
    query = sa.select(evidence.c.at).where(
        evidence.c.case_id == case_id, evidence.c.name == name, evidence.c.at >= since
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def see(tx: Tx, case_id: str, found: Mapping[str, str]) -> Sequence[str]:
    """Remember the evidence that stands on a ticket now; gives the names that changed."""
    before = evidence_of(tx.connection, case_id)
    changed = sorted(
        name for name in {*before, *found} if before.get(name, "") != found.get(name, "")
    )
    for name in changed:
        where = (evidence.c.case_id == case_id, evidence.c.name == name)
        if name not in found:
            tx.connection.execute(sa.delete(evidence).where(*where))
        elif name in before:
            values = {"value": found[name], "at": tx.now}
            tx.connection.execute(sa.update(evidence).where(*where).values(**values))
        else:
            row = {"case_id": case_id, "name": name, "value": found[name], "at": tx.now}
            insert_new(tx.connection, evidence, row)
    return changed


def owing_contact(connection: Connection, *, now: datetime, late: bool) -> list[str]:
    """Open cases that still owe the first contact: those past due, or those not yet."""
    past = cases.c.contact_due < now
    query = (
        sa.select(cases.c.id)
        .join(rounds, sa.and_(rounds.c.case_id == cases.c.id, rounds.c.ended_at.is_(None)))
        .where(
            cases.c.state == CaseState.OPEN.value,
            rounds.c.contact_at.is_(None),
            past if late else ~past,
        )
    )
    return list(connection.execute(query).scalars())


def incomplete(connection: Connection) -> dict[str, str]:
    """Closed cases whose last round lacks evidence, with what it lacks."""
    last = (
        sa.select(rounds.c.case_id, sa.func.max(rounds.c.number).label("number"))
        .group_by(rounds.c.case_id)
        .subquery()
    )
    query = (
        sa.select(rounds.c.case_id, rounds.c.lacking)
        .join(last, sa.and_(last.c.case_id == rounds.c.case_id, last.c.number == rounds.c.number))
        .where(rounds.c.ended_at.is_not(None), rounds.c.lacking.is_not(None))
        .where(rounds.c.lacking != "")
    )
    return {row.case_id: row.lacking for row in connection.execute(query)}


def count_late(connection: Connection, now: datetime) -> int:
    """How many open cases are past their first contact, and nobody has made it."""
    return len(owing_contact(connection, now=now, late=True))
