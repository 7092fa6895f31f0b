"""Rows of the same call, gathered until no more are to be expected.

A call is over when its records say so, or when nothing of it came for as long as rows may be
late, by the time of the log itself (the newest rows; a single odd one counts nothing) or by the
clock on the wall. Feeding the same row twice is harmless; a newer version of a row replaces it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from connector.parsing.calls.legs import Leg

MORE_TO_COME_S: Final = 14_400
"""So long is waited for what a row announced: a call that was passed on may last for hours."""
MAX_OPEN: Final = 2_000
"""Calls that are open at once; beyond it the oldest is told as it is."""
MAX_LEGS: Final = 200
"""Rows of one call; further ones close it."""
MAX_TOLD: Final = 500
"""Told calls that are remembered over a restart, to know rows that come too late."""
MAX_TOLD_IN_MEMORY: Final = 20_000
MAX_RAW_BYTES: Final = 16_384
"""Bytes of a call's rows that are kept as evidence."""
LOOK_EVERY_ROWS: Final = 200
"""How often all open calls are looked at."""
SUSTAINED: Final = 5
"""The log's own time is what so many rows in a row have reached."""


@dataclass(slots=True, kw_only=True)
class Group:
    """The rows of one call so far."""

    legs: list[Leg] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    locator: str = ""
    seen: float = 0.0
    """Epoch seconds, by the clock on the wall, of the row that came last."""

    @property
    def ended(self) -> float:
        """When the call ended, as far as its rows tell."""
        return max(leg.ended_at for leg in self.legs)

    def plain(self) -> dict[str, object]:
        """Give it as what JSON can hold."""
        return {
            "legs": [leg.plain() for leg in self.legs],
            "raw": self.raw,
            "locator": self.locator,
            "seen": self.seen,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Group:
        """Read what `plain` gave. Raises TypeError, KeyError or ValueError."""
        legs = [Leg.from_plain(leg) for leg in plain["legs"]]
        if not legs:
            raise ValueError("a call without rows")
        return cls(
            legs=legs,
            raw=[str(raw) for raw in plain["raw"]],
            locator=str(plain["locator"]),
            seen=float(plain["seen"]),
        )


class LegGroups:
    """Gathers rows; `plain` and `LegGroups(plain=...)` carry it over a restart."""

    def __init__(self, *, late_s: int, plain: object = None) -> None:
        """`late_s`: how long after the end of a call further rows of it may come."""
        self._late_s = late_s
        self._open: OrderedDict[int, Group] = OrderedDict()
        self._ids: dict[str, int] = {}
        self._next = 0
        self._told: OrderedDict[str, set[str]] = OrderedDict()
        self._touched: set[int] = set()
        self._rows = 0
        self._recent: deque[float] = deque(maxlen=SUSTAINED)
        try:
            self._restore(plain)
        except (TypeError, ValueError, KeyError, AttributeError):
            self._open, self._ids, self._told = OrderedDict(), {}, OrderedDict()

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._open)

    def feed(self, leg: Leg, raw: str, locator: str, now: float) -> bool:
        """Take a row; False when its call was told already and the row says something new."""
        self._recent.append(leg.ended_at)
        told = self._told.get(_digest(leg.key))
        if told is not None:
            return _digest(leg.ident) in told
        group = self._group(leg)
        group.seen = now
        group.locator = group.locator or locator
        known = next((at for at, one in enumerate(group.legs) if one.ident == leg.ident), None)
        if known is None:
            group.legs.append(leg)
            if sum(map(len, group.raw)) < MAX_RAW_BYTES:
                group.raw.append(raw[:MAX_RAW_BYTES])
        elif leg.version >= group.legs[known].version:
            group.legs[known] = leg
        return True

    def done(self) -> Iterator[Group]:
        """Take out the calls that their own records or the log's time end."""
        touched, self._touched = self._touched, set()
        for at in sorted(touched & self._open.keys()):
            group = self._open[at]
            flagged = group.legs[-1].last is True or not self._late(group)
            if flagged or len(group.legs) >= MAX_LEGS:
                yield self._tell(at)
        self._rows += 1
        if self._rows >= LOOK_EVERY_ROWS:
            self._rows = 0
            yield from self._quiet()
        while len(self._open) > MAX_OPEN:
            yield self._tell(next(iter(self._open)))

    def _quiet(self) -> Iterator[Group]:
        """Take out the calls that the log's own time has left behind."""
        if len(self._recent) < SUSTAINED:
            return
        reached = min(self._recent)
        for at, group in list(self._open.items()):
            if reached - group.ended > self._late(group):
                yield self._tell(at)

    def expire(self, now: float) -> Iterator[Group]:
        """Take out the calls of which nothing came for too long, by the clock on the wall.

        A clock of the phone system that is ahead makes nobody wait for longer.
        """
        for at, group in list(self._open.items()):
            if (
                now - min(group.ended, group.seen) >= self._late_s
                or now < group.seen - self._late_s
            ):
                yield self._tell(at)

    def flush(self) -> Iterator[Group]:
        """Take out all calls."""
        for at in list(self._open):
            yield self._tell(at)

    def plain(self) -> dict[str, object]:
        """Give open and told calls as what JSON can hold."""
        recent = list(self._told.items())[-MAX_TOLD:]
        return {
            "open": [group.plain() for group in self._open.values()],
            "told": {key: sorted(legs) for key, legs in recent},
            "recent": list(self._recent),
        }

    def _restore(self, plain: Any) -> None:
        if plain is None:
            return
        for one in plain["open"]:
            group = Group.from_plain(one)
            self._add(group)
        for key, legs in plain["told"].items():
            self._told[str(key)] = {str(leg) for leg in legs}
        self._recent.extend(float(at) for at in plain["recent"])

    def _add(self, group: Group) -> int:
        at, self._next = self._next, self._next + 1
        self._open[at] = group
        for leg in group.legs:
            for name in (leg.key, *leg.links):
                self._ids[name] = at
        return at

    def _late(self, group: Group) -> int:
        more = group.legs[-1].last is False
        return max(self._late_s, MORE_TO_COME_S) if more else self._late_s

    def _group(self, leg: Leg) -> Group:
        """Find the call of a row; a row that belongs to several joins them."""
        names = (leg.key, *leg.links)
        found = sorted({self._ids[name] for name in names if name in self._ids})
        at = found[0] if found else self._add(Group())
        group = self._open[at]
        for other in found[1:]:
            joined = self._open.pop(other)
            group.legs += joined.legs
            group.raw += joined.raw
            names += tuple(n for one in joined.legs for n in (one.key, *one.links))
        for name in names:
            self._ids[name] = at
        self._touched.add(at)
        return group

    def _tell(self, at: int) -> Group:
        group = self._open.pop(at)
        for leg in group.legs:
            for name in (leg.key, *leg.links):
                if self._ids.get(name) == at:
                    del self._ids[name]
            self._told.setdefault(_digest(leg.key), set()).add(_digest(leg.ident))
        while len(self._told) > MAX_TOLD_IN_MEMORY:
            self._told.popitem(last=False)
        return group


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
