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

import itertools
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from connector.domain.errors import NotSent, OverShare
from connector.http.bucket import ACCOUNT, Bucket, Finding, Lane, Level, Limit

__all__ = ["ACCOUNT", "Budget", "Charges", "Finding", "Level", "Limit", "Rates", "Request"]

SHARE_PERMILLE: Final = 600
"""Our share of every limit, unless the admin says otherwise."""

LONGEST_WAIT_S: Final = 15.0
"""No request waits longer inside `Http.request`; what would have to is not sent."""

LONGEST_TURN_WAIT_S: Final = 60.0
"""All requests of one operation together wait no longer: a sender has to show progress."""

MAX_BUCKETS: Final = 1_024
"""So many buckets are known (each ticket can have one); the longest unused is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as a product's functions see it: no query, no body, no host."""

    method: str
    """In upper case."""
    path: str
    """As given to `Http.request`: behind base_url, with its leading slash."""


Charges = Mapping[str, int]
"""What is charged to each bucket, as {"account": 1, "ticket_create": 1, "ticket:4711": 1}."""

ONE: Final[Charges] = {ACCOUNT: 1}


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


class _Turn(threading.local):
    """The operation that the calling thread is in."""

    def __init__(self) -> None:
        self.active = False
        self.urgent = False
        self.waited_s = 0.0
        self.kept: dict[str, int] = {}
        """What is still kept for it, by bucket."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Passage:
    """The permission of one request; handed back with its answer."""

    request: Request
    charges: Charges
    marks: Mapping[str, int]


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiter:
    charges: Charges
    rank: tuple[int, int]
    """First what is urgent, then what has begun, then the rest; each in order of arrival."""
    lane: Lane
    in_turn: bool
    kept: dict[str, int]


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
        pause: Callable[[threading.Condition, float], object] = threading.Condition.wait,
    ) -> None:
        """Take the edge's name for messages, and the admin's share.

        `pause` waits on a condition for at most so many seconds (simulations replace it).
        """
        self.edge = edge
        self._rates = rates
        self._share_permille = share_permille
        self._monotonic = monotonic
        self._pause = pause
        self._changed = threading.Condition()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._kept: Counter[str] = Counter()
        self._waiters: list[_Waiter] = []
        self._arrivals = itertools.count()
        self._closed = False
        self._turn = _Turn()

    def pause_s(self, op: str, *, urgent: bool = False) -> float:
        """Say for how many seconds an operation should not begin; 0: now. Changes nothing."""
        charges = self._rates.operations.get(op, ONE)
        lane = Lane.AHEAD if urgent else Lane.NORMAL
        with self._changed:
            now = self._monotonic()
            waits = (
                self._bucket(name).wait_s(
                    now,
                    cost,
                    lane,
                    promised=self._kept[name]
                    + sum(
                        other.charges.get(name, 0) for other in self._waiters if not other.in_turn
                    ),
                )
                for name, cost in charges.items()
            )
            return max(waits, default=0.0)

    @contextmanager
    def turn(self, op: str, *, urgent: bool = False) -> Iterator[None]:
        """Keep room for the calling thread's requests inside, which are those of one operation.

        They go before the operations of others that have not begun; what was kept and not
        used is given back. Never waits and never raises.
        """
        turn = self._turn
        kept = dict(self._rates.operations.get(op, ONE))
        with self._changed:
            self._kept.update(kept)
        turn.active, turn.urgent, turn.waited_s, turn.kept = True, urgent, 0.0, kept
        try:
            yield
        finally:
            turn.active = False
            with self._changed:
                self._kept.subtract(turn.kept)
                self._kept += Counter()  # drops what is zero
                self._changed.notify_all()

    def admit(self, request: Request) -> Passage:
        """Let a request leave, after a short wait if need be.

        Raises OverShare when it would have to wait longer, and NotSent when closed: in both
        cases it must not be sent.
        """
        turn = self._turn
        waiter = self._waiter(request)
        with self._changed:
            began = self._monotonic()
            self._waiters.append(waiter)
            try:
                return self._wait(waiter, request, began + self._patience_s())
            finally:
                self._waiters.remove(waiter)
                if turn.active:
                    turn.waited_s += self._monotonic() - began
                self._changed.notify_all()

    def learn(
        self, passage: Passage, status: int, headers: Mapping[str, str], retry_after_s: int | None
    ) -> str:
        """Take in an answer; gives the bucket that a refusal (429) is about, else nothing."""
        found = self._rates.read(passage.request, status, headers)
        with self._changed:
            now = self._monotonic()
            for finding in found:
                bucket = self._bucket(finding.bucket)
                charged = passage.charges.get(finding.bucket, 0)
                if finding.bucket in passage.marks:
                    bucket.learn(now, passage.marks[finding.bucket], charged, finding)
                else:  # we did not know that this request counts there
                    mark = bucket.charge(now, finding.cost or 1)
                    bucket.learn(now, mark, finding.cost or 1, finding)
            exhausted = [finding.bucket for finding in found if finding.exhausted]
            if status == HTTPStatus.TOO_MANY_REQUESTS:
                exhausted = exhausted or [ACCOUNT]
                for name in exhausted:
                    self._bucket(name).refused(now, retry_after_s)
            else:
                for name in passage.charges:
                    self._bucket(name).accepted()
            self._changed.notify_all()
        return exhausted[0] if exhausted else ""

    def levels(self) -> list[Level]:
        """Tell how full the buckets are, for status."""
        with self._changed:
            now = self._monotonic()
            return [bucket.level(now) for bucket in self._buckets.values()]

    def close(self) -> None:
        """End every wait: what waits raises NotSent; from any thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _waiter(self, request: Request) -> _Waiter:
        turn = self._turn
        place = (0 if turn.urgent else 1) if turn.active else 2
        return _Waiter(
            charges=self._rates.charges(request),
            rank=(place, next(self._arrivals)),
            lane=Lane.AHEAD if turn.active else Lane.NORMAL,
            in_turn=turn.active,
            kept=turn.kept if turn.active else {},
        )

    def _patience_s(self) -> float:
        if not self._turn.active:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, LONGEST_TURN_WAIT_S - self._turn.waited_s))

    def _wait(self, waiter: _Waiter, request: Request, until: float) -> Passage:
        while not self._closed:
            now = self._monotonic()
            name, wait_s = self._wait_s(waiter, now)
            if wait_s <= 0:
                return self._charge(waiter, request, now)
            if now + wait_s > until:
                kind = name.partition(":")[0]
                raise OverShare(
                    self.edge,
                    f"our share of its limit is used up for now ({kind})",
                    retry_after_s=math.ceil(wait_s),
                    bucket=name,
                )
            self._pause(self._changed, wait_s)
        raise NotSent(self.edge, "is closed")

    def _wait_s(self, waiter: _Waiter, now: float) -> tuple[str, float]:
        """Name the bucket that keeps a request waiting longest, and how long that is."""
        ahead = [other for other in self._waiters if other.rank < waiter.rank]
        longest = ("", 0.0)
        for name, cost in waiter.charges.items():
            # what began keeps room by itself; within that, each in its order
            promised = 0 if waiter.in_turn else self._kept[name]
            promised += sum(
                other.charges.get(name, 0)
                for other in ahead
                if other.in_turn == waiter.in_turn and not self._held_elsewhere(other, waiter, now)
            )
            wait_s = self._bucket(name).wait_s(now, cost, waiter.lane, promised=promised)
            if wait_s > longest[1]:
                longest = (name, wait_s)
        return longest

    def _held_elsewhere(self, other: _Waiter, waiter: _Waiter, now: float) -> bool:
        """Tell whether another waits for a bucket that is none of ours: it does not hold us up."""
        return any(
            self._bucket(name).wait_s(now, cost, other.lane) > 0
            for name, cost in other.charges.items()
            if name not in waiter.charges
        )

    def _charge(self, waiter: _Waiter, request: Request, now: float) -> Passage:
        marks = {}
        for name, cost in waiter.charges.items():
            marks[name] = self._bucket(name).charge(now, cost)
            kept = min(cost, waiter.kept.get(name, 0))
            if kept:
                waiter.kept[name] -= kept
                self._kept[name] -= kept
        return Passage(request=request, charges=waiter.charges, marks=marks)

    def _bucket(self, name: str) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            limits = self._rates.limits
            limit = limits.get(name) or limits.get(name.partition(":")[0])
            bucket = self._buckets[name] = Bucket(name, limit, self._share_permille)
            while len(self._buckets) > MAX_BUCKETS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(name)
        return bucket
