"""The words: one erasable row each, committed to by the ledger."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.ledger import commitment
from connector.store.schema import content

BLOCK = 64
"""So many ids are taken at once where they come from the server; what is left over is a gap."""

AT_ONCE = 500
"""So many ids stand in one statement."""

_BODIES: Final = sa.select(content.c.id, content.c.body).where(
    content.c.id.in_(sa.bindparam("ids", expanding=True))
)
_LAST_ID: Final = sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'content'")
_NEXT_IDS: Final = sa.text(
    "SELECT nextval(pg_get_serial_sequence('content', 'id')) FROM generate_series(1, :count)"
)


def numbers(connection: Connection) -> Iterator[int]:
    """Give the ids of the rows that one transaction will store, in order.

    On SQLite its write lock keeps everybody else from them until it ends.
    """
    if connection.dialect.name == "sqlite":
        yield from itertools.count((connection.execute(_LAST_ID).scalar() or 0) + 1)
    while True:
        yield from list(connection.execute(_NEXT_IDS, {"count": BLOCK}).scalars())


def get(connection: Connection, content_id: int | None) -> bytes | None:
    """Read a body; None when it was erased (or never stored)."""
    return None if content_id is None else get_all(connection, [content_id]).get(content_id)


def get_all(connection: Connection, content_ids: Iterable[int | None]) -> dict[int | None, bytes]:
    """Read many bodies by id; erased ones are left out."""
    wanted = [number for number in content_ids if number is not None]
    found: dict[int | None, bytes] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = wanted[start : start + AT_ONCE]
        found.update((row[0], bytes(row[1])) for row in connection.execute(_BODIES, {"ids": part}))
    return found


def committed(connection: Connection, content_id: int) -> str | None:
    """Recompute the commitment of a stored body; None when it was erased."""
    row = connection.execute(
        sa.select(content.c.salt, content.c.body).where(content.c.id == content_id)
    ).first()
    return None if row is None else commitment(bytes(row[0]), bytes(row[1])).hex()


def erase(connection: Connection, content_ids: list[int]) -> int:
    """Destroy bodies and salts (secure_delete overwrites the pages); gives how many."""
    erased = 0
    for start in range(0, len(content_ids), AT_ONCE):
        part = content_ids[start : start + AT_ONCE]
        erased += connection.execute(sa.delete(content).where(content.c.id.in_(part))).rowcount
    return erased
