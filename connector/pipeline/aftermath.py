"""What is written down after a look at a ticket, all in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Row

from connector.domain.errors import Gone
from connector.domain.ticket import Snapshot, TicketStatus, UpdateTicket
from connector.helpdesks.base import Capabilities
from connector.pipeline import apart, attempts, merging, observing, promises
from connector.pipeline import edits as own_edits
from connector.pipeline.edits import Difference
from connector.pipeline.following import Standing, Step, decide, decide_gone
from connector.pipeline.promotion import promote
from connector.pipeline.rules import Rules
from connector.recovery import plan
from connector.recovery.tags import WRONG
from connector.store import cases, complaints, edits, following, outbox, rounds
from connector.store import observing as observed
from connector.store.observing import Event
from connector.store.store import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one look at a ticket brought."""

    seen: Snapshot | None = None
    gone: Gone | None = None
    """Where there is no snapshot."""
    able: Capabilities
    events: Sequence[Event]
    """New ones only."""
    missing: str
    """Why the history is not whole, a code; empty when it is, or was not read."""
    read: bool
    """The history was read."""


class Aftermath:
    """Carries out what follows for the cases of a ticket."""

    def __init__(self, rules: Rules) -> None:
        """Take the rules in force."""
        self._rules = rules

    def follows(
        self,
        tx: Tx,
        ticket_id: str,
        rows: Sequence[Row[Any]],
        sent: Mapping[str, edits.Sent],
        looked: Looked,
    ) -> bool:
        """Store what was observed and do what follows; False when something is left to judge.

        `rows` are the cases that did not change while we looked, `sent` what we had sent by then.
        """
        whole = True
        events = list(looked.events)
        for row in rows:
            _has_ticket(tx, row, looked)
            if looked.seen is None:
                continue
            found = _differences(tx, row, sent[row.id], looked.seen, looked.able)
            whole &= found is not None
            if looked.able.history != "events":
                events += observing.judged(observing.noticed(found or (), tx.now), "")
        if events and rows:
            observed.add(tx, rows[0].id, ticket_id, events)
        for row in rows:
            if row.kind != "notice":
                self._told(tx, row, looked, events)
            for step in _steps(row, looked):
                self._do(tx, row, step)
            cases.synced(tx, row.id)
        return whole

    def _told(self, tx: Tx, row: Row[Any], looked: Looked, events: Sequence[Event]) -> None:
        """Take in what people wrote and filled in on the ticket of a case."""
        observed.note_contact(tx, row.id, row.opened_at)
        attempts.take(tx, row, events)
        if looked.seen is not None:
            promises.see(tx, row, looked.seen.fields, self._rules)
        if events:
            rounds.wake(tx, row.id)
            promises.again(tx, row, rounds.evidence_of(tx.connection, row.id), self._rules)

    def remember(
        self, tx: Tx, ticket_id: str, case_id: str, version: str | None, looked: Looked
    ) -> None:
        """Remember the look itself, and put on record when a history turns out not to be whole."""
        known = following.ticket(tx.connection, ticket_id)
        state = known.history if known is not None else "none"
        if looked.read:
            state = "incomplete" if looked.missing else "whole"
        before = following.looked(tx, ticket_id, version=version, history=state)
        if state == before:
            return
        if state == "incomplete":
            tx.record(
                "ticket.history_incomplete", case_id=case_id, ticket=ticket_id, why=looked.missing
            )
        elif before == "incomplete":
            tx.record("ticket.history_whole", case_id=case_id, ticket=ticket_id)

    def _do(self, tx: Tx, row: Row[Any], step: Step) -> None:
        if step.do == "close":
            self._close(tx, row, step)
        elif step.do == "follow":
            _follow(tx, row, step.ticket)
        elif step.do == "reopen":
            self._reopen(tx, row)
        elif row.kind == "second_look":
            promote(tx, row, self._rules)

    def _close(self, tx: Tx, row: Row[Any], step: Step) -> None:
        """Close a case, unless a further complaint came that nobody can have read before."""
        last = outbox.reopening(tx.connection, row.id)
        if step.reopens and last is not None and last.state not in {"done", "dropped"}:
            return  # on its way: what was seen is the old close
        after = last.seq if last is not None else 0
        unread = complaints.unread(
            tx.connection, row.id, since=row.synced_at, after_seq=after, recovery=tx.recovery
        )
        if not (step.reopens and unread):
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
        tx.record("ticket.reopened", case_id=row.id, why=step.why, complaints=unread)

    def _reopen(self, tx: Tx, row: Row[Any]) -> None:
        """Open a case again with its ticket, unless the person has another one open by now."""
        if following.reopen(tx, row.id):
            tx.record("case.reopened", case_id=row.id, why="ticket_reopened", before=_why(row))
            return
        other = following.other_open(tx.connection, row)
        if other and cases.link(tx, row.id, other, "reopened_beside"):
            tx.record("case.linked", case_id=row.id, other=other, why="reopened_beside")
            note = plan.link_note(
                cases.case_of(row), other, "reopened_beside", f"{row.id}.{other}.beside"
            )
            outbox.add(tx, note, tenant=row.tenant, frozen=self._rules.prepare(note))


def _steps(row: Row[Any], looked: Looked) -> Sequence[Step]:
    case = Standing(
        open=row.state == "open",
        second_look=row.kind == "second_look",
        close_reason=_why(row),
    )
    if looked.seen is not None:
        return decide(case, looked.seen)
    return decide_gone(case, looked.gone) if looked.gone is not None else ()


def _why(row: Row[Any]) -> str:
    return str(row.close_reason or "")


def _has_ticket(tx: Tx, row: Row[Any], looked: Looked) -> None:
    """Remember that a case has its ticket, and whether that is the one we opened for it."""
    known = [one.ticket_id for one in following.tickets_of(tx.connection, row.id)]
    if row.ticket_id in known:
        return
    own = not known
    if looked.seen is not None and looked.able.find != "none":
        own = looked.seen.key == following.opening_key(tx.connection, row.id)
    following.has_ticket(tx, row.id, row.ticket_id, own=own)


def _follow(tx: Tx, row: Row[Any], into: str) -> None:
    """Go on with the ticket into which agents merged the case's own."""
    if into in {one.ticket_id for one in following.tickets_of(tx.connection, row.id)}:
        return  # merged in a circle: nobody can follow that
    merging.follow(tx, row.id, row.ticket_id, into)


def _differences(
    tx: Tx, row: Row[Any], before: edits.Sent, seen: Snapshot, able: Capabilities
) -> list[Difference] | None:
    """Find and remember what agents changed of ours; None when that cannot be said now.

    While something of ours may be taking effect nobody knows whose a value is.
    """
    if not before.quiet or edits.sent(tx.connection, row.id).state != before.state:
        return None
    if not before.changes or following.is_guest(tx.connection, row.id):
        return []
    found = list(
        own_edits.compare(
            own_edits.written(before.changes),
            own_edits.shown(seen, able),
            edits.marks(tx.connection, row.id),
            tx.secret,
            tags=able.tags != "none",
        )
    )
    if any(one.mark.theirs for one in found):
        ignored = edits.ignored(tx.connection, row.id)
        found = [one for one in found if not own_edits.is_ignored(one.name, ignored)]
    for one in found:
        edits.set_mark(tx, row.id, one.name, one.mark)
        if one.mark.theirs:
            tx.record("ticket.edited", case_id=row.id, ticket=row.ticket_id, name=one.name)
        elif one.before is not None and one.before.theirs:
            tx.record("ticket.edit_undone", case_id=row.id, ticket=row.ticket_id, name=one.name)
    if able.tags != "none":
        apart.follow(tx, row, seen)
    return found
