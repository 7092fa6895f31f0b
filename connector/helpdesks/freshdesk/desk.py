"""The helpdesk itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from itertools import islice

from connector.domain.blueprint import Blueprint, PlannedStep
from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    EdgeError,
    Gone,
    Incomplete,
    OutcomeUnknown,
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
from connector.helpdesks.freshdesk import bodies, check, opening, provision, reading, tags, walk
from connector.helpdesks.freshdesk.account import PAGE_SIZE, Account, judged
from connector.helpdesks.freshdesk.notes import ensure_note
from connector.helpdesks.freshdesk.rates import RATES
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.helpdesks.freshdesk.tables import CLOSED, Json, canonical
from connector.http import Rates, TooLarge

FIND_AGAIN_S = 240
"""An empty answer to `find` counts when it comes again after so long: that the list knows of
every ticket at once is likely, but not documented."""


class Freshdesk:
    """An account of Freshdesk; its methods may be called by several threads."""

    def __init__(
        self,
        settings: AccountSettings,
        practice: Practice,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rates: Rates = RATES,
    ) -> None:
        """Make it; no connection yet. Raises ConfigError for an unusable ca_file."""
        self.name = settings.name
        self.capabilities = Capabilities(
            find="scan",
            find_again_s=FIND_AGAIN_S,
            tags="set",
            sla="policy",
            mail_on_create=True,
            history="notes_only",
            max_subject=settings.max_subject,
            max_attachment_bytes=settings.max_attachment_bytes,
            deadline_s=settings.deadline_seconds,
        )
        self._settings = settings
        self._zone = practice.zone
        self._now = now
        self._account = Account(settings, rates)

    def check(self) -> list[Problem]:
        """Examine address, key, rights, form, fields, choices and clock; changes nothing."""
        return check.problems(self._account, self._settings, self._now())

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets changed after `since` that carry the key, spam and deleted ones too."""
        return [self._account.ref(one) for one in walk.holders(self._account, key, since)]

    def prepare(self, change: Change) -> bytes:
        """Make the exact bodies of all requests that the change takes; pure."""
        if isinstance(change, OpenTicket):
            return canonical(bodies.ticket_body(self._settings, change))
        if isinstance(change, AddNote):
            return canonical(bodies.note_body(self._settings, change))
        due = change.due_at.astimezone(self._zone) if change.due_at else None
        words = f"{due:%Y-%m-%d %H:%M} ({self._zone.key})" if due else ""
        return canonical(bodies.update_body(self._settings, change, words))

    def open(self, ticket: OpenTicket) -> TicketRef:
        """Create a neutral ticket for the service contact, then make it whole (`opening.py`).

        Once the ticket exists, what the account refuses is PartiallyApplied, and a cut is
        OutcomeUnknown: `find` will find it, and `finish` complete it.
        """
        body = self._body(ticket)
        create, unfit = bodies.assemble(self._account.form(), body)
        try:
            made = self._account.create(create)
        except Rejected as error:
            raise judged(self._account, error) from error
        ref = self._account.ref(made["id"])
        try:
            missing = [*unfit, *opening.complete(self._account, ref, made, [], body)]
            read = self._account.ticket(ref.id)
        except EdgeError as error:
            problem = f"the ticket was made, its completion was cut ({type(error).__name__})"
            raise OutcomeUnknown(self.name, problem) from error
        missing += reading.missing_of(self._account.form(), create, read)
        missing += reading.still_nobodys(made, read) if body["who"] else ()
        self._tell(ref, missing)
        return ref

    def finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        """Complete an `open` that was cut after the ticket was made; repeating is harmless.

        A ticket that is spam, deleted or archived is left alone. One that is merged or has a
        requester of its own gets no more than the private note that it may lack, and one on
        which something was said to nobody yet keeps the requester that it has.
        """
        made = self._account.ticket(ref.id)
        if reading.gone(self._settings, made):
            return
        body, talk = self._body(ticket), list(self._account.conversations(made))
        nobodys = reading.is_service(self._settings, made.get("requester") or {})
        if not nobodys or reading.merged_into(made, talk):
            body["who"] = {}
        missing = opening.complete(self._account, ref, made, talk, body)
        if body["who"] and "requester" not in missing:
            read = self._account.ticket(ref.id)
            missing += reading.still_nobodys(made, read)
        self._tell(ref, missing)

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Set what differs, read it back, and tell it in a private note, once.

        Raises Conflict when others write the tags as often as we do.
        """
        body = self._body(change)
        ticket, left = self._apply(ref, self._writable(ref), body)
        talk = list(self._account.conversations(ticket))
        with self._explained(ref):
            ensure_note(self._account, ref, [ticket, *talk], body["note"], change.key)
        if left:
            problem = f"ignored {', '.join(left)}"
            raise PartiallyApplied(self.name, problem, ref=ref, missing=left)
        return self._snapshot(ticket, talk)

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add a private note; the same key twice is one note."""
        body = self._body(note)
        ticket, talk = self._living(ref)
        holders = [ticket, *talk]
        with self._explained(ref):
            ensure_note(self._account, ref, holders, body, note.key, note.attachments)

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket; Gone when it is deleted, spam, archived or merged.

        Its own words are looked for on the first page of its conversations: they came first.
        """
        ticket = self._account.ticket(ref.id)
        self._raise_if_gone(ticket, [])
        talk: Iterable[Json] = self._account.conversations(ticket)
        if ticket["status"] == CLOSED:
            talk = list(talk)
            self._raise_if_gone(ticket, talk)
        return self._snapshot(ticket, islice(talk, PAGE_SIZE))

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """The first text, all conversations, the last time of each step, ratings; oldest first.

        Also of merged, archived and spam tickets. The API tells no changes of fields.
        """
        ticket = self._account.ticket(ref.id)
        if ticket.get("deleted"):
            raise Gone(self.name, "the ticket is deleted", kind="deleted")
        try:
            talk = list(self._account.conversations(ticket))
        except TooLarge:
            problem = "a page of the ticket's conversations exceeds what is read"
            raise Incomplete(self.name, problem) from None
        stats = self._account.stats(ticket)
        yield from reading.events_of(ticket, talk, stats, self._ratings(ticket))

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        """Give a page of what changed; live tickets first, then spam, then deleted ones."""
        return walk.feed(self._account, cursor, since, self._now())

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name the addresses that are none of an agent."""
        return [one for one in accounts if self._account.agent_of(one) is None]

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare what is wanted with the account; changes nothing; an admin's key is needed."""
        return provision.plan(self._account, wanted, remove=remove)

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Do one step of the plan; repeating it is harmless."""
        provision.carry_out(self._account, step, wanted)

    def pause_s(self, op: Op, *, urgent: bool = False) -> float:
        """Say how long to wait before such an operation; no I/O."""
        return self._account.budget.pause_s(op, urgent=urgent)

    def turn(self, op: Op, *, urgent: bool = False) -> AbstractContextManager[None]:
        """Mark the requests inside as those of one operation; no I/O."""
        return self._account.budget.turn(op, urgent=urgent)

    def close(self) -> None:
        """End what runs; from any thread."""
        self._account.close()

    def _tell(self, ref: TicketRef, missing: Sequence[str]) -> None:
        """Say what an opened ticket lacks, if anything."""
        if missing:
            left = tuple(dict.fromkeys(missing))
            problem = f"the ticket is there, but not as it was meant: {', '.join(left)}"
            raise PartiallyApplied(self.name, problem, ref=ref, missing=left)

    def _apply(self, ref: TicketRef, ticket: Json, body: Json) -> tuple[Json, tuple[str, ...]]:
        """Write what differs until it is there; gives the ticket and what was ignored."""
        form = self._account.form()
        body, unknown = self._with_agent(ticket, body)
        for _ in range(tags.ROUNDS):
            patch = bodies.patch(form, body, ticket)
            if not patch:
                break
            try:
                with self._explained(ref):
                    written = self._account.change(ref.id, patch)
            except Rejected:
                if set(patch) != {"responder_id"}:
                    raise
                return ticket, ("assignee",)
            read = self._account.ticket(ref.id)
            self._raise_if_gone(read, [])
            back = tags.lost(ticket, written, read, body["remove_tags"])
            body = {**body, "add_tags": [*body["add_tags"], *back]}
            ticket = read
        left = bodies.patch(form, body, ticket)
        if set(left) == {"tags"}:
            raise Conflict(self.name, "somebody else writes the ticket's tags at the same time")
        names = {reading.ours(form, name) for name in left if name != "custom_fields"}
        names |= {form.ours(name) for name in left.get("custom_fields", {})}
        return ticket, tuple(sorted(names | unknown | set(bodies.unfit(form, body["fields"]))))

    def _with_agent(self, ticket: Json, body: Json) -> tuple[Json, set[str]]:
        """Put in the number of the agent who gets a ticket that nobody has."""
        email = body.get("assignee")  # frozen by an earlier version: no such key
        if not email or ticket.get("responder_id"):
            return body, set()
        number = self._account.agent_of(email)
        return {**body, "responder": number}, set() if number else {"assignee"}

    @contextmanager
    def _explained(self, ref: TicketRef) -> Iterator[None]:
        """Say of a refused write on a ticket whether the ticket, the form or the write is at fault.

        The ticket may have become spam, deleted (405) or archived (404) since it was read.
        """
        try:
            yield
        except (Rejected, Gone) as error:
            self._raise_if_gone(self._account.ticket(ref.id), [])
            if isinstance(error, Rejected):
                raise judged(self._account, error) from error
            problem = "the ticket can be read, but not changed any more"
            raise Gone(self.name, problem, kind="archived") from error

    def _writable(self, ref: TicketRef) -> Json:
        """Read a ticket that can be changed, just before that is done."""
        ticket = self._account.ticket(ref.id)
        self._raise_if_gone(ticket, [])
        if ticket["status"] != CLOSED:
            return ticket
        self._raise_if_gone(ticket, list(self._account.conversations(ticket)))
        return self._account.ticket(ref.id)

    def _living(self, ref: TicketRef) -> tuple[Json, list[Json]]:
        """Read a ticket on which something can be done, and all that stands on it."""
        ticket = self._account.ticket(ref.id)
        self._raise_if_gone(ticket, [])
        talk = list(self._account.conversations(ticket))
        self._raise_if_gone(ticket, talk)
        return ticket, talk

    def _raise_if_gone(self, ticket: Json, talk: list[Json]) -> None:
        gone = reading.gone(self._settings, ticket)
        if gone is not None:
            raise gone
        if into := reading.merged_into(ticket, talk):
            raise Gone(self.name, "the ticket was merged", kind="merged", merged_into=into)

    def _ratings(self, ticket: Json) -> list[Json]:
        """Read the ratings; an account without surveys refuses them, and then there are none."""
        if ticket.get("archived"):
            return []
        try:
            return self._account.ratings(ticket)
        except (AuthenticationFailed, Rejected, Gone):
            return []

    def _snapshot(self, ticket: Json, talk: Iterable[Json]) -> Snapshot:
        ref = self._account.ref(ticket["id"])
        return reading.snapshot_of(self._account.form(), ref, ticket, talk)

    def _body(self, change: Change) -> Json:
        body: Json = json.loads(change.body or self.prepare(change))
        return body
