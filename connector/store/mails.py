"""Statements about mail: the same one in two mailboxes, many of one sender."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from connector.domain.signal import Channel, Item, Signal
from connector.store.keys import keyed
from connector.store.schema import signal
from connector.store.schema_mail import mail
from connector.store.store import Tx

MAX_COUNTED: Final = 10_000
"""Of one sender's mails no more are looked at for each batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The same mail as it was heard first, in another mailbox."""

    id: bytes
    outcome: str
    case_id: str | None


def add(tx: Tx, identity: bytes, item: Item) -> None:
    """Remember a mail that is stored just now; other items are left out."""
    if not isinstance(item, Signal) or item.channel is not Channel.MAIL:
        return
    same = keyed(tx.secret, "mail", item.tenant, item.natural_key)
    sender = sender_key(tx.secret, item)
    at = item.event_time or tx.now
    tx.later(mail, {"id": identity, "same": same, "sender": sender, "at": at})


def sender_key(secret: bytes, item: Signal) -> bytes | None:
    """Hash who sent a mail; None where many of one sender are no circle (`trusted`)."""
    if item.facts.get("trusted") is True or not item.contact.email:
        return None
    return keyed(secret, "sender", item.tenant, item.contact.email.lower())


_EARLIER: Final = (
    sa.select(mail.c.same, signal.c.id, signal.c.n, signal.c.outcome, signal.c.case_id)
    .join(signal, signal.c.id == mail.c.id)
    .where(
        mail.c.same.in_(
            sa.select(mail.c.same).where(mail.c.id.in_(sa.bindparam("ids", expanding=True)))
        )
    )
    .order_by(signal.c.n)
)


def earlier(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, Earlier]:
    """For each of these signals that is a copy: the same mail as it was heard first."""
    rows = connection.execute(_EARLIER, {"ids": list(ids)}).all()
    first: dict[bytes, Any] = {}
    for row in rows:
        first.setdefault(bytes(row.same), row)
    found: dict[bytes, Earlier] = {}
    for row in rows:
        origin = first[bytes(row.same)]
        if row.n != origin.n:
            found[bytes(row.id)] = Earlier(
                id=bytes(origin.id), outcome=origin.outcome, case_id=origin.case_id
            )
    return found


_OF_SENDERS: Final = (
    sa.select(mail.c.sender, mail.c.at, signal.c.n)
    .join(signal, signal.c.id == mail.c.id)
    .where(
        mail.c.sender.in_(sa.bindparam("senders", expanding=True)),
        mail.c.at >= sa.bindparam("since", type_=mail.c.at.type),
        mail.c.at <= sa.bindparam("until", type_=mail.c.at.type),
    )
    .order_by(mail.c.at.desc())
    .limit(MAX_COUNTED)
)


def of_senders(
    connection: Connection, senders: Iterable[bytes], since: datetime, until: datetime
) -> dict[bytes, list[tuple[datetime, int]]]:
    """When mails of these senders were written in a span of time, with their numbers."""
    values = {"senders": sorted(set(senders)), "since": since, "until": until}
    found: dict[bytes, list[tuple[datetime, int]]] = {}
    for row in connection.execute(_OF_SENDERS, values):
        found.setdefault(bytes(row.sender), []).append((row.at, row.n))
    return found


def forget(connection: Connection, ids: Sequence[bytes]) -> None:
    """Forget mails whose words are erased."""
    if ids:
        connection.execute(sa.delete(mail).where(mail.c.id.in_(ids)))
