"""One request on its way through the product, and what all handlers need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from servers.simulator import Routes
from servers.weather import Answer, Request, json_answer
from servers.zendesk.errors import forbidden, invalid_attribute, refusal, unauthenticated
from servers.zendesk.model import User
from servers.zendesk.writing import Writer

if TYPE_CHECKING:
    from servers.zendesk.account import Account

routes = Routes()
"""Paths below /api/v2, without `.json`."""


@dataclass(kw_only=True)
class Call:
    account: Account
    request: Request
    actor: User | None
    controller: str = ""
    unpermitted: list[str] = field(default_factory=list)

    @property
    def params(self) -> dict[str, str]:
        return self.request.params

    @property
    def base(self) -> str:
        return self.account.base

    def user(self) -> User:
        """Who asks; raises 401."""
        if self.actor is None:
            raise unauthenticated()
        return self.actor

    def admin(self) -> User:
        """Who asks, if it is an admin; raises 403."""
        if self.user().role != "admin":
            raise forbidden()
        return self.user()

    def body(self) -> dict[str, Any]:
        """Read the JSON body; without a JSON content type nothing of it is seen."""
        if "json" not in self.request.headers.get("content-type", ""):
            return {}
        try:
            value = self.request.json() if self.request.body else {}
        except ValueError:
            raise refusal(
                422, "Unprocessable Entity", message="Server could not parse JSON"
            ) from None
        return value if isinstance(value, dict) else {}

    def wrapped(self, name: str) -> dict[str, Any]:
        """Read what stands under its wrapper; raises 400."""
        value = self.body().get(name)
        if not isinstance(value, dict):
            raise invalid_attribute(
                f"You passed an invalid value for the {name} attribute. Invalid parameter: "
                f"{name} is required"
            )
        return value

    def writer(self) -> Writer:
        system = {
            "client": self.request.headers.get("user-agent", ""),
            "ip_address": self.request.peer,
            "location": "Berlin, BE, Germany",
            "latitude": 52.5196,
            "longitude": 13.4069,
        }
        return Writer(actor=self.user(), system=system, unpermitted=self.unpermitted)

    def number(self, name: str, default: int, most: int) -> int:
        """Read a number of the query; what is none is the default."""
        text = self.params.get(name, "")
        return max(1, min(int(text), most)) if text.isdigit() else default


def answer(status: int, value: Any, *headers: tuple[str, str]) -> Answer:
    return json_answer(status, value).with_headers(*headers)


def empty(status: int = 204) -> Answer:
    return Answer(status=status)
