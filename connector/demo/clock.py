"""The demo's own time: what it makes up happened a few minutes before it began."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A fixed start, so that everything made up twice is the same twice."""

    start: datetime
    """When the demo began, aware."""

    @property
    def run(self) -> str:
        """A short name of this run, for ids."""
        return self.start.strftime("%m%d%H%M%S")

    @property
    def digits(self) -> int:
        """A number of this run, for call ids."""
        return int(self.start.strftime("%M%S")) + 100

    def before(self, *, minutes: int) -> datetime:
        """A moment so many minutes before the start."""
        return self.start - timedelta(minutes=minutes)

    def epoch(self, *, minutes_ago: int) -> int:
        """Such a moment in Unix seconds."""
        return int(self.before(minutes=minutes_ago).timestamp())
