"""Statements about earlier failures of the same person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.case import CaseState
from connector.store.schema import cases
from connector.store.schema_rounds import rounds

NO_FAILURE: Final = ("judged_wrong", "ticket_spam", "ticket_deleted", "dropped")
"""Ways to close a case that say nothing about a failure."""

_LAST: Final = (
    sa.select(rounds.c.lacking)
    .where(rounds.c.case_id == cases.c.id, rounds.c.ended_at.is_not(None))
    .order_by(rounds.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_CLOSED: Final = (
    sa.select(cases, _LAST.label("lacking"))
    .where(
        cases.c.tenant == sa.bindparam("tenant"),
        cases.c.person == sa.bindparam("person"),
        cases.c.state == CaseState.CLOSED.value,
        cases.c.kind == "case",
        cases.c.closed_at >= sa.bindparam("since"),
    )
    .order_by(cases.c.closed_at.desc(), cases.c.id)
)


def closed_of(
    connection: Connection, tenant: str, person: bytes, since: datetime
) -> Sequence[Row[Any]]:
    """Give closed cases of a person since then, the latest first.

    `lacking` says what the last round lacked to count as recovered: empty, it was recovered;
    None, nobody has examined it yet.
    """
    values = {"tenant": tenant, "person": person, "since": since}
    rows = connection.execute(_CLOSED, values).all()
    return [row for row in rows if row.close_reason not in NO_FAILURE]
