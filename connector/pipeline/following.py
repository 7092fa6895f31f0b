"""What a look at a ticket means for its cases: pure, so that every situation can be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.errors import Gone
from connector.domain.ticket import Snapshot, TicketEvent, TicketStatus
from connector.recovery.attempts import tried
from connector.recovery.tags import RIGHT, WRONG

CLOSED: Final = frozenset({TicketStatus.RESOLVED, TicketStatus.CLOSED})
ABSENT: Final = frozenset({"deleted", "spam", "archived", "closed"})
"""Ways in which a ticket can be gone; whatever else a product says counts as deleted."""
FOLLOWED: Final = ("judged_wrong", "ticket_closed", *(f"ticket_{kind}" for kind in sorted(ABSENT)))
"""Reasons of a close that agents can take back in the helpdesk, so the case opens again."""
SPOKEN: Final = frozenset({"public_reply", "call"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a case stands when its ticket is looked at."""

    open: bool
    second_look: bool
    close_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do about a case after its ticket was looked at."""

    do: str
    """close | promote | follow | reopen."""
    why: str = ""
    """Reason code of a close."""
    ticket: str = ""
    """Ticket to follow to."""
    reopens: bool = False
    """True for a close by people that a complaint they cannot have read undoes."""


def decide(case: Standing, seen: Snapshot) -> Sequence[Step]:
    """Decide what a snapshot means for its case."""
    wrong, ended = WRONG in seen.tags, seen.status in CLOSED
    if not case.open:
        taken_back = case.close_reason in FOLLOWED and not (wrong or ended)
        return (Step(do="reopen"),) if taken_back else ()
    if wrong:
        return (Step(do="close", why="judged_wrong", reopens=True),)
    if ended:
        return (Step(do="close", why="ticket_closed", reopens=True),)
    if case.second_look and RIGHT in seen.tags:
        return (Step(do="promote"),)
    return ()


def decide_gone(case: Standing, gone: Gone) -> Sequence[Step]:
    """Decide what the absence of a ticket means."""
    if gone.merged_into:
        return (Step(do="follow", ticket=gone.merged_into),)
    kind = gone.kind if gone.kind in ABSENT else "deleted"
    return (Step(do="close", why=f"ticket_{kind}"),) if case.open else ()


def is_contact(event: TicketEvent, requester: str) -> bool:
    """Say whether a human of the practice spoke with the patient.

    amends itself never writes to patients; a rule or autoresponder has no actor or says so;
    words of the patient are none of the practice's, whatever a product calls them.
    """
    if event.kind not in SPOKEN or not event.actor:
        return False
    if event.kind == "call" and tried(event.text):
        return False  # a message that was left is an attempt
    ours = "note_key" in event.data
    automatic = event.data.get("automatic") == "true"
    patient = event.data.get("from") == "requester"
    patient |= bool(requester) and event.actor.casefold() == requester.casefold()
    return not (ours or automatic or patient)
