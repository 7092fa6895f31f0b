"""Helpdesk to case: what people did in the ticket is followed, never fought.

Thin for now: open tickets are looked at in turn. A closed or deleted ticket closes its
case, a merge is followed, and the answer to a second look is carried out. A ticket that was
closed before anybody could read a further complaint is opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.engine import Row

from connector.domain.errors import EdgeError, Gone
from connector.domain.ticket import Snapshot, TicketRef, TicketStatus, UpdateTicket
from connector.helpdesks.base import Helpdesk
from connector.pipeline import recovering
from connector.pipeline.casework import Rules
from connector.pipeline.promotion import promote
from connector.recovery.tags import RIGHT, WRONG
from connector.store import cases, outbox
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
    reopens: bool = False
    """True for a close by people that a complaint they cannot have read undoes."""


def decide(*, second_look: bool, seen: Snapshot) -> Sequence[Step]:
    """Decide what a snapshot means for its case; pure."""
    if WRONG in seen.tags:
        return (Step(do="close", why="judged_wrong", reopens=True),)
    if seen.status in CLOSED:
        return (Step(do="close", why="ticket_closed", reopens=True),)
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

    def __init__(self, store: Store, helpdesk: Callable[[], Helpdesk], rules: Rules) -> None:
        """Take the store, who gives the helpdesk in use, and the rules in force."""
        self._store = store
        self._in_use = helpdesk
        self._rules = rules

    def step(self) -> int:
        """Look at one batch; gives how many tickets were looked at."""
        if recovering.holds_sync(self._store):
            return 0
        age = timedelta(seconds=self._rules.pipeline.sync_seconds)
        with self._store.read() as connection:
            rows = cases.to_sync(connection, self._store.clock() - age, BATCH)
        looked = 0
        for row in rows:
            try:
                steps = self._look(row)
            except EdgeError as error:
                # the helpdesk is in trouble: the delivery's breaker deals with that, not we
                log.info("sync_paused", error=type(error).__name__, target=self._in_use().name)
                break
            self._store.write(partial(self._carry_out, row=row, steps=steps))
            looked += 1
        return looked

    def _look(self, row: Row[Any]) -> Sequence[Step]:
        try:
            seen = self._in_use().snapshot(TicketRef(id=row.ticket_id, url=row.ticket_url or ""))
        except Gone as gone:
            return decide_gone(gone)
        return decide(second_look=row.kind == "second_look", seen=seen)

    def _carry_out(self, tx: Tx, *, row: Row[Any], steps: Sequence[Step]) -> None:
        """Carry out what was decided, unless the case was changed while its ticket was read."""
        now = cases.get(tx.connection, row.id)
        if now is None or now.state != row.state or now.ticket_id != row.ticket_id:
            return  # looked at again in the next round
        cases.synced(tx, row.id)
        for step in steps:
            if step.do == "close":
                self._close(tx, now, step)
            elif step.do == "follow":
                cases.set_ticket(tx, now.id, step.ticket, "")
                tx.record("ticket.merged", case_id=now.id, ticket=now.ticket_id, into=step.ticket)
            elif now.kind == "second_look":
                promote(tx, now, self._rules)

    def _close(self, tx: Tx, row: Row[Any], step: Step) -> None:
        """Close a case, unless a further complaint came that nobody can have read before."""
        last = outbox.reopening(tx.connection, row.id)
        if step.reopens and last is not None and last.state not in {"done", "dropped"}:
            return  # on its way: what was seen is the old close
        after = last.seq if last is not None else 0
        fresh = outbox.unseen(tx.connection, row.id, since=row.synced_at, after_seq=after)
        if not (step.reopens and fresh):
            if cases.close(tx, row.id, step.why):
                tx.record("case.closed", case_id=row.id, why=step.why)
            return
        change = UpdateTicket(
            key=outbox.reopening_key(row.id, row.next_seq),
            case_id=row.id,
            remove_tags=(WRONG,),
            status=TicketStatus.OPEN,
        )
        outbox.add(tx, change, tenant=row.tenant, frozen=self._rules.prepare(change))
        tx.record("ticket.reopened", case_id=row.id, why=step.why, complaints=fresh)
