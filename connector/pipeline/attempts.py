"""Attempts to reach people: taken in from what agents wrote, and counted when a case ends so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy.engine import Connection, Row

from connector.domain.ticket import TicketEvent
from connector.recovery import attempts, evidence
from connector.recovery.attempts import Try
from connector.store import rounds
from connector.store.observing import Event
from connector.store.store import Tx

TELLING: Final = frozenset({"note", "call"})
"""Kinds of events that may tell of an attempt; an answer to the patient is a contact."""


def ways(event: TicketEvent) -> tuple[str, ...]:
    """Name the ways by which an event of a ticket says that a person tried; pure."""
    if event.kind not in TELLING or not event.actor or "note_key" in event.data:
        return ()
    if event.data.get("automatic") == "true" or event.data.get("from") == "requester":
        return ()
    return attempts.tried(event.text)


def take(tx: Tx, row: Row[Any], events: Sequence[Event]) -> None:
    """Remember the attempts that new events of a ticket tell of."""
    for one in events:
        event = one.event
        for way in ways(event):
            _remember(tx, row, event.id, way, event.at)


def fill(tx: Tx, row: Row[Any], found: str) -> None:
    """Remember the attempt that an agent stated by the field of the first contact."""
    if found == "attempted":
        _remember(tx, row, f"field.{tx.now:%Y%m%dT%H%M%S}", attempts.PHONE, tx.now)


def of_round(connection: Connection, case_id: str, since: datetime) -> list[Try]:
    """Give the attempts since a round began."""
    return [Try(at=at, way=way) for at, way in rounds.tries_since(connection, case_id, since)]


def enough(
    connection: Connection, case_id: str, since: datetime, code: str, zone: ZoneInfo
) -> bool:
    """Say whether a case may end by what its ticket says of the first contact."""
    if code != evidence.UNREACHED:
        return True
    return attempts.enough(of_round(connection, case_id, since), zone)


def _remember(tx: Tx, row: Row[Any], key: str, way: str, at: datetime) -> None:
    if rounds.try_once(tx, row.id, key, way, at):
        tx.record("contact.tried", case_id=row.id, way=way, happened_at=at.isoformat())
