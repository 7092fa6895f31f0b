"""Channel events put together to calls: which rows belong to one call, and when it is over.

Rows with one linked id belong together; calls grow together when a channel changes its linked
id, or when an event names a channel of another call (attended transfer, pickup). A call is over
when all of its channels ended and its linked ids were closed; where the log has no such events,
after a quiet time. What never ends is closed as truncated: by a restart of the phone system
(ids begin anew, or the queue_log says so) or at the maximum age.

Open calls are their rows and nothing else, so they survive a restart as rows.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any

from connector.parsing.calls.cel_rows import COLUMNS, Row
from connector.parsing.calls.times import Clock, id_counter, id_epoch

QUIET_S = 10
"""A call whose channels have all ended is over when the log goes on so long without it."""
SILENCE_S = 90
"""Where the whole log is silent, it is over after so long: copies of logs lag behind."""
MAX_AGE_S = 43_200
"""A call without any event for 12 hours is closed as truncated."""
MAX_OPEN_CALLS = 500
"""More calls at once are no practice: the oldest is closed as truncated."""
MAX_ROWS = 4_000
"""Rows kept of one call: further ones count, but only its end is looked at."""
MAX_OPEN_ROWS = 16_000
"""Rows kept of all open calls together, some 15 MB: the longest call is closed as truncated."""
LOOK_S = 600
"""All open calls are looked at so often for their age, by the log's time."""
REMEMBERED = 512
"""Calls that ended last: what comes late for them is counted and passed over."""

_JOINING = frozenset({"ATTENDEDTRANSFER", "PICKUP", "PARK_END"})
_JOINING_KEYS = (
    "channel2_uniqueid",
    "transferee_channel_uniqueid",
    "transfer_target_channel_uniqueid",
    "pickup_channel_uniqueid",
)
_CLOSING = frozenset({"CHAN_END", "LINKEDID_END"})
_ENDING = _CLOSING | {"HANGUP"}
_MOVING = _CLOSING | _JOINING


@dataclass(slots=True, kw_only=True, eq=False)
class Group:
    """The rows of one call; changes while it is open."""

    order: int
    """Counts calls, for the oldest."""
    epoch: float | None
    """Birth of its first channel, by its id."""
    counter: int | None
    """Number of its first channel since the phone system started."""
    links: list[str] = field(default_factory=list)
    """Linked ids that grew together, the first one first."""
    closed_links: set[str] = field(default_factory=set)
    legs: dict[str, bool] = field(default_factory=dict)
    """Channels by id; True while they live."""
    alive: int = 0
    rows: list[Row] = field(default_factory=list)
    dropped: int = 0
    """Rows beyond MAX_ROWS."""
    truncated: bool = False


class CelGroups:
    """Takes rows, gives calls that are over."""

    def __init__(self, clock: Clock, plain: object = None) -> None:
        """Begin without open calls, or with those that `plain` gave; anything else is ignored."""
        self._clock = clock
        self._by_link: dict[str, Group] = {}
        self._by_leg: dict[str, Group] = {}
        self._begun = 0
        self._resting: dict[int, Group] = {}
        """Open calls without a living channel, by their order: few, and soon to be over."""
        self._looked = 0.0
        """When all open calls were looked at for their age, by the log's time."""
        self._highest = -1
        """No open call has a higher counter."""
        self._past: deque[str] = deque(maxlen=REMEMBERED)
        self._past_set: set[str] = set()
        self.late = 0
        """Rows that came for calls that were over."""
        self.now: float | None = None
        """Time of the newest row."""
        self._restore(plain)

    def plain(self) -> dict[str, Any]:
        """Give the open calls as what JSON can hold."""
        return {"rows": [group.rows for group in self._open()], "past": list(self._past)}

    def feed(self, rows: Sequence[Row]) -> list[Group]:  # noqa: C901, PLR0912 - one loop, spelled out for speed
        """Take rows in the file's order; give the calls that ended with them."""
        done: list[Group] = []
        link = ""
        group: Group | None = None
        for row in rows:
            if group is None or row[15] != link:
                link = row[15]
                group = self._by_link.get(link) or self._group(row, done)
                if group is None:
                    continue
            kind, unique = row[0], row[14]
            if unique not in group.legs and kind != "LINKEDID_END":
                group = self._new_leg(group, unique)
            if len(group.rows) < MAX_ROWS:
                group.rows.append(row)
            elif kind in _ENDING:
                group.rows[-1] = row
            else:
                group.dropped += 1
            if kind in _MOVING:
                if kind in _CLOSING:
                    self._may_end(group, row, done)
                else:
                    self._join_named(group, row)
                group = None  # it may be over, or part of another one
            if self._resting:
                self._rest(row, done)
        if rows:
            self._pass_time(rows[-1])
            if self.now is not None and abs(self.now - self._looked) >= LOOK_S:
                self._looked = self.now
                done += self._expire(self.now, QUIET_S)
            self._keep_small(done)
        return done

    def _keep_small(self, done: list[Group]) -> None:
        """Close the longest calls where all together, or one alone, are more than is kept."""
        sizes = [_size(group) for group in self._by_link.values()]
        if sum(sizes) <= MAX_OPEN_ROWS and max(sizes, default=0) <= 2 * MAX_ROWS:
            return
        opened = sorted(self._open(), key=_size)
        total = sum(map(_size, opened))
        while opened and (total > MAX_OPEN_ROWS or _size(opened[-1]) > 2 * MAX_ROWS):
            longest = opened.pop()
            total -= _size(longest)
            self._end(longest, done, truncated=longest.alive > 0)

    def expire(self, now: float) -> list[Group]:
        """Give the calls that are over because the clock says `now` (epoch) and no row came."""
        return self._expire(now, SILENCE_S)

    def _expire(self, now: float, limit: float) -> list[Group]:
        done: list[Group] = []
        for group in self._open():
            last = self._time(group.rows[-1])
            quiet = now - last if last is not None else MAX_AGE_S + 1
            if (not group.alive and quiet >= limit) or quiet > MAX_AGE_S:
                self._end(group, done, truncated=group.alive > 0)
        return done

    def _rest(self, row: Row, done: list[Group]) -> None:
        """End the calls without a living channel which the log has left behind with this row."""
        now = self._time(row)
        for order, group in list(self._resting.items()):
            last = self._time(group.rows[-1])
            if group.alive:
                del self._resting[order]
            elif last is None or (now is not None and now - last >= QUIET_S):
                self._end(group, done, truncated=False)

    def restarted(self, at: float) -> list[Group]:
        """Close what was open when the phone system started anew at this time."""
        done: list[Group] = []
        for group in self._open():
            first = self._time(group.rows[0])
            if first is None or first < at:
                self._end(group, done, truncated=group.alive > 0)
        return done

    def flush(self) -> list[Group]:
        """Close everything: there will be no more rows."""
        done: list[Group] = []
        for group in self._open():
            self._end(group, done, truncated=group.alive > 0)
        return done

    def is_open(self, name: str) -> bool:
        """Say whether the call of a linked id, a channel's id or a channel's name goes on."""
        return name in self._by_link or name in self._by_leg or ("/" in name and self._has(name))

    def _has(self, channel: str) -> bool:
        return any(row[9] == channel for group in self._open() for row in group.rows)

    def __len__(self) -> int:
        """Count the open calls."""
        return len(self._open())

    def _open(self) -> list[Group]:
        return _by_order(self._by_link.values())

    def _group(self, row: Row, done: list[Group] | None) -> Group | None:
        """Find or begin the call of a row whose linked id is new; None for one that is over.

        Calls that end by that are added to `done`; without it nothing ends.
        """
        link, unique = row[15], row[14]
        if link in self._past_set:
            self.late += 1
            return None
        known = self._by_leg.get(unique)
        if known is not None:  # the channel was given another linked id: it is the same call
            self._adopt(known, link)
            return known
        if row[0] == "CHAN_START":
            self._clock.calibrate(row[1], unique)
        epoch, counter = id_epoch(link), id_counter(link)
        if counter is not None and done is None:
            self._highest = max(self._highest, counter)
        elif counter is not None and epoch is not None and done is not None:
            self._close_earlier_run(epoch, counter, done)
        self._begun += 1
        group = Group(order=self._begun, epoch=epoch, counter=counter)
        self._adopt(group, link)
        if done is not None and len(self._by_link) > MAX_OPEN_CALLS:
            oldest = self._open()[0]
            if oldest is not group:
                self._end(oldest, done, truncated=oldest.alive > 0)
        return group

    def _adopt(self, group: Group, link: str) -> None:
        group.links.append(link)
        self._by_link[link] = group

    def _close_earlier_run(self, epoch: float, counter: int, done: list[Group]) -> None:
        """Close calls of an earlier run: ids only count on while the phone system runs."""
        if counter > self._highest:
            self._highest = counter
            return
        self._highest = counter
        for group in self._open():
            if (
                group.epoch is not None
                and group.counter is not None
                and epoch > group.epoch + 1
                and counter <= group.counter
            ):
                self._end(group, done, truncated=group.alive > 0)
            elif group.counter is not None:
                self._highest = max(self._highest, group.counter)

    def _new_leg(self, group: Group, unique: str) -> Group:
        known = self._by_leg.get(unique)
        if known is not None and known is not group:
            group = self._unite(known, group)
        if unique not in group.legs:
            group.legs[unique] = True
            group.alive += 1
            self._by_leg[unique] = group
        return group

    def _join_named(self, group: Group, row: Row) -> None:
        """Unite with the calls of channels that an event names."""
        extra = extras(row)
        for key in _JOINING_KEYS:
            known = self._by_leg.get(str(extra.get(key, "")))
            if known is not None and known is not group:
                group = self._unite(known, group)

    def _unite(self, one: Group, other: Group) -> Group:
        first, second = (one, other) if one.order < other.order else (other, one)
        for link in second.links:
            self._adopt(first, link)
        first.closed_links |= second.closed_links
        self._resting.pop(second.order, None)
        for leg, alive in second.legs.items():
            first.legs[leg] = alive
            self._by_leg[leg] = first
        first.alive = sum(first.legs.values())
        first.rows += second.rows
        first.dropped += second.dropped
        if not first.alive:
            self._resting[first.order] = first
        return first

    def _may_end(self, group: Group, row: Row, done: list[Group]) -> None:
        if row[0] == "CHAN_END":
            if group.legs.get(row[14]):
                group.legs[row[14]] = False
                group.alive -= 1
        else:
            group.closed_links.add(row[15])
        if group.alive:
            return
        if len(group.closed_links) == len(group.links):
            self._end(group, done, truncated=False)
        else:
            self._resting[group.order] = group

    def _end(self, group: Group, done: list[Group], *, truncated: bool) -> None:
        for link in group.links:
            self._by_link.pop(link, None)
            self._remember(link)
        for leg in group.legs:
            self._by_leg.pop(leg, None)
        self._resting.pop(group.order, None)
        group.truncated = truncated
        done.append(group)

    def _remember(self, link: str) -> None:
        if len(self._past) == REMEMBERED:
            self._past_set.discard(self._past[0])
        self._past.append(link)
        self._past_set.add(link)

    def _time(self, row: Row) -> float | None:
        return self._clock.epoch(row[1], id_epoch(row[14]))

    def _pass_time(self, row: Row) -> None:
        at = self._clock.epoch(row[1], self.now or id_epoch(row[14]))
        if at is not None:
            self.now = at

    def _restore(self, plain: object) -> None:
        if not isinstance(plain, dict):
            return
        past, groups = plain.get("past"), plain.get("rows")
        for link in _texts(past):
            self._remember(link)
        for rows in groups if isinstance(groups, list) else ():
            sound = [row for row in rows if _sound(row)] if isinstance(rows, list) else []
            for row in sound:
                self._take_back(row)
        self._resting = {group.order: group for group in self._open() if not group.alive}

    def _take_back(self, row: Row) -> None:
        """Take a row of a call that is open; nothing ends by it."""
        group = self._by_link.get(row[15]) or self._group(row, None)
        if group is None:
            return
        if row[14] not in group.legs and row[0] != "LINKEDID_END":
            group = self._new_leg(group, row[14])
        group.rows.append(row)
        if row[0] == "CHAN_END" and group.legs.get(row[14]):
            group.legs[row[14]] = False
            group.alive -= 1
        elif row[0] == "LINKEDID_END":
            group.closed_links.add(row[15])
        elif row[0] in _JOINING:
            self._join_named(group, row)


def _by_order(groups: Iterable[Group]) -> list[Group]:
    return sorted({id(group): group for group in groups}.values(), key=_order)


_order = attrgetter("order")


def _size(group: Group) -> int:
    return len(group.rows) + len(group.legs) + len(group.links)


def extras(row: Row) -> Mapping[str, Any]:
    """Give the event's further findings; {} when there are none or they are no JSON object."""
    text = row[19]
    return _extras(text) if text else {}


@lru_cache(maxsize=256)
def _extras(text: str) -> dict[str, Any]:
    """Read findings; most of them are the same for many events (a recording, a cause)."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _texts(values: object) -> Iterator[str]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, str))


def _sound(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == len(COLUMNS)
        and all(isinstance(text, str) for text in row)
    )


def linked(groups: Iterable[Group]) -> set[str]:
    """Give all linked ids of calls."""
    return {link for group in groups for link in group.links}
