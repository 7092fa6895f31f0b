"""The simulator as tests and campaigns hold it: the server and the hands of agents."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from servers.simulator import Server, SimClock
from servers.weather import Answer, Request
from servers.zendesk import door, hand, render, rules, writing
from servers.zendesk.model import Attachment, Knobs, Mail, Ticket, User
from servers.zendesk.product import Product

if TYPE_CHECKING:
    from servers.zendesk.contract import Contract


class ZendeskSimulator(Server):
    """An account of the product on 127.0.0.1; see the package for how to arrange it."""

    def __init__(
        self,
        *,
        knobs: Knobs | None = None,
        clock: SimClock | None = None,
        port: int = 0,
        watchers: Sequence[Callable[[Request, Answer], None]] = (),
        contract: Contract | None = None,
    ) -> None:
        """Start at once; without a clock of its own it lives in wall time.

        `contract` (of `Contract.load()`) holds every exchange against the vendor's document;
        `faults` tells what did not agree.
        """
        self.contract = contract
        watchers = [*watchers, contract.watch] if contract else watchers
        self.clock = clock or SimClock()
        self.knobs = knobs or Knobs()
        self.product = Product(self.clock, self.knobs)
        self.account = self.product.account
        for trigger in rules.DEFAULT_TRIGGERS:
            self.account.shelves["triggers"].put(**trigger, default=True)
        super().__init__(
            self._served,
            port=port,
            ignored=_is_no_work,
            watchers=watchers,
            now=self.clock.now,
        )
        self.account.base = self.url

    def _served(self, request: Request) -> Answer:
        if request.path.startswith(door.PATH):
            return door.opened(self, request)
        return self.product(request)

    # Who is who

    @property
    def basic(self) -> tuple[str, str]:
        """User name and password for Basic auth by API token."""
        return f"{self.account.client_user.email}/token", self.knobs.api_token

    @property
    def basic_header(self) -> str:
        return "Basic " + base64.b64encode(":".join(self.basic).encode()).decode()

    @property
    def client_user(self) -> User:
        """Whose the client's tokens are; set its `role` to "agent" to take rights away."""
        return self.account.client_user

    @property
    def agent(self) -> User:
        """Who does what is done by hand."""
        return self.account.agent

    def expire_tokens(self) -> None:
        """Let all tokens that were given so far be invalid."""
        with self.lock:
            self.product.access.revoke_all()

    @property
    def faults(self) -> list[str]:
        """What did not agree with the vendor's document."""
        return self.contract.faults if self.contract else []

    # What there is

    @property
    def tickets(self) -> list[Ticket]:
        """All tickets, by id; also archived, deleted and scrubbed ones (see `place`)."""
        with self.lock:
            return [self.account.tickets[key] for key in sorted(self.account.tickets)]

    @property
    def users(self) -> list[User]:
        """All people, deleted ones too."""
        return list(self.account.users.values())

    @property
    def mails(self) -> list[Mail]:
        """All that the product would have mailed to people, also to reserved domains."""
        return list(self.account.mails)

    def ticket(self, ticket_id: int | str) -> Ticket:
        """Give a ticket wherever it is; raises KeyError."""
        return self.account.tickets[int(ticket_id)]

    def by_external_id(self, external_id: str) -> list[Ticket]:
        """All tickets with this external id that were not scrubbed."""
        return [
            one
            for one in self.tickets
            if one.external_id == external_id and one.place != "scrubbed"
        ]

    def shown(self, ticket_id: int | str) -> dict[str, Any]:
        """A ticket as the API shows it."""
        with self.lock:
            return render.ticket(self.ticket(ticket_id), self.url)

    def comments(self, ticket_id: int | str) -> list[dict[str, Any]]:
        """The comments, oldest first: body, html_body, plain_body, public, attachments ..."""
        with self.lock:
            return list(self.ticket(ticket_id).comments())

    def file(self, attachment: dict[str, Any]) -> Attachment:
        """The file behind one of a comment's `attachments`; its bytes are `.content`."""
        return self.account.attachments[attachment["id"]]

    # The hands of agents

    def open_by_hand(self, text: str = "Opened by hand", **ticket: Any) -> Ticket:
        """Open a ticket with a private first comment; keys as in the API."""
        with self.lock:
            data = {"comment": {"body": text, "public": False}, **ticket}
            return writing.create(self.account, hand.as_agent(self.agent), data)[0]

    def update_by_hand(self, ticket_id: int | str, **changes: Any) -> None:
        """Change a ticket as an agent does; keys as in the API, with `comment={...}`."""
        with self.lock:
            writer = hand.as_agent(self.agent)
            writing.update(self.account, writer, self.ticket(ticket_id), changes)

    def comment_by_hand(
        self, ticket_id: int | str, text: str, *, public: bool = False, author: User | None = None
    ) -> None:
        """Write a comment; public=True is a reply to the requester."""
        comment = {"body": text, "public": public, "author_id": (author or self.agent).id}
        self.update_by_hand(ticket_id, comment=comment)

    def tag_by_hand(self, ticket_id: int | str, *tags: str) -> None:
        """Add tags."""
        self.update_by_hand(ticket_id, tags=[*self.ticket(ticket_id).tags, *tags])

    def untag_by_hand(self, ticket_id: int | str, *tags: str) -> None:
        """Take tags away."""
        kept = [one for one in self.ticket(ticket_id).tags if one not in tags]
        self.update_by_hand(ticket_id, tags=kept)

    def set_status(self, ticket_id: int | str, status: str) -> None:
        self.update_by_hand(ticket_id, status=status)

    def assign(self, ticket_id: int | str, user: User | None = None) -> None:
        self.update_by_hand(ticket_id, assignee_id=(user or self.agent).id)

    def close_ticket(self, ticket_id: int | str) -> None:
        """Solve and close, as the automation does after days."""
        with self.lock:
            hand.close(self.account, self.ticket(ticket_id))

    def archive(self, ticket_id: int | str) -> None:
        """Close and archive, as happens after months."""
        with self.lock:
            hand.archive(self.account, self.ticket(ticket_id))

    def delete(self, ticket_id: int | str) -> None:
        """Delete softly; `restore` brings it back."""
        with self.lock:
            hand.delete(self.account, self.ticket(ticket_id))

    def restore(self, ticket_id: int | str) -> None:
        with self.lock:
            hand.restore(self.account, self.ticket(ticket_id))

    def scrub(self, ticket_id: int | str) -> None:
        """Delete for good."""
        with self.lock:
            hand.scrub(self.account, self.ticket(ticket_id))

    def mark_as_spam(self, ticket_id: int | str) -> None:
        """Delete the ticket and suspend its requester."""
        with self.lock:
            hand.mark_as_spam(self.account, self.ticket(ticket_id))

    def merge(self, source: int | str, into: int | str) -> None:
        """Merge one ticket into another; the source is closed."""
        with self.lock:
            hand.merge(self.account, self.agent, self.ticket(source), self.ticket(into))

    def add_user(self, name: str, email: str | None = None, **more: Any) -> User:
        with self.lock:
            user = self.account.add_user(name=name, email=email, role=more.pop("role", "end-user"))
            for key, value in more.items():
                setattr(user, key, value)
            return user

    def suspend(self, email: str) -> User:
        """Suspend a user; one that is unknown is made first."""
        user = self.account.user_by_email(email) or self.add_user("Suspended Person", email)
        user.suspended = True
        return user

    def add_record(self, plural: str, **values: Any) -> dict[str, Any]:
        """Put up a ticket_field, group, view ... as the admin pages would."""
        with self.lock:
            return self.account.shelves[plural].create(values)

    def conflict(self, *, applied: bool, name: str = "DatabaseConflict") -> None:
        """Let the next ticket write end in 409, with or without having been done."""
        self.knobs.conflicts.append((name, applied))


def _is_no_work(request: Request) -> bool:
    """Weather is for the product's work, not for tokens nor for hands."""
    return request.path == "/oauth/tokens" or request.path.startswith(door.PATH)
