"""A change whose ticket agents merged into another while it was on its way."""

from __future__ import annotations

from datetime import datetime

from connector.domain.errors import Gone, Incomplete
from connector.domain.ticket import AddNote, OpenTicket, TicketRef
from connector.helpdesks.base import Helpdesk
from connector.store import cases, edits, following, outbox
from connector.store.outbox import Owed
from connector.store.store import Store, Tx


def leads_on(owed: Owed, gone: Gone) -> bool:
    """Say whether the change can go on with another ticket; pure."""
    if not gone.merged_into or isinstance(owed.change, OpenTicket):
        return False
    return gone.merged_into != owed.ticket_id


def stood_there(helpdesk: Helpdesk, owed: Owed) -> bool:
    """Say whether a doubted note stands on the merged ticket, so that it went along with it.

    Written again on the other ticket it would be there twice. Raises what all reads raise.
    """
    if not (owed.doubted and isinstance(owed.change, AddNote)):
        return False
    return _stands(helpdesk, TicketRef(id=owed.ticket_id, url=owed.ticket_url), owed.change.key)


def go_on(tx: Tx, *, owed: Owed, gone: Gone, due_at: datetime) -> None:
    """Let the change, and all that follow, go to the other ticket.

    What follows a ticket that was closed for good is one that we opened: it is ours.
    """
    # a doubt goes along: it may stand on the ticket after the next one
    outbox.settle(tx, owed, "unknown" if owed.doubted else "ready", due_at=due_at)
    follow(tx, owed.case_id, owed.ticket_id, gone.merged_into, own=gone.kind == "closed")


def follow(tx: Tx, case_id: str, ticket_id: str, into: str, *, own: bool = False) -> None:
    """Go on with the ticket into which agents merged the case's own.

    It is looked at next. Where it is the ticket of another case too, both know it. `own` says
    that amends itself opened it, so that all of it is ours to keep up.
    """
    others = [row.id for row in following.cases_of(tx.connection, into) if row.id != case_id]
    if not following.tickets_of(tx.connection, case_id):
        following.has_ticket(tx, case_id, ticket_id, own=True)
    cases.set_ticket(tx, case_id, into, "")
    following.has_ticket(tx, case_id, into, own=own)
    edits.forget(tx, case_id)
    tx.record("ticket.merged", case_id=case_id, ticket=ticket_id, into=into, shared_with=[*others])
    for other in others:
        if cases.link(tx, case_id, other, "tickets_merged"):
            tx.record("case.linked", case_id=case_id, other=other, why="tickets_merged")
    following.name_changed(tx, [into])


def found_before(store: Store, helpdesk: Helpdesk, owed: Owed) -> list[TicketRef]:
    """Look for a doubted note on the tickets that were merged away since it was sent.

    The note itself looks only on the ticket that the case has now. Raises what all reads raise.
    """
    if not isinstance(owed.change, AddNote):
        return []
    with store.read() as connection:
        earlier = [
            one.ticket_id
            for one in following.tickets_of(connection, owed.case_id)
            if one.ticket_id != owed.ticket_id
        ]
    key = owed.change.key
    return [ref for ref in map(_ref, earlier) if _stands(helpdesk, ref, key)]


def _stands(helpdesk: Helpdesk, ref: TicketRef, key: str) -> bool:
    try:
        return any(event.data.get("note_key") == key for event in helpdesk.history(ref))
    except (Gone, Incomplete):
        return False  # better told twice than not at all


def _ref(ticket_id: str) -> TicketRef:
    return TicketRef(id=ticket_id)
