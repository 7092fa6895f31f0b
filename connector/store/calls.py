"""Statements about calls: all calls of one number, callers of one line, and whose fate is open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.call_facts import glance
from connector.domain.signal import Item, Signal, signal_id
from connector.store.keys import keyed
from connector.store.schema import cases, signal, source
from connector.store.schema_calls import call, call_group
from connector.store.store import Tx

_IDENTITY: Final = re.compile("(?:[0-9a-f]{2}){16}")
MAX_OF_NUMBER: Final = 200
"""Of one number's calls no more are looked at, the newest: more are a machine's."""
MAX_OF_LINE: Final = 1_000
"""Of one line's calls within an hour no more are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A remembered call."""

    id: bytes
    number: bytes | None
    line: bytes | None
    started: int
    ended: int
    outbound: bool
    reached: bool
    message: bool
    failed: bool
    """False also while it was not judged."""


def add(tx: Tx, identity: bytes, item: Item) -> None:
    """Remember a call that is stored just now; a conversation wakes those who waited for it."""
    one = glance(item) if isinstance(item, Signal) else None
    if one is None or not isinstance(item, Signal):
        return
    _supersede(tx, item)
    number = number_key(tx.secret, item.tenant, item.contact.phone)
    tx.later(
        call,
        {
            "id": identity,
            "tenant": item.tenant,
            "source": item.source,
            "number": number,
            "line": line_key(tx.secret, item.tenant, one.line),
            "started": one.started,
            "ended": one.ended,
            "outbound": int(one.outbound),
            "reached": int(one.reached),
            "message": int(one.message),
            "failed": None,
            "due_at": None,
        },
    )
    if one.reached and number is not None:
        wake(tx, item.tenant, number)


def as_edit(secret: bytes, item: Item) -> Item:
    """Let a later version of a call name the signal of the earlier one, as edited answers do."""
    before = item.facts.get("revises") if isinstance(item, Signal) else None
    if not isinstance(item, Signal) or not isinstance(before, str):
        return item
    earlier = signal_id(secret, replace(item, natural_key=before))
    facts = {name: fact for name, fact in item.facts.items() if name != "revises"}
    return replace(item, facts={**facts, "edit_of": earlier.hex()})


def _supersede(tx: Tx, item: Signal) -> None:
    """Forget the version of a call that a later one corrects; one whose fate is open is woken."""
    before = item.facts.get("edit_of")
    if isinstance(before, str) and _IDENTITY.fullmatch(before):
        forget(tx.connection, [bytes.fromhex(before)])


def is_remembered(connection: Connection, identity: bytes) -> bool:
    """Say whether a call counts; one that was corrected meanwhile does not."""
    query = sa.select(call.c.id).where(call.c.id == identity)
    return connection.execute(query).first() is not None


def any_failed(connection: Connection, identities: Sequence[bytes]) -> bool:
    """Say whether one of these calls failed."""
    query = sa.select(call.c.id).where(call.c.id.in_(identities), call.c.failed == 1)
    return connection.execute(query.limit(1)).first() is not None


def number_key(secret: bytes, tenant: str, number: str) -> bytes | None:
    """Hash a patient's number."""
    return keyed(secret, "caller", tenant, number) if number else None


def line_key(secret: bytes, tenant: str, line: str) -> bytes | None:
    """Hash a line of the practice."""
    return keyed(secret, "line", tenant, line) if line else None


def wake(tx: Tx, tenant: str, number: bytes) -> None:
    """Let casework look again at the calls of a number whose fate is open."""
    tx.connection.execute(
        sa.update(call)
        .where(call.c.tenant == tenant, call.c.number == number, call.c.due_at.is_not(None))
        .values(due_at=tx.now)
    )


def judged(tx: Tx, identity: bytes, *, failed: bool) -> None:
    """Remember whether a call failed."""
    tx.connection.execute(
        sa.update(call).where(call.c.id == identity).values(failed=int(failed), due_at=None)
    )


def defer(tx: Tx, identity: bytes, until: datetime) -> None:
    """Leave a call alone until then; that casework looked at it does not count as an attempt."""
    tx.connection.execute(sa.update(call).where(call.c.id == identity).values(due_at=until))
    tx.connection.execute(sa.update(signal).where(signal.c.id == identity).values(attempts=0))


def next_due(connection: Connection) -> datetime | None:
    """Give the earliest time at which casework has to look at a call again."""
    query = sa.select(sa.func.min(call.c.due_at)).where(call.c.due_at.is_not(None))
    found: datetime | None = connection.execute(query).scalar()
    return found


def of_number(connection: Connection, tenant: str, number: bytes, since: int) -> list[Kept]:
    """All calls of a number that ended since then, whoever called whom; the newest first."""
    query = (
        sa.select(call)
        .where(call.c.tenant == tenant, call.c.number == number, call.c.ended >= since)
        .order_by(call.c.ended.desc())
        .limit(MAX_OF_NUMBER)
    )
    return [_kept(row) for row in connection.execute(query)]


def failed_on_line(
    connection: Connection, tenant: str, line: bytes, since: int, until: int
) -> list[Kept]:
    """Calls on a line that failed and began in that time."""
    query = (
        sa.select(call)
        .where(
            call.c.tenant == tenant,
            call.c.line == line,
            call.c.started >= since,
            call.c.started < until,
            call.c.failed == 1,
        )
        .order_by(call.c.started)
        .limit(MAX_OF_LINE)
    )
    return [_kept(row) for row in connection.execute(query)]


def last_reached(
    connection: Connection, tenant: str, numbers: Sequence[bytes], until: int
) -> dict[bytes, int]:
    """When somebody spoke last with each of these numbers, in calls that began up to a time."""
    if not numbers:
        return {}
    query = (
        sa.select(call.c.number, sa.func.max(call.c.ended))
        .where(
            call.c.tenant == tenant,
            call.c.number.in_(numbers),
            call.c.reached == 1,
            call.c.started <= until,
        )
        .group_by(call.c.number)
    )
    return {bytes(row[0]): int(row[1]) for row in connection.execute(query)}


def read_beyond(
    connection: Connection, tenant: str, name: str, detected: datetime, until: int
) -> bool:
    """Say whether a source has told all calls up to a time.

    It has when it was read to its end after an item was stored, or when later calls came.
    """
    row = connection.execute(
        sa.select(source.c.last_read_at, source.c.last_item_at).where(
            source.c.tenant == tenant, source.c.name == name
        )
    ).first()
    # a batch moves both times, the end of a reading the first one only
    if row is not None and row[0] is not None and row[0] > (row[1] or detected):
        return True
    later = sa.select(call.c.id).where(
        call.c.tenant == tenant, call.c.source == name, call.c.ended > until
    )
    return connection.execute(later.limit(1)).first() is not None


def opened_since(connection: Connection, tenant: str, sites: Sequence[str], since: datetime) -> int:
    """How many cases about calls of severity 1 were opened since then at these sites."""
    query = (
        sa.select(sa.func.count())
        .select_from(cases)
        .where(
            cases.c.tenant == tenant,
            cases.c.channel == "phone",
            cases.c.kind == "case",
            cases.c.severity == 1,
            cases.c.site.in_(sites),
            cases.c.opened_at >= since,
        )
    )
    return int(connection.execute(query).scalar() or 0)


def group_case(connection: Connection, key: bytes) -> str | None:
    """The case about callers who have this in common."""
    row = connection.execute(sa.select(call_group.c.case_id).where(call_group.c.key == key)).first()
    return str(row[0]) if row else None


def set_group(tx: Tx, key: bytes, case_id: str) -> None:
    """Remember the case about callers who have this in common."""
    tx.connection.execute(sa.delete(call_group).where(call_group.c.key == key))
    tx.connection.execute(sa.insert(call_group).values(key=key, case_id=case_id, at=tx.now))


def forget(connection: Connection, ids: Sequence[bytes]) -> None:
    """Forget calls whose words go."""
    connection.execute(sa.delete(call).where(call.c.id.in_(ids)))


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        id=bytes(row.id),
        number=bytes(row.number) if row.number is not None else None,
        line=bytes(row.line) if row.line is not None else None,
        started=row.started,
        ended=row.ended,
        outbound=bool(row.outbound),
        reached=bool(row.reached),
        message=bool(row.message),
        failed=row.failed == 1,
    )
