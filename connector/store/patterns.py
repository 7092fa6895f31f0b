"""Statements about small failures that repeat: which, since when, and what was told of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import case_link, cases
from connector.store.schema_rounds import pattern
from connector.store.signals import insert_new
from connector.store.store import Tx

WHY = "small_things"
"""Code of the link between a pattern and its cases."""
SMALL = 2
"""Cases up to this severity count: graver ones are looked at one by one."""


def recent(connection: Connection, tenant: str, since: datetime) -> list[Row[Any]]:
    """Small cases that were opened since then, oldest first; second looks aside."""
    query = (
        sa.select(cases.c.id, cases.c.site, cases.c.categories, cases.c.opened_at, cases.c.severity)
        .where(
            cases.c.tenant == tenant,
            cases.c.kind == "case",
            cases.c.state != "held",
            cases.c.severity <= SMALL,
            cases.c.opened_at >= since,
        )
        .order_by(cases.c.opened_at, cases.c.id)
    )
    return list(connection.execute(query))


def last(connection: Connection, tenant: str, site: str, category: str) -> Row[Any] | None:
    """The latest pattern of this kind with its case; None when there was none."""
    query = (
        sa.select(pattern, cases.c.state, cases.c.closed_at, cases.c.next_seq)
        .join(cases, cases.c.id == pattern.c.case_id)
        .where(cases.c.tenant == tenant, pattern.c.site == site, pattern.c.category == category)
        .order_by(pattern.c.told_at.desc())
        .limit(1)
    )
    return connection.execute(query).first()


def members(connection: Connection, case_id: str) -> frozenset[str]:
    """Name the cases that the ticket of a pattern tells."""
    query = sa.select(case_link.c.case_id, case_link.c.other_id).where(
        sa.or_(case_link.c.case_id == case_id, case_link.c.other_id == case_id),
        case_link.c.why == WHY,
    )
    return frozenset(one for row in connection.execute(query) for one in row) - {case_id}


def begin(tx: Tx, case_id: str, site: str, category: str, told: Sequence[str]) -> None:
    """Remember a pattern that has its ticket from now on."""
    row = {"case_id": case_id, "site": site, "category": category}
    insert_new(tx.connection, pattern, {**row, "told_at": tx.now, "told": len(told)})


def told(tx: Tx, case_id: str, count: int) -> None:
    """Remember up to when, and how many cases, a pattern's ticket tells."""
    tx.connection.execute(
        sa.update(pattern).where(pattern.c.case_id == case_id).values(told_at=tx.now, told=count)
    )
