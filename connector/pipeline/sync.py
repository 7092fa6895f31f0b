"""Helpdesk to case: what people did in the ticket is followed, never fought.

Thin for now: open tickets are looked at in turn. A closed or deleted ticket closes its
case, a merge is followed, and the answer to a second look is carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.engine import Row

from connector.domain.errors import EdgeError, Gone
from connector.domain.ticket import Snapshot, TicketRef, TicketStatus
from connector.helpdesks.base import Helpdesk
from connector.pipeline.casework import Rules
from connector.pipeline.promotion import promote
from connector.recovery.tags import RIGHT, WRONG
from connector.store import cases
from connector.store.store import Store, Tx

log = structlog.get_logger()

BATCH = 25
CLOSED = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do about a case after its ticket was looked at."""

    do: str
    """close | promote | follow."""
    why: str = ""
    """Reason code of a close."""
    ticket: str = ""
    """Ticket to follow to."""


def decide(*, second_look: bool, seen: Snapshot) -> Sequence[Step]:
    """Decide what a snapshot means for its case; pure."""
    if WRONG in seen.tags:
        return (Step(do="close", why="judged_wrong"),)
    if seen.status in CLOSED:
        return (Step(do="close", why="ticket_closed"),)
    if second_look and RIGHT in seen.tags:
        return (Step(do="promote"),)
    return ()


def decide_gone(gone: Gone) -> Sequence[Step]:
    """Decide what the absence of a ticket means; pure."""
    if gone.merged_into:
        return (Step(do="follow", ticket=gone.merged_into),)
    return (Step(do="close", why=f"ticket_{gone.kind}"),)


class Sync:
    """Looks at open tickets, the one longest ago first; used by one thread."""

    def __init__(self, store: Store, helpdesk: Helpdesk, rules: Rules) -> None:
        """Take the store, the helpdesk and the rules in force."""
        self._store = store
        self._helpdesk = helpdesk
        self._rules = rules

    def step(self) -> int:
        """Look at one batch; gives how many tickets were looked at."""
        age = timedelta(seconds=self._rules.pipeline.sync_seconds)
        with self._store.read() as connection:
            rows = cases.to_sync(connection, self._store.clock() - age, BATCH)
        looked = 0
        for row in rows:
            try:
                steps = self._look(row)
            except EdgeError as error:
                # the helpdesk is in trouble: the delivery's breaker deals with that, not we
                log.info("sync_paused", error=type(error).__name__, target=self._helpdesk.name)
                break
            self._store.write(partial(self._carry_out, row=row, steps=steps))
            looked += 1
        return looked

    def _look(self, row: Row[Any]) -> Sequence[Step]:
        try:
            seen = self._helpdesk.snapshot(TicketRef(id=row.ticket_id, url=row.ticket_url or ""))
        except Gone as gone:
            return decide_gone(gone)
        return decide(second_look=row.kind == "second_look", seen=seen)

    def _carry_out(self, tx: Tx, *, row: Row[Any], steps: Sequence[Step]) -> None:
        cases.synced(tx, row.id)
        for step in steps:
            if step.do == "close":
                if cases.close(tx, row.id, step.why):
                    tx.record("case.closed", case_id=row.id, why=step.why)
            elif step.do == "follow":
                cases.set_ticket(tx, row.id, step.ticket, "")
                tx.record("ticket.merged", case_id=row.id, ticket=row.ticket_id, into=step.ticket)
            else:
                promote(tx, row, self._rules)
