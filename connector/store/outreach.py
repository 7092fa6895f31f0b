"""Statements about when a person was last spoken with, whatever the case."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import cases
from connector.store.schema_rounds import rounds

MOST = 3
"""So many cases are told; more help nobody."""


_SPOKEN: Final = sa.func.max(rounds.c.contact_at).label("spoken_at")
_OF_PERSON: Final = (
    sa.select(cases.c.id, cases.c.categories, _SPOKEN)
    .join(rounds, rounds.c.case_id == cases.c.id)
    .where(
        cases.c.tenant == sa.bindparam("tenant"),
        cases.c.person == sa.bindparam("person"),
        cases.c.kind != "notice",
        rounds.c.contact_at >= sa.bindparam("since"),
    )
    .group_by(cases.c.id)
    .order_by(_SPOKEN.desc())
    .limit(MOST)
)
"""Built once: building costs more than running it."""


def of_person(
    connection: Connection, tenant: str, person: bytes, since: datetime
) -> list[Row[Any]]:
    """Give the cases of a person about which somebody spoke with them since then, newest first.

    Each with `spoken_at`.
    """
    values = {"tenant": tenant, "person": person, "since": since}
    return list(connection.execute(_OF_PERSON, values))
