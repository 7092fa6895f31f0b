"""The product's API, a method for each address that is used."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from connector.domain.errors import (
    AuthenticationFailed,
    Gone,
    Incomplete,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import TicketRef
from connector.helpdesks.freshdesk import shapes
from connector.helpdesks.freshdesk.files import File, multipart
from connector.helpdesks.freshdesk.form import Form
from connector.helpdesks.freshdesk.rates import API, RATES
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.helpdesks.freshdesk.tables import Json, canonical, when
from connector.http import Answer, Budget, Http, HttpConfig, JsonValue, Rates

PAGE_SIZE: Final = 100
"""The most that a page holds; more is an error."""

MAX_PAGES: Final = 300
"""The product gives no further page of a list."""

MAX_ANSWER_BYTES: Final = 48 * 1024 * 1024
"""A hundred long notes, each twice (as HTML and as text)."""

MAX_ID_DIGITS: Final = 18
"""A longer number is no ticket's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list."""

    items: Sequence[Json]
    more: bool
    """True when the product says that there is a further page, or the page is full."""
    at: datetime | None
    """The product's clock when it answered; None when it does not tell."""


class Account:
    """Speaks to one account; holds its form once it was read."""

    def __init__(self, settings: AccountSettings, rates: Rates = RATES) -> None:
        """Make the client; no connection yet."""
        self.edge = settings.name
        self.settings = settings
        self._key = settings.api_key
        self._lock = threading.Lock()
        self._form: Form | None = None
        config = HttpConfig(
            base_url=settings.url,
            deadline_seconds=settings.deadline_seconds,
            ca_file=settings.ca_file,
            max_answer_bytes=MAX_ANSWER_BYTES,
        )
        self.budget = Budget(settings.name, rates, share_permille=settings.share_percent * 10)
        self._http = Http(settings.name, config, headers=self._credentials, budget=self.budget)

    def close(self) -> None:
        """End what runs; from any thread."""
        self.budget.close()
        self._http.close()

    def ref(self, number: int | str) -> TicketRef:
        """Say where a ticket is, for people too."""
        return TicketRef(id=str(number), url=f"{self.settings.url}/a/tickets/{number}")

    # the account

    def me(self) -> tuple[Json, datetime | None]:
        """Read the agent whose key is used, and the product's clock."""
        answer = self._collection("GET", "/agents/me", write=False)
        return self._object(answer, shapes.AGENT, write=False), answer.date

    def form(self, *, fresh: bool = False) -> Form:
        """Give the account's form; read once, and again when asked to."""
        with self._lock:
            if self._form is not None and not fresh:
                return self._form
        answer = self._collection("GET", "/ticket_fields", write=False)
        form = Form.read(
            self.settings, cast("list[Json]", self._shaped(answer, shapes.FIELDS, write=False))
        )
        with self._lock:
            self._form = form
        return form

    # tickets

    def ticket(self, number: str) -> Json:
        """Read a ticket with its requester, live or archived (then `archived` is True).

        Gone when there is none, and not when the whole API is away.
        """
        if not (number.isascii() and number.isdecimal() and len(number) <= MAX_ID_DIGITS):
            raise Gone(self.edge, "has no such ticket", kind="deleted")
        where = {"include": "requester"}
        try:
            answer = self._ask("GET", f"/tickets/{number}", params=where, write=False)
            return self._object(answer, shapes.TICKET, write=False)
        except Gone:
            pass
        try:
            answer = self._ask("GET", f"/tickets/archived/{number}", params=where, write=False)
        except Gone:
            self.me()  # raises when it is the API that is away
            raise Gone(self.edge, "the ticket is deleted for good", kind="deleted") from None
        return {**self._object(answer, shapes.TICKET, write=False), "archived": True}

    def conversations(self, ticket: Json) -> Iterator[Json]:
        """Read all conversations of a ticket that was just read, page by page, oldest first."""
        where = "/tickets/archived" if ticket.get("archived") else "/tickets"
        path = f"{where}/{ticket['id']}/conversations"
        seen: set[int] = set()
        for number in range(1, MAX_PAGES + 1):
            page = self._page(path, {"page": str(number)}, shapes.CONVERSATIONS, ticket=True)
            for one in page.items:
                if one["id"] not in seen:
                    seen.add(one["id"])
                    yield one
            if not page.more:
                return
        raise Incomplete(self.edge, "gives no further page of a ticket's conversations")

    def ratings(self, ticket: Json) -> list[Json]:
        """Read what the patient said of the ticket's handling."""
        path = f"/tickets/{ticket['id']}/satisfaction_ratings"
        return list(self._page(path, {}, shapes.RATINGS, ticket=True).items)

    def stats(self, ticket: Json) -> Mapping[str, str | None]:
        """Read when the ticket was answered, resolved, closed and reopened."""
        where = "/tickets/archived" if ticket.get("archived") else "/tickets"
        answer = self._ask(
            "GET", f"{where}/{ticket['id']}", params={"include": "stats"}, write=False
        )
        return self._object(answer, shapes.TICKET, write=False).get("stats") or {}

    def create(self, body: Json) -> Json:
        """Open a ticket; the answer is the ticket."""
        answer = self._collection("POST", "/tickets", body=canonical(body), write=True)
        return self._object(answer, shapes.WRITTEN, write=True)

    def probe(self) -> None:
        """See whether tickets may be created, by one that says nothing and is always refused."""
        with contextlib.suppress(Rejected):
            self._collection("POST", "/tickets", body=canonical({}), write=True)

    def change(self, number: str, body: Json) -> Json:
        """Change a ticket; gives it as the answer shows it (due dates are the old ones)."""
        answer = self._ask("PUT", f"/tickets/{number}", body=canonical(body), write=True)
        return self._object(answer, shapes.WRITTEN, write=True)

    def say(self, number: str, html: str, files: Sequence[File] = ()) -> Json:
        """Write a private note; said explicitly, whatever the default is."""
        if files:
            fields = {"body": html, "private": "true"}
            content_type, body = multipart(fields, files)
        else:
            content_type, body = "application/json", canonical({"body": html, "private": True})
        answer = self._ask(
            "POST", f"/tickets/{number}/notes", body=body, content_type=content_type, write=True
        )
        return self._object(answer, shapes.CONVERSATION, write=True)

    def listing(self, view: str, since: datetime, page: int) -> Page:
        """Read a page of tickets that changed since then, the longest ago first.

        `view` is empty, `spam` or `deleted`. Without `updated_since` the product shows only
        what was created in the last 30 days.
        """
        where = {
            "updated_since": when(since),
            "order_by": "updated_at",
            "order_type": "asc",
            "page": str(page),
        }
        if view:
            where["filter"] = view
        return self._page("/tickets", where, shapes.LISTED)

    def people(self, **by: str) -> list[Json]:
        """Read the contacts with exactly this number, at most a page of them."""
        return list(self._page("/contacts", by, shapes.PEOPLE).items)

    def agent_of(self, email: str) -> int | None:
        """Give the number of the agent of this address; None: there is none, or we may not ask.

        Asking takes the right to see agents, which every admin has.
        """
        try:
            found = self._page("/agents", {"email": email}, shapes.AGENTS).items
        except AuthenticationFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return None
        same = (str((one.get("contact") or {}).get("email")).casefold() for one in found)
        own = [one for one, address in zip(found, same, strict=True) if address == email.casefold()]
        return int(own[0]["id"]) if own else None

    # set-up, for admins only

    def admin_fields(self) -> list[Json]:
        """Read the fields as admins see them."""
        return self._whole("/admin/ticket_fields", shapes.FIELDS)

    def admin_field(self, number: int) -> Json:
        """Read one field with its choices."""
        answer = self._ask("GET", f"/admin/ticket_fields/{number}", write=False)
        return self._object(answer, shapes.FIELD, write=False)

    def policies(self) -> list[Json]:
        """Read the service-level policies."""
        return self._whole("/sla_policies", shapes.POLICIES)

    def folders(self) -> list[Json]:
        """Read the folders of canned responses."""
        return self._whole("/canned_response_folders", shapes.FOLDERS)

    def canned(self, folder: int) -> list[Json]:
        """Read the canned responses of a folder with their words."""
        return self._whole(f"/canned_response_folders/{folder}/responses", shapes.CANNED)

    def set_up(self, method: str, path: str, body: Json | None = None) -> Json:
        """Create, change or remove something of the account's set-up."""
        content = canonical(body) if body is not None else None
        answer = self._ask(method, path, body=content, write=True)
        found = answer.json()
        return found if isinstance(found, dict) else {}

    # how

    def _page(
        self,
        path: str,
        where: Mapping[str, str],
        shape: TypeAdapter[Any],
        *,
        ticket: bool = False,
        sized: bool = True,
    ) -> Page:
        params = {**where, **({"per_page": str(PAGE_SIZE)} if sized else {})}
        ask = self._ask if ticket else self._collection
        answer = ask("GET", path, params=params, write=False)
        items = cast("list[Json]", self._shaped(answer, shape, write=False))
        further = 'rel="next"' in answer.headers.get("link", "")
        return Page(
            items=items,
            more=bool(items) and (further or (sized and len(items) >= PAGE_SIZE)),
            at=answer.date,
        )

    def _whole(self, path: str, shape: TypeAdapter[Any]) -> list[Json]:
        """Read a list of which the reference does not say whether it has pages."""
        items: list[Json] = []
        for number in range(1, MAX_PAGES + 1):
            page = self._page(path, {"page": str(number)} if items else {}, shape, sized=False)
            items += page.items
            if not page.more:
                break
        return items

    def _ask(self, method: str, path: str, **more: Any) -> Answer:
        return self._http.request(method, API + path, **more)

    def _collection(self, method: str, path: str, **more: Any) -> Answer:
        """Ask at an address that every account has: 404 means that this is none."""
        try:
            return self._ask(method, path, **more)
        except Gone:
            raise Unavailable(
                self.edge, f"has no API at {API}{path}; is url the account's own address?"
            ) from None

    def _object(self, answer: Answer, shape: TypeAdapter[Any], *, write: bool) -> Json:
        """Give an answer that is one object of this shape."""
        return cast("Json", self._shaped(answer, shape, write=write))

    def _shaped(self, answer: Answer, shape: TypeAdapter[Any], *, write: bool) -> JsonValue:
        """Check that an answer is what was asked for: JSON alone does not say that."""
        value = answer.json()
        try:
            shape.validate_python(value)
        except ValidationError:
            problem = "answers with JSON of another shape; is url right?"
            raise (OutcomeUnknown if write else Unavailable)(self.edge, problem) from None
        return value

    def _credentials(self) -> dict[str, str]:
        """Give the key as the user of Basic authentication, with a password that means nothing."""
        pair = f"{self._key.get_secret_value()}:X".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def judged(account: Account, error: Rejected) -> Rejected | Unavailable:
    """Say what a refused ticket means: this ticket's fault, or the form's, which can be mended.

    An admin may have added a demand or taken a field away since the form was read. Then the
    form is read again, and the work is kept and tried again with what is there now.
    """
    before = account.form()
    now = account.form(fresh=True)
    if now.fields != before.fields:
        return Unavailable(account.edge, "changed its form; it was read again")
    named = set(error.fields)
    lacking = [
        field.name
        for field in now.unfilled()
        if {field.name, field.attribute, f"custom_fields.{field.name}"} & named
    ]
    if lacking:
        what = ", ".join(lacking)
        problem = f"demands {what} for every ticket; set defaults for it, or make it optional"
        return Unavailable(account.edge, problem)
    return error
