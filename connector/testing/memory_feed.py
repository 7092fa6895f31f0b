"""The feed of changes of the helpdesk in memory, by `FollowsChanges`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from connector.domain.errors import Rejected
from connector.domain.ticket import TicketRef
from connector.helpdesks.base import Changed
from connector.testing.memory_desk import MemoryDesk, Weather, storm

PAGE: Final = 5
"""Changes on a page: few, so that tests turn pages."""


class MemoryFeed:
    """The ability to tell what changed; mixed into `MemoryHelpdesk`."""

    name: str
    desk: MemoryDesk
    _read: Callable[[str], None]

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        """Give a page of the desk's changes; a cursor holds the desk's era and a place."""
        self._read("changed_since")
        desk = self.desk
        with desk.lock:
            if desk.feeding is not Weather.FAIR:
                raise storm(self.name, desk.feeding, write=False)
            if desk.feed_refusal is not None:
                raise desk.feed_refusal
            start = self._place(cursor) if cursor else self._first(since)
            end = min(start + PAGE, len(desk.changes))
            return Changed(
                refs=tuple(TicketRef(id=number) for _, number in desk.changes[start:end]),
                cursor=f"{desk.era}.{end}",
                more=end < len(desk.changes),
            )

    def _place(self, cursor: str) -> int:
        era, _, place = cursor.partition(".")
        if era != str(self.desk.era) or not place.isdecimal():
            raise Rejected(self.name, "no longer knows this cursor")
        return int(place)

    def _first(self, since: datetime) -> int:
        changes = self.desk.changes
        return next((place for place, (at, _) in enumerate(changes) if at >= since), len(changes))
