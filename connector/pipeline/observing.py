"""What a ticket tells: read outside any transaction, stored with what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.errors import EdgeError, Gone, Incomplete
from connector.domain.ticket import TicketEvent, TicketRef
from connector.helpdesks.base import Helpdesk
from connector.pipeline.edits import Difference
from connector.pipeline.following import is_contact
from connector.store import observing
from connector.store.observing import Event

MAX_EVENTS = 20_000
"""Of a ticket with more events the first ones are kept, and its history is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The part of a ticket's history that was not known yet."""

    events: tuple[TicketEvent, ...]
    missing: str = ""
    """Why it is not whole (a code); empty when it is."""


def read(helpdesk: Helpdesk, ref: TicketRef, known: frozenset[str]) -> Told:
    """Read the history of a ticket and keep what is new, each event once.

    Raises what all reads raise, save Incomplete and Gone: those are part of the answer.
    """
    events: dict[str, TicketEvent] = {}
    missing = ""
    try:
        for told in helpdesk.history(ref):
            event = observing.settled(told)
            if event.id in known:
                continue
            if len(known) + len(events) >= MAX_EVENTS:
                missing = "too_many_events"
                break
            events.setdefault(event.id, event)
    except Incomplete:
        missing = "incomplete"
    except Gone as gone:
        missing = f"ticket_{gone.kind}"[:40]
    return Told(events=tuple(events.values()), missing=missing)


def read_once_more(helpdesk: Helpdesk, ref: TicketRef, known: frozenset[str]) -> Told:
    """Read the last words of a ticket that is gone; what cannot be had is said to be missing."""
    try:
        return read(helpdesk, ref, known)
    except EdgeError as error:
        return Told(events=(), missing=type(error).__name__)


def judged(events: Iterable[TicketEvent], requester: str) -> list[Event]:
    """Say of each event whether a human spoke with the patient; pure."""
    return [Event(event=event, contact=is_contact(event, requester)) for event in events]


def noticed(differences: Sequence[Difference], at: datetime) -> list[TicketEvent]:
    """Make events of what a look found, for a product that does not tell changes itself; pure.

    Nobody knows who did it or when exactly: `at` is the time of the look.
    """
    return [
        observing.settled(
            TicketEvent(
                id=f"look-{at:%Y%m%dT%H%M%S%f}-{_code(found.name)}",
                at=at,
                actor="",
                kind="field",
                data={"name": found.name, "to": found.value or "", "found": "by looking"},
            )
        )
        for found in differences
        if found.mark.theirs or (found.before is not None and found.before.theirs)
    ]


def _code(name: str) -> str:
    return "".join(char if char.isalnum() or char in "._-" else "-" for char in name)
