"""The ledger as it lies on the disk: rows that cannot be read are findings, not errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.ledger import LedgerEntry, canonical, timestamp
from connector.store.schema import ledger

_HASH_BYTES = 32
_ROWS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Illegible:
    """A row of the ledger that amends cannot have written."""

    chain_id: str
    seq: int
    """0 when even that cannot be read."""
    what: str


def as_it_is(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Read a column without its type: the type raises on what somebody put there by hand."""
    found: sa.ColumnElement[Any] = sa.type_coerce(column, sa.types.NullType())
    return found


def _rows() -> sa.Select[Any]:
    return sa.select(*(as_it_is(column).label(column.name) for column in ledger.c))


def chain(connection: Connection, name: str) -> Iterator[LedgerEntry | Illegible]:
    """Read a chain in order, streaming."""
    query = _rows().where(ledger.c.chain_id == name).order_by(ledger.c.seq)
    for row in connection.execution_options(yield_per=_ROWS).execute(query):
        yield entry(row)


def matching(
    connection: Connection, condition: sa.ColumnElement[bool]
) -> Iterator[LedgerEntry | Illegible]:
    """Read the entries that meet a condition, in the order of their chains."""
    query = _rows().where(condition).order_by(ledger.c.chain_id, ledger.c.seq)
    for row in connection.execution_options(yield_per=_ROWS).execute(query):
        yield entry(row)


def having_action(connection: Connection, action: str) -> Iterator[LedgerEntry]:
    """Read all legible entries with one action, in the order of their chains."""
    for found in matching(connection, ledger.c.action == action):
        if isinstance(found, LedgerEntry):
            yield found


def entry(row: Row[Any]) -> LedgerEntry | Illegible:
    """Read one row, strictly: every byte of it must be as amends writes it."""
    seq = row.seq if type(row.seq) is int else 0
    chain_id = row.chain_id if isinstance(row.chain_id, str) else "?"
    try:
        at, body = _at(row.at), _body(row.body)
        texts = (row.actor, row.action, row.case_id)
        if not seq or not all(isinstance(text, str) for text in texts):
            raise ValueError("a column holds another type")  # noqa: TRY301  (one place for all)
        prev, digest = _digest(row.prev), _digest(row.hash)
    except (TypeError, ValueError, RecursionError) as error:
        # our own sentence or the decoder's position; never the row's words
        what = str(error) if type(error) is ValueError else type(error).__name__
        return Illegible(chain_id=chain_id, seq=seq, what=what)
    return LedgerEntry(
        chain_id=chain_id,
        seq=seq,
        at=at,
        actor=row.actor,
        action=row.action,
        case_id=row.case_id,
        body=body,
        prev=prev,
        hash=digest,
    )


def _at(value: object) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else None
    if at is None or at.tzinfo is None or timestamp(at) != value:
        raise ValueError("its time is not in the ledger's form")
    return at


def _body(value: object) -> dict[str, Any]:
    body = json.loads(value) if isinstance(value, str) else None
    if not isinstance(body, dict) or canonical(body).decode() != value:
        raise ValueError("its body is not in the ledger's form")
    return body


def _digest(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != _HASH_BYTES:
        raise ValueError("its hash is not of 32 bytes")
    return value
