"""Statements about cases: who has an open one, opening, raising, closing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.case import Case, CaseState, Clocks, Group
from connector.store import rounds
from connector.store.schema import case_contact, case_link, cases, outbox
from connector.store.schema import content as words
from connector.store.signals import insert_new
from connector.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An open case that carries a contact we just met."""

    case: Case
    name: str
    """The name under which the case knows that contact; empty when it had none."""
    kind: str
    """email | phone | thread."""
    channel: str
    """How the case was founded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactKey:
    """A keyed hash by which later signals find the case, with the name beside it."""

    kind: str
    key: bytes
    name: str = ""


_KNOWN: Final = (
    sa.select(
        cases,
        case_contact.c.key,
        case_contact.c.kind.label("contact_kind"),
        words.c.body.label("name"),
    )
    .join(case_contact, case_contact.c.case_id == cases.c.id)
    .join(words, words.c.id == case_contact.c.name_id, isouter=True)
    .where(
        case_contact.c.tenant == sa.bindparam("tenant"),
        case_contact.c.key.in_(sa.bindparam("keys", expanding=True)),
        cases.c.state != CaseState.CLOSED.value,
        cases.c.kind != "notice",
    )
    .order_by(cases.c.opened_at, cases.c.id, case_contact.c.kind)
)
"""Built once: building costs more than running it."""


def find_open(
    connection: Connection, tenant: str, keys: Sequence[bytes]
) -> list[tuple[bytes, Known]]:
    """Open or held cases that carry one of these contacts, each with it, oldest first."""
    if not keys:
        return []
    found = []
    for row in connection.execute(_KNOWN, {"tenant": tenant, "keys": keys}).all():
        name = (row.name or b"").decode("utf-8", "surrogatepass")
        known = Known(case=case_of(row), name=name, kind=row.contact_kind, channel=row.channel)
        found.append((bytes(row.key), known))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What founded a case."""

    source: str
    channel: str
    person: bytes | None
    """Keyed hash of who it is about; None when that is not certain."""
    kind: str
    """case | second_look | notice."""


def insert(tx: Tx, case: Case, origin: Origin) -> None:
    """Create a case; the database refuses a second open one for the same person and group."""
    row = {
        "id": case.id,
        "tenant": case.tenant,
        "kind": origin.kind,
        "grp": case.group.value,
        "person": origin.person,
        "source": origin.source,
        "channel": origin.channel,
        "state": case.state.value,
        "severity": case.severity,
        "categories": list(case.categories),
        "opened_at": case.opened_at,
        "event_time": case.event_time,
        "contact_due": case.clocks.contact_due if case.clocks else None,
        "resolution_due": case.clocks.resolution_due if case.clocks else None,
        "next_seq": 1,
        "site": case.site,
        "conflict": int(case.conflict),
    }
    tx.later(cases, row)


REPEATS: Final = ("repeat", "recovery_failed")
"""Reasons of a link between a case and an earlier, closed one."""
URGENT = 4
"""Changes of cases of this severity pass those of all others."""

_NEXT_TURN: Final = (
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("case"))
    .values(next_seq=cases.c.next_seq + 1)
    .returning(cases.c.next_seq, cases.c.severity)
)


def next_turn(tx: Tx, case_id: str) -> tuple[int, bool]:
    """Give the place of a case's next change, and count it; with whether it is urgent."""
    for row in reversed(tx.waiting(cases)):
        if row["id"] == case_id:  # not written yet: it is counted where it waits
            row["next_seq"] += 1
            return row["next_seq"] - 1, row["severity"] >= URGENT
    found = tx.connection.execute(_NEXT_TURN, {"case": case_id}).one()
    return found.next_seq - 1, found.severity >= URGENT


def add_contacts(tx: Tx, tenant: str, case_id: str, keys: Sequence[ContactKey]) -> None:
    """Let later signals find the case by these contacts."""
    fresh = any(row["id"] == case_id for row in reversed(tx.waiting(cases)))
    for key in keys:
        row = {"tenant": tenant, "key": key.key, "case_id": case_id, "kind": key.kind}
        if not fresh and _carries(tx, row):
            continue
        name_id = tx.put("name", key.name.encode("utf-8", "surrogatepass"))[0] if key.name else None
        tx.later(case_contact, row | {"name_id": name_id})


_CARRIES: Final = sa.select(case_contact.c.kind).where(
    *(case_contact.c[name] == sa.bindparam(name) for name in ("tenant", "key", "case_id"))
)


def _carries(tx: Tx, row: Mapping[str, object]) -> bool:
    return tx.connection.execute(_CARRIES, row).first() is not None


def raise_to(tx: Tx, case: Case, *, kind: str) -> None:
    """Store what a later signal raised: severity, categories, clocks, second look to case.

    What the case owes already becomes urgent with it, because its order stays.
    """
    if case.severity >= URGENT:
        tx.connection.execute(
            sa.update(outbox)
            .where(outbox.c.case_id == case.id, outbox.c.state.not_in(("done", "dropped")))
            .values(urgent=1)
        )
    tx.connection.execute(
        sa.update(cases)
        .where(cases.c.id == case.id)
        .values(
            kind=kind,
            severity=case.severity,
            categories=list(case.categories),
            contact_due=case.clocks.contact_due if case.clocks else None,
            resolution_due=case.clocks.resolution_due if case.clocks else None,
        )
    )
    rounds.wake(tx, case.id)


def set_conflict(tx: Tx, case_id: str, *, conflict: bool) -> None:
    """Store whether a case seems to be about whoever would be asked to see to it."""
    tx.connection.execute(
        sa.update(cases).where(cases.c.id == case_id).values(conflict=int(conflict))
    )


def set_due(tx: Tx, case: Case) -> None:
    """Store the due times of a case after its clocks rested."""
    if case.clocks is None:
        return
    due = {"contact_due": case.clocks.contact_due, "resolution_due": case.clocks.resolution_due}
    tx.connection.execute(sa.update(cases).where(cases.c.id == case.id).values(**due))


def link(tx: Tx, one: str, other: str, why: str) -> bool:
    """Link two cases, once; a link that only tells of a repeat gives way to another reason."""
    first, second = sorted((one, other))
    values = {"case_id": first, "other_id": second, "why": why, "at": tx.now}
    if insert_new(tx.connection, case_link, values):
        return True
    changed = tx.connection.execute(
        sa.update(case_link)
        .where(
            case_link.c.case_id == first,
            case_link.c.other_id == second,
            case_link.c.why.in_(REPEATS),
            case_link.c.why != why,
        )
        .values(why=why, at=tx.now)
    )
    return why not in REPEATS and changed.rowcount == 1


def unlink(tx: Tx, one: str, other: str) -> bool:
    """Take back that two cases may belong together; False when they were not linked."""
    first, second = sorted((one, other))
    done = tx.connection.execute(
        sa.delete(case_link).where(case_link.c.case_id == first, case_link.c.other_id == second)
    )
    return done.rowcount == 1


def opened_since(connection: Connection, tenant: str, source: str, since: datetime) -> int:
    """How many cases a source founded since then (for the storm guard), held ones included."""
    query = sa.select(sa.func.count()).where(
        cases.c.tenant == tenant,
        cases.c.source == source,
        cases.c.opened_at > since,
        cases.c.kind != "notice",
    )
    return int(connection.execute(query).scalar_one())


def get(connection: Connection, case_id: str) -> Row[Any] | None:
    """One case with all its columns."""
    return connection.execute(sa.select(cases).where(cases.c.id == case_id)).first()


def listing(
    connection: Connection, *, states: Sequence[str], limit: int, only: Sequence[str] | None = None
) -> list[Row[Any]]:
    """Cases for people: most urgent first, those without a clock last; `only` these, if given."""
    query = (
        sa.select(cases)
        .where(cases.c.state.in_(states))
        .order_by(cases.c.contact_due.is_(None), cases.c.contact_due, cases.c.opened_at.desc())
        .limit(limit)
    )
    if only is not None:
        query = query.where(cases.c.id.in_(only))
    return list(connection.execute(query))


def links_of(connection: Connection, case_id: str) -> list[tuple[str, str]]:
    """Other cases linked with this one, and why."""
    query = sa.select(case_link).where(
        sa.or_(case_link.c.case_id == case_id, case_link.c.other_id == case_id)
    )
    return [
        (row.other_id if row.case_id == case_id else row.case_id, row.why)
        for row in connection.execute(query)
    ]


_SET_TICKET: Final = (
    sa.update(cases)
    .where(cases.c.id == sa.bindparam("case"))
    .values(ticket_id=sa.bindparam("ticket"), ticket_url=sa.bindparam("url"))
)


def set_ticket(tx: Tx, case_id: str, ticket_id: str, url: str) -> None:
    """Remember the ticket of a case; a ticket belongs to one case only."""
    tx.connection.execute(_SET_TICKET, {"case": case_id, "ticket": ticket_id, "url": url})


def synced(tx: Tx, case_id: str) -> None:
    """Remember that the ticket was looked at."""
    tx.connection.execute(sa.update(cases).where(cases.c.id == case_id).values(synced_at=tx.now))


def close(tx: Tx, case_id: str, reason: str) -> bool:
    """Close a case; False when it was closed before."""
    changed = tx.connection.execute(
        sa.update(cases)
        .where(cases.c.id == case_id, cases.c.state != CaseState.CLOSED.value)
        .values(state=CaseState.CLOSED.value, closed_at=tx.now, close_reason=reason)
    )
    if changed.rowcount == 1:
        rounds.end(tx, case_id, reason)
    return changed.rowcount == 1


def release(tx: Tx, case_id: str) -> bool:
    """Let a held case go on; False when it was not held."""
    changed = tx.connection.execute(
        sa.update(cases)
        .where(cases.c.id == case_id, cases.c.state == CaseState.HELD.value)
        .values(state=CaseState.OPEN.value)
    )
    return changed.rowcount == 1


def closed_before(connection: Connection, now: datetime, days: int, limit: int) -> list[str]:
    """Cases whose retention has ended."""
    query = (
        sa.select(cases.c.id)
        .where(cases.c.closed_at < now - timedelta(days=days))
        .order_by(cases.c.closed_at)
        .limit(limit)
    )
    return [row[0] for row in connection.execute(query)]


def case_of(row: Row[Any]) -> Case:
    """Make the value from a row."""
    clocks = None
    if row.contact_due is not None and row.resolution_due is not None:
        clocks = Clocks(contact_due=row.contact_due, resolution_due=row.resolution_due)
    return Case(
        id=row.id,
        tenant=row.tenant,
        group=Group(row.grp),
        state=CaseState(row.state),
        severity=row.severity,
        categories=tuple(row.categories),
        second_look=row.kind == "second_look",
        opened_at=row.opened_at,
        event_time=row.event_time,
        clocks=clocks,
        ticket_id=row.ticket_id or "",
        ticket_url=row.ticket_url or "",
        site=row.site,
        conflict=bool(row.conflict),
    )


def by_state(connection: Connection) -> dict[str, int]:
    """How many cases are in each state; summary tickets aside."""
    rows = connection.execute(
        sa.select(cases.c.state, sa.func.count())
        .where(cases.c.kind != "notice")
        .group_by(cases.c.state)
    )
    return {str(row[0]): int(row[1]) for row in rows}


def count_open(connection: Connection) -> int:
    """How many cases are open; summary tickets count as well."""
    query = sa.select(sa.func.count()).where(cases.c.state == CaseState.OPEN.value)
    return int(connection.execute(query).scalar_one())
