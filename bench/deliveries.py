"""Changes claimed and acknowledged, beside the two durable commits that each one needs.

The helpdesk answers at once, so what is measured is the outbox: the intent on disk before
a byte leaves, the outcome and its ledger entry after. Beside it the `sqlite3` module alone,
with two commits of one prepared statement each.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import structlog

from bench.figures import Figure, rate
from bench.measure import child, tell
from bench.sizes import Sizes
from connector.domain.case import Case, CaseState, Group
from connector.domain.signal import Contact
from connector.domain.ticket import OpenTicket, TicketRef
from connector.helpdesks.base import Capabilities, Helpdesk
from connector.pipeline.delivery import Delivery
from connector.store import cases, outbox
from connector.store.engine import DATABASE
from connector.store.store import Store, Tx

SENDERS = (1, 4)


class Instant:
    """A helpdesk that has done everything at once; only what a delivery calls is there."""

    name = "instant"
    capabilities = Capabilities(
        find="strong",
        tags="add_remove",
        sla="due_date",
        mail_on_create=False,
        history="events",
        max_subject=200,
        max_attachment_bytes=0,
    )

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Give the ticket the number of its case."""
        return TicketRef(id=ticket.case_id, url="")


def run(sizes: Sizes) -> list[Figure]:
    """Deliver with one sender and with four."""
    figures = []
    for senders in SENDERS:
        with tempfile.TemporaryDirectory() as folder:
            found = child("bench.deliveries", folder, str(sizes.deliveries), str(senders))
        figures.append(
            Figure(
                name=f"deliveries claimed and acknowledged, {senders} at once",
                ours=rate(found["count"], found["ours"]),
                beside=f"two commits of sqlite3 {rate(found['count'], found['raw'])}",
                ratio=f"{found['raw'] / found['ours']:.2f}",
                target="",
            )
        )
    return figures


def owe(tx: Tx, numbers: range) -> None:
    """Owe one ticket for each of so many cases."""
    for number in numbers:
        name = f"C-{number:05}-BENCH"
        case = Case(
            id=name,
            tenant="bench",
            group=Group.SERVICE,
            state=CaseState.OPEN,
            severity=2,
            categories=("visit.wait",),
            second_look=False,
            opened_at=tx.now,
            event_time=None,
            clocks=None,
            ticket_id="",
            ticket_url="",
        )
        cases.insert(
            tx, case, cases.Origin(source="mail", channel="mail", person=None, kind="case")
        )
        ticket = OpenTicket(
            key=f"{name}.open",
            case_id=name,
            subject="Waiting",
            text="Somebody waited. " * 80,
            requester=Contact(name="Jane Roe", email="jane@patient.example"),
            severity=2,
        )
        outbox.add(tx, ticket, tenant="bench", frozen=b"x" * 1_500)


def _ours(folder: Path, count: int, senders: int) -> float:
    store = Store(folder, role="daemon", actor="daemon")
    for first in range(0, count, 500):
        numbers = range(first, min(first + 500, count))
        store.write(lambda tx, numbers=numbers: owe(tx, numbers))
    delivery = Delivery(store, cast("Helpdesk", Instant()), settle_s=60, draw=lambda: 0.5)

    def deliver() -> None:
        while delivery.step():
            pass

    threads = [threading.Thread(target=deliver) for _ in range(senders)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    with store.read() as connection:
        if outbox.counts(connection) != {"done": count}:
            raise RuntimeError("not everything was delivered")
    store.close()
    return seconds


def _raw(folder: Path) -> float:
    """Two commits a delivery, on the database that ours left."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        numbers: list[tuple[Any]] = list(connection.execute("SELECT id FROM outbox"))
        began = time.perf_counter()
        for (number,) in numbers:
            for state in ("sending", "done"):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "UPDATE outbox SET state = ?, last_sent_at = ? WHERE id = ?",
                    (state, now, number),
                )
                connection.execute("COMMIT")
        return time.perf_counter() - began


def _main(folder: Path, count: int, senders: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    tell(ours=_ours(folder, count, senders), raw=_raw(folder), count=count)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
