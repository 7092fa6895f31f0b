"""The product behind the helpdesk in memory: tickets, visible effects, agents and weather.

It outlives crashes of ours, so judges look here for what really happened.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from connector.http import losing
from connector.testing.memory_agents import MemoryAgents, Ticket


class Weather(Enum):
    """What becomes of a call."""

    FAIR = "fair"
    DOWN = "down"
    """No connection: NotSent."""
    LOST = "lost"
    """The request is lost on its way: in doubt, not applied."""
    MUTE = "mute"
    """Applied, and the answer is lost: in doubt."""
    LATE = "late"
    """In doubt; applied when `land` is called."""
    BUSY = "busy"
    """429 with a pause of 7 seconds."""
    LOCKED_OUT = "locked_out"
    """401."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """One thing that agents can see has happened; what judges count."""

    kind: str
    """ticket | note | change."""
    ticket: str
    key: str


class MemoryDesk(MemoryAgents):
    """The product: tickets, what became visible, and the weather; safe for several threads.

    Like the plainest of real products it lets two tickets carry one key.
    """

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Begin empty; `now` dates what happens."""
        self.now = now
        self.lock = threading.RLock()
        self.tickets: dict[str, Ticket] = {}
        self.visible: list[Visible] = []
        """Every effect of ours, in order."""
        self.accounts: frozenset[str] | None = None
        """To whom tickets can be given; None: to anybody."""
        self.mails: list[str] = []
        """Mails to patients; stays empty unless a test puts something in."""
        self.forecast: deque[Weather] = deque()
        """Weather of the next writes, one each; fair afterwards, or what `standing` says."""
        self.standing = Weather.FAIR
        self.reading = Weather.FAIR
        """Weather of every read (find, snapshot, history, check)."""
        self.feeding = Weather.FAIR
        """Weather of the feed of changes alone."""
        self.feed_refusal: EdgeError | None = None
        """With what the feed is refused, as for a missing right."""
        self.changes: list[tuple[datetime, str]] = []
        self.era = 1
        """Cursors of an earlier era are no longer taken."""
        self.calls: list[str] = []
        """Every call that arrived at the border, in order."""
        self.setup: dict[str, dict[str, str]] = {}
        """Fields, views and service levels by the desk's id, each with its title and parts."""
        self.has_sla = True
        """False for an account whose plan has no service levels."""
        self._late: list[Callable[[], object]] = []

    def land(self) -> int:
        """Apply what was late; how many requests that were."""
        with self.lock:
            late, self._late = self._late, []
            for apply in late:
                apply()
            return len(late)

    def keys(self) -> list[str]:
        """Give the keys of all tickets, in order of creation."""
        with self.lock:
            return [ticket.key for ticket in self.tickets.values()]

    def write(self, edge: str, name: str, apply: Callable[[], Any]) -> Any:
        """Let a write meet its weather."""
        with self.lock:
            self.calls.append(name)
            weather = self.forecast.popleft() if self.forecast else self.standing
            if weather is Weather.FAIR and losing.is_lost(200):
                weather = Weather.MUTE
            if weather is Weather.FAIR:
                return apply()
            if weather is Weather.MUTE:
                apply()
            elif weather is Weather.LATE:
                self._late.append(apply)
        raise storm(edge, weather, write=True)

    def read(self, edge: str, name: str) -> None:
        """Let a read meet its weather."""
        with self.lock:
            self.calls.append(name)
            weather = self.reading
        if weather is not Weather.FAIR:
            raise storm(edge, weather, write=False)


def storm(edge: str, weather: Weather, *, write: bool) -> EdgeError:
    """Make the error that the weather brings."""
    if weather is Weather.DOWN:
        return NotSent(edge, "cannot be reached")
    if weather is Weather.BUSY:
        return RateLimited(edge, "asks for a pause", retry_after_s=7)
    if weather is Weather.LOCKED_OUT:
        return AuthenticationFailed(edge, "refuses our credentials")
    if write:
        return OutcomeUnknown(edge, "did not answer")
    return Unavailable(edge, "did not answer")
