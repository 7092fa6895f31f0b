"""The helpdesk itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

from connector.domain.blueprint import Blueprint, PlannedStep
from connector.domain.errors import (
    AuthenticationFailed,
    Gone,
    Incomplete,
    PartiallyApplied,
    Rejected,
)
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
from connector.helpdesks.base import Capabilities, Changed, Op, Problem
from connector.helpdesks.zendesk import bodies, check, merges, opening, setup, updates
from connector.helpdesks.zendesk.api import Api, warned
from connector.helpdesks.zendesk.events import authors, events_of
from connector.helpdesks.zendesk.names import Names
from connector.helpdesks.zendesk.notes import ensure_note
from connector.helpdesks.zendesk.reading import ignored, snapshot_of
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import CLOSED, Json, canonical

KEY_LIFE_S: Final = 7_200
"""How long the product recognises a repeated create."""

FIND_LAG_S: Final = 60
"""A list may lag behind a create; the product does not say by how much."""

FIND_AGAIN_S: Final = 180
"""That a list shows no such ticket counts when it does so again after so long."""

FEED_LAG: Final = timedelta(seconds=90)
"""The feed refuses a beginning within the last minute; our clocks may differ a little."""


class Zendesk:
    """A Zendesk account; its methods may be called by several threads."""

    def __init__(
        self,
        settings: AccountSettings,
        practice: Practice,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make it; no connection yet. Raises ConfigError for an unusable ca_file."""
        del practice  # times are shown by the product in each agent's own zone
        self.name = settings.name
        self.capabilities = Capabilities(
            find="eventual",
            find_lag_s=FIND_LAG_S,
            find_again_s=FIND_AGAIN_S,
            native_idempotency_s=KEY_LIFE_S,
            optimistic_lock=True,
            tags="add_remove",
            sla="policy",
            mail_on_create=True,
            history="events",
            max_subject=settings.max_subject,
            max_attachment_bytes=settings.max_attachment_bytes,
            deadline_s=settings.deadline_seconds,
        )
        self._settings = settings
        self._now = now
        self._api = Api(settings)
        self._names = Names(self._api, settings)

    def check(self) -> list[Problem]:
        """Examine address, credentials, rights, names, fields and clock; changes nothing."""
        return check.problems(self._api, self._names, self._settings, self._now())

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets that carry the key, merged and closed ones too, but not archived ones."""
        del since  # the list is by key, however old they are
        return [self._ref(ticket["id"]) for ticket in self._api.by_key(key)]

    def prepare(self, change: Change) -> bytes:
        """Make the body without the account's numbers, which are put in when it is sent; pure."""
        if isinstance(change, OpenTicket):
            return canonical(bodies.ticket_body(self._settings, change))
        if isinstance(change, AddNote):
            return canonical(bodies.note_body(self._settings, change))
        return canonical(bodies.update_body(change))

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Create the ticket by one request, and compare the answer with what was sent."""
        body, known = self._body(ticket), self._names.known()
        told = bodies.wire(body, known)
        instead = bodies.wire(body, known, instead=True) if "instead" in body else None
        made = opening.make(self._api, told.body, instead.body if instead else None, ticket.key)
        ref = self._ref(made.ticket["id"])
        sent = instead.body if instead and made.instead else told.body
        missing = ["requester"] if made.instead else []
        if made.answer is not None:
            missing += ignored(sent["ticket"], made.ticket, made.audit, known)
            missing += warned(made.answer)
        if set(missing) & set(body["fields"]):
            self._names.forget()
        missing += [*told.lacking, *(["text"] if body["cut"] else [])]
        self._whole(ref, missing)
        return ref

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Set what differs, unless somebody was faster; agents' priorities and tags stay."""
        ticket, missing = updates.apply(self._api, self._names, ref, self._body(change), change.key)
        self._whole(ref, missing)
        return snapshot_of(self._ref(ticket["id"]), ticket, self._names.known())

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add a private note; the same key twice is one note, also after a cut."""
        body = self._body(note)
        ensure_note(self._api, self._names, ref, body, note.key, note.attachments)

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket; Gone when it is deleted or merged."""
        ticket = self._api.ticket(ref.id)
        if ticket["status"] == CLOSED:
            self._must_stand_alone(ref, ticket)
        return snapshot_of(self._ref(ticket["id"]), ticket, self._names.known())

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Every audit, oldest first, also of a merged or archived ticket; whole or Incomplete.

        Addresses and places of agents, which the product keeps in audits, are left out.
        """
        self._api.must_be_id(ref.id)
        audits = self._api.audits(ref.id)
        told = {audit["author_id"] for audit in audits if audit["author"]}
        people = self._api.people(authors(audits) - told)
        me = int(self._api.me()["id"])
        yield from events_of(audits, self._names.known(), people, me)

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        """Give a page of the incremental export; the newest minute comes later.

        Raises Rejected when the feed is not open to us (it takes an administrator).
        """
        start = int(min(since, self._now() - FEED_LAG).timestamp())
        try:
            page = self._api.feed(cursor, start)
        except AuthenticationFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            problem = "gives its feed of changes to administrators only"
            raise Rejected(self.name, problem) from error
        return Changed(
            refs=tuple(self._ref(ticket["id"]) for ticket in page["tickets"]),
            cursor=str(page.get("after_cursor") or cursor),
            more=not page["end_of_stream"],
        )

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name the addresses that are none of an active agent."""
        return [one for one in accounts if not self._api.agent_of(one)]

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare what is wanted with what is there; changes nothing."""
        return setup.plan(self._api, self._settings, wanted, remove=remove)

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Do a step of the plan; repeating it is harmless."""
        setup.carry_out(self._api, self._settings, step, wanted)
        self._names.forget()

    def pause_s(self, op: Op, *, urgent: bool = False) -> float:
        """Say for how many seconds no such operation should begin; 0: now."""
        return self._api.budget.pause_s(op, urgent=urgent)

    def turn(self, op: Op, *, urgent: bool = False) -> AbstractContextManager[None]:
        """Mark the requests of the calling thread inside as those of one operation."""
        return self._api.budget.turn(op, urgent=urgent)

    def close(self) -> None:
        """End what runs; from any thread."""
        self._api.close()

    def _must_stand_alone(self, ref: TicketRef, ticket: Json) -> None:
        """Raise Gone for a closed ticket that was merged into another."""
        try:
            audits = self._api.audits(ref.id)
        except Incomplete:
            return  # an archived ticket too large for one answer: closed is all that can be said
        if merges.looks_merged(ticket, audits):
            into = merges.target(self._api, ticket, audits)
            raise Gone(self.name, "the ticket was merged", kind="merged", merged_into=into)

    def _whole(self, ref: TicketRef, missing: list[str]) -> None:
        if missing:
            names = list(dict.fromkeys(missing))
            raise PartiallyApplied(self.name, f"ignored {', '.join(names)}", ref=ref, missing=names)

    def _ref(self, number: int) -> TicketRef:
        return TicketRef(id=str(number), url=f"{self._settings.url}/agent/tickets/{number}")

    def _body(self, change: Change) -> Json:
        body: Json = json.loads(change.body or self.prepare(change))
        return body
