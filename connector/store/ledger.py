"""Writing and reading the ledger; rows commit with what they tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.ledger import GENESIS, LedgerEntry, Plain, canonical, hash_printed, timestamp
from connector.store import bulk
from connector.store.schema import ledger

DAEMON_CHAIN = "daemon"
COMMAND_CHAIN = "command"
"""One chain per kind of writer; every append happens under the database's write lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What to put on record; `append` adds time, actor and chain."""

    action: str
    body: Mapping[str, Plain]
    case_id: str = ""


_HEAD: Final = (
    sa.select(ledger.c.seq, ledger.c.hash)
    .where(ledger.c.chain_id == sa.bindparam("chain"))
    .order_by(ledger.c.seq.desc())
    .limit(1)
)
"""Built once: building costs more than running it."""


def append(
    connection: Connection, notes: list[Note], *, at: datetime, actor: str, chain: str
) -> tuple[int, bytes] | None:
    """Add entries behind the chain's head, within the caller's transaction.

    Gives number and hash of the new head, or None when there was nothing to add.
    """
    if not notes:
        return None
    head = connection.execute(_HEAD, {"chain": chain}).first()
    seq, prev = (0, GENESIS) if head is None else (int(head[0]), bytes(head[1]))
    printed = timestamp(at)
    rows: list[dict[str, Any]] = []
    for note in notes:
        seq += 1
        body = canonical(dict(note.body)).decode()
        digest = hash_printed(
            body,
            prev=prev,
            chain_id=chain,
            seq=seq,
            at=printed,
            actor=actor,
            action=note.action,
            case_id=note.case_id,
        )
        rows.append(
            {
                "chain_id": chain,
                "seq": seq,
                "at": at,
                "actor": actor,
                "action": note.action,
                "case_id": note.case_id,
                "body": body,
                "prev": prev,
                "hash": digest,
            }
        )
        prev = digest
    bulk.insert(connection, ledger, rows)
    return seq, prev


def heads(connection: Connection) -> dict[str, tuple[int, bytes]]:
    """Number and hash of the newest entry of each chain."""
    newest = sa.select(ledger.c.chain_id, sa.func.max(ledger.c.seq)).group_by(ledger.c.chain_id)
    query = sa.select(ledger.c.chain_id, ledger.c.seq, ledger.c.hash).where(
        sa.tuple_(ledger.c.chain_id, ledger.c.seq).in_(newest)
    )
    return {str(row[0]): (int(row[1]), bytes(row[2])) for row in connection.execute(query)}


def chains(connection: Connection) -> list[str]:
    """Names of all chains."""
    found = connection.execute(sa.select(ledger.c.chain_id).distinct().order_by(ledger.c.chain_id))
    return [str(row[0]) for row in found]


def entries(connection: Connection, chain: str, *, after: int = 0) -> Iterator[LedgerEntry]:
    """Read a chain in order, streaming."""
    query = (
        sa.select(ledger)
        .where(ledger.c.chain_id == chain, ledger.c.seq > after)
        .order_by(ledger.c.seq)
    )
    for row in connection.execution_options(yield_per=1000).execute(query):
        yield _entry(row)


def of_case(connection: Connection, case_id: str) -> list[LedgerEntry]:
    """All entries about one case, in time order."""
    query = (
        sa.select(ledger)
        .where(ledger.c.case_id == case_id)
        .order_by(ledger.c.at, ledger.c.chain_id, ledger.c.seq)
    )
    return [_entry(row) for row in connection.execute(query)]


def _entry(row: Row[Any]) -> LedgerEntry:
    return LedgerEntry(
        chain_id=row.chain_id,
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        action=row.action,
        case_id=row.case_id,
        body=json.loads(row.body),
        prev=bytes(row.prev),
        hash=bytes(row.hash),
    )
