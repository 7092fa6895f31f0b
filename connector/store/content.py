"""The words: one erasable row each, committed to by the ledger."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.ledger import commitment
from connector.store.entropy import Entropy
from connector.store.schema import content


def put(
    connection: Connection, kind: str, body: bytes, *, at: datetime, entropy: Entropy
) -> tuple[int, str]:
    """Store a body; gives its id and the hex commitment that the ledger may hold."""
    salt = entropy(16)
    row = connection.execute(
        sa.insert(content)
        .values(kind=kind, salt=salt, body=body, created_at=at)
        .returning(content.c.id)
    ).scalar_one()
    return int(row), commitment(salt, body).hex()


def get(connection: Connection, content_id: int | None) -> bytes | None:
    """Read a body; None when it was erased (or never stored)."""
    if content_id is None:
        return None
    row = connection.execute(sa.select(content.c.body).where(content.c.id == content_id)).first()
    return None if row is None else bytes(row[0])


def committed(connection: Connection, content_id: int) -> str | None:
    """Recompute the commitment of a stored body; None when it was erased."""
    row = connection.execute(
        sa.select(content.c.salt, content.c.body).where(content.c.id == content_id)
    ).first()
    return None if row is None else commitment(bytes(row[0]), bytes(row[1])).hex()


def erase(connection: Connection, content_ids: list[int]) -> int:
    """Destroy bodies and salts (secure_delete overwrites the pages); gives how many."""
    erased = 0
    for start in range(0, len(content_ids), 500):
        part = content_ids[start : start + 500]
        erased += connection.execute(sa.delete(content).where(content.c.id.in_(part))).rowcount
    return erased
