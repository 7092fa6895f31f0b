"""The product's API, a method for each address that is used.

A 401 means that the token has ended: it is renewed and the request sent once more, because
what was refused was not done. Nothing else is ever repeated here.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from pydantic import BaseModel, ValidationError

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    Gone,
    Incomplete,
    OutcomeUnknown,
    Unavailable,
)
from connector.helpdesks.zendesk.rates import RATES
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.shapes import (
    AuditsShape,
    FeedShape,
    MeShape,
    TicketShape,
    TicketsShape,
    UploadShape,
    UsersShape,
    WrittenShape,
)
from connector.helpdesks.zendesk.tables import DELETED, STAFF, Json, canonical
from connector.helpdesks.zendesk.tokens import ApiToken, ClientCredentials, Credentials
from connector.http import Answer, Budget, Http, HttpConfig, JsonValue, TooLarge
from connector.http.answers import load

BASE: Final = "/api/v2"
TICKETS: Final = f"{BASE}/tickets"
ME: Final = f"{BASE}/users/me"
FEED: Final = f"{BASE}/incremental/tickets/cursor"

PAGE: Final = 100
"""Records asked for at once; the product gives no more."""
MAX_PAGES: Final = 200
"""Bound for what never says that it ends; a ticket holds at most 5,000 comments."""
FEED_PAGE: Final = 200
"""Tickets of a page of the feed: their answer stays within what is read at once."""

_DROPPED: Final = re.compile(r"(?:unpermitted_keys=>|restricted keys )\[([^\]]{0,500})\]")
_KEY: Final = re.compile(r"\"([a-z_]{1,40}(?:\.[a-z_0-9]{1,40}){0,4})\"")
_TICKET_ID: Final = re.compile(r"[1-9][0-9]{0,17}")


def warned(answer: Answer) -> tuple[str, ...]:
    """Name what the product says that it dropped; it says so in a header only."""
    said = answer.headers.get("x-zendesk-api-warn")
    if said is None:
        return ()
    names = [name for part in _DROPPED.findall(said) for name in _KEY.findall(part)]
    return tuple(f"dropped:{name}" for name in dict.fromkeys(names)) or ("dropped",)


class Api:
    """Speaks to one account; its methods may be called by several threads."""

    def __init__(self, settings: AccountSettings) -> None:
        """Make the client; no connection yet. Raises ConfigError for an unusable ca_file."""
        self.edge = settings.name
        config = HttpConfig(
            base_url=settings.url,
            deadline_seconds=settings.deadline_seconds,
            ca_file=settings.ca_file,
        )
        self.budget = Budget(settings.name, RATES, share_permille=settings.share_percent * 10)
        self._http = Http(settings.name, config, budget=self.budget)
        self._credentials: Credentials = (
            ApiToken(settings) if settings.token else ClientCredentials(settings, self._http)
        )
        self._lock = threading.Lock()
        self._me: Json | None = None

    def close(self) -> None:
        """End what runs; from any thread."""
        self._http.close()

    def request(self, method: str, path: str, **more: Any) -> Answer:
        """Send a request as we are; once more with a fresh token after a 401."""
        headers: Mapping[str, str] = more.pop("headers", {})
        authorization = self._credentials.header()
        try:
            return self._http.request(
                method, path, headers={**headers, "Authorization": authorization}, **more
            )
        except AuthenticationFailed as error:
            fresh = (
                self._credentials.renewed(authorization)
                if error.status == HTTPStatus.UNAUTHORIZED
                else None
            )
            if fresh is None:
                raise
        return self._http.request(method, path, headers={**headers, "Authorization": fresh}, **more)

    def get(self, path: str, **params: str) -> Json:
        """Read an address that every account has: 404 means that this is none."""
        try:
            value = self.request("GET", path, params=params, write=False).json()
        except Gone as gone:
            error = Unavailable(self.edge, f"has no {path} ({gone.status}); is url right?")
            error.status = gone.status
            raise error from None
        if not isinstance(value, dict):
            raise Unavailable(self.edge, "answers with JSON of another shape; is url right?")
        return value

    def send(self, method: str, path: str, body: Json | None = None) -> Json:
        """Write to an address of the set-up; the answer as it comes."""
        content = canonical(body) if body is not None else None
        value = self.request(
            method, path, body=content, write=True, expect_json=method != "DELETE"
        ).json()
        return value if isinstance(value, dict) else {}

    def listed(self, path: str, name: str, **params: str) -> Iterator[Json]:
        """Read all records of a list, page by page by cursor; Incomplete when it never ends."""
        after: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = self.get(path, **{"page[size]": str(PAGE)}, **after, **params)
            records = page.get(name)
            if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
                raise Unavailable(self.edge, "answers with JSON of another shape; is url right?")
            yield from cast("list[Json]", records)
            cursor = _next(page)
            if not cursor:
                return
            after = {"page[after]": cursor}
        raise Incomplete(self.edge, f"a list has more than {MAX_PAGES} pages")

    def me(self, *, fresh: bool = False) -> Json:
        """Give the user that we are. Wrong credentials may be answered by 200 and nobody."""
        with self._lock:
            if self._me is not None and not fresh:
                return self._me
        value = self.get(ME)
        user = self._shaped(value, MeShape, write=False)["user"]
        if user.get("id") is None:
            raise AuthenticationFailed(self.edge, "takes us for nobody: the credentials are wrong")
        with self._lock:
            self._me = cast("Json", user)
            return self._me

    def people(self, numbers: Iterable[int]) -> Mapping[int, Json]:
        """Give users by number; none where we may not see them."""
        found: dict[int, Json] = {}
        wanted = sorted(numbers)
        for start in range(0, len(wanted), PAGE):
            ids = ",".join(map(str, wanted[start : start + PAGE]))
            try:
                value = self.get(f"{BASE}/users/show_many", ids=ids)
            except AuthenticationFailed as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                return found
            users = self._shaped(value, UsersShape, write=False)["users"]
            found |= {user["id"]: user for user in users}
        return found

    def agent_of(self, email: str) -> bool:
        """Tell whether an address is that of somebody to whom tickets can be given."""
        found = self.listed(f"{BASE}/users/search", "users", query=f"email:{email}")
        return any(
            str(one.get("email")).casefold() == email.casefold()
            and one.get("role") in STAFF
            and not one.get("suspended")
            for one in found
        )

    def ticket(self, number: str) -> Json:
        """Read a ticket with its people by number in `people`; Gone when it is deleted."""
        self.must_be_id(number)
        value = self._of_ticket(number, "", {"include": "users"})
        shaped = self._shaped(value, TicketShape, write=False)
        ticket: Json = shaped["ticket"]
        if ticket["status"] == DELETED:
            raise Gone(self.edge, "the ticket is deleted", kind="deleted")
        users = {user.get("id"): user for user in shaped.get("users") or ()}
        return {**ticket, "people": users}

    def _of_ticket(self, number: str, rest: str, params: Mapping[str, str]) -> JsonValue:
        """Read something of a ticket; Gone when it is deleted, or when it alone is kept from us.

        Where all tickets or all audits are refused it is AuthenticationFailed: that must
        never look as if tickets were deleted.
        """
        path = f"{TICKETS}/{number}{rest}"
        try:
            return self.request("GET", path, params=params, write=False).json()
        except Gone:
            self.me(fresh=True)  # raises when it is the account that is away, or we are nobody
        except AuthenticationFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            if rest:
                self.ticket(number)
                raise  # the ticket can be read, and what belongs to it cannot
            self.get(TICKETS, **{"page[size]": "1"})  # raises when we may read no ticket at all
        raise Gone(self.edge, "the ticket is deleted, or out of our reach", kind="deleted")

    def must_be_id(self, number: str) -> None:
        """Raise Gone for what cannot be a ticket's number."""
        if not _TICKET_ID.fullmatch(number):
            raise Gone(self.edge, "has no such ticket", kind="deleted")

    def by_key(self, key: str) -> list[Json]:
        """Give the tickets with our key, oldest first; archived ones are not in this list."""
        found = [
            ticket
            for ticket in self.listed(TICKETS, "tickets", external_id=key)
            if ticket.get("external_id") == key and ticket.get("status") != DELETED
        ]
        self._shaped({"tickets": found}, TicketsShape, write=False)
        return sorted(found, key=lambda ticket: int(ticket["id"]))

    def create(self, body: Json, key: str) -> tuple[Json, Answer]:
        """Open a ticket once for a key; the same key with another body is Rejected (400)."""
        headers = {"Idempotency-Key": key}
        try:
            answer = self.request(
                "POST", TICKETS, body=canonical(body), headers=headers, write=True
            )
        except Gone:
            raise Unavailable(self.edge, "has no tickets at this address; is url right?") from None
        except Conflict as error:
            # a collision in its database says nothing about what became of the ticket
            raise OutcomeUnknown(self.edge, f"{error.problem}; it may have been made") from error
        return self._shaped(answer.json(), WrittenShape, write=True), answer

    def change(self, number: str, body: Json) -> tuple[Json, Answer]:
        """Change a ticket; Conflict when it is not as we read it, Gone when it is away."""
        try:
            answer = self.request(
                "PUT", f"{TICKETS}/{number}", body=canonical({"ticket": body}), write=True
            )
        except Gone:
            raise Gone(
                self.edge, "the ticket is deleted, or out of reach", kind="deleted"
            ) from None
        return self._shaped(answer.json(), WrittenShape, write=True), answer

    def tag(self, method: str, number: str, tags: list[str], stamp: str) -> None:
        """Add (PUT) or take away (DELETE) tags, if the ticket is as we read it."""
        body: Json = {"tags": tags, "updated_stamp": stamp, "safe_update": "true"}
        try:
            self.request(
                method,
                f"{TICKETS}/{number}/tags",
                body=canonical(body),
                write=True,
                expect_json=False,  # taking away may answer 204 or the tags that stay
            )
        except Gone:
            raise Gone(
                self.edge, "the ticket is deleted, or out of reach", kind="deleted"
            ) from None

    def audits(self, number: str) -> list[Json]:
        """Read all audits of a ticket, oldest first, or raise Incomplete.

        Archived tickets give all at once; what is larger than one answer is asked for in
        smaller pages.
        """
        size = PAGE
        while True:
            try:
                found = list(self._audit_pages(number, size))
            except TooLarge:
                if size == 1:
                    raise Incomplete(self.edge, "one audit exceeds one answer") from None
                size = max(1, size // 4)
                continue
            return sorted(found, key=lambda audit: (audit["created_at"], audit["id"]))

    def _audit_pages(self, number: str, size: int) -> Iterator[Json]:
        after: dict[str, str] = {}
        for _ in range(MAX_PAGES * PAGE // size):
            params = {"include": "users", "page[size]": str(size), **after}
            page = self._shaped(
                self._of_ticket(number, "/audits", params), AuditsShape, write=False
            )
            names = {user.get("id"): user for user in page.get("users") or ()}
            for audit in page["audits"]:
                yield {**audit, "author": names.get(audit["author_id"]) or {}}
            cursor = _next(page)
            if not cursor:
                more = page.get("next_page") or (page.get("count") or 0) > len(page["audits"])
                if "meta" not in page and more:
                    raise Incomplete(self.edge, "the audits do not come to their end")
                return
            after = {"page[after]": cursor}
        raise Incomplete(self.edge, "the audits do not come to their end")

    def upload(self, name: str, content: bytes, media_type: str, token: str) -> str:
        """Send a file that a comment will hold; gives the token, which names all so far.

        The answer calls itself text/plain although it is JSON.
        """
        params = {"filename": name} | ({"token": token} if token else {})
        answer = self.request(
            "POST",
            f"{BASE}/uploads",
            params=params,
            body=content,
            content_type=media_type,
            write=True,
            expect_json=False,
        )
        try:
            value = load(answer.body)
        except ValueError:
            raise OutcomeUnknown(self.edge, "answers an upload without JSON") from None
        shaped = self._shaped(value, UploadShape, write=True)
        return str(shaped["upload"]["token"])

    def feed(self, cursor: str, start: int) -> Json:
        """Give a page of the feed of changed tickets."""
        where = {"cursor": cursor} if cursor else {"start_time": str(start)}
        size = FEED_PAGE
        while True:
            try:
                value = self.get(FEED, **where, per_page=str(size))
            except TooLarge:
                if size == 1:
                    raise
                size = max(1, size // 4)
                continue
            return self._shaped(value, FeedShape, write=False)

    def _shaped(self, value: object, shape: type[BaseModel], *, write: bool) -> Json:
        """Check that an answer is what was asked for: JSON alone does not say that."""
        try:
            shape.model_validate(value)
        except ValidationError:
            problem = "answers with JSON of another shape; is url right?"
            raise (OutcomeUnknown if write else Unavailable)(self.edge, problem) from None
        return cast("Json", value)


def _next(page: Json) -> str:
    """Give the cursor of the next page; empty at the end."""
    meta = page.get("meta")
    if not isinstance(meta, dict) or not meta.get("has_more"):
        return ""
    return str(meta.get("after_cursor") or "")
