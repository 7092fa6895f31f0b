"""The product's limits: what a request is charged to, and what the headers of answers tell.

Sizes are those of the smallest account and are learnt from every answer: `X-Rate-Limit*`
and `ratelimit-*` tell of the account, `zendesk-ratelimit-<name>` (before 2024
`zendesk-rate-limit-<name>`) of one family of requests as `total=100; remaining=99; resets=41`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from connector.http import ACCOUNT, Finding, Limit, Rates, Request
from connector.http.budget import Charges

CREATE: Final = "ticket_create"
UPDATES: Final = "ticket_updates"
TICKET: Final = "ticket"
INCREMENTAL: Final = "incremental"
LISTS: Final = "ticket_lists"

TOKENS: Final = "/oauth/tokens"
"""Where tokens are given; it does not count for the account."""

_TICKET_PATH: Final = re.compile(r"/api/v2/tickets/(\d+)(?:/tags)?")
_FAMILY: Final = re.compile(r"zendesk-rate-?limit-([a-z0-9-]{1,80})")
_NUMBERS: Final = re.compile(r"(total|remaining|resets)\s*=\s*(\d{1,9})")
_DIGITS: Final = re.compile(r"\d{1,9}")


def charges(request: Request) -> Charges:
    """Name the buckets of a request; what is not known counts for the account only."""
    bare = request.path.removesuffix(".json")
    if bare == TOKENS:
        return {}
    own: dict[str, int] = {ACCOUNT: 1}
    ticket = _TICKET_PATH.fullmatch(bare)
    if ticket and request.method != "GET":
        own |= {UPDATES: 1, f"{TICKET}:{ticket[1]}": 1}
    elif bare == "/api/v2/tickets":
        own[LISTS if request.method == "GET" else CREATE] = 1
    elif bare.startswith("/api/v2/incremental/"):
        own[INCREMENTAL] = 1
    return own


def read(request: Request, status: int, headers: Mapping[str, str]) -> Sequence[Finding]:
    """Read all that the headers say; what is no figure is skipped."""
    return list(_findings(request, status, headers))


def _findings(request: Request, status: int, headers: Mapping[str, str]) -> Iterator[Finding]:
    refused = status == HTTPStatus.TOO_MANY_REQUESTS
    for name, value in headers.items():
        family = _FAMILY.fullmatch(name)
        if family:
            bucket = _bucket(family[1], request)
            told = {key: int(figure) for key, figure in _NUMBERS.findall(value)}
            if bucket and told:
                yield Finding(
                    bucket=bucket,
                    limit=told.get("total") or None,
                    remaining=told.get("remaining"),
                    resets_s=told.get("resets"),
                    exhausted=refused and told.get("remaining") == 0,
                )
    limit = _figure(headers, "ratelimit-limit", "rate-limit", "x-rate-limit")
    left = _figure(headers, "ratelimit-remaining", "rate-limit-remaining", "x-rate-limit-remaining")
    if limit or left is not None:
        yield Finding(
            bucket=ACCOUNT,
            limit=limit or None,
            remaining=left,
            resets_s=_figure(headers, "ratelimit-reset", "rate-limit-reset"),
            exhausted=refused and left == 0,
        )


def _bucket(family: str, request: Request) -> str:
    """Give our bucket for the product's word; each family of its own where we have no word."""
    if "per-ticket" in family:
        ticket = _TICKET_PATH.fullmatch(request.path.removesuffix(".json"))
        return f"{TICKET}:{ticket[1]}" if ticket else ""
    for word, bucket in (
        ("ticket-request-create", CREATE),
        ("tickets-create", CREATE),
        ("tickets-update", UPDATES),
        ("incremental", INCREMENTAL),
        ("tickets-index", LISTS),
    ):
        if word in family:
            return bucket
    return f"other:{family}"


def _figure(headers: Mapping[str, str], *names: str) -> int | None:
    for name in names:
        value = headers.get(name, "").strip()
        if _DIGITS.fullmatch(value):
            return int(value)
    return None


RATES: Final = Rates(
    charges=charges,
    read=read,
    limits={
        ACCOUNT: Limit(requests=200),
        UPDATES: Limit(requests=100),
        LISTS: Limit(requests=100),
        # the product counts these for each user and ticket: nobody else uses them up
        TICKET: Limit(requests=30, window_s=600.0, share_permille=950),
        INCREMENTAL: Limit(requests=10),
    },
    operations={
        "open": {ACCOUNT: 1, CREATE: 1},
        "note": {ACCOUNT: 3, UPDATES: 1},
        "update": {ACCOUNT: 6, UPDATES: 2},
        "find": {ACCOUNT: 1, LISTS: 1},
    },
)
"""What this product tells about its limits."""
