"""The helpdesk itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from connector.domain.blueprint import Blueprint, PlannedStep
from connector.domain.errors import PartiallyApplied
from connector.domain.practice import Practice
from connector.domain.ticket import (
    AddNote,
    Change,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    UpdateTicket,
)
from connector.helpdesks.base import Capabilities, Changed, Problem
from connector.helpdesks.request_tracker import (
    bodies,
    check,
    events,
    feed,
    opening,
    provision,
    reading,
    updates,
)
from connector.helpdesks.request_tracker.api import Api
from connector.helpdesks.request_tracker.notes import ensure_comment, look, text_of
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import TICKET_MARK, Json, canonical, marked


class RequestTracker:
    """A Request Tracker; its methods may be called by several threads."""

    def __init__(
        self,
        settings: InstanceSettings,
        practice: Practice,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make it; no connection yet. Raises ConfigError for an unusable ca_file."""
        self.name = settings.name
        self.capabilities = Capabilities(
            find="strong",
            optimistic_lock=True,
            tags="set",
            sla="due_date",
            mail_on_create=True,
            history="events",
            max_subject=settings.max_subject,
            max_attachment_bytes=settings.max_attachment_bytes,
            deadline_s=settings.deadline_seconds,
        )
        self._settings = settings
        self._zone = practice.zone
        self._now = now
        self._api = Api(settings)

    def check(self) -> list[Problem]:
        """Examine address, token, rights, queue, custom fields, levels and clock."""
        return check.problems(self._api, self._settings, self._now())

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets that carry the key, of whatever age; those that were deleted cannot be."""
        del since
        return [opening.ref_of(self._api, number) for number in opening.holders(self._api, key)]

    def prepare(self, change: Change) -> bytes:
        """Make the bodies of all requests that the change takes; pure."""
        if isinstance(change, OpenTicket):
            return canonical(bodies.ticket_body(self._settings, change))
        if isinstance(change, AddNote):
            return canonical(bodies.note_body(self._settings, change))
        due = change.due_at.astimezone(self._zone) if change.due_at else None
        words = f"{due:%Y-%m-%d %H:%M} ({self._zone.key})" if due else ""
        return canonical(bodies.update_body(self._settings, change, words))

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Create the ticket, then put in requestor, due time and words; mails nobody.

        Where the key was given away meanwhile, ours is merged into that ticket, and the
        outcome is unknown: `find` finds the other, and `finish` completes it.
        """
        return opening.open_ticket(self._api, self._body(ticket))

    def finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        """Complete an `open` that was cut; repeating it is harmless."""
        opening.finish_ticket(self._api, ref, self._body(ticket))

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Set what differs, read it back, and tell it in a comment, once."""
        body = self._body(change)
        ticket, left = updates.apply(self._api, ref, body)
        ensure_comment(self._api, ref, ticket, body["note"])
        if left:
            problem = f"ignored {', '.join(left)}"
            raise PartiallyApplied(self.name, problem, ref=ref, missing=left)
        return self._snapshot(self._api.ticket(ref.id))

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add a comment; the same key twice is one comment."""
        ticket = self._api.ticket(ref.id)
        ensure_comment(self._api, ref, ticket, self._body(note), note.attachments)

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket; Gone when it is deleted, merged or moved out of reach."""
        return self._snapshot(self._api.ticket(ref.id))

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Everything that the account may see; of a merged ticket that of both together."""
        return events.history(self._api, self._api.ticket_or_target(ref.id))

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        """Give a page of tickets of the queue to which something happened."""
        return feed.feed(self._api, cursor, since, self._now())

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name the users that there are not, or that are switched off."""
        people = {one: self._api.person(one) for one in accounts}
        return [
            name
            for name, person in people.items()
            if not person or str(person.get("Disabled") or "0") != "0"
        ]

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare what is wanted with the queue; changes nothing."""
        return provision.plan(self._api, wanted, remove=remove)

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Do one step of the plan; repeating it is harmless. An admin's token is needed."""
        provision.carry_out(self._api, step, wanted)

    def close(self) -> None:
        """End what runs; from any thread."""
        self._api.close()

    def _snapshot(self, ticket: Json) -> Snapshot:
        ref, queue = opening.ref_of(self._api, int(ticket["id"])), self._api.queue()
        key = reading.key_of(self._settings, queue, ticket)
        opened = look(self._api, int(ref.id), marked(TICKET_MARK, key)) if key else None
        text = text_of(self._api, int(ref.id), int(opened["id"])) if opened else ""
        requester = reading.requester_of(self._api, ticket)
        return reading.snapshot_of(self._settings, ref, ticket, text, requester)

    def _body(self, change: Change) -> Json:
        body: Json = json.loads(change.body or self.prepare(change))
        return body
