"""A helpdesk's limits in simulated time: what it grants, refuses and tells in its headers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from servers.owing import case_named, note_of, tag_of, ticket_of

from connector.domain.errors import RateLimited
from connector.domain.ticket import AddNote, Change, OpenTicket, TicketRef, UpdateTicket
from connector.helpdesks.base import Capabilities, Helpdesk, Op
from connector.http.budget import Budget, Finding, Limit, Rates, Request
from connector.pipeline.delivery import Delivery
from connector.store import cases, outbox
from connector.store.store import Store, Tx
from connector.testing.builders import Clock, a_store


class Seconds:
    """A clock that goes on only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds

    def pause(self, changed: threading.Condition, seconds: float) -> None:
        """Stand in for waiting on a condition, where only one thread runs."""
        del changed
        self.now += seconds


@dataclass(slots=True, kw_only=True)
class Meter:
    """One limit as a product keeps it: whole windows, or a window that slides."""

    limit: int
    window_s: float = 60.0
    phase_s: float = 17.0
    """Where its windows begin: never where ours do."""
    sliding: bool = False
    log: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def used(self, now: float) -> int:
        if self.sliding:
            begins = now - self.window_s
        else:
            begins = now - (now - self.phase_s) % self.window_s - 1e-9
        while self.log and self.log[0][0] <= begins:
            self.total -= self.log.popleft()[1]
        return self.total

    def grant(self, now: float, cost: int = 1) -> bool:
        if self.used(now) + cost > self.limit:
            return False
        self.log.append((now, cost))
        self.total += cost
        return True

    def resets_s(self, now: float) -> float:
        if self.sliding:
            return self.log[0][0] + self.window_s - now if self.log else 0.0
        return self.window_s - (now - self.phase_s) % self.window_s


@dataclass(slots=True, kw_only=True)
class Product:
    """Answers requests by its meters; others use some of it, evenly."""

    clock: Seconds
    meters: Mapping[str, Meter]
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Which meters, beside `account`, a method is charged to."""
    others_per_s: float = 0.0
    tells_reset: bool = False
    tells: bool = True
    served: int = 0
    refused: int = 0
    others_refused: int = 0
    sent_at: list[float] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    _others_at: float = 0.0

    def buckets(self, method: str) -> tuple[str, ...]:
        return ("account", *self.families.get(method, ()))

    def ask(self, method: str) -> tuple[int, dict[str, str]]:
        """Answer one request of ours with a status and headers."""
        now = self.clock()
        self._let_others(now)
        self.sent_at.append(now)
        self.methods.append(method)
        names = self.buckets(method)
        full = [n for n in names if self.meters[n].used(now) >= self.meters[n].limit]
        if full:
            self.refused += 1
            wait = max(1, round(self.meters[full[0]].resets_s(now) + 0.5))
            return 429, {"retry-after": str(wait), "x-full": full[0], **self._headers(now, names)}
        for name in names:
            self.meters[name].grant(now)
        self.served += 1
        return 200, self._headers(now, names)

    def _headers(self, now: float, names: tuple[str, ...]) -> dict[str, str]:
        told = {}
        for name in names if self.tells else ():
            meter = self.meters[name]
            told[f"x-{name}"] = f"{meter.limit} {max(0, meter.limit - meter.used(now))}"
            if self.tells_reset:
                told[f"x-{name}"] += f" {meter.resets_s(now):.3f}"
        return told

    def _let_others(self, now: float) -> None:
        if self.others_per_s <= 0:
            return
        self._others_at = max(self._others_at, now - 2 * self.meters["account"].window_s)
        while self._others_at + 1 / self.others_per_s <= now:
            self._others_at += 1 / self.others_per_s
            if not self.meters["account"].grant(self._others_at):
                self.others_refused += 1

    def rates(
        self,
        limits: Mapping[str, Limit] | None = None,
        operations: Mapping[str, Mapping[str, int]] | None = None,
    ) -> Rates:
        def read(request: Request, status: int, headers: Mapping[str, str]) -> list[Finding]:
            found = []
            for name in self.buckets(request.method):
                words = headers.get(f"x-{name}", "").split()
                if words:
                    found.append(
                        Finding(
                            bucket=name,
                            limit=int(words[0]),
                            remaining=int(words[1]),
                            resets_s=float(words[2]) if len(words) > 2 else None,
                            exhausted=status == 429 and headers.get("x-full") == name,
                        )
                    )
            return found

        return Rates(
            charges=lambda request: dict.fromkeys(self.buckets(request.method), 1),
            read=read,
            limits=limits or {},
            operations=operations or {},
        )


def ask(budget: Budget, product: Product, method: str, latency_s: float = 0.0) -> int:
    """Send one request as `Http.request` does; gives its status."""
    passage = budget.admit(Request(method=method, path="/x"))
    status, headers = product.ask(method)
    product.clock.advance(latency_s)
    after = headers.get("retry-after")
    budget.learn(passage, status, headers, int(after) if after else None)
    return status


class LimitedDesk:
    """A helpdesk behind limits, in simulated time: each operation takes two or three requests."""

    name = "limited"
    capabilities = Capabilities(find="strong", mail_on_create=False)

    def __init__(self, budget: Budget, product: Product, latency_s: float = 0.0) -> None:
        self.budget = budget
        self.product = product
        self.latency_s = latency_s
        self.opened: list[str] = []
        self.done: list[str] = []

    def pause_s(self, op: Op, *, urgent: bool = False) -> float:
        return self.budget.pause_s(op, urgent=urgent)

    def turn(self, op: Op, *, urgent: bool = False) -> AbstractContextManager[None]:
        return self.budget.turn(op, urgent=urgent)

    def prepare(self, change: Change) -> bytes:
        return change.key.encode()

    def open(self, ticket: OpenTicket) -> TicketRef:
        self._ask("POST")
        self._ask("GET")
        self.opened.append(ticket.key)
        self.done.append(ticket.key)
        return TicketRef(id=str(len(self.opened)))

    def note(self, ref: TicketRef, note: AddNote) -> None:
        del ref
        self._ask("GET")
        self._ask("PUT")
        self.done.append(note.key)

    def update(self, ref: TicketRef, change: UpdateTicket) -> None:
        del ref
        self._ask("GET")
        self._ask("PUT")
        self._ask("GET")
        self.done.append(change.key)

    def _ask(self, method: str) -> None:
        passage = self.budget.admit(Request(method=method, path="/x"))
        status, headers = self.product.ask(method)
        self.product.clock.advance(self.latency_s)
        after = int(headers["retry-after"]) if "retry-after" in headers else None
        bucket = self.budget.learn(passage, status, headers, after)
        if status == 429:
            raise RateLimited(self.name, "asks for a pause", retry_after_s=after, bucket=bucket)


OPERATIONS = {
    "open": {"account": 2, "create": 1},
    "note": {"account": 2, "update": 1},
    "update": {"account": 3, "update": 1},
}
"""What the operations of `LimitedDesk` take; families that a product has not are not limited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What came of a backlog."""

    changes: int
    requests: int
    refused: int
    seconds: float
    """Simulated."""
    used: float
    """How much of our share of the tightest limit was used; 1.0 is all of it."""


def drained(
    folder: Path,
    meters: Mapping[str, Meter],
    cases_owed: int,
    *,
    others: float = 0.0,
    only_opens: bool = False,
    tells_reset: bool = False,
) -> Drained:
    """Let the real delivery, on a real store, drain a backlog behind simulated limits.

    `others` is how much of the account other integrations use. For each case a ticket, a
    note and an update are owed.
    """
    wall = Clock()
    clock = SharedSeconds(wall)
    families = {"POST": ("create",), "PUT": ("update",)} if "create" in meters else {}
    account = meters["account"]
    product = Product(
        clock=clock,
        meters=meters,
        families=families,
        others_per_s=others * account.limit / account.window_s,
        tells_reset=tells_reset,
    )
    limits = {name: Limit(requests=50, window_s=one.window_s) for name, one in meters.items()}
    rates = product.rates(limits, OPERATIONS if families else ACCOUNT_ONLY)
    budget = Budget("limited", rates, monotonic=clock, pause=clock.pause)
    desk = LimitedDesk(budget, product, latency_s=0.02)
    store = a_store(folder, wall)
    try:
        changes = _owe_all(store, wall, cases_owed, only_opens=only_opens)
        delivery = Delivery(store, cast("Helpdesk", desk), settle_s=60, draw=lambda: 0.5)
        began = clock()
        while len(desk.done) < changes:
            if not delivery.step():
                clock.advance(max(0.05, delivery.idle_s(5.0)))
    finally:
        store.close()
    if len(set(desk.done)) != changes:
        raise AssertionError("something was done twice")
    seconds = clock() - began
    sent = dict.fromkeys(meters, 0)
    for method in product.methods:
        for name in product.buckets(method):
            sent[name] += 1
    return Drained(
        changes=changes,
        requests=len(product.sent_at),
        refused=product.refused,
        seconds=seconds,
        used=max(
            sent[name] / (one.limit * 0.6 * seconds / one.window_s) for name, one in meters.items()
        ),
    )


ACCOUNT_ONLY = {op: {"account": charges["account"]} for op, charges in OPERATIONS.items()}


class SharedSeconds(Seconds):
    """Seconds on the clock of a store."""

    def __init__(self, wall: Clock) -> None:
        super().__init__()
        self._wall = wall

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._wall.advance(seconds)

    def pause(self, changed: threading.Condition, seconds: float) -> None:
        del changed
        self.advance(seconds)


def _owe_all(store: Store, wall: Clock, count: int, *, only_opens: bool) -> int:
    def work(tx: Tx, numbers: range) -> int:
        owed = 0
        for number in numbers:
            case = case_named(f"{number:05}", wall)
            origin = cases.Origin(source="s", channel="mail", person=None, kind="case")
            cases.insert(tx, case, origin)
            later = () if only_opens else (note_of(case, 1), tag_of(case, 1))
            for change in (ticket_of(case), *later):
                outbox.add(tx, change, tenant=case.tenant, frozen=b"{}")
                owed += 1
        return owed

    steps = (range(first, min(first + 500, count)) for first in range(0, count, 500))
    return sum(store.write(lambda tx, numbers=numbers: work(tx, numbers)) for numbers in steps)
