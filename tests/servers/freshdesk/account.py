"""The state of one account, and what happens in it by itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from servers.freshdesk.calls import Upload
from servers.freshdesk.fields import DEFAULTS, PRIORITIES, Field, Form
from servers.freshdesk.people import Agent, Contact
from servers.freshdesk.records import (
    CLOSED,
    NOTE,
    PENDING,
    RESOLVED,
    Activity,
    Attachment,
    Conversation,
    Mail,
    Ticket,
)
from servers.freshdesk.refusals import invalid, not_found, wrong
from servers.freshdesk.sla import Policy, default_policy
from servers.freshdesk.text import description_text, rewritten
from servers.simulator import SimClock

MAX_TICKET_FILE_BYTES: Final = 20 * 1024 * 1024
"""Of all files of a ticket, over all its conversations."""
ARCHIVED_AFTER: Final = timedelta(days=120)
"""A closed ticket that nobody touched for so long moves to the archive."""
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_ID: Final = 80_000_000_001


@dataclass(kw_only=True)
class Knobs:
    """How this account differs from others; a test may turn them at any time."""

    search_lag_s: float = 180.0
    """So long the search does not know of a change."""
    sla_delay_s: float = 3.0
    """So long after a create or a change the due dates are the old ones (null at first)."""
    notifies_requester: bool = False
    """The notification «new ticket created» is on: a create by API mails the requester."""
    renames_fields: bool = False
    """A new field gets a name with a suffix: `cf_amends_key_297457`."""
    strict_due: bool = True
    """due_by and fr_due_by only together, in the future, and in this order."""
    failures_to_lockout: int = 10
    """So many refused calls with one key lock it."""
    lockout_s: float = 1_800.0
    silent_limits: bool = False
    """A 429 has no X-Ratelimit headers."""
    rewrites_html: bool = False
    """HTML is cleaned and written anew on its way in: other entities, no scripts."""
    archive_visible: bool = False
    """A plain GET of an archived ticket answers it (else 404); not documented, so try both."""
    export_delay_s: float = 60.0
    """A daily export of activities can be fetched so long after it was first asked for."""
    account_features: set[str] = field(default_factory=lambda: {"activity_export", "sla"})


class Account:
    """Everything that one Freshdesk holds; used under the server's lock."""

    def __init__(self, clock: SimClock, knobs: Knobs) -> None:
        self.clock = clock
        self.knobs = knobs
        self.url = ""
        """Set by the server when it knows its port."""
        self.ids = itertools.count(FIRST_ID)
        self.ticket_ids = itertools.count(1)
        self.tickets: dict[int, Ticket] = {}
        self.contacts: dict[int, Contact] = {}
        self.agents: dict[int, Agent] = {}
        self.groups: dict[int, dict[str, Any]] = {}
        self.companies: dict[int, dict[str, Any]] = {}
        self.policies: list[Policy] = []
        self.folders: dict[int, dict[str, Any]] = {}
        self.canned: dict[int, dict[str, Any]] = {}
        self.time_entries: dict[int, dict[str, Any]] = {}
        self.ratings: list[dict[str, Any]] = []
        self.rules: dict[int, list[dict[str, Any]]] = {1: [], 3: [], 4: []}
        self.mails: list[Mail] = []
        self.activities: list[Activity] = []
        self.files: dict[int, Attachment] = {}
        self.exports: dict[str, datetime] = {}
        self.form = Form()
        self.swept = LONG_AGO
        """When old tickets were last archived."""
        self.on_ticket: Callable[[Ticket], None] = lambda _ticket: None
        """Told of each change of a ticket, as the last thing."""
        self.on_gone: Callable[[int], None] = lambda _ticket_id: None
        self.on_mail: Callable[[Mail], None] = lambda _mail: None
        self._furnish()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def _furnish(self) -> None:
        for name, label, kind, required in DEFAULTS:
            self.add_field(name, label, kind, required_for_agents=required)
        self.policies.append(default_policy(next(self.ids), self.now))
        self.folders[next(self.ids)] = {"name": "General", "personal": False}

    # people

    def add_agent(self, name: str, email: str, api_key: str, **more: Any) -> Agent:
        agent = Agent(
            id=next(self.ids), name=name, email=email, api_key=api_key, created_at=self.now, **more
        )
        self.agents[agent.id] = agent
        return agent

    def add_contact(self, **values: Any) -> Contact:
        values.setdefault("name", (values.get("email") or "").partition("@")[0])
        contact = Contact(id=next(self.ids), created_at=self.now, updated_at=self.now, **values)
        self.contacts[contact.id] = contact
        return contact

    def with_email(self, email: str) -> Contact | Agent | None:
        wanted = email.lower()
        everybody: list[Contact | Agent] = [*self.contacts.values(), *self.agents.values()]
        for one in everybody:
            if (one.email or "").lower() == wanted:
                return one
            if isinstance(one, Contact) and wanted in map(str.lower, one.other_emails):
                return one
        return None

    def person(self, person_id: int) -> Contact | Agent:
        """Give whoever has the id; KeyError for nobody."""
        return self.contacts.get(person_id) or self.agents[person_id]

    def address_of(self, person_id: int) -> str:
        known = person_id in self.contacts or person_id in self.agents
        return (self.person(person_id).email or "") if known else ""

    # the form

    def add_field(self, name: str, label: str, kind: str, **more: Any) -> Field:
        """Add a field at the end of the form; a custom one appears on all tickets as null."""
        one = Field(
            id=next(self.ids),
            name=name,
            label=label,
            type=kind,
            position=len(self.form.fields) + 1,
            created_at=self.now,
            updated_at=self.now,
            **more,
        )
        self.form.fields.append(one)
        for ticket in self.tickets.values():
            if one.is_custom:
                ticket.custom_fields.setdefault(name, None)
        return one

    def choices_of(self, one: Field) -> Any:
        """Give what a field offers, in the shape that it has in /ticket_fields."""
        offered = {
            "status": {str(code): list(words) for code, words in self.form.statuses.items()},
            "priority": dict(PRIORITIES),
            "source": dict(self.form.sources),
            "ticket_type": list(self.form.types),
            "group": {group["name"]: id_ for id_, group in self.groups.items()},
            "agent": {agent.name: agent.id for agent in self.agents.values()},
            "product": {},
        }
        return offered.get(one.name, one.choices)

    # tickets

    def ticket(self, ticket_id: int) -> Ticket:
        """Give a ticket that is not archived, or refuse with 404."""
        ticket = self.tickets.get(ticket_id)
        if ticket is None or ticket.archived:
            raise not_found()
        return ticket

    def archive_old(self) -> None:
        """Do what happens with time, once a minute of it."""
        now = self.now
        if abs(now - self.swept) < timedelta(minutes=1):
            return
        self.swept = now
        for ticket in self.tickets.values():
            over = ticket.status == CLOSED and not ticket.archived
            if over and now - ticket.updated_at >= ARCHIVED_AFTER:
                ticket.archived = True
                self.on_ticket(ticket)

    def html(self, text: str) -> str:
        """Give HTML as the account keeps it."""
        return rewritten(text) if self.knobs.rewrites_html else text

    def destroy(self, ticket_id: int) -> None:
        """Delete a ticket for good."""
        del self.tickets[ticket_id]
        self.on_gone(ticket_id)

    def destroy_contact(self, contact_id: int) -> None:
        """Delete a contact for good, and all their tickets with them."""
        del self.contacts[contact_id]
        for ticket in list(self.tickets.values()):
            if ticket.requester_id == contact_id:
                self.destroy(ticket.id)

    def attach(self, uploads: Iterable[Upload]) -> list[Attachment]:
        files = []
        for upload in uploads:
            id_ = next(self.ids)
            files.append(
                Attachment(
                    id=id_,
                    name=upload.name,
                    content_type=upload.content_type,
                    content=upload.content,
                    created_at=self.now,
                    url=f"{self.url}/attachments/{id_}?signature={id_ * 7919 % 99_991}",
                )
            )
            self.files[id_] = files[-1]
        return files

    def weigh(self, ticket: Ticket | None, uploads: list[Upload]) -> None:
        """Refuse what would be too much for a ticket."""
        total = sum(len(one.content) for one in uploads)
        total += ticket.file_bytes() if ticket else 0
        if total > MAX_TICKET_FILE_BYTES:
            text = f"Total size of attachments exceeds {MAX_TICKET_FILE_BYTES // 1024**2} MB"
            raise invalid(wrong("attachments", text, "invalid_size"))

    def schedule(self, ticket: Ticket) -> None:
        """Let the SLA put due dates on a ticket, in a few seconds."""
        if ticket.due.by_hand:
            return
        policy = next(one for one in self.policies if one.applies(ticket))
        respond, resolve = policy.seconds(ticket.priority)
        ticket.due.settle(self.now)
        ticket.due.coming = (
            self.now + timedelta(seconds=self.knobs.sla_delay_s),
            ticket.created_at + timedelta(seconds=resolve),
            ticket.created_at + timedelta(seconds=respond),
        )

    def set_status(self, ticket: Ticket, status: int) -> None:
        if status == ticket.status:
            return
        over = {RESOLVED, CLOSED}
        if ticket.status in over and status not in over:
            ticket.stats["reopened_at"] = self.now
            ticket.stats["resolved_at"] = ticket.stats["closed_at"] = None
        if status in over:
            ticket.stats["resolved_at"] = ticket.stats.get("resolved_at") or self.now
        if status == CLOSED:
            ticket.stats["closed_at"] = self.now
        ticket.stats["pending_since"] = self.now if status == PENDING else None
        ticket.stats["status_updated_at"] = self.now
        ticket.status = status

    def touched(self, ticket: Ticket, who: int, kind: str = "agent", **what: Any) -> None:
        """Note a change: the time, the activity, and what the search will know."""
        ticket.updated_at = self.now
        ticket.indexed.append((self.now, ticket.shown(self.now)))
        self.activities.append(
            Activity(
                at=self.now, ticket_id=ticket.id, performer_id=who, performer_type=kind, what=what
            )
        )
        self.on_ticket(ticket)

    def converse(self, ticket: Ticket, body: str, user_id: int, **more: Any) -> Conversation:
        """Add a conversation; whoever calls says that the ticket was touched."""
        values = {"private": True, "source": NOTE, **more}
        one = Conversation(
            id=next(self.ids),
            ticket_id=ticket.id,
            body=self.html(body),
            user_id=user_id,
            created_at=self.now,
            updated_at=self.now,
            **values,
        )
        ticket.conversations.append(one)
        return one

    def conversation(self, conversation_id: int) -> tuple[Ticket, Conversation]:
        for ticket in self.tickets.values():
            for one in ticket.conversations:
                if one.id == conversation_id:
                    return ticket, one
        raise not_found()

    def mail(self, to: str | None, subject: str, html: str, reason: str) -> None:
        if to:
            text = description_text(html)
            self.mails.append(Mail(to=to, subject=subject, text=text, reason=reason))
            self.on_mail(self.mails[-1])

    def live(self, keep: Callable[[Ticket], bool]) -> list[Ticket]:
        return [one for one in self.tickets.values() if not one.archived and keep(one)]
