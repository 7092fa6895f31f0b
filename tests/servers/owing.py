"""What tests of the delivery share: cases, what is owed for them, a disk that is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from servers.desk import Desk

from connector.domain.case import Case, CaseState, Group
from connector.domain.errors import StateFull
from connector.domain.signal import Contact
from connector.domain.ticket import AddNote, Change, OpenTicket, UpdateTicket
from connector.pipeline.delivery import Delivery
from connector.store import cases, codec, ledger, outbox
from connector.store.store import Store, Tx
from connector.testing.builders import Clock

SETTLE_S = 90


def case_named(name: str, clock: Clock) -> Case:
    return Case(
        id=f"C-{name:0>5}-00000",
        tenant="practice",
        group=Group.SERVICE,
        state=CaseState.OPEN,
        severity=2,
        categories=("visit.wait",),
        second_look=False,
        opened_at=clock.now,
        event_time=None,
        clocks=None,
        ticket_id="",
        ticket_url="",
    )


def ticket_of(case: Case) -> OpenTicket:
    return OpenTicket(
        key=f"{case.id}.open",
        case_id=case.id,
        subject="Waiting",
        text="Somebody waited",
        requester=Contact(name="Jane Roe", email="jane@example.com"),
        severity=2,
    )


def note_of(case: Case, number: int) -> AddNote:
    return AddNote(key=f"{case.id}.note{number}", case_id=case.id, text=f"Again, {number}")


def tag_of(case: Case, number: int) -> UpdateTicket:
    return UpdateTicket(key=f"{case.id}.update{number}", case_id=case.id, add_tags=("amends",))


def owe(store: Store, case: Case, *changes: Change) -> None:
    def work(tx: Tx) -> None:
        if cases.get(tx.connection, case.id) is None:
            origin = cases.Origin(source="s", channel="mail", person=None, kind="case")
            cases.insert(tx, case, origin)
        for change in changes:
            outbox.add(tx, change, tenant=case.tenant, frozen=codec.change_bytes(change))

    store.write(work)


def states(store: Store) -> dict[str, str]:
    with store.read() as connection:
        return {
            row.key.split(".")[-1]: row.state
            for row in outbox.listing(
                connection,
                states=("ready", "sending", "unknown", "held", "aside", "done", "dropped"),
                limit=1000,
            )
        }


def row_of(store: Store, key: str) -> Any:
    with store.read() as connection:
        return connection.execute(
            sa.text("SELECT * FROM outbox WHERE key LIKE :key"), {"key": f"%{key}"}
        ).one()


def actions(store: Store) -> list[str]:
    with store.read() as connection:
        return [entry.action for entry in ledger.entries(connection, ledger.DAEMON_CHAIN)]


def drain(delivery: Delivery, limit: int = 100) -> int:
    for steps in range(limit):
        if not delivery.step():
            return steps
    raise AssertionError("the delivery does not come to rest")


def a_delivery(store: Store, desk: Desk) -> Delivery:
    made = Delivery(store, desk, settle_s=SETTLE_S, draw=lambda: 0.0)
    made.recover()
    return made


class FullDisk:
    """Refuses writes as a full disk does, from the n-th on, for as long as it is full."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch, *, spare: int) -> None:
        self.full = True
        self._spare = spare
        self._write = store.write
        monkeypatch.setattr(Store, "write", lambda _, work: self._try(work))

    def _try(self, work: Callable[[Tx], Any]) -> Any:
        self._spare -= 1
        if self.full and self._spare < 0:
            raise StateFull("state: the disk is full")
        return self._write(work)
