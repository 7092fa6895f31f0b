"""Find tickets by key in a product that cannot search: read the list from its end.

The list is in the order of creation and a doubt is minutes old, so the end is where the
answer is. Reading backwards also cannot miss a ticket when others are deleted meanwhile:
what slides forward slides into pages that are still to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from connector.helpdesks.django_helpdesk.reading import moment, opening
from connector.helpdesks.django_helpdesk.site import Site
from connector.helpdesks.django_helpdesk.tables import Json
from connector.http import TooLarge

PAGE_SIZE: Final = 64
"""Tickets asked for at once, with all their follow-ups; halved when that is too much."""

QUIET: Final = 16
"""So many older tickets in a row end the search; one alone may have been given the older
follow-ups of a ticket that was merged into it."""


def holders(site: Site, field: str, key: str, since: datetime) -> list[Json]:
    """Give all tickets created after `since` whose field holds the key, oldest first.

    A ticket without an opening follow-up does not say when it was made; it ends nothing.
    """
    found: dict[int, Json] = {}
    older = 0
    for ticket in _backwards(site):
        if ticket.get(field) == key:
            found[int(ticket["id"])] = ticket
        first = opening(ticket)
        made = moment(first["date"]) if first else None
        older = older + 1 if made is not None and made < since else 0
        if older == QUIET:
            break
    return [found[number] for number in sorted(found)]


def _backwards(site: Site) -> Iterator[Json]:
    size = PAGE_SIZE
    end: int | None = None
    """How many tickets are still to be read; None before the first page."""
    while end is None or end > 0:
        try:
            if end is None:
                end = int(site.page(1, 1)["count"])
                continue
            start = (end - 1) // size * size
            results: list[Any] = site.page(start // size + 1, size)["results"]
        except TooLarge:
            if size == 1:
                raise
            size //= 2
            continue
        yield from reversed(results)
        end = start
