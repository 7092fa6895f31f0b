"""How many requests a minute each family of endpoints takes, and what a request costs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from servers.freshdesk.calls import Call

MINUTE: Final = timedelta(minutes=1)

# plan -> family -> calls a minute; families without a limit of their own share the account's
PLANS: Final = {
    "trial": {"account": 50},
    "growth": {
        "account": 200,
        "ticket_create": 80,
        "ticket_update": 80,
        "ticket_list": 20,
        "contact_list": 20,
    },
    "pro": {
        "account": 400,
        "ticket_create": 160,
        "ticket_update": 160,
        "ticket_list": 100,
        "contact_list": 100,
    },
    "enterprise": {
        "account": 700,
        "ticket_create": 280,
        "ticket_update": 280,
        "ticket_list": 200,
        "contact_list": 200,
    },
    "recorded": {"account": 100, "tickets": 40, "contact_list": 40},
}
"""`recorded` is an old plan as a recording shows it: all of /tickets shares one bucket."""


def family(call: Call, limits: dict[str, int]) -> str:
    """Name the bucket that a call takes from."""
    if "tickets" in limits and re.match(r"/tickets\b", call.path):
        return "tickets"
    kind = "account"
    match call.method, call.path:
        case "POST", "/tickets":
            kind = "ticket_create"
        case "GET", "/tickets":
            kind = "ticket_list"
        case "GET", "/contacts":
            kind = "contact_list"
        case "PUT", path if re.fullmatch(r"/tickets/\d+", path):
            kind = "ticket_update"
    return kind if kind in limits else "account"


def cost(call: Call) -> int:
    """An include costs more: one each on a ticket, two each on a list."""
    wanted = len([name for name in call.query.get("include", "").split(",") if name])
    return 1 + wanted * (2 if call.path == "/tickets" else 1)


@dataclass(kw_only=True)
class Bucket:
    """One minute of one family."""

    total: int
    began: datetime
    used: int = 0


@dataclass(kw_only=True)
class Limiter:
    """All buckets; without limits nothing is ever refused."""

    limits: dict[str, int] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def take(self, call: Call, now: datetime) -> tuple[dict[str, str], int]:
        """Count a call; gives the headers of its bucket and, when refused, the seconds to wait.

        Every call counts, also one that is then found invalid. A family's own bucket and the
        account's both have to have room.
        """
        if not self.limits:
            return {}, 0
        name, price = family(call, self.limits), cost(call)
        buckets = [self._bucket(one, now) for one in dict.fromkeys((name, "account"))]
        full = [one for one in buckets if one.used + price > one.total]
        if not full:
            for one in buckets:
                one.used += price
        shown = buckets[0]
        headers = {
            "X-Ratelimit-Total": str(shown.total),
            "X-Ratelimit-Remaining": str(max(0, shown.total - shown.used)),
            "X-Ratelimit-Used-CurrentRequest": str(price),
        }
        waits = [-((now - one.began - MINUTE) // timedelta(seconds=1)) for one in full]
        return headers, max(1, *waits) if waits else 0

    def exhaust(self, name: str, now: datetime) -> None:
        """Let another app use up a bucket."""
        bucket = self._bucket(name, now)
        bucket.used = bucket.total

    def _bucket(self, name: str, now: datetime) -> Bucket:
        bucket = self.buckets.get(name)
        if bucket is None or now - bucket.began >= MINUTE:
            bucket = self.buckets[name] = Bucket(total=self.limits[name], began=now)
        return bucket
