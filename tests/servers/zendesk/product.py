"""The product as a function from request to answer."""

from __future__ import annotations

import re

from servers.simulator import SimClock
from servers.weather import Answer, Request, html_answer
from servers.zendesk import bulk, finding, incremental, jobs, people, provisioning, tickets
from servers.zendesk.access import Access
from servers.zendesk.account import Account
from servers.zendesk.call import Call, routes
from servers.zendesk.errors import Refusal, refusal, unauthenticated
from servers.zendesk.limits import Limits
from servers.zendesk.model import Attachment, Knobs
from servers.zendesk.render import secret_of

_ROOMS = (bulk, finding, incremental, jobs, people, provisioning, tickets)
"""Imported for the routes that they register."""
_CONTENT = re.compile(r"/attachments/token/\w+/")


class Product:
    """One account behind its API."""

    def __init__(self, clock: SimClock, knobs: Knobs) -> None:
        self.account = Account(clock, knobs)
        self.access = Access(self.account)
        self.limits = Limits(self.account)

    def __call__(self, request: Request) -> Answer:
        headers: tuple[tuple[str, str], ...] = ()
        call = Call(account=self.account, request=request, actor=None)
        try:
            if request.path == "/oauth/tokens" and request.method == "POST":
                return self.access.grant(request)
            if _CONTENT.fullmatch(request.path):
                return self._content(request)
            if not request.path.startswith("/api/v2/"):
                return html_answer(404, "<html><body><h1>Not found</h1></body></html>")
            call.actor = self.access.actor(request)
            headers = self.limits.take(request, call.actor)
            answer = self._routed(call)
        except Refusal as refused:
            answer = refused.answer
        return answer.with_headers(*headers, *self._warning(call), *self._plain_headers())

    def _routed(self, call: Call) -> Answer:
        path = call.request.path.removeprefix("/api/v2").rstrip("/")
        path = path.removesuffix(".json")
        found = routes.find(call.request.method, path)
        if found is None:
            if call.actor is None:
                raise unauthenticated()
            raise refusal(404, "InvalidEndpoint", "Not found")
        call.controller = path.split("/")[1]
        handler, arguments = found
        return handler(call, **arguments)

    def _content(self, request: Request) -> Answer:
        secret = request.path.split("/")[3]
        for file in self.account.attachments.values():
            if secret_of(file) == secret:
                return _file(file)
        return html_answer(404, "<html><body>Not found</body></html>")

    def _warning(self, call: Call) -> tuple[tuple[str, str], ...]:
        if not call.unpermitted:
            return ()
        action = {"POST": "create", "PUT": "update"}.get(call.request.method, "update")
        keys = ", ".join(f'"{key}"' for key in call.unpermitted)
        text = (
            f'{{:allowed_parameters=>{{:controller=>"{call.controller}", :action=>"{action}", '
            f":unpermitted_keys=>[{keys}], :invalid_values=>[]}}}}"
        )
        return (("X-Zendesk-API-Warn", text.encode("ascii", "replace").decode()),)

    def _plain_headers(self) -> tuple[tuple[str, str], ...]:
        return (
            ("X-Zendesk-API-Version", "v2"),
            ("X-Request-Id", f"{self.account.new_id():x}"),
            ("Cache-Control", "max-age=0, private, must-revalidate"),
        )


def _file(file: Attachment) -> Answer:
    return Answer(status=200, headers=(("Content-Type", file.content_type),), body=file.content)
