"""The product's API, a method for each address that is used.

Transactions and attachments that the account may not see are taken out of a page after it
was cut: a page may be short or empty in the middle of a list. So a list ends where two pages
in a row are empty.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    Gone,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.shapes import (
    AttachmentShape,
    ChangedShape,
    MadeShape,
    PageShape,
    QueueShape,
    TicketShape,
    TransactionShape,
)
from connector.helpdesks.request_tracker.tables import DELETED, SYSTEM, Json, canonical
from connector.http import Answer, Http, HttpConfig
from connector.http.config import MAX_ANSWER_BYTES

BASE: Final = "/REST/2.0"
PAGE: Final = 100
"""The product gives no more at once, and does not say so."""

LAST_EMPTY: Final = 2
"""So many empty pages in a row are an end."""

MAX_PAGES: Final = 2_000
"""A list that goes on for longer has no end."""

TOLD: Final = "Type,Field,OldValue,NewValue,Data,Created,Creator,ObjectId"
DENIED: Final = "Permission Denied"

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The configured queue, as the account sees it."""

    id: int
    fields: Mapping[int, str]
    """The custom fields of its tickets by number: their names."""
    may_create: bool
    home: str
    """The address under which the product knows itself; behind a proxy it may be another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list."""

    items: list[Json]
    total: int | None
    """Of the whole list; None where some of it may be hidden from the account."""
    at: str
    """The product's own time of the answer."""


class Api:
    """Speaks to one RT; holds what it knows of the queue and of people."""

    def __init__(self, settings: InstanceSettings) -> None:
        """Make the client; no connection yet."""
        self.edge = settings.name
        self.settings = settings
        self._lock = threading.Lock()
        self._queue: Queue | None = None
        self._people: dict[str, Json] = {}
        self.levels: frozenset[str] | None = None
        """Service levels of the queue, once they were read."""
        config = HttpConfig(
            base_url=settings.url,
            deadline_seconds=settings.deadline_seconds,
            ca_file=settings.ca_file,
            allow_private=settings.allow_private,
            # a file comes back in Base64, within JSON
            max_answer_bytes=max(MAX_ANSWER_BYTES, 2 * settings.max_attachment_bytes),
        )
        self._http = Http(settings.name, config, headers=self._credentials)

    def close(self) -> None:
        """End what runs; from any thread."""
        self._http.close()

    def version(self) -> Answer:
        """Ask for the product's version; the cheapest question that needs credentials."""
        return self._there("/rt")

    def queue(self, *, fresh: bool = False) -> Queue:
        """Read the queue; Rejected when there is none of this name that the account sees."""
        with self._lock:
            if self._queue is not None and not fresh:
                return self._queue
        name = quote(self.settings.queue, safe="")
        try:
            answer = self._get(f"/queue/{name}")
        except Gone:
            self.version()
            problem = "has no queue of the configured name"
            raise Rejected(self.edge, problem, fields=["queue"]) from None
        shape = self._shaped(answer.json(), QueueShape)
        found = Queue(
            id=shape.id,
            fields={field.id: field.name for field in shape.TicketCustomFields},
            may_create=any(link.ref == "create" for link in shape.hyperlinks),
            home=next((link.url.partition(BASE)[0] for link in shape.hyperlinks), ""),
        )
        with self._lock:
            self._queue = found
        return found

    def forget(self) -> None:
        """Forget what is known of the queue: its fields were changed."""
        with self._lock:
            self._queue = None

    def key_id(self) -> int:
        """Give the number of the field for keys; Unavailable while the queue shows none.

        Asked for anew each time: a search by a field that is not there finds nothing, and does
        not say why.
        """
        wanted = self.settings.key_field
        found = [number for number, name in self.queue(fresh=True).fields.items() if name == wanted]
        if not found:
            problem = f"shows no custom field {wanted} in the queue: nothing can be found by it"
            raise Unavailable(self.edge, problem)
        return found[0]

    def ticket(self, number: str) -> Json:
        """Read a ticket, with its version as `_etag`; Gone when it is deleted, merged, moved away.

        The product answers for a merged ticket with the one into which it was merged.
        """
        ticket = self.ticket_or_target(number)
        if str(ticket["id"]) != str(int(number)):
            into = str(ticket["id"])
            raise Gone(self.edge, "the ticket was merged", kind="merged", merged_into=into)
        return ticket

    def ticket_or_target(self, number: str) -> Json:
        """Read a ticket, or the one into which it was merged; Gone when deleted or moved away."""
        if not (number.isascii() and number.isdecimal()):
            raise Gone(self.edge, "has no such ticket", kind="deleted")
        try:
            answer = self._get(f"/ticket/{number}")
        except Gone:
            self.version()  # raises when it is the API that is away
            raise Gone(self.edge, "has no such ticket", kind="deleted") from None
        except AuthenticationFailed:
            self.queue(fresh=True)  # raises when it is the account, not the one ticket
            problem = "the ticket is out of reach: it was moved to a queue that is closed to us"
            raise Gone(self.edge, problem, kind="deleted") from None
        self._shaped(answer.json(), TicketShape)
        ticket = cast("Json", answer.json())
        if ticket["Status"] == DELETED:
            raise Gone(self.edge, "the ticket is deleted", kind="deleted")
        return {**ticket, "_etag": answer.headers.get("etag", "")}

    def create(self, body: Json) -> int:
        """Make a ticket; gives its number."""
        answer = self._write("POST", "/ticket", canonical(body))
        return self._shaped(answer.json(), MadeShape, write=True).id

    def change(self, ticket: Json, body: Json) -> None:
        """Change a ticket that was just read; Conflict when it is not as it was read any more.

        The product answers 200 to what it refuses: read the ticket again. Refused for want of
        rights altogether is AuthenticationFailed.
        """
        lock = {"If-Match": ticket["_etag"]} if ticket["_etag"] else {}
        answer = self._write("PUT", f"/ticket/{int(ticket['id'])}", canonical(body), lock)
        said = answer.json()
        if not isinstance(said, list):
            raise OutcomeUnknown(self.edge, "answers with JSON of another shape; is url right?")
        if said and all(str(line).endswith(DENIED) for line in said):
            raise AuthenticationFailed(self.edge, "may not change tickets (ModifyTicket)")

    def comment(self, ticket: Json, body: Json) -> int:
        """Write a comment, which only staff sees; gives the number of its transaction."""
        if not may(ticket, "comment"):
            raise AuthenticationFailed(self.edge, "may not comment on tickets (CommentOnTicket)")
        answer = self._write("POST", f"/ticket/{int(ticket['id'])}/comment", canonical(body))
        last = answer.headers.get("location", "").rpartition("/")[2]
        if not isinstance(answer.json(), list) or not last.isdecimal():
            raise OutcomeUnknown(self.edge, "answers with JSON of another shape; is url right?")
        return int(last)

    def tickets(self, query: str) -> list[int]:
        """Search by TicketSQL; gives all numbers, in order. Deleted tickets are never found."""
        params = {"query": query, "orderby": "id"}
        items = self.pages("/tickets", params, MadeShape)
        return sorted({int(str(item["id"])) for item in items})

    def newest(self, query: str) -> int | None:
        """Give the newest ticket that a search by TicketSQL finds; None when it finds none."""
        params = {"query": query, "orderby": "id", "order": "DESC"}
        items = self.page("/tickets", params, 1, MadeShape, size=1).items
        return int(str(items[0]["id"])) if items else None

    def transactions(self, query: str, page: int = 1) -> Page:
        """Search by TransactionSQL; gives one page, by number."""
        params = {"query": query, "fields": TOLD, "orderby": "id"}
        return self.page("/transactions", params, page, TransactionShape)

    def changes(self, query: str, page: int = 1) -> Page:
        """Search likewise, only for what happened when to which ticket."""
        params = {"query": query, "fields": "Created,ObjectId", "orderby": "id"}
        return self.page("/transactions", params, page, ChangedShape)

    def history(self, number: int) -> Iterator[Json]:
        """Give everything that happened to a ticket, as far as the account may see it."""
        params = {"fields": TOLD, "orderby": "id"}
        return self.pages(f"/ticket/{number}/history", params, TransactionShape)

    def parts(self, number: int, where: Mapping[str, str], fields: str) -> Iterator[Json]:
        """Give the parts of a ticket's messages, those that fit `where`."""
        at, params = self._parts(number, where, fields)
        return self.pages(at, params, AttachmentShape)

    def parts_of(self, number: int, said: int, where: Mapping[str, str], fields: str) -> list[Json]:
        """Give the parts of one message likewise; it has less than a page, or is hidden."""
        at, params = self._parts(number, {**where, "TransactionId": str(said)}, fields)
        return self.page(at, params, 1, AttachmentShape).items

    def _parts(
        self, number: int, where: Mapping[str, str], fields: str
    ) -> tuple[str, dict[str, str]]:
        conditions = [{"field": name, "value": value} for name, value in where.items()]
        # by number already; asked for that order the product fails
        params = {"query": json.dumps(conditions), "fields": f"TransactionId,{fields}"}
        return f"/ticket/{number}/attachments", params

    def content(self, part: int) -> bytes:
        """Give the content of one part of a message."""
        found = self._get(f"/attachment/{part}").json()
        text = found.get("Content") if isinstance(found, dict) else None
        return base64.b64decode(str(text or ""))

    def person(self, name: str) -> Json:
        """Tell what the account may know of a user; empty when that is nothing."""
        if not name or name == SYSTEM:
            return {}
        with self._lock:
            if name in self._people:
                return self._people[name]
        try:
            found = self._get(f"/user/{quote(name, safe='')}").json()
        except (Gone, AuthenticationFailed, Rejected, ValueError):
            found = {}
        person = found if isinstance(found, dict) else {}
        with self._lock:
            self._people[name] = person
        return person

    def web_page(self, path: str, params: Mapping[str, str]) -> bytes:
        """Read a page for people, which the same token opens."""
        headers = {"Referer": f"{self.queue().home}/"}  # else it fears a forged request
        answer = self._http.request(
            "GET", path, params=params, headers=headers, write=False, expect_json=False
        )
        return answer.body

    def pages(self, path: str, params: Mapping[str, str], shape: type[BaseModel]) -> Iterator[Json]:
        """Give all items of a list, however many of them are hidden in between.

        Where nothing can be hidden from the account the product tells how many there are.
        """
        empty = 0
        for number in range(1, MAX_PAGES):
            page = self.page(path, params, number, shape)
            yield from page.items
            empty = 0 if page.items else empty + 1
            if empty == LAST_EMPTY or (page.total is not None and number * PAGE >= page.total):
                return
        raise Unavailable(self.edge, "gives a list without an end")

    def page(
        self,
        path: str,
        params: Mapping[str, str],
        number: int,
        shape: type[BaseModel],
        *,
        size: int = PAGE,
    ) -> Page:
        """Give one page of a list."""
        asked = {**params, "per_page": str(size), "page": str(number)}
        answer = self._there(path, asked)
        found = self._shaped(answer.json(), PageShape)
        items = cast("list[Json]", found.items)
        for item in items:
            self._shaped(item, shape)
        return Page(items=items, total=found.total, at=answer.headers.get("date", ""))

    def admin(self, method: str, path: str, body: Json | None = None) -> Any:
        """Do what admins do; refusals are told as AuthenticationFailed."""
        if method == "GET":
            return self._there(path).json()
        try:
            content = canonical(body) if body is not None else b""
            empty = method == "DELETE"  # 204, without content
            answer = self._http.request(
                method, BASE + path, body=content, write=True, expect_json=not empty
            )
        except Gone:
            raise Rejected(self.edge, "what is to be changed is gone; plan anew") from None
        said = answer.json()
        if isinstance(said, list) and any(str(line).endswith(DENIED) for line in said):
            raise AuthenticationFailed(self.edge, "may not administer custom fields")
        return said

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        return self._http.request("GET", BASE + path, params=params, write=False)

    def _there(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """Ask at an address that every RT has: 404 means that this is none."""
        try:
            return self._get(path, params)
        except Gone:
            problem = "has no REST2 API there; is url right, and is it RT 5?"
            raise Unavailable(self.edge, problem) from None

    def _write(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Answer:
        try:
            return self._http.request(
                method, BASE + path, body=body, headers=headers or {}, write=True
            )
        except Gone:
            problem = "lost the ticket, or has no REST2 API there; is url right?"
            raise Unavailable(self.edge, problem) from None

    def _shaped(self, value: object, shape: type[_Model], *, write: bool = False) -> _Model:
        """Check that an answer is what was asked for: JSON alone does not say that."""
        try:
            return shape.model_validate(value)
        except ValidationError:
            problem = "answers with JSON of another shape; is url right?"
            error: type[EdgeError] = OutcomeUnknown if write else Unavailable
            raise error(self.edge, problem) from None

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"token {self.settings.token.get_secret_value()}"}


def may(ticket: Json, what: str) -> bool:
    """Say whether the account may do something with a ticket: the product links what it may."""
    links: Sequence[Json] = ticket.get("_hyperlinks") or ()
    return any(link.get("ref") == what for link in links)
