"""What agents, patients and rules do in the helpdesk in memory; mixed into `MemoryDesk`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connector.domain.errors import Gone
from connector.domain.ticket import Snapshot, TicketEvent, TicketStatus

AGENT = "agent"
"""Who does it when a test names nobody."""


@dataclass(slots=True, kw_only=True)
class Ticket:
    """A ticket of the product, with its events."""

    id: str
    key: str
    snapshot: Snapshot
    made_at: datetime
    events: list[TicketEvent] = field(default_factory=list)
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)
    """By key of the note: name of the file to sha256 of its content."""
    gone: Gone | None = None


class MemoryAgents:
    """The acts of people in the product; each leaves its events, and the feed tells of it."""

    lock: threading.RLock
    tickets: dict[str, Ticket]
    now: Callable[[], datetime]
    changes: list[tuple[datetime, str]]
    """When which ticket changed, in order; what `changed_since` tells."""

    def edit(self, number: str, *, actor: str = AGENT, **changes: Any) -> None:
        """Change fields of the snapshot, as an agent would."""
        with self.lock:
            ticket = self.tickets[number]
            before = ticket.snapshot
            ticket.snapshot = replace(before, **changes)
            for kind, data in _told(before, ticket.snapshot):
                self.happen(ticket, kind, actor=actor, data=data)
            self.touch(number)

    def retag(self, number: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        """Put tags on a ticket and take others away."""
        tags = self.tickets[number].snapshot.tags
        self.edit(number, tags=frozenset(tags | set(add)) - set(remove))

    def say(self, number: str, text: str, *, public: bool = False, actor: str = AGENT) -> None:
        """Write on the ticket, as an agent would; without an actor, as a rule would."""
        kind = "public_reply" if public else "note"
        with self.lock:
            self.happen(self.tickets[number], kind, actor=actor, text=text)

    def answer(self, number: str, text: str) -> None:
        """Write on the ticket, as the patient would."""
        with self.lock:
            ticket = self.tickets[number]
            patient = ticket.snapshot.requester_email
            self.happen(ticket, "patient_reply", actor=patient, text=text)

    def call(self, number: str, text: str) -> None:
        """Log a call with the patient."""
        with self.lock:
            self.happen(self.tickets[number], "call", actor=AGENT, text=text)

    def delete(self, number: str) -> None:
        """Delete the ticket for good."""
        self._go(number, Gone("memory", "the ticket is deleted", kind="deleted"))

    def mark_as_spam(self, number: str) -> None:
        """Put the ticket where spam is; its history can still be read."""
        self._go(number, Gone("memory", "the ticket is spam", kind="spam"))

    def bring_back(self, number: str) -> None:
        """Take the ticket out of the bin or the spam again."""
        self._go(number, None)

    def merge(self, number: str, into: str) -> None:
        """Merge the ticket into another, which says so."""
        self._go(number, Gone("memory", "the ticket was merged", kind="merged", merged_into=into))
        with self.lock:
            self.happen(self.tickets[into], "other", actor=AGENT, data={"merged": number})

    def happen(
        self,
        ticket: Ticket,
        kind: str,
        *,
        actor: str,
        text: str = "",
        data: Mapping[str, str] | None = None,
    ) -> None:
        """Add an event to a ticket's history; its version changes."""
        number = len(ticket.events) + 1
        ticket.events.append(
            TicketEvent(
                id=f"{ticket.id}-{number}",
                at=self.now(),
                actor=actor,
                kind=kind,
                text=text,
                data=data or {},
            )
        )
        ticket.snapshot = replace(ticket.snapshot, version=str(number))
        self.touch(ticket.id)

    def touch(self, number: str) -> None:
        """Let the feed tell that a ticket changed."""
        with self.lock:
            self.changes.append((self.now(), number))

    def _go(self, number: str, gone: Gone | None) -> None:
        with self.lock:
            self.tickets[number].gone = gone
            self.touch(number)


def _told(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, dict[str, str]]]:
    if TicketStatus(after.status) is not before.status:
        yield "status", {"from": before.status.value, "to": TicketStatus(after.status).value}
    for name in ("severity", "assignee", "due_at"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield "field", {"name": name, "from": str(old or ""), "to": str(new or "")}
    for tag in sorted(before.tags ^ after.tags):
        old, new = (tag, "") if tag in before.tags else ("", tag)
        yield "field", {"name": "tags", "from": old, "to": new}
    for name in sorted({*before.fields, *after.fields}):
        old, new = before.fields.get(name, ""), after.fields.get(name, "")
        if old != new:
            yield "field", {"name": name, "from": old, "to": new}
