"""The words: one erasable row each, committed to by the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.ledger import commitment
from connector.store.entropy import Entropy
from connector.store.schema import content

_LAST_ID: Final = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'content'")
_NEXT_IDS: Final = sa.text(
    "SELECT nextval(pg_get_serial_sequence('content', 'id')) FROM generate_series(1, :count)"
)


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


def put_all(
    connection: Connection, words: Sequence[tuple[str, bytes]], *, at: datetime, entropy: Entropy
) -> list[tuple[int, str]]:
    """Store many bodies by kind in one statement; gives id and commitment of each, in order."""
    rows, answers = [], []
    for content_id, (kind, body) in zip(_reserve(connection, len(words)), words, strict=True):
        salt = entropy(16)
        rows.append({"id": content_id, "kind": kind, "salt": salt, "body": body, "created_at": at})
        answers.append((content_id, commitment(salt, body).hex()))
    if rows:
        connection.execute(sa.insert(content), rows)
    return answers


def _reserve(connection: Connection, count: int) -> Sequence[int]:
    """Take the next ids; on SQLite the caller's write lock keeps everybody else from them."""
    if connection.dialect.name == "sqlite":
        last = connection.execute(_LAST_ID).scalar() or 0
        return range(last + 1, last + 1 + count)
    return list(connection.execute(_NEXT_IDS, {"count": count}).scalars())


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
