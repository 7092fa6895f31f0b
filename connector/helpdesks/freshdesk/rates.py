"""The product's rate limits: a bucket for each family of requests, each told by its own headers.

In one recording of a live account `/tickets*` told a total of 40 and everything else one of
100 within the same minute: so the headers speak of the family that was asked, never of all.
Documented are limits for the account and within them for creating, updating and listing
tickets and for listing contacts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from connector.http import ACCOUNT, Finding, Limit, Rates, Request

API: Final = "/api/v2"

CREATE, UPDATE, LIST, TICKETS, CONTACTS = (
    "ticket_create",
    "ticket_update",
    "ticket_list",
    "tickets",
    "contact_list",
)
TOO_MANY: Final = 429

_ONE_TICKET: Final = re.compile(r"/tickets/\d+")
_FIGURE: Final = re.compile(r"\d{1,9}")


def family(request: Request) -> str:
    """Name the bucket of which the headers of an answer speak."""
    path = request.path.removeprefix(API)
    if path == "/tickets":
        return CREATE if request.method == "POST" else LIST
    if request.method == "PUT" and _ONE_TICKET.fullmatch(path):
        return UPDATE
    if path == "/contacts":
        return CONTACTS
    return TICKETS if path.startswith("/tickets/") else ACCOUNT


def charges(request: Request) -> Mapping[str, int]:
    """Charge the family and the account; what an include costs is told by the answer."""
    return {ACCOUNT: 1, family(request): 1}


def read(request: Request, status: int, headers: Mapping[str, str]) -> Sequence[Finding]:
    """Read the family's bucket; a refusal that tells no figures is one of the account."""
    total, remaining, used = (
        _figure(headers.get(f"x-ratelimit-{name}"))
        for name in ("total", "remaining", "used-currentrequest")
    )
    if total is None and remaining is None:
        return ()
    bucket = family(request)
    refused = status == TOO_MANY
    found = Finding(
        bucket=bucket,
        limit=total or None,
        remaining=remaining,
        cost=None if refused else used,
        exhausted=refused,
    )
    return (found,)


def _figure(text: str | None) -> int | None:
    return int(text) if text and _FIGURE.fullmatch(text.strip()) else None


RATES: Final = Rates(
    charges=charges,
    read=read,
    limits={
        ACCOUNT: Limit(requests=50),  # a trial's; the first answers tell of more
        CREATE: Limit(requests=50),
        UPDATE: Limit(requests=50),
        LIST: Limit(requests=20),
        TICKETS: Limit(requests=50),
        CONTACTS: Limit(requests=20),
    },
    operations={
        "open": {ACCOUNT: 5, CREATE: 1, UPDATE: 1, TICKETS: 3},
        "note": {ACCOUNT: 4, TICKETS: 4},
        "update": {ACCOUNT: 7, UPDATE: 1, TICKETS: 6},
        "find": {ACCOUNT: 4, LIST: 3},
    },
)
"""Growth, Pro and Enterprise allow 200, 400 and 700 a minute; a trial 50."""
