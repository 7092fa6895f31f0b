"""Empty answers to `find`: with some products one is not enough to call a ticket absent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connector.domain.ticket import TicketRef
from connector.store.outbox import Owed


class Absence:
    """Remembers which doubted tickets were not found, until the product was asked again.

    Kept in memory only: after a restart it is asked as often as before the first time, which
    costs a few minutes and never a second ticket.
    """

    def __init__(self) -> None:
        """Begin with nothing looked for."""
        self._looked: dict[int, tuple[datetime, datetime]] = {}
        """By change: when it was sent last, and when it was then first not found."""

    def doubtful_until(
        self, owed: Owed, found: Sequence[TicketRef], now: datetime, again_s: int
    ) -> datetime | None:
        """Say from when to ask again; None: the answer counts.

        An empty answer counts when an earlier one is at least `again_s` old and nothing was
        sent since. A clock set back begins the wait anew.
        """
        sent, first = self._looked.get(owed.id, (None, now))
        age = now - first
        again = timedelta(seconds=again_s)
        if found or not again_s or (sent == owed.last_sent_at and age >= again):
            self._looked.pop(owed.id, None)
            return None
        if sent != owed.last_sent_at or age < timedelta(0):
            first = now
            self._looked[owed.id] = (owed.last_sent_at, first)
        return first + again
