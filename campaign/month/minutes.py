"""Opening hours the naive way: every minute of the year is asked whether it is open."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAYS_AT_ONCE = 10
LONGEST_DAYS = 300
"""A clock that has not ended by then is a mistake."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Opening hours of a place, as a person would write them on the door."""

    zone: str
    week: Mapping[int, Sequence[tuple[str, str]]]
    """By weekday from 0, Monday; a day that is not named is closed."""
    closed: frozenset[date] = field(default_factory=frozenset)

    def __hash__(self) -> int:
        """Places are few and live for ever."""
        return id(self)

    @cached_property
    def spans(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The same in minutes since local midnight, Monday first."""
        return tuple(tuple((_of(a), _of(b)) for a, b in self.week.get(day, ())) for day in range(7))

    def is_open(self, at: datetime) -> bool:
        """Say whether the door is open at the beginning of a minute."""
        local = at.astimezone(ZoneInfo(self.zone))
        shown = local.hour * 60 + local.minute
        for opens, closes in self.spans[local.weekday()]:
            if opens <= shown < closes:
                return local.date() not in self.closed
        return False


def _of(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


class Minutes:
    """The minutes of a place from a day on, each looked at by itself; times are whole minutes."""

    def __init__(self, place: Place, first: datetime) -> None:
        """Begin at `first`; days are looked at when somebody asks for them."""
        self._first = first.astimezone(UTC)
        self._place = place
        self._used = [0]

    def _more(self) -> None:
        if len(self._used) > LONGEST_DAYS * 24 * 60:
            raise ValueError(self._place)
        used = self._used[-1]
        start = self._first + MINUTE * (len(self._used) - 1)
        for number in range(DAYS_AT_ONCE * 24 * 60):
            used += self._place.is_open(start + MINUTE * number)
            self._used.append(used)

    def _index(self, at: datetime) -> int:
        number, rest = divmod(at - self._first, MINUTE)
        if rest or number < 0:
            raise ValueError(at)
        while number >= len(self._used):
            self._more()
        return number

    def between(self, start: datetime, end: datetime) -> int:
        """Count the open minutes between two instants; 0 when the second is not later."""
        return max(0, self._used[self._index(end)] - self._used[self._index(start)])

    def after(self, start: datetime, minutes: int) -> datetime:
        """Give the instant at which so many open minutes have passed."""
        if minutes <= 0:
            return start
        wanted = self._used[self._index(start)] + minutes
        while self._used[-1] < wanted:
            self._more()
        return self._first + MINUTE * bisect_left(self._used, wanted)


@cache
def minutes(place: Place, first: datetime) -> Minutes:
    """Give the minutes of a place, looked at once."""
    return Minutes(place, first)
