"""The helpdesk itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from connector.domain.blueprint import Blueprint, PlannedStep
from connector.domain.errors import (
    AuthenticationFailed,
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
from connector.helpdesks.base import Capabilities, Problem
from connector.helpdesks.django_helpdesk import bodies, check, provision, reading, scan
from connector.helpdesks.django_helpdesk.notes import ensure_note
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.site import TICKETS, Site
from connector.helpdesks.django_helpdesk.tables import Json, canonical, merge_tags
from connector.http import TooLarge


class DjangoHelpdesk:
    """A django-helpdesk site; its methods may be called by several threads."""

    def __init__(
        self,
        settings: SiteSettings,
        practice: Practice,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Make it; no connection yet. Raises ConfigError for an unusable ca_file."""
        self.name = settings.name
        self.capabilities = Capabilities(
            ticket_mark=r"[\w-]{1,60}-(\d{1,19})",  # [queue-123]
            find="scan",
            tags="field",
            sla="due_date",
            mail_on_create=True,
            history="notes_only",
            max_subject=settings.max_subject,
            max_attachment_bytes=settings.max_attachment_bytes,
            deadline_s=settings.deadline_seconds,
        )
        self._settings = settings
        self._zone = practice.zone
        self._now = now
        self._site = Site(settings)

    def check(self) -> list[Problem]:
        """Examine address, token, rights, queue, fields and clock; changes nothing."""
        return check.problems(self._site, self._settings, self._now())

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        """All tickets made after `since` that carry the key, merged and closed ones too."""
        return [self._ref(number) for number in scan.holders(self._site, key, since)]

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
        """Create the ticket without an address, then make it ready to be answered from.

        Once the ticket exists, what the site refuses is PartiallyApplied, and a cut is
        OutcomeUnknown: `find` will find it, and `finish` complete it.
        """
        body = self._body(ticket)
        create: Json = {**body["create"], "queue": self._site.queue()}
        made = self._site.create(create)
        ref = self._ref(made["id"])
        missing = reading.missing_of(self._settings, create, made)
        self._complete(ref, made, body, missing)
        return ref

    def finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        """Complete an `open` that was cut after the ticket was made; repeating is harmless.

        For a ticket that `find` found. One that is as `open` leaves it, or whose description
        an agent has changed, is left alone.
        """
        made, body = self._living(ref), self._body(ticket)
        first = reading.opening(made)
        as_made = {"description": body["create"]["description"]}
        untouched = not reading.missing_of(self._settings, as_made, made)
        if untouched or (first is not None and first["public"]):
            self._complete(ref, made, body, ())

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        """Set what differs, read it back, and tell it in a private follow-up, once."""
        body = self._body(change)
        ticket = self._living(ref)
        patch = self._patch(body, ticket)
        if patch:
            ticket = self._site.change(ticket, patch)
        missing = reading.missing_of(self._settings, patch, ticket)
        if body.get("assignee") and not ticket.get("assigned_to"):
            missing = (*missing, "assignee")
        if missing:
            raise PartiallyApplied(
                self.name, f"ignored {', '.join(missing)}", ref=ref, missing=missing
            )
        ensure_note(self._site, ref, ticket, body["note"], change.key)
        return self._snapshot(ticket)

    def note(self, ref: TicketRef, note: AddNote) -> None:
        """Add a private note; the same key twice is one note, also after a cut."""
        body = self._body(note)
        ensure_note(self._site, ref, self._living(ref), body, note.key, note.attachments)

    def snapshot(self, ref: TicketRef) -> Snapshot:
        """Read the ticket; Gone when it is deleted or merged."""
        return self._snapshot(self._living(ref))

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        """Every follow-up, oldest first; the API gives them all at once or not at all.

        Changes of fields that agents make are not told by the API, statuses are. A merged
        ticket's history can still be read.
        """
        try:
            ticket = self._site.ticket(ref.id)
        except TooLarge:
            raise Incomplete(self.name, "the ticket's follow-ups exceed one answer") from None
        names = self._site.users()
        in_order = sorted(ticket["followup_set"], key=lambda one: (one["date"], one["id"]))
        for followup in in_order:
            yield from reading.events_of(followup, ticket, names)

    def strangers(self, accounts: Sequence[str]) -> list[str]:
        """Name the users that the site does not offer, or that it offers twice."""
        offered = list(self._site.users().values())
        return [one for one in accounts if offered.count(one) != 1]

    def plan(self, wanted: Blueprint, *, remove: bool = False) -> list[PlannedStep]:
        """Compare; custom fields are told by the API and made by a person."""
        takes = check.takes(self._site.options(TICKETS))
        if not takes:
            problem = "does not tell its fields: the token's user is not staff"
            raise AuthenticationFailed(self.name, problem)
        return provision.steps(self._settings, wanted, takes, remove=remove)

    def carry_out(self, step: PlannedStep, wanted: Blueprint) -> None:
        """Refuse: there is nothing that this product's API can set up."""
        del wanted
        raise Rejected(self.name, "has no API for this; do it by hand", fields=[step.name])

    def close(self) -> None:
        """End what runs; from any thread."""
        self._site.close()

    def _complete(self, ref: TicketRef, made: Json, body: Json, missing: tuple[str, ...]) -> None:
        """Hide the agents' words from the patient, then put in the patient's address."""
        after: Json = body["after"]
        try:
            first = reading.opening(made)
            if first is not None and first["public"]:
                self._site.edit(first["id"], body["opening"])
            read = self._site.change(made, after)
            missing += reading.missing_of(self._settings, after, read)
        except (Rejected, Gone) as error:
            problem = f"the ticket was made but not completed ({type(error).__name__})"
            left = [*missing, *sorted(reading.ours(self._settings, name) for name in after)]
            raise PartiallyApplied(self.name, problem, ref=ref, missing=left) from error
        except EdgeError as error:
            problem = f"the ticket was made, its completion was cut ({type(error).__name__})"
            raise OutcomeUnknown(self.name, problem) from error
        if missing:
            problem = f"ignored {', '.join(missing)}"
            raise PartiallyApplied(self.name, problem, ref=ref, missing=missing)

    def _patch(self, body: Json, ticket: Json) -> Json:
        """Give only what differs, so that repeating an update changes nothing."""
        wanted: Json = dict(body["patch"])
        tags = f"custom_{self._settings.tags_field}"
        if body["add_tags"] or body["remove_tags"]:
            wanted[tags] = merge_tags(ticket.get(tags), body["add_tags"], body["remove_tags"])
        wanted |= reading.status_patch(body["status"], ticket)
        whom = body.get("assignee")  # frozen by an earlier version: no such key
        if whom and not ticket.get("assigned_to"):
            found = [number for number, name in self._site.users().items() if name == whom]
            wanted |= {"assigned_to": found[0]} if len(found) == 1 else {}
        return {
            name: value
            for name, value in wanted.items()
            if reading.missing_of(self._settings, {name: value}, ticket)
        }

    def _living(self, ref: TicketRef) -> Json:
        ticket = self._site.ticket(ref.id)
        if ticket.get("merged_to"):
            into = str(ticket["merged_to"])
            raise Gone(self.name, "the ticket was merged", kind="merged", merged_into=into)
        return ticket

    def _snapshot(self, ticket: Json) -> Snapshot:
        names = self._site.users() if ticket.get("assigned_to") else {}
        return reading.snapshot_of(self._settings, self._ref(ticket["id"]), ticket, names)

    def _ref(self, number: int) -> TicketRef:
        return TicketRef(id=str(number), url=f"{self._settings.url}/tickets/{number}/")

    def _body(self, change: Change) -> Json:
        body: Json = json.loads(change.body or self.prepare(change))
        return body
