"""Statements about when a person was last spoken with, whatever the case."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import cases
from connector.store.schema_rounds import rounds

MOST = 3
"""So many cases are told; more help nobody."""


def of_person(
    connection: Connection, tenant: str, person: bytes, since: datetime
) -> list[Row[Any]]:
    """Give the cases of a person about which somebody spoke with them since then, newest first.

    Each with `spoken_at`.
    """
    spoken = sa.func.max(rounds.c.contact_at).label("spoken_at")
    query = (
        sa.select(cases.c.id, cases.c.categories, spoken)
        .join(rounds, rounds.c.case_id == cases.c.id)
        .where(
            cases.c.tenant == tenant,
            cases.c.person == person,
            cases.c.kind != "notice",
            rounds.c.contact_at >= since,
        )
        .group_by(cases.c.id)
        .order_by(spoken.desc())
        .limit(MOST)
    )
    return list(connection.execute(query))
