"""Statements about pages: owed once, claimed when due, done or given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import cases
from connector.store.schema_rounds import page
from connector.store.signals import insert_new
from connector.store.store import Tx


def owe(tx: Tx, *, key: str, case_id: str, route: str, why: str) -> bool:
    """Owe a page, once; False when it was owed before."""
    row = {"key": key, "case_id": case_id, "route": route, "why": why}
    return insert_new(tx.connection, page, {**row, "created_at": tx.now, "due_at": tx.now})


_DUE: Final = (
    sa.select(
        page.c.id.label("page_id"),
        page.c.key,
        page.c.route,
        page.c.why,
        page.c.attempts,
        page.c.created_at,
        cases,
    )
    .join(cases, cases.c.id == page.c.case_id)
    .where(page.c.state == "ready", page.c.due_at <= sa.bindparam("now"))
    .order_by(page.c.due_at, page.c.id)
    .limit(1)
)


def due(connection: Connection, now: datetime) -> Row[Any] | None:
    """The page that waits longest (`page_id` ...), with its case; None when none is due."""
    return connection.execute(_DUE, {"now": now}).first()


def next_due(connection: Connection) -> datetime | None:
    """When the next page is due."""
    found: datetime | None = connection.execute(
        sa.select(sa.func.min(page.c.due_at)).where(page.c.state == "ready")
    ).scalar()
    return found


def owed_since(connection: Connection, route: str, since: datetime) -> int:
    """How many pages a route was given since then, those that were dropped aside."""
    query = sa.select(sa.func.count()).where(
        page.c.route == route, page.c.created_at >= since, page.c.state != "dropped"
    )
    return int(connection.execute(query).scalar_one())


def sent(tx: Tx, page_id: int) -> None:
    """Remember that a page was sent."""
    tx.connection.execute(
        sa.update(page)
        .where(page.c.id == page_id)
        .values(state="done", done_at=tx.now, attempts=page.c.attempts + 1, last_error=None)
    )


def failed(tx: Tx, page_id: int, error: str, again_at: datetime | None) -> None:
    """Remember that a page could not be sent; without `again_at` it is given up."""
    values: dict[str, Any] = {"attempts": page.c.attempts + 1, "last_error": error[:200]}
    values |= {"state": "dropped"} if again_at is None else {"due_at": again_at}
    tx.connection.execute(sa.update(page).where(page.c.id == page_id).values(**values))


def of_case(connection: Connection, case_id: str) -> Sequence[Row[Any]]:
    """Every page about a case, in order."""
    query = sa.select(page).where(page.c.case_id == case_id).order_by(page.c.id)
    return connection.execute(query).all()


def waiting(connection: Connection) -> int:
    """How many pages wait to be sent."""
    query = sa.select(sa.func.count()).where(page.c.state == "ready")
    return int(connection.execute(query).scalar_one())
