"""The product's API, a method for each address that is used.

For every request about one ticket the product reads the custom fields of all tickets,
one query each, unless `?status=` narrows them first (measured: page `django_helpdesk`
in the docs). So a ticket is looked for among the open ones first, and changed among
those of its status.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError
from selectolax.lexbor import LexborHTMLParser

from connector.domain.errors import EdgeError, Gone, OutcomeUnknown, Rejected, Unavailable
from connector.helpdesks.django_helpdesk.bodies import File
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.shapes import (
    AttachmentShape,
    FollowUpShape,
    PageShape,
    TicketShape,
)
from connector.helpdesks.django_helpdesk.tables import Json, canonical
from connector.http import Answer, Http, HttpConfig

TICKETS: Final = "/api/tickets/"
FOLLOWUPS: Final = "/api/followups/"
ATTACHMENTS: Final = "/api/followups-attachments/"

_WHERE: Final[tuple[Mapping[str, str], ...]] = ({"status": "1,2"}, {"status": "3"}, {})
"""Where a ticket is looked for: open ones, resolved ones, all."""


class Site:
    """Speaks to one site; holds its names of queues and users once they were read."""

    def __init__(self, settings: SiteSettings) -> None:
        """Make the client; no connection yet."""
        self.edge = settings.name
        self._token = settings.token
        self._queue = settings.queue
        self._lock = threading.Lock()
        self._queues: Mapping[str, int] | None = None
        self._users: Mapping[int, str] | None = None
        config = HttpConfig(
            base_url=settings.url,
            deadline_seconds=settings.deadline_seconds,
            ca_file=settings.ca_file,
            allow_private=settings.allow_private,
        )
        self._http = Http(settings.name, config, headers=self._credentials)

    def close(self) -> None:
        """End what runs; from any thread."""
        self._http.close()

    def options(self, path: str) -> Answer:
        """Ask what an address takes."""
        return self._collection("OPTIONS", path, write=False)

    def followups(self, page: int | str, size: int) -> Json:
        """Read a page of all follow-ups, oldest first; `last` is the last one."""
        where = {"page": str(page), "page_size": str(size)}
        answer = self._collection("GET", FOLLOWUPS, params=where, write=False)
        return self._shaped(answer, PageShape, write=False)

    def ticket(self, number: str) -> Json:
        """Read a ticket; Gone when it is deleted (and not when the whole API is away)."""
        if not number.isdecimal():
            raise Gone(self.edge, "has no such ticket", kind="deleted")
        for where in _WHERE:
            try:
                answer = self._http.request("GET", f"{TICKETS}{number}/", params=where, write=False)
            except Gone:
                continue
            return self._shaped(answer, TicketShape, write=False)
        self.options(TICKETS)  # raises when it is the API that is away
        raise Gone(self.edge, "the ticket is deleted, or out of reach", kind="deleted")

    def create(self, body: Json) -> Json:
        """Open a ticket; the answer is the ticket."""
        answer = self._collection("POST", TICKETS, body=canonical(body), write=True)
        return self._shaped(answer, TicketShape, write=True)

    def change(self, ticket: Json, body: Json) -> Json:
        """Change the own fields of a ticket that was just read; gives it as it is now."""
        path, content = f"{TICKETS}{ticket['id']}/", canonical(body)
        try:
            where = {"status": str(ticket["status"])}
            answer = self._http.request("PATCH", path, params=where, body=content, write=True)
        except Gone:  # an agent changed its status meanwhile, or deleted it
            self.ticket(str(ticket["id"]))
            answer = self._http.request("PATCH", path, body=content, write=True)
        return self._shaped(answer, TicketShape, write=True)

    def say(self, number: str, comment: str) -> Json:
        """Write a private follow-up. A title would rename the ticket: there is none."""
        body = {"ticket": int(number), "comment": comment, "public": False}
        answer = self._collection("POST", FOLLOWUPS, body=canonical(body), write=True)
        return self._shaped(answer, FollowUpShape, write=True)

    def edit(self, followup: int, body: Json) -> Json:
        """Change a follow-up; mails nobody, renders nothing, and a title stays its own."""
        path, content = f"{FOLLOWUPS}{followup}/", canonical(body)
        try:
            answer = self._http.request("PATCH", path, body=content, write=True)
        except Gone:  # the ticket may still be there: whoever repeats this will see
            problem = "somebody deleted a follow-up while it was being written"
            raise Unavailable(self.edge, problem) from None
        return self._shaped(answer, FollowUpShape, write=True)

    def attach(self, followup: int, file: File) -> Json:
        """Attach a file to a follow-up; a refused type is Rejected and leaves nothing."""
        fields = {
            "followup": str(followup),
            "filename": file.name,
            "mime_type": file.media_type,
            "size": str(len(file.content)),
        }
        content_type, body = multipart(fields, file)
        answer = self._collection(
            "POST", ATTACHMENTS, body=body, content_type=content_type, write=True
        )
        return self._shaped(answer, AttachmentShape, write=True)

    def probe(self, queue: int) -> tuple[str, ...]:
        """Name what a ticket for this queue would still need; makes none, as it has no title."""
        try:
            self._collection("POST", TICKETS, body=canonical({"queue": queue}), write=True)
        except Rejected as error:
            return tuple(name for name in error.fields if name != "title")
        return ()

    def queue(self) -> int:
        """Give the number of the configured queue; Rejected when there is none by its title."""
        if isinstance(self._queue, int):
            return self._queue
        number = self.queues().get(self._queue)
        if number is None:
            raise Rejected(self.edge, "has no queue of the configured title", fields=["queue"])
        return number

    def queues(self) -> Mapping[str, int]:
        """Give the queues by title, as far as the site lists them."""
        self._read_names()
        return self._queues or {}

    def users(self) -> Mapping[int, str]:
        """Give the names of those to whom tickets can be assigned; empty when not to be had."""
        try:
            self._read_names()
        except EdgeError:
            return {}
        return self._users or {}

    def _read_names(self) -> None:
        """Read the lists of the API's own page for people: the API has no address for them."""
        with self._lock:
            if self._queues:
                return
        answer = self._collection(
            "GET",
            TICKETS,
            params={"status": "5", "page_size": "1"},  # duplicates: there are few
            headers={"Accept": "text/html"},
            write=False,
            expect_json=False,
        )
        page = LexborHTMLParser(answer.body)
        whole = answer.body.rstrip().endswith(b"</html>")
        if not whole or page.css_first("select[name=queue]") is None:
            # a login page, a captive portal, half a page: it says nothing about queues
            raise Unavailable(self.edge, "answers with a page that is not its own; is url right?")
        with self._lock:
            self._queues = {title: number for number, title in _choices(page, "queue")}
            self._users = dict(_choices(page, "assigned_to"))

    def _collection(self, method: str, path: str, **more: Any) -> Answer:
        """Ask at an address that every site has: 404 means that this is none."""
        try:
            return self._http.request(method, path, **more)
        except Gone:
            raise Unavailable(
                self.edge, f"has no API at {path}; is url right, and is the API switched on?"
            ) from None

    def _shaped(self, answer: Answer, shape: type[BaseModel], *, write: bool) -> Json:
        """Check that an answer is what was asked for: JSON alone does not say that."""
        value = answer.json()
        try:
            shape.model_validate(value)
        except ValidationError:
            problem = "answers with JSON of another shape; is url right?"
            raise (OutcomeUnknown if write else Unavailable)(self.edge, problem) from None
        return cast("Json", value)

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Token {self._token.get_secret_value()}"}


def multipart(fields: Mapping[str, str], file: File) -> tuple[str, bytes]:
    """Assemble a form with one file; the same input gives the same bytes.

    `file.name` and the fields hold neither quotes nor line breaks (`bodies.safe_name`).
    """
    boundary = "amends-" + hashlib.sha256(file.content).hexdigest()
    lines: list[bytes] = []
    for name, value in fields.items():
        lines += [
            f"--{boundary}".encode(),
            f'Content-Disposition: form-data; name="{name}"'.encode(),
            b"",
            value.encode(),
        ]
    lines += [
        f"--{boundary}".encode(),
        f'Content-Disposition: form-data; name="file"; filename="{file.name}"'.encode(),
        f"Content-Type: {file.media_type}".encode(),
        b"",
        file.content,
        f"--{boundary}--".encode(),
        b"",
    ]
    return f"multipart/form-data; boundary={boundary}", b"\r\n".join(lines)


def _choices(page: LexborHTMLParser, name: str) -> list[tuple[int, str]]:
    options = page.css(f"select[name={name}] option")
    pairs = ((option.attributes.get("value") or "", option.text().strip()) for option in options)
    return [(int(value), text) for value, text in pairs if value.isdecimal()]
