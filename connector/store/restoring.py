"""Recovery after the database was put back: what may have been done is looked for, not repeated.

The lost history wrote tickets and notes whose keys derive from the signals alone, so whatever
is heard again gets the same keys, and a look at the helpdesk finds what was done. While
recovery lasts, every change therefore begins in doubt. It ends when every source was read to
its end once and everything that came was concluded; items that turn up later, but happened
before, are looked for even then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.errors import StateError
from connector.domain.ledger import timestamp
from connector.store.head import Head
from connector.store.ledger import Note
from connector.store.schema import cases, ledger, meta, outbox, signal

RECOVERY = "recovery"
RESTORED = "restored"
"""Keys in `meta`: the mode, and a mark that `amends restore` leaves for the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The last time that this state was put back."""

    epoch: int
    since: datetime
    """When recovery began: what was done before may be unknown to the database."""
    lost_from: datetime
    """Newest entry of the database as it was put back: what was lost is younger than that."""
    why: str
    """head_missing | ledger_shorter | ledger_differs | log_missing | restored."""
    settled_at: datetime
    """Nothing is looked for before: the lost daemon's last request may still take effect."""
    read: frozenset[str] = frozenset()
    """Sources that were read to their end since, as `tenant/name`."""
    active: bool = True


def suspicion(connection: Connection, head: Head | None, *, log: bool, boot: str) -> str:
    """Say why the database must be older than what was done; empty when it is not.

    `log` says whether the write-ahead log lay beside it. Raises StateError for the database
    of another installation, whose keys would find nothing.
    """
    if _value(connection, RESTORED) is not None:
        return "restored"
    if head is None:
        begun = connection.execute(sa.select(ledger.c.seq).limit(1)).first()
        return "head_missing" if begun is not None else ""
    instance = (_value(connection, "instance") or b"").hex()
    if head.instance != instance:
        raise StateError(
            f"this database is that of another installation ({instance}, not {head.instance}): "
            "with its keys every ticket would be opened again. Put the right one back; remove "
            "`head` beside it only if you mean to go on with this one"
        )
    for chain, (seq, digest) in head.chains.items():
        query = sa.select(ledger.c.hash).where(ledger.c.chain_id == chain, ledger.c.seq == seq)
        row = connection.execute(query).first()
        if row is None:
            return "ledger_shorter"
        if bytes(row[0]).hex() != digest:
            return "ledger_differs"
    if not (head.clean or log) and head.boot != boot:
        return "log_missing"  # after a power cut the witness alone does not prove enough
    return ""


def begin(connection: Connection, why: str, head: Head | None, *, at: datetime) -> list[Note]:
    """Enter recovery: everything that is owed is in doubt from here on; gives what to record."""
    before = load(connection)
    newest = connection.execute(sa.select(sa.func.max(ledger.c.at, type_=ledger.c.at.type)))
    lost_from = min(newest.scalar() or at, before.lost_from if before else at, at)
    epoch = 1 + max(head.epoch if head else 0, before.epoch if before else 0)
    doubted = _doubt(connection, lost_from, at)
    recovery = Recovery(epoch=epoch, since=at, lost_from=lost_from, why=why, settled_at=at)
    _store(connection, recovery)
    connection.execute(sa.delete(meta).where(meta.c.key == RESTORED))
    known = {chain: [seq, digest] for chain, (seq, digest) in (head.chains if head else {}).items()}
    body: Mapping[str, Any] = {
        "epoch": epoch,
        "why": why,
        "lost_from": timestamp(lost_from),
        "doubted": doubted,
        "known": known,
    }
    return [Note(action="recovery.began", body=body)]


def _doubt(connection: Connection, lost_from: datetime, at: datetime) -> int:
    """Put every undone change in doubt; what waits for a person keeps waiting."""
    sent = {
        "first_sent_at": sa.func.coalesce(
            outbox.c.first_sent_at, sa.literal(lost_from, type_=outbox.c.first_sent_at.type)
        ),
        "last_sent_at": at,
    }
    connection.execute(
        sa.update(outbox).where(outbox.c.state.in_(("held", "aside"))).values(**sent)
    )
    found = connection.execute(
        sa.update(outbox)
        .where(outbox.c.state.in_(("ready", "sending", "unknown")))
        .values(state="unknown", due_at=at, last_error="restored", **sent)
    )
    return int(found.rowcount)


def doubts(recovery: Recovery, connection: Connection, case_id: str, op: str) -> bool:
    """Say whether a new change may have been carried out in the history that was lost."""
    if recovery.active:
        return True
    if op != "open":
        return False  # notes and updates look before they write anyway
    query = sa.select(cases.c.event_time).where(cases.c.id == case_id)
    event_time: datetime | None = connection.execute(query).scalar()
    return event_time is not None and event_time <= recovery.since


def source_read(connection: Connection, tenant: str, name: str) -> None:
    """Remember that a source was read to its end since recovery began."""
    recovery = load(connection)
    mark = f"{tenant}/{name}"
    if recovery is not None and recovery.active and mark not in recovery.read:
        _store(connection, replace(recovery, read=recovery.read | {mark}))


def missing(
    connection: Connection, recovery: Recovery, tenant: str, names: Sequence[str]
) -> list[str]:
    """What recovery still waits for: names of sources, and `casework`; empty when it may end."""
    stored = load(connection)
    read = stored.read if stored is not None else recovery.read
    left = [name for name in names if f"{tenant}/{name}" not in read]
    waiting = connection.execute(
        sa.select(signal.c.n).where(signal.c.outcome == "waiting").limit(1)
    ).first()
    return left + (["casework"] if waiting is not None else [])


def end(connection: Connection) -> Recovery | None:
    """Leave recovery; gives what it was, or None when none lasted."""
    recovery = load(connection)
    if recovery is None or not recovery.active:
        return None
    ended = replace(recovery, active=False)
    _store(connection, ended)
    return ended


def settle(connection: Connection, until: datetime) -> None:
    """While recovery lasts, look for nothing before `until`."""
    recovery = load(connection)
    if recovery is None or not recovery.active:
        return
    _store(connection, replace(recovery, settled_at=until))
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.state == "unknown", outbox.c.due_at < until)
        .values(due_at=until)
    )


def mark(connection: Connection) -> None:
    """Let the next start of the daemon begin with recovery, whatever it finds."""
    connection.execute(sa.delete(meta).where(meta.c.key == RESTORED))
    connection.execute(sa.insert(meta).values(key=RESTORED, value=b"1"))


def load(connection: Connection) -> Recovery | None:
    """Read the last recovery; None when this state was never put back."""
    value = _value(connection, RECOVERY)
    if value is None:
        return None
    body = json.loads(value)
    return Recovery(
        epoch=body["epoch"],
        since=_moment(body["since"]),
        lost_from=_moment(body["lost_from"]),
        why=body["why"],
        settled_at=_moment(body["settled_at"]),
        read=frozenset(body["read"]),
        active=body["active"],
    )


def _store(connection: Connection, recovery: Recovery) -> None:
    body = {
        "epoch": recovery.epoch,
        "since": timestamp(recovery.since),
        "lost_from": timestamp(recovery.lost_from),
        "why": recovery.why,
        "settled_at": timestamp(recovery.settled_at),
        "read": sorted(recovery.read),
        "active": recovery.active,
    }
    connection.execute(sa.delete(meta).where(meta.c.key == RECOVERY))
    connection.execute(sa.insert(meta).values(key=RECOVERY, value=json.dumps(body).encode()))


def _value(connection: Connection, key: str) -> bytes | None:
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()
    return None if value is None else bytes(value)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
