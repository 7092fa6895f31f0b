"""Statements about what happened in the helpdesk: each event of each ticket is stored once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from connector.domain.ledger import timestamp
from connector.domain.ticket import EVENT_KINDS, TicketEvent
from connector.store import content
from connector.store.schema_following import case_ticket, first_contact, observed
from connector.store.signals import insert_new
from connector.store.store import Tx

MAX_ID = 64
"""Longer ids of a helpdesk's events are replaced by a hash of them."""
MAX_TEXT_CHARS = 400_000
"""Longer words of one event are cut; the event then says so."""
MAX_DATA_CHARS = 4_000
"""Likewise each further finding."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""No helpdesk tells of an earlier time; one that does means that it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, with what it means to us."""

    event: TicketEvent
    """As `settled` leaves it."""
    contact: bool
    """A human spoke with the patient."""


def settled(event: TicketEvent) -> TicketEvent:
    """Bring an event within what can be stored, whatever a helpdesk tells; pure."""
    at = event.at if event.at.tzinfo else event.at.replace(tzinfo=UTC)
    data = {str(name)[:80]: str(value)[:MAX_DATA_CHARS] for name, value in event.data.items()}
    text = event.text
    if len(text) > MAX_TEXT_CHARS:
        text = text[:MAX_TEXT_CHARS]
        data["cut"] = "true"
    return replace(
        event,
        id=_short(event),
        at=max(at, EARLIEST),
        kind=event.kind if event.kind in EVENT_KINDS else "other",
        text=text,
        data=data,
    )


def _short(event: TicketEvent) -> str:
    plain = event.id.isascii() and event.id.isprintable() and " " not in event.id
    if plain and 0 < len(event.id) <= MAX_ID:
        return event.id
    if event.id:
        return "h-" + hashlib.sha256(event.id.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    # a product without ids of its own: what it tells is what it is
    return "c-" + hashlib.sha256(event_bytes(event)).hexdigest()[:40]


def known(connection: Connection, ticket_id: str) -> frozenset[str]:
    """Ids of the events of a ticket that are stored already."""
    query = sa.select(observed.c.event_id).where(observed.c.ticket_id == ticket_id)
    return frozenset(connection.execute(query).scalars())


def add(tx: Tx, case_id: str, ticket_id: str, events: Sequence[Event]) -> int:
    """Store those events that are new, under the case that follows the ticket; gives how many."""
    before = set(known(tx.connection, ticket_id))
    count = 0
    for one in events:
        event = one.event
        if event.id in before:
            continue
        before.add(event.id)
        count += 1
        content_id, proof = tx.put("event", event_bytes(event))
        note_key = event.data.get("note_key", "")[:64]
        status = event.data.get("to", "") if event.kind == "status" else ""
        tx.later(
            observed,
            {
                "ticket_id": ticket_id,
                "event_id": event.id,
                "case_id": case_id,
                "kind": event.kind,
                "at": event.at,
                "seen_at": tx.now,
                "note_key": note_key or None,
                "to_status": status[:10] or None,
                "contact": int(one.contact),
                "content_id": content_id,
            },
        )
        tx.record(
            "ticket.observed",
            case_id=case_id,
            ticket=ticket_id,
            event=event.id,
            kind=event.kind,
            happened_at=timestamp(event.at),
            ours=bool(note_key),
            words=proof,
            words_id=content_id,
        )
    return count


_OF_CASE: Final = (
    sa.select(observed)
    .join(case_ticket, case_ticket.c.ticket_id == observed.c.ticket_id)
    .where(case_ticket.c.case_id == sa.bindparam("case"))
    .order_by(observed.c.at, observed.c.seen_at, observed.c.content_id)
)


def of_case(connection: Connection, case_id: str) -> list[Row[Any]]:
    """Every event of every ticket that a case had, by the helpdesk's clock."""
    return list(connection.execute(_OF_CASE, {"case": case_id}))


def note_contact(tx: Tx, case_id: str, opened_at: datetime) -> bool:
    """Remember the first time that a human spoke with the person of a case, once.

    On a ticket into which the case's own was merged only what came after the complaint
    counts. Gives whether it is new.
    """
    if contact_of(tx.connection, case_id) is not None:
        return False
    row = tx.connection.execute(
        sa.select(observed)
        .join(case_ticket, case_ticket.c.ticket_id == observed.c.ticket_id)
        .where(
            case_ticket.c.case_id == case_id,
            observed.c.contact == 1,
            sa.or_(case_ticket.c.own == 1, observed.c.at >= opened_at),
        )
        .order_by(observed.c.at, observed.c.event_id)
        .limit(1)
    ).first()
    if row is None:
        return False
    insert_new(
        tx.connection,
        first_contact,
        {
            "case_id": case_id,
            "ticket_id": row.ticket_id,
            "event_id": row.event_id,
            "kind": row.kind,
            "at": row.at,
            "seen_at": tx.now,
        },
    )
    tx.record(
        "contact.made",
        case_id=case_id,
        ticket=row.ticket_id,
        event=row.event_id,
        kind=row.kind,
        happened_at=timestamp(row.at),
    )
    return True


def contact_of(connection: Connection, case_id: str) -> Row[Any] | None:
    """When a human first spoke with the person of a case; None when that was not seen."""
    return connection.execute(
        sa.select(first_contact).where(first_contact.c.case_id == case_id)
    ).first()


def words_of(connection: Connection, rows: Sequence[Row[Any]]) -> list[TicketEvent]:
    """Give stored events as values; erased words leave an event with its time and kind alone."""
    words = content.get_all(connection, [row.content_id for row in rows])
    return [event_of(row, words.get(row.content_id)) for row in rows]


def event_of(row: Row[Any], body: bytes | None) -> TicketEvent:
    """Make the value from a row and its words. Raises ValueError for words that are none."""
    if body is None:
        return TicketEvent(id=row.event_id, at=row.at, actor="", kind=row.kind)
    return event_from(body)


def event_bytes(event: TicketEvent) -> bytes:
    """Print an event in one form."""
    data = {
        "id": event.id,
        "at": timestamp(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "text": event.text,
        "data": dict(event.data),
    }
    text = json.dumps(data, ensure_ascii=False, sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def event_from(body: bytes) -> TicketEvent:
    """Rebuild an event."""
    data = json.loads(body)
    return TicketEvent(**{**data, "at": datetime.fromisoformat(data["at"])})
