"""Find tickets by key in a product that cannot search.

The follow-up that the product makes of a description at creation holds our key in its
last line. Follow-ups come in the order of their dates, a page of them costs the product
the same however many tickets it has (a page of tickets does not, see `site.py`), and a
doubt is minutes old: so the list of follow-ups is read from its end.

Reading backwards misses nothing when others are deleted meanwhile: what slides forward
slides into pages that are still to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from connector.helpdesks.django_helpdesk.reading import moment, opening_key
from connector.helpdesks.django_helpdesk.site import Site
from connector.helpdesks.django_helpdesk.tables import Json
from connector.http import TooLarge

PAGE_SIZE: Final = 128
"""Follow-ups asked for at once; halved when that is too much."""


def holders(site: Site, key: str, since: datetime) -> list[int]:
    """Give the numbers of all tickets opened with the key since then, oldest first."""
    found: set[int] = set()
    for followup in _backwards(site):
        at = moment(followup["date"])
        if at is not None and at < since:
            break
        if opening_key(followup) == key:
            found.add(int(followup["ticket"]))
    return sorted(found)


def _backwards(site: Site) -> Iterator[Json]:
    size = PAGE_SIZE
    end: int | None = None
    """How many follow-ups are still to be read; None before the first page."""
    while end is None or end > 0:
        try:
            start = None if end is None else (end - 1) // size * size
            page = site.followups("last" if start is None else start // size + 1, size)
        except TooLarge:
            if size == 1:
                raise
            size //= 2
            continue
        yield from reversed(page["results"])
        end = (int(page["count"]) - 1) // size * size if start is None else start
