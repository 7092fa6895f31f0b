"""Statements about what was parked: listed for people, released by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.store.schema import signal
from connector.store.schema_mail import released
from connector.store.signals import insert_new
from connector.store.store import Tx

MIN_ID_DIGITS = 8
"""So many hexadecimal digits of a signal's id are needed at least to name it."""


def listing(connection: Connection, *, limit: int) -> list[Row[Any]]:
    """What is parked now, newest first."""
    query = (
        sa.select(signal)
        .where(signal.c.outcome == "parked")
        .order_by(signal.c.n.desc())
        .limit(limit)
    )
    return list(connection.execute(query))


def named(connection: Connection, beginning: str) -> list[Row[Any]]:
    """Signals whose id begins with these hexadecimal digits; two of them at most."""
    if len(beginning) < MIN_ID_DIGITS or set(beginning) - set("0123456789abcdef"):
        return []
    low = bytes.fromhex(beginning.ljust(32, "0")[:32])
    high = bytes.fromhex(beginning.ljust(32, "f")[:32])
    query = sa.select(signal).where(signal.c.id.between(low, high)).order_by(signal.c.n).limit(2)
    return list(connection.execute(query))


def release(tx: Tx, row: Row[Any]) -> bool:
    """Let casework judge a parked signal as a person's words; False when it is not parked.

    Nothing of it was owed, so judging it again owes nothing twice.
    """
    changed = tx.connection.execute(
        sa.update(signal)
        .where(signal.c.id == row.id, signal.c.outcome == "parked")
        .values(outcome="waiting", attempts=0, lane=None, severity=None, problem_code=None)
    )
    if changed.rowcount == 0:
        return False
    values = {"id": row.id, "at": tx.now, "assessment_id": row.assessment_id}
    insert_new(tx.connection, released, values)
    return True


def is_released(connection: Connection, ids: Sequence[bytes]) -> set[bytes]:
    """Those of the signals that a person released."""
    query = sa.select(released.c.id).where(released.c.id.in_(ids))
    return {bytes(row[0]) for row in connection.execute(query)}
