"""Business-minutes arithmetic, right across holidays, split days and clock changes.

Opening hours are local wall-clock times; what is counted is real time. Each
span of each day is turned into instants, and minutes are used up along them,
so a spring-forward night has an hour less and a fall-back night one more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from connector.recovery.public_holidays import public_holidays

HORIZON_DAYS: Final = 400
"""So many days ahead are searched for open minutes; beyond, the ceiling rules."""

DAYS_REMEMBERED: Final = 64
"""For so many days it is remembered when they are open."""

_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of opening hours, in minutes since local midnight."""

    start_minute: int
    end_minute: int
    """After `start_minute`; 1440 is the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Opening hours of a week."""

    days: tuple[tuple[Span, ...], ...]
    """Seven days from Monday; spans in order, not overlapping."""
    holidays: frozenset[date] = frozenset()
    """Local dates on which the practice is closed."""
    region: str = ""
    """Whose public holidays are closed days too (`US-NY`); empty: nobody's."""


def due(start: datetime, minutes: int, week: Week, zone: ZoneInfo) -> datetime | None:
    """Give the instant (UTC) at which `minutes` of opening hours have passed since `start`.

    None when the next HORIZON_DAYS hold fewer open minutes than that. A clock that ends
    exactly at closing is due at closing, not at the next opening.
    """
    left = timedelta(minutes=minutes)
    if left <= timedelta(0):
        return start.astimezone(UTC)
    for opens, closes in _open_times(start, week, zone):
        if opens + left <= closes:
            return opens + left
        left -= closes - opens
    return None


def open_minutes(start: datetime, end: datetime, week: Week, zone: ZoneInfo) -> int:
    """Count whole minutes of opening hours between two instants; 0 when `end` is not later.

    Looks HORIZON_DAYS ahead at most.
    """
    total = timedelta(0)
    for opens, closes in _open_times(start, week, zone):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return int(total / timedelta(minutes=1))


def is_open(at: datetime, week: Week, zone: ZoneInfo) -> bool:
    """Say whether the practice is open at an instant."""
    return open_minutes(at, at + timedelta(minutes=1), week, zone) > 0


def _open_times(start: datetime, week: Week, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Yield the open stretches (UTC) from `start` on, in order, never overlapping."""
    done_until = start.astimezone(UTC)
    # The day before, because a zone that jumps may put its hours after today's midnight.
    first = start.astimezone(zone).date() - timedelta(days=1)
    for offset in range(HORIZON_DAYS + 1):
        day = first + timedelta(days=offset)
        if day in week.holidays or day in public_holidays(week.region, day.year):
            continue
        for begins, closes in _stretches(day, week.days[day.weekday()], zone):
            opens = max(begins, done_until)
            if closes > opens:
                yield opens, closes
                done_until = closes


@lru_cache(maxsize=DAYS_REMEMBERED)
def _stretches(
    day: date, spans: tuple[Span, ...], zone: ZoneInfo
) -> tuple[tuple[datetime, datetime], ...]:
    """Give the instants between which a day is open; every case asks for the same few days."""
    return tuple(
        (_instant(day, span.start_minute, zone), _instant(day, span.end_minute, zone))
        for span in spans
    )


def _instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Turn a local wall-clock time into UTC; a doubled hour means its first pass."""
    if minute == _DAY_MINUTES:
        day, minute = day + timedelta(days=1), 0
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=zone)
    return local.astimezone(UTC)
