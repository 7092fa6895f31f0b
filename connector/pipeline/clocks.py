"""Due times that pass, and sources that fall silent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from connector.domain.ticket import Change, UpdateTicket
from connector.pipeline.edits import respected
from connector.recovery.tags import SLA_LATE, SLA_RUNNING
from connector.store import cases, outbox, signals
from connector.store.store import Store, Tx

log = structlog.get_logger()

BATCH = 100


def tick(store: Store, prepare: Callable[[Change], bytes]) -> int:
    """Mark cases whose first contact is past due, each once; gives how many."""
    with store.read() as connection:
        due = cases.overdue(connection, store.clock(), BATCH)

    def work(tx: Tx) -> None:
        for row in due:
            cases.notice_due(tx, row.id)
            tx.record("clock.contact_due_passed", case_id=row.id, severity=row.severity)
            change = UpdateTicket(
                key=f"{row.id}.late.{row.contact_due:%Y%m%d%H%M}",
                case_id=row.id,
                add_tags=(SLA_LATE,),
                remove_tags=(SLA_RUNNING,),
            )
            for kept in respected(tx, [change]):
                outbox.add(tx, kept, tenant=row.tenant, frozen=prepare(kept))

    if due:
        store.write(work)
        log.info("contact_due_passed", count=len(due))
    return len(due)


def silent_sources(
    store: Store, tenant: str, hours: Mapping[str, int], told: set[str] | None = None
) -> list[str]:
    """Names of sources that brought nothing for longer than their allowed silence.

    Each silence is logged once: `told` remembers whose was, until something is heard again.
    """
    known = set() if told is None else told
    now = store.clock()
    with store.read() as connection:
        rows = [row for row in signals.sources(connection) if row.tenant == tenant]
    silent = []
    for row in rows:
        allowed = hours.get(row.name)
        heard = row.last_item_at or row.first_read_at
        if allowed is not None and now - heard > timedelta(hours=allowed):
            silent.append(row.name)
            if row.name not in known:
                log.warning("source_silent", source=row.name, limit=allowed)
    known.clear()
    known.update(silent)
    return silent
