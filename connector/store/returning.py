"""Statements that find cases, closed ones too, by what a mail refers to: ids, tickets, people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import case_contact, cases
from connector.store.schema_following import case_ticket

MOST: Final = 50
"""More cases than these are not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A case and the contact under which it was found."""

    row: Row[Any]
    kind: str
    """thread | email | phone."""
    key: bytes


_BY_CONTACT: Final = (
    sa.select(cases, case_contact.c.key, case_contact.c.kind.label("contact_kind"))
    .join(case_contact, case_contact.c.case_id == cases.c.id)
    .where(
        case_contact.c.tenant == sa.bindparam("tenant"),
        case_contact.c.key.in_(sa.bindparam("keys", expanding=True)),
        cases.c.kind != "notice",
    )
    .order_by(cases.c.opened_at.desc(), cases.c.id)
    .limit(MOST)
)


def by_contact(connection: Connection, tenant: str, keys: Sequence[bytes]) -> list[Met]:
    """Cases in any state that carry one of these contacts, the newest first."""
    if not keys:
        return []
    rows = connection.execute(_BY_CONTACT, {"tenant": tenant, "keys": list(keys)}).all()
    return [Met(row=row, kind=row.contact_kind, key=bytes(row.key)) for row in rows]


def by_id(connection: Connection, tenant: str, ids: Sequence[str]) -> list[Row[Any]]:
    """Cases of these ids, in any state."""
    if not ids:
        return []
    query = sa.select(cases).where(
        cases.c.tenant == tenant, cases.c.id.in_(ids), cases.c.kind != "notice"
    )
    return list(connection.execute(query))


def by_ticket(connection: Connection, tenant: str, tickets: Sequence[str]) -> list[Row[Any]]:
    """Cases in any state that have one of these tickets, or had it before a merge."""
    if not tickets:
        return []
    before = sa.select(case_ticket.c.case_id).where(case_ticket.c.ticket_id.in_(tickets))
    query = (
        sa.select(cases)
        .where(
            cases.c.tenant == tenant,
            cases.c.kind != "notice",
            sa.or_(cases.c.ticket_id.in_(tickets), cases.c.id.in_(before)),
        )
        .order_by(cases.c.opened_at.desc())
        .limit(MOST)
    )
    return list(connection.execute(query))


def has_address(connection: Connection, case_id: str) -> bool:
    """Say whether any mail address of a case's person is known."""
    query = sa.select(case_contact.c.key).where(
        case_contact.c.case_id == case_id, case_contact.c.kind == "email"
    )
    return connection.execute(query.limit(1)).first() is not None
