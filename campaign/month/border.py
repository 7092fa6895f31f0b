"""Between amends and the helpdesk: every call passes, and the second computation hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from campaign.month.book import Book
from connector.domain.errors import Gone
from connector.domain.ticket import (
    AddNote,
    Change,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    UpdateTicket,
)


class Border:
    """A helpdesk that tells what passes through it."""

    def __init__(self, inner: Any, book: Book, now: Callable[[], datetime]) -> None:
        """Stand before `inner`, a plugin."""
        self._inner = inner
        self._book = book
        self._now = now
        self.notes: list[str] = []
        """Keys of notes that were put on a ticket, as often as they were."""

    def __getattr__(self, name: str) -> Any:
        """All that is not told of."""
        return getattr(self._inner, name)

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Open, and tell of it."""
        ref: TicketRef = self._inner.open(ticket)
        self._book.opened(ticket.case_id, ref.id, ticket.requester.email, ticket.fields["group"])
        return ref

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Update; a reopening of ours is told."""
        try:
            seen: Snapshot = self._inner.update(ref, change)
        except Gone as gone:
            self._led_on(change.case_id, gone)
            raise
        if ".reopen." in change.key:
            self._book.reopened_by_us(change.case_id)
        return seen

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Write, and tell of it."""
        try:
            self._inner.note(ref, note)
        except Gone as gone:
            self._led_on(note.case_id, gone)
            raise
        self.notes.append(note.key)
        self._book.noted(note.key, note.case_id, self._now())

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Look."""
        try:
            seen: Snapshot = self._inner.snapshot(ref)
        except Gone:
            self._book.look(ref.id, self._now())
            raise
        self._book.look(ref.id, self._now())
        return seen

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Read."""
        yield from self._inner.history(ref)

    def changed_since(self, cursor: str, since: datetime) -> Any:
        """Ask what changed."""
        return self._inner.changed_since(cursor, since)

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """Look for a key."""
        found: list[TicketRef] = self._inner.find(key, since)
        return found

    def prepare(self, change: Change) -> bytes:
        """Make the exact bytes."""
        body: bytes = self._inner.prepare(change)
        return body

    def check(self) -> list[Any]:
        """Say what stands in the way."""
        return list(self._inner.check())

    def close(self) -> None:
        """End."""
        self._inner.close()

    def _led_on(self, case_id: str, gone: Gone) -> None:
        if gone.merged_into:
            self._book.led_on(case_id, gone.merged_into)
