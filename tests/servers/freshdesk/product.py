"""One account as a web service: who may ask, how often, and who answers."""

from __future__ import annotations

import base64
import binascii
import itertools
from datetime import datetime, timedelta
from typing import Final

from servers.freshdesk import (
    admin,
    contacts,
    conversations,
    extras,
    search,
    tickets,
)
from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer, read
from servers.freshdesk.limits import Limiter
from servers.freshdesk.people import Agent
from servers.freshdesk.refusals import Refusal, flat, not_allowed
from servers.freshdesk.table import ROUTES
from servers.weather import Answer, Request, html_answer, json_answer

HANDLERS: Final = (admin, contacts, conversations, extras, search, tickets)
"""The modules whose import fills the table."""
PREFIX: Final = "/api/v2"
NOT_FOUND: Final = html_answer(404, "<!DOCTYPE html><html><body>Page not found</body></html>")


class Product:
    """Answers requests for one account."""

    def __init__(self, account: Account, limiter: Limiter) -> None:
        self.account = account
        self.limiter = limiter
        self._numbers = itertools.count(1)
        self._failures: dict[str, tuple[int, datetime]] = {}

    def __call__(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path.startswith("/attachments/"):
            return self._file(request)
        if request.path.startswith("/exports/"):
            day = request.path.rpartition("/")[2].removesuffix(".json")
            return json_answer(200, extras.exported(self.account, day))
        if not request.path.startswith(f"{PREFIX}/"):
            return NOT_FOUND
        try:
            answered = self._limited(request)
        except Refusal as no:
            answered = answer(no.status, no.data, no.headers.items())
        return answered.with_headers(
            ("X-Request-Id", f"00000000-0000-4000-8000-{next(self._numbers):012}"),
            ("X-Freshdesk-Api-Version", "latest=v2; requested=v2"),
            ("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate"),
        )

    def _limited(self, request: Request) -> Answer:
        self.account.archive_old()
        agent = self._agent(request)
        path = request.path.removeprefix(PREFIX)
        probe = Call(
            method=request.method, path=path, url="", agent=agent, query=dict(request.query)
        )
        headers, wait_s = self.limiter.take(probe, self.account.now)
        if wait_s:
            shown = {} if self.account.knobs.silent_limits else headers
            text = "You have exceeded the limit of requests per minute"
            refused = flat(429, "rate_limit_exceeded", text, Retry_After=str(wait_s))
            raise Refusal(status=429, data=refused.data, headers={**refused.headers, **shown})
        try:
            answered = self._routed(request, path, agent)
        except Refusal as no:
            answered = answer(no.status, no.data, no.headers.items())
        return answered.with_headers(*headers.items())

    def _routed(self, request: Request, path: str, agent: Agent) -> Answer:
        found = ROUTES.find(request.method, path)
        if found is None:
            methods = ROUTES.methods(path)
            raise not_allowed(request.method, *sorted(methods)) if methods else Refusal(status=404)
        if agent.read_only and request.is_write:
            raise flat(403, "access_denied", admin.NOT_ADMIN)
        handler, arguments = found
        call = read(request, path=path, url=self.account.url, agent=agent)
        answered: Answer = handler(self.account, call, **arguments)
        return answered

    def _agent(self, request: Request) -> Agent:
        """Find out who asks; a key that was refused too often is locked for a while."""
        key = _key(request.headers.get("authorization", ""))
        failures, until = self._failures.get(key, (0, self.account.now))
        if failures >= self.account.knobs.failures_to_lockout and self.account.now < until:
            text = "Your account is locked because of too many failed attempts. Try again later."
            raise flat(403, "password_lockout", text)
        for agent in self.account.agents.values():
            if key and agent.api_key == key:
                return agent
        until = self.account.now + timedelta(seconds=self.account.knobs.lockout_s)
        self._failures[key] = (failures + 1, until)
        raise flat(
            401,
            "invalid_credentials",
            "You have to be logged in to perform this action.",
        )

    def _file(self, request: Request) -> Answer:
        """Serve a file by its signed address, to whoever has it."""
        number = request.path.rpartition("/")[2]
        file = self.account.files.get(int(number)) if number.isdigit() else None
        if file is None or not file.url.endswith(f"?signature={request.params.get('signature')}"):
            return NOT_FOUND
        return Answer(headers=(("Content-Type", file.content_type),), body=file.content)


def _key(authorization: str) -> str:
    """Give the API key of Basic credentials, whose password says nothing."""
    scheme, _, words = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(words, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
