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
from functools import lru_cache
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
REVISABLE_S: Final = 259_200
"""So long after its end a told call may be revised: exports are late by hours, some by two days."""
MAX_REVISABLE: Final = 300
"""Told calls that are kept with their rows for that, the newest."""
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
    base: str = ""
    """Key of the call as it was told first; empty before."""
    told: str = ""
    """Natural key under which it was told last."""
    said: str = ""
    """Fingerprint of what was told."""
    version: int = 0
    """How often it was told anew."""

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
            **({"told": [self.base, self.told, self.said, self.version]} if self.told else {}),
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Group:
        """Read what `plain` gave. Raises TypeError, KeyError or ValueError."""
        legs = [Leg.from_plain(leg) for leg in plain["legs"]]
        if not legs:
            raise ValueError("a call without rows")
        base, told, said, version = plain.get("told") or ("", "", "", 0)
        return cls(
            legs=legs,
            raw=[str(raw) for raw in plain["raw"]],
            locator=str(plain["locator"]),
            seen=float(plain["seen"]),
            base=str(base),
            told=str(told),
            said=str(said),
            version=int(version),
        )

    @property
    def names(self) -> set[str]:
        """Every id by which a row may belong to it."""
        return {name for leg in self.legs for name in (leg.key, *leg.links)}


class LegGroups:
    """Gathers rows; `plain` and `LegGroups(plain=...)` carry it over a restart."""

    def __init__(self, *, late_s: int, plain: object = None) -> None:
        """`late_s`: how long after the end of a call further rows of it may come."""
        self._late_s = late_s
        self._open: OrderedDict[int, Group] = OrderedDict()
        self._ids: dict[str, int] = {}
        self._next = 0
        self._told: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        """Digests of rows by those of their calls; tuples, which no collector looks into."""
        self._kept: OrderedDict[int, Group] = OrderedDict()
        self._kept_ids: dict[str, int] = {}
        self._touched: set[int] = set()
        self._rows = 0
        self._recent: deque[float] = deque(maxlen=SUSTAINED)
        try:
            self._restore(plain)
        except (TypeError, ValueError, KeyError, AttributeError):
            self._open, self._ids, self._told = OrderedDict(), {}, OrderedDict()
            self._kept, self._kept_ids = OrderedDict(), {}

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._open)

    def feed(self, leg: Leg, raw: str, locator: str, now: float) -> bool:
        """Take a row; False when its call was told already and the row says something new."""
        self._recent.append(leg.ended_at)
        kept = self._kept_of(leg) if self._kept else None
        if kept is not None:
            if not _news(self._kept[kept], leg):
                return True
            self._reopen(kept)
        elif (told := self._told.get(_digest(leg.key))) is not None:
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

    def done(self, *, single: bool = False) -> Iterator[Group]:
        """Take out the calls that their own records or the log's time end.

        `single`: every record is a whole call.
        """
        touched, self._touched = self._touched, set()
        for at in sorted(touched & self._open.keys()):
            group = self._open[at]
            flagged = (single or group.legs[-1].last is True) and not _goes_on(group)
            if flagged or not self._late(group) or len(group.legs) >= MAX_LEGS:
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
                now - min(group.ended, group.seen) >= self._late(group)
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
            "kept": [group.plain() for group in self._kept.values()],
        }

    def _restore(self, plain: Any) -> None:
        if plain is None:
            return
        for one in plain["open"]:
            group = Group.from_plain(one)
            self._add(group)
        for key, legs in plain["told"].items():
            self._told[str(key)] = tuple({str(leg) for leg in legs})
        self._recent.extend(float(at) for at in plain["recent"])
        for one in plain.get("kept", ()):
            at, self._next = self._next, self._next + 1
            self._keep(at, Group.from_plain(one))

    def _add(self, group: Group) -> int:
        at, self._next = self._next, self._next + 1
        self._open[at] = group
        for leg in group.legs:
            for name in (leg.key, *leg.links):
                self._ids[name] = at
        return at

    def _late(self, group: Group) -> int:
        more = group.legs[-1].last is False or _goes_on(group)
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
            if joined.told and not group.told:
                group.base, group.told = joined.base, joined.told
                group.said, group.version = joined.said, joined.version
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
            key, ident = _digest(leg.key), _digest(leg.ident)
            told = self._told.get(key, ())
            if ident not in told:
                self._told[key] = (*told, ident)
        while len(self._told) > MAX_TOLD_IN_MEMORY:
            self._told.popitem(last=False)
        if group.seen - group.ended < REVISABLE_S:
            self._keep(at, group)
        return group

    def _kept_of(self, leg: Leg) -> int | None:
        """Find the told call to which a row belongs, where it may still be revised."""
        names = (leg.key, *leg.links)
        return next((self._kept_ids[name] for name in names if name in self._kept_ids), None)

    def _keep(self, at: int, group: Group) -> None:
        self._kept[at] = group
        for name in group.names:
            self._kept_ids[name] = at
        while len(self._kept) > MAX_REVISABLE:
            self._let_go(next(iter(self._kept)))

    def _let_go(self, at: int) -> Group:
        group = self._kept.pop(at)
        for name in group.names:
            if self._kept_ids.get(name) == at:
                del self._kept_ids[name]
        return group

    def _reopen(self, at: int) -> None:
        """Open a told call again, to be told anew; its rows are evidence of what was told."""
        group = self._let_go(at)
        group.raw = []
        for leg in group.legs:
            self._told.pop(_digest(leg.key), None)
        self._open[at] = group
        for name in group.names:
            self._ids.setdefault(name, at)


@lru_cache(maxsize=4_096)
def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def _goes_on(group: Group) -> bool:
    """Say whether a row was exported before the call was over, and not again since."""
    return any(leg.going_on for leg in group.legs)


def _news(group: Group, leg: Leg) -> bool:
    """Say whether a row tells more than the rows of its call did."""
    known = next((one for one in group.legs if one.ident == leg.ident), None)
    return known is None or (leg != known and leg.version >= known.version)
