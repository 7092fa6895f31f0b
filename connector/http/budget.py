"""Our share of what a helpdesk's account may ask: what is left goes to people and others.

A product limits requests per account and often per family of requests too (creating
tickets, listing them, updating one ticket). Each such limit is a *bucket*. A product
describes its buckets as data and pure functions (`Rates`); `Budget` learns from every
answer how large they are and how much of them others use, and keeps us within our share.

A plugin makes one `Budget`, gives it to its `Http`, and passes `pause_s` and `turn` on to
the pipeline (`helpdesks.base.Paced`)::

    budget = Budget(settings.name, RATES, share_permille=settings.share_percent * 10)
    http = Http(settings.name, config, headers=credentials, budget=budget)

    def pause_s(self, op: Op, *, urgent: bool = False) -> float:
        return self._budget.pause_s(op, urgent=urgent)

    def turn(self, op: Op, *, urgent: bool = False) -> AbstractContextManager[None]:
        return self._budget.turn(op, urgent=urgent)

Nothing else has to be done: `Http.request` charges, waits shortly where an operation has
begun, reads the headers of every answer (refusals too) and names the bucket in RateLimited.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

ACCOUNT: Final = "account"
"""The bucket of the whole account; a refusal that names no other is one of this."""

SHARE_PERMILLE: Final = 600
"""Our share of every limit, unless the admin says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as a product's functions see it: no query, no body, no host."""

    method: str
    """In upper case."""
    path: str
    """As given to `Http.request`: behind base_url, with its leading slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much a bucket holds: what is believed until an answer says otherwise."""

    requests: int
    """So many per window, for the whole account (or ticket ...); at least 1."""
    window_s: float = 60.0
    """Length of the window in seconds; no answer can change it unless its finding says so."""
    share_permille: int | None = None
    """Our share of this bucket; None: the one the admin set. 1000 for limits that nobody
    else can use up, as a limit for each user and ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the headers of one answer say about one bucket; None: they do not say it."""

    bucket: str
    limit: int | None = None
    """Requests per window for all together."""
    remaining: int | None = None
    """Requests left in the present window, after this one."""
    resets_s: float | None = None
    """Seconds from now until the present window ends."""
    window_s: float | None = None
    """Length of the window in seconds, where the answer tells."""
    cost: int | None = None
    """What this request was charged, where the answer tells."""
    exhausted: bool = False
    """True when the answer is a refusal (429) because of this bucket: it is paused as long as
    Retry-After says. A refusal without any such finding pauses ACCOUNT, which every request
    should be charged to."""


Charges = Mapping[str, int]
"""What is charged to each bucket, as {"account": 1, "ticket_create": 1, "ticket:4711": 1}."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What a product tells about its limits; all functions are pure and never raise."""

    charges: Callable[[Request], Charges]
    """The buckets that a request is charged to, and how much; unknown requests: ACCOUNT 1."""
    read: Callable[[Request, int, Mapping[str, str]], Sequence[Finding]]
    """Request, status and headers (names in lower case) to findings; skips what it cannot read."""
    limits: Mapping[str, Limit] = field(default_factory=dict)
    """By bucket, or by what stands before its colon ("ticket" for all "ticket:4711"). A bucket
    that is not here is unlimited until an answer tells its limit."""
    operations: Mapping[str, Charges] = field(default_factory=dict)
    """By operation of the pipeline (open, note, update, find): what it usually takes in all, so
    that it begins when there is room for the whole of it; missing: one request to ACCOUNT."""


class Budget:
    """Keeps the requests of one account within our share; shared by threads.

    In no window more than the share leaves; less when others need what is left; and
    nothing into a bucket that asked for a pause. What is urgent goes first and has a slice
    of its own. Time is monotonic.
    """

    def __init__(
        self,
        edge: str,
        rates: Rates,
        *,
        share_permille: int = SHARE_PERMILLE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the edge's name for messages, and the admin's share."""
        self.edge = edge
        self._rates = rates
        self._share_permille = share_permille
        self._monotonic = monotonic

    def pause_s(self, op: str, *, urgent: bool = False) -> float:
        """Say for how many seconds an operation should not begin; 0: now. Changes nothing."""
        del op, urgent
        return 0.0

    @contextmanager
    def turn(self, op: str, *, urgent: bool = False) -> Iterator[None]:
        """Keep room for the calling thread's requests inside, which are those of one operation.

        They go before the operations of others that have not begun; what was kept and not
        used is given back. Never waits and never raises.
        """
        del op, urgent
        yield

    def close(self) -> None:
        """End every wait: what waits raises NotSent; from any thread."""
