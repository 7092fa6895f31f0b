"""What the team said about cases: the part of the state that shows whether triage was right."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import cases, signal

WRONG: Final = "judged_wrong"
"""Close reason of a case that an agent tagged as no failure."""

WORKED_ON: Final = "ticket_closed"
"""Close reason of a case whose ticket the team closed."""


def judged(connection: Connection) -> list[Row[Any]]:
    """Give the cases that people judged, oldest first, each with its first signal's judgement.

    Columns: case_id, source, opened_at, kind, close_reason, lane, channel, assessment_id. A
    second look counts when it was promoted or called wrong, any other case when it was closed.
    """
    first = (
        sa.select(signal.c.case_id, sa.func.min(signal.c.n).label("n"))
        .where(signal.c.case_id.is_not(None))
        .group_by(signal.c.case_id)
        .subquery()
    )
    promoted = sa.and_(signal.c.lane == "review", cases.c.kind == "case")
    query = (
        sa.select(
            cases.c.id.label("case_id"),
            cases.c.source,
            cases.c.opened_at,
            cases.c.kind,
            cases.c.close_reason,
            signal.c.lane,
            signal.c.channel,
            signal.c.assessment_id,
        )
        .join(first, first.c.case_id == cases.c.id)
        .join(signal, signal.c.n == first.c.n)
        .where(
            cases.c.kind != "notice",
            sa.or_(
                cases.c.close_reason == WRONG,
                sa.and_(cases.c.kind == "case", cases.c.close_reason == WORKED_ON),
                promoted,
            ),
        )
        .order_by(cases.c.opened_at, cases.c.id)
    )
    return list(connection.execute(query))


def lanes_by_day(connection: Connection) -> list[Row[Any]]:
    """Count signals that people wrote, by source, day (ISO date) and lane."""
    day = sa.func.substr(signal.c.detected_at, 1, 10).label("day")
    query = (
        sa.select(signal.c.source, day, signal.c.lane, sa.func.count().label("number"))
        .where(signal.c.lane.in_(("ticket", "review", "count")), signal.c.channel == "survey")
        .group_by(signal.c.source, day, signal.c.lane)
        .order_by(signal.c.source, day)
    )
    return list(connection.execute(query))


def latest(connection: Connection, limit: int) -> list[int]:
    """Give the numbers of the latest readable signals that came to their end, oldest first."""
    query = (
        sa.select(signal.c.n)
        .where(signal.c.outcome != "waiting", signal.c.readable == 1)
        .order_by(signal.c.n.desc())
        .limit(limit)
    )
    return sorted(connection.execute(query).scalars())
