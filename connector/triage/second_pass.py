"""The second pass over a stream of calls: failed ones wait until their fate is known.

Memory is bounded by what happened within the window, and by the constants here.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from connector.triage.callers import Seen, window_s
from connector.triage.settings import PhoneLimits

MAX_REMEMBERED: Final = 20_000
"""Calls that are remembered, some 8 MB; the oldest are forgotten first."""
MAX_OF_NUMBER: Final = 1_000
"""Calls of one number that are remembered, the last ones: each further one looks at all."""
MAX_WAITING: Final = 2_000
"""Calls, some 4 MB, that wait for their fate; the one that is due first is decided early."""

Payload = TypeVar("Payload")


class SecondPass(Generic[Payload]):
    """Takes calls in the order of their ends, gives each back with the others of its number."""

    def __init__(self, limits: PhoneLimits, deadline: Callable[[Seen], int]) -> None:
        """`deadline` gives the second at which it is too late to make a failed call good."""
        self._window_s = window_s(limits)
        self._deadline = deadline
        self._by_number: dict[str, tuple[Seen, ...]] = {}
        self._ages: deque[Seen] = deque()
        self._waiting: list[tuple[int, int, Seen, Payload]] = []
        self._count = 0

    def feed(
        self, one: Seen | None, payload: Payload, now: int
    ) -> Iterator[tuple[Payload, Seen | None, list[Seen]]]:
        """Take one call; `now` is the log's own time. Yield those whose fate is known."""
        yield from self.settle(now)
        if one is None:
            yield payload, None, []
            return
        self._remember(one, now)
        if not one.failed:
            yield payload, one, self._others(one)
            return
        self._count += 1
        heapq.heappush(self._waiting, (self._deadline(one), self._count, one, payload))
        if len(self._waiting) > MAX_WAITING:
            yield self._pop()

    def settle(self, now: int | None) -> Iterator[tuple[Payload, Seen | None, list[Seen]]]:
        """Yield the calls whose time is over at `now`; all that wait, when it is None."""
        while self._waiting and (now is None or self._waiting[0][0] < now):
            yield self._pop()

    def _pop(self) -> tuple[Payload, Seen, list[Seen]]:
        due, _, one, payload = heapq.heappop(self._waiting)
        others = [other for other in self._others(one) if other.started <= due]
        return payload, one, others

    def _others(self, one: Seen) -> list[Seen]:
        known = self._by_number.get(one.number)
        if known is None or (len(known) == 1 and known[0] is one):
            return []
        return [other for other in known if other.key != one.key]

    def _remember(self, one: Seen, now: int) -> None:
        known = self._by_number.get(one.number)
        if known is None:
            self._by_number[one.number] = (one,)
        else:
            one.number = known[0].number  # one text for all of them
            self._by_number[one.number] = (*known[-MAX_OF_NUMBER + 1 :], one)
        self._ages.append(one)
        # whoever still waits is needed with what came before it
        oldest = self._waiting[0][2].started if self._waiting else now
        limit = min(oldest, now) - self._window_s
        while self._ages and (self._ages[0].ended < limit or len(self._ages) > MAX_REMEMBERED):
            self._forget(self._ages.popleft())

    def _forget(self, old: Seen) -> None:
        kept = self._by_number.get(old.number)
        if kept and kept[0] is old:  # the oldest of all is the oldest of its number
            if len(kept) == 1:
                del self._by_number[old.number]
            else:
                self._by_number[old.number] = kept[1:]
