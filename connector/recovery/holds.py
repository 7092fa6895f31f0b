"""Clocks that rest: only for a reason that agents state, and only for so long; pure.

A case of severity 4 never rests. What was left of the opening hours when the hold began is
left when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.case import Clocks
from connector.recovery.hours import Week, due, open_minutes
from connector.recovery.ladder import CRITICAL

CEILING: Final = timedelta(days=14)
"""All holds of a round together; then its clocks run on, whatever the ticket says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """How the clocks of a round rested so far."""

    since: datetime | None = None
    """When the hold that lasts began; None while the clocks run."""
    spent: timedelta = timedelta(0)
    """How long the holds before it lasted."""
    minutes: int = 0
    """How many minutes of opening hours were in those."""

    @property
    def ends_at(self) -> datetime | None:
        """When a hold that lasts reaches the ceiling; None while the clocks run."""
        return None if self.since is None else self.since + CEILING - self.spent


def follow(hold: Hold, stated_at: datetime | None, severity: int, now: datetime) -> Hold:
    """Give the hold as it stands now; `stated_at`: since when the ticket says that it rests."""
    wanted = stated_at is not None and severity < CRITICAL and hold.spent < CEILING
    if hold.since is None:
        return replace(hold, since=stated_at) if wanted else hold
    lasted = now - hold.since
    if wanted and hold.spent + lasted < CEILING:
        return hold
    return replace(hold, since=None, spent=min(CEILING, hold.spent + lasted))


def resumed(
    clocks: Clocks, ceilings: Clocks, since: datetime, now: datetime, week: Week, zone: ZoneInfo
) -> Clocks:
    """Give the due times after a hold: what was left at its beginning is left now.

    `ceilings` is the latest that is promised, with the time of all holds added; a due time that
    was nearer to its ceiling than the open minutes tell moves by the hold's own length.
    """
    return Clocks(
        contact_due=_moved(clocks.contact_due, ceilings.contact_due, since, now, week, zone),
        resolution_due=_moved(
            clocks.resolution_due, ceilings.resolution_due, since, now, week, zone
        ),
    )


def _moved(
    due_at: datetime,
    ceiling: datetime,
    since: datetime,
    now: datetime,
    week: Week,
    zone: ZoneInfo,
) -> datetime:
    if due_at <= since:  # it had passed before: a hold mends nothing
        return due_at
    left = open_minutes(since, due_at, week, zone)
    later = due_at + (now - since)
    moved = due(now, left, week, zone) if left else None
    # a case that was raised is due earlier than its round's ceiling: no hold brings it forward
    return min(moved or later, max(ceiling, later))
