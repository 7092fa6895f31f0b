"""Whose turn it is among the changes that are owed: the statements that `outbox.claim` asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import cases, outbox

Kinds: TypeAlias = Mapping[bool, Sequence[str]]
"""What may go now: the kinds of urgent changes and those of others."""


def waits() -> sa.ColumnElement[bool]:
    """Say `ready or unknown` in the very words of the index over what is due."""
    return outbox.c.state.in_([sa.literal_column("'ready'"), sa.literal_column("'unknown'")])


def _next_query() -> sa.Select[Any]:
    earlier = outbox.alias("earlier")
    blocked = sa.exists().where(
        earlier.c.case_id == outbox.c.case_id,
        earlier.c.seq < outbox.c.seq,
        earlier.c.state.not_in(("done", "dropped")),
    )
    return (
        sa.select(outbox, cases.c.ticket_id, cases.c.ticket_url)
        .join(cases, cases.c.id == outbox.c.case_id)
        .where(
            waits(),
            outbox.c.urgent == sa.bindparam("urgent"),
            outbox.c.due_at <= sa.bindparam("now"),
            ~blocked,
        )
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(1)
    )


_NEXT: Final = _next_query()
"""Built once, as all that runs for each delivery: building costs more than running it."""
_KIND: Final = sa.case(
    (sa.and_(outbox.c.op == "open", outbox.c.state == "unknown"), "find"), else_=outbox.c.op
)
_NEXT_OF_KIND: Final = _NEXT.where(_KIND.in_(sa.bindparam("kinds", expanding=True)))
"""The same among some kinds: open | note | update, or find for an open that is in doubt."""


def next_row(connection: Connection, now: datetime, kinds: Kinds | None = None) -> Row[Any] | None:
    """Find the first due change whose case waits for no earlier one; what is urgent first."""
    for urgent in (True, False):
        values: dict[str, Any] = {"now": now, "urgent": int(urgent)}
        if kinds is None:
            row = connection.execute(_NEXT, values).first()
        elif kinds[urgent]:
            row = connection.execute(_NEXT_OF_KIND, values | {"kinds": kinds[urgent]}).first()
        else:
            continue
        if row is not None:
            return row
    return None


_EARLIEST: Final = sa.select(sa.func.min(outbox.c.due_at, type_=outbox.c.due_at.type)).where(
    waits(), outbox.c.urgent == sa.bindparam("urgent")
)


def next_due(connection: Connection) -> datetime | None:
    """When the next change is due, if any waits."""
    earliest = (connection.execute(_EARLIEST, {"urgent": one}).scalar() for one in (1, 0))
    return min((due for due in earliest if due is not None), default=None)
