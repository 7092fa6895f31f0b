"""The escalation ladder: who is told, and when, while a clock runs out; pure.

Two clocks run in a round of a case, one after the other: first contact, then resolution. Each
climbs the same ladder by itself. What an outage let pass is caught up by its highest step
alone, which names the others, so that nobody is told five times at once on Monday morning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from connector.recovery.hours import Week, due, open_minutes

CRITICAL: Final = 4
"""From this severity on silence itself is escalated."""


class Clock(StrEnum):
    """What is owed by then."""

    CONTACT = "contact"
    """A human has spoken with the person."""
    RESOLUTION = "resolution"
    """All four steps are done."""


class Rung(IntEnum):
    """A step of the ladder; its number is the share of the clock that has passed, in percent."""

    NONE = 0
    OWNER = 50
    """The owner is reminded by a note."""
    MANAGER = 80
    """The manager is named in a note, before the promise is broken."""
    LATE = 100
    """The promise is broken: tag, priority, note."""
    BEYOND = 200
    """Twice the time has passed: somebody is told outside the helpdesk."""


RUNGS: Final = (Rung.OWNER, Rung.MANAGER, Rung.LATE, Rung.BEYOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One clock of a case, as it runs."""

    clock: Clock
    started_at: datetime
    due_at: datetime
    fired: int
    """The highest rung that was climbed, in percent; 0: none."""
    rested: timedelta = timedelta(0)
    """For how long it rested since it started."""
    rested_minutes: int = 0
    """How many minutes of opening hours were in that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climb:
    """What the ladder asks for now."""

    rung: Rung
    """The highest one that is due."""
    at: datetime
    """When it was due, UTC."""
    passed_over: Sequence[Rung]
    """Lower ones that were due as well and are only mentioned."""


def instant(running: Running, rung: Rung, week: Week, zone: ZoneInfo) -> datetime:
    """Give the instant (UTC) of a rung.

    Shares are counted in opening hours where the clock holds any, else by calendar; time in
    which it rested is no part of it. Twice the time is never later than by calendar.
    """
    start, end = running.started_at, running.due_at
    if rung == Rung.LATE:
        return end
    ran = end - start - running.rested
    calendar = start + running.rested + ran * int(rung) / 100
    minutes = open_minutes(start, end, week, zone) - running.rested_minutes
    if minutes < 1:
        return calendar
    share = -(-minutes * int(rung) // 100)
    business = due(start, running.rested_minutes + share, week, zone) or calendar
    return min(business, end if rung < Rung.LATE else calendar)


def climb(running: Running, now: datetime, week: Week, zone: ZoneInfo) -> Climb | None:
    """Say which rung is due now and was not climbed; None: none is."""
    due_now = [
        (rung, at)
        for rung in RUNGS
        if rung > running.fired and (at := instant(running, rung, week, zone)) <= now
    ]
    if not due_now:
        return None
    rung, at = due_now[-1]
    return Climb(rung=rung, at=at, passed_over=tuple(one for one, _ in due_now[:-1]))


def next_at(running: Running, week: Week, zone: ZoneInfo) -> datetime | None:
    """Give the instant of the next rung; None when the ladder ends."""
    left = [rung for rung in RUNGS if rung > running.fired]
    return min((instant(running, rung, week, zone) for rung in left), default=None)


def unacknowledged(
    severity: int, started_at: datetime, acknowledged: datetime | None, minutes: int
) -> datetime | None:
    """Give when silence about a critical case is escalated; None: never, somebody acted."""
    if severity < CRITICAL or acknowledged is not None:
        return None
    return started_at + timedelta(minutes=minutes)
