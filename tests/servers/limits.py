"""A helpdesk's limits in simulated time: what it grants, refuses and tells in its headers."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.http.budget import Budget, Finding, Limit, Rates, Request


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
    log: deque[tuple[float, int, bool]] = field(default_factory=deque)

    def used(self, now: float) -> int:
        if self.sliding:
            begins = now - self.window_s
        else:
            begins = now - (now - self.phase_s) % self.window_s - 1e-9
        while self.log and self.log[0][0] <= begins:
            self.log.popleft()
        return sum(cost for _, cost, _ in self.log)

    def grant(self, now: float, cost: int = 1, *, ours: bool = True) -> bool:
        if self.used(now) + cost > self.limit:
            return False
        self.log.append((now, cost, ours))
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
    _others_at: float = 0.0

    def buckets(self, method: str) -> tuple[str, ...]:
        return ("account", *self.families.get(method, ()))

    def ask(self, method: str) -> tuple[int, dict[str, str]]:
        """Answer one request of ours with a status and headers."""
        now = self.clock()
        self._let_others(now)
        self.sent_at.append(now)
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
            if not self.meters["account"].grant(self._others_at, ours=False):
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
