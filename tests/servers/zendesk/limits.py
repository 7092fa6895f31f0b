"""Rate limits: the account's, those of single endpoints, and the headers of all generations."""

from __future__ import annotations

import re
from typing import Final

from servers.simulator import Taken, Window
from servers.weather import Answer, Request, json_answer, text_answer
from servers.zendesk.account import Account
from servers.zendesk.errors import Refusal
from servers.zendesk.model import User

ENDPOINTS: Final = (
    # name in the header, method, path, total, seconds, is it counted for each ticket
    ("ticket-request-create-by-user-and-ip", "POST", r"/tickets", 300, 60, False),
    ("tickets-update", "PUT", r"/tickets/\d+", None, 60, False),
    ("per-ticket-updates", "PUT", r"/tickets/(\d+)(?:/tags)?", 30, 600, True),
    ("tickets-index", "GET", r"/tickets", 100, 60, False),
    ("ticket-audits", "GET", r"/tickets/(\d+)/audits", 500, 60, True),
    ("incremental-exports", "GET", r"/incremental/.*", 10, 60, False),
    ("search-export", "GET", r"/search/export", 100, 60, False),
    ("ticket-fields-index", "GET", r"/ticket_fields", 300, 60, False),
    ("deleted-tickets-index", "GET", r"/deleted_tickets", 10, 60, False),
    ("tickets-delete", "DELETE", r"/tickets/\d+", 400, 60, False),
    ("users-create-or-update", "POST", r"/users/create_or_update", 1, 1, False),
)


class Limits:
    """Counts requests in the account's own time."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._windows: dict[tuple[str, int], Window] = {}

    def take(self, request: Request, actor: User | None) -> tuple[tuple[str, str], ...]:
        """Count a request; give the headers or raise 429."""
        path = request.path.removeprefix("/api/v2").removesuffix(".json").rstrip("/")
        who = actor.id if actor else request.peer
        account = self._window("account", self._account.knobs.requests_per_minute, 60)
        taken = account.take("account", self._account.now())
        headers = _account_headers(taken)
        refused = None if taken.allowed else taken
        for name, method, shape, total, seconds, each in ENDPOINTS:
            found = re.fullmatch(shape, path)
            if method != request.method or not found:
                continue
            limit = total if total is not None else self._account.knobs.updates_per_minute
            key = (who, found[1]) if each else who
            taken = self._window(name, limit, seconds).take(key, self._account.now())
            headers += _endpoint_headers(name, taken)
            if not taken.allowed:
                refused = taken
        if refused and self._account.knobs.limits:
            raise Refusal(self.too_many(refused.resets_s).with_headers(*headers))
        return headers

    def too_many(self, resets_s: int) -> Answer:
        """429 in today's fashion."""
        knobs = self._account.knobs
        wait = knobs.retry_after if knobs.retry_after is not None else resets_s
        if knobs.plain_429:
            answer = text_answer(429, "Number of allowed API requests per minute exceeded")
        else:
            answer = json_answer(
                429,
                {
                    "error": "APIRateLimitExceeded",
                    "description": "Number of allowed API requests per minute exceeded",
                },
            )
        return answer.with_headers(("Retry-After", str(wait)))

    def _window(self, name: str, total: int, seconds: int) -> Window:
        return self._windows.setdefault((name, total), Window(total, seconds))


def _account_headers(taken: Taken) -> tuple[tuple[str, str], ...]:
    total, left, resets = str(taken.total), str(taken.remaining), str(taken.resets_s)
    return (
        ("X-Rate-Limit", total),
        ("X-Rate-Limit-Remaining", left),
        ("rate-limit", total),
        ("rate-limit-remaining", left),
        ("rate-limit-reset", resets),
        ("ratelimit-limit", total),
        ("ratelimit-remaining", left),
        ("ratelimit-reset", resets),
    )


def _endpoint_headers(name: str, taken: Taken) -> tuple[tuple[str, str], ...]:
    said = f"total={taken.total}; remaining={taken.remaining}; resets={taken.resets_s}"
    older = (("zendesk-rate-limit-" + name, said),) if name == "tickets-update" else ()
    return (("zendesk-ratelimit-" + name, said), *older)
