"""One account of the simulated product: its records, clock and knobs. No HTTP here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from servers.simulator import SimClock
from servers.zendesk.errors import invalid, not_found
from servers.zendesk.model import (
    ID_BASE,
    Attachment,
    Audit,
    Kept,
    Knobs,
    Mail,
    Role,
    Ticket,
    Upload,
    User,
)
from servers.zendesk.records import SYSTEM_FIELDS, Shelf, shelves

RESERVED = (".example", ".invalid", ".test", "example.com", "example.net", "example.org")
"""Domains that nothing is delivered to."""
UPLOAD_LIFE = timedelta(minutes=60)
CUSTOM_STATUSES = {
    name: ID_BASE + 9_000 + number
    for number, name in enumerate(["new", "open", "pending", "hold", "solved"])
}


class Account:
    """Everything that is in the account."""

    def __init__(self, clock: SimClock, knobs: Knobs) -> None:
        self.clock = clock
        self.knobs = knobs
        self.base = ""
        """Where answers say that the account lives; set by the simulator."""
        self._ids = itertools.count(ID_BASE + 10_000)
        self._ticket_ids = itertools.count(1)
        self.users: dict[int, User] = {}
        self.tickets: dict[int, Ticket] = {}
        self.uploads: dict[str, Upload] = {}
        self.attachments: dict[int, Attachment] = {}
        self.mails: list[Mail] = []
        self.kept: dict[str, Kept] = {}
        """By Idempotency-Key."""
        self.jobs: dict[str, dict[str, Any]] = {}
        self.schedules: list[dict[str, Any]] = []
        self.metric_events: list[dict[str, Any]] = []
        self.shelves: dict[str, Shelf] = shelves(self)
        self.group_id = self.shelves["groups"].put(name="Support", default=True)["id"]
        self.brand_id = self.shelves["brands"].put(
            name="Elm Street", subdomain=knobs.subdomain, default=True
        )["id"]
        self.form_id = self.shelves["ticket_forms"].put(name="Default Form", default=True)["id"]
        for kind, title in SYSTEM_FIELDS.items():
            self.shelves["ticket_fields"].put(type=kind, title=title, removable=False)
        self.client_user = self.add_user(name="Amends", email="amends@elmstreet.test", role="admin")
        """The user tied to the OAuth client and to the API token."""
        self.agent = self.add_user(name="Dana Agent", email="dana@elmstreet.test", role="agent")
        """A human colleague: whoever acts by hand."""

    def now(self) -> datetime:
        return self.clock.now()

    def new_id(self) -> int:
        return next(self._ids)

    # People

    def add_user(self, *, name: str, email: str | None = None, role: Role = "end-user") -> User:
        user = User(
            id=self.new_id(),
            name=name,
            email=email,
            role=role,
            created_at=self.now(),
            updated_at=self.now(),
            verified=role != "end-user",
            group_id=self.group_id if role != "end-user" else None,
        )
        if email:
            self.add_identity(user, "email", email, primary=True)
        self.users[user.id] = user
        return user

    def add_identity(self, user: User, kind: str, value: str, *, primary: bool) -> None:
        user.identities.append(
            {"id": self.new_id(), "user_id": user.id, "type": kind, "value": value}
            | {"primary": primary, "verified": user.verified}
        )

    def user_by_email(self, email: str) -> User | None:
        wanted = email.strip().lower()
        for user in self.users.values():
            addresses = [one["value"] for one in user.identities if one["type"] == "email"]
            if not user.deleted and wanted in (address.lower() for address in addresses):
                return user
        return None

    def user(self, user_id: Any) -> User:
        user = self.users.get(user_id)
        if user is None or user.deleted:
            raise not_found()
        return user

    # Tickets

    def new_ticket_id(self) -> int:
        return next(self._ticket_ids)

    def ticket(self, ticket_id: int) -> Ticket:
        """Give a ticket that the API still shows; raises 404."""
        ticket = self.tickets.get(ticket_id)
        if ticket is None or ticket.place in {"deleted", "scrubbed"}:
            raise not_found()
        return ticket

    def listed(self, lag_s: int) -> Iterator[Ticket]:
        """The tickets of lists: neither archived nor deleted, and old enough for the index."""
        horizon = self.now() - timedelta(seconds=lag_s)
        for ticket in self.tickets.values():
            if ticket.place == "live" and (not lag_s or ticket.created_at <= horizon):
                yield ticket

    def begin_audit(
        self, ticket: Ticket, author_id: int, metadata: dict[str, Any], via: dict[str, Any]
    ) -> Audit:
        audit = Audit(
            id=self.new_id(),
            ticket_id=ticket.id,
            created_at=self.now(),
            author_id=author_id,
            metadata=metadata,
            via=via,
        )
        ticket.audits.append(audit)
        return audit

    def touched(self, ticket: Ticket) -> None:
        ticket.updated_at = ticket.generated_at = self.now()

    # Files

    def take_uploads(self, tokens: list[str]) -> list[Attachment]:
        """Use up tokens; one that is unknown, used or older than an hour gives no file."""
        files: list[Attachment] = []
        for token in tokens:
            upload = self.uploads.get(token)
            if upload and not upload.used and self.now() - upload.made_at < UPLOAD_LIFE:
                upload.used = True
                files += upload.files
        return files

    # People on tickets

    def requester_for(self, data: dict[str, Any], actor: User) -> User:
        """Find or make the requester as ticket creation does; raises 422."""
        if (wanted := data.get("requester_id")) is not None:
            user = self.users.get(wanted)
            if user is None:
                raise invalid("requester", "Requester: is invalid", "InvalidValue")
        elif isinstance(data.get("requester"), dict):
            user = self._named(data["requester"])
        else:
            user = actor
        if user.suspended:
            raise invalid("requester", f"Requester: {user.name} is suspended.", "UserSuspended")
        return user

    def _named(self, person: dict[str, Any]) -> User:
        email = person.get("email")
        if email and (user := self.user_by_email(email)):
            return user
        if email and "@" not in email:
            raise invalid("requester", f"Email: {email} is not properly formatted", "InvalidFormat")
        if not person.get("name"):
            raise invalid("requester", "Requester: Name: is too short (minimum one character)")
        user = self.add_user(name=person["name"], email=email)
        if email and self.knobs.welcomes:
            self.mail(email, "Welcome", "welcome")
        return user

    def mail(
        self, to: str, subject: str, rule: str, text: str = "", ticket_id: int | None = None
    ) -> None:
        """Record a mail."""
        deliverable = not to.lower().endswith(RESERVED)
        self.mails.append(
            Mail(
                to=to,
                subject=subject,
                text=text,
                ticket_id=ticket_id,
                rule=rule,
                deliverable=deliverable,
            )
        )
