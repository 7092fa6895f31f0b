"""Walk through tickets that changed, missing none, however many there are.

The product's search does not know what happened in the last minutes, its list does, with
custom fields in the list itself. But a list by page numbers slips when tickets change while
it is read, and ends after 300 pages. So after each page the walk begins anew at the time of
its last ticket: what changes meanwhile moves to the end, which is still to come.

Tickets that an agent marked as spam or deleted stand in lists of their own: they are walked
too, after the live ones, because that is the way that tickets go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from connector.domain.errors import Rejected, Unavailable
from connector.helpdesks.base import Changed
from connector.helpdesks.freshdesk.account import MAX_PAGES, Account, Page
from connector.helpdesks.freshdesk.tables import Json, moment, when

VIEWS: Final = ("", "spam", "deleted")
"""The lists: live tickets, spam, deleted ones."""

STEP_BACK: Final = timedelta(seconds=1)
"""Times are whole seconds, and whether `since` itself is in the list is not documented."""

OVERLAP: Final = timedelta(seconds=120)
"""A new round of the feed begins so long before the last one: for clocks and late commits."""


MAX_READINGS: Final = 6
"""So often a second with more tickets than a page is read until two readings agree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk is."""

    view: int = 0
    """Which of `VIEWS`."""
    since: datetime
    origin: datetime
    """The `since` of the whole round: each list begins there."""
    began: datetime | None = None
    """The product's clock at the first page of this round."""


def after(place: Place, page: Page) -> Place | None:
    """Give the place of the next page; None after the last page of the last list; pure."""
    if page.more:
        return replace(place, since=_times(page, place)[-1] - STEP_BACK)
    if place.view + 1 == len(VIEWS):
        return None
    return replace(place, view=place.view + 1, since=place.origin)


def read(account: Account, place: Place) -> Page:
    """Read the page at a place: whatever lies between its first and its last moment.

    Where a single second holds more than a page (a bulk change), or where the product does
    not go by `since`, page numbers lead on; and because these slip when a ticket changes
    meanwhile, all is read again until two readings agree.
    """
    page = _listed(account, place, 1)
    if not page.more or _leads_on(place, page):
        return page
    before: frozenset[tuple[int, str]] = frozenset()
    for _ in range(MAX_READINGS):
        page = _block(account, place)
        seen = frozenset((int(one["id"]), str(one["updated_at"])) for one in page.items)
        if seen == before:
            return page
        before = seen
    raise Unavailable(account.edge, "changes more tickets at once than can be followed")


def _block(account: Account, place: Place) -> Page:
    """Read by page numbers until the time goes on, or to the end."""
    items: list[Json] = []
    for number in range(1, MAX_PAGES + 1):
        page = _listed(account, place, number)
        items += page.items
        whole = replace(page, items=items)
        if not page.more or _leads_on(place, whole):
            return whole
    raise Unavailable(account.edge, "has more tickets of one second than it lists")


def _leads_on(place: Place, page: Page) -> bool:
    """Say whether the next page can be asked for by the time of the last ticket of this one."""
    times = _times(page, place)
    return times[0] >= place.since - STEP_BACK and times[-1] - STEP_BACK > place.since


def _listed(account: Account, place: Place, number: int) -> Page:
    page = account.listing(VIEWS[place.view], place.since, number)
    times = _times(page, place)
    if times != sorted(times):
        raise Unavailable(account.edge, "lists tickets in another order than it was asked for")
    return page


def _times(page: Page, place: Place) -> list[datetime]:
    return [moment(one["updated_at"]) or place.since for one in page.items]


def tickets(account: Account, since: datetime) -> Iterator[Json]:
    """Give every ticket that changed since then, spam and deleted ones too; some come twice."""
    place: Place | None = Place(since=since, origin=since)
    while place is not None:
        page = read(account, place)
        yield from page.items
        place = after(place, page)


def holders(account: Account, key: str, since: datetime) -> list[int]:
    """Give the numbers of all tickets with the key that changed since then, oldest first.

    Raises Unavailable while the form has no field for keys, or a list does not show it: then
    nobody can say that a ticket is not there.
    """
    field = account.form(fresh=True).key
    if field is None:
        name = account.settings.key_field
        raise Unavailable(account.edge, f"has no text field {name}: nothing can be found by it")
    found: set[int] = set()
    for ticket in tickets(account, since):
        if field.name not in ticket["custom_fields"]:
            raise Unavailable(account.edge, f"lists tickets without their {field.name}")
        if ticket["custom_fields"][field.name] == key:
            found.add(int(ticket["id"]))
    return sorted(found)


def feed(account: Account, cursor: str, since: datetime, now: datetime) -> Changed:
    """Give a page of what changed after a cursor; rounds overlap, so nothing is skipped.

    One call reads on through the lists until a page is full: in quiet times the whole round.
    `now` stands in for the product's clock where its answers do not tell the time.
    """
    place = _place(account, cursor) if cursor else Place(since=since, origin=since)
    numbers: dict[int, None] = {}
    while True:
        page = read(account, place)
        place = replace(place, began=place.began or page.at or now)
        numbers |= dict.fromkeys(int(one["id"]) for one in page.items)
        onward = after(place, page)
        if onward is None or page.more:
            break
        place = onward
    start = max(place.origin, (place.began or now) - OVERLAP)
    return Changed(
        refs=tuple(account.ref(number) for number in numbers),
        cursor=_cursor(onward or Place(since=start, origin=start)),
        more=onward is not None,
    )


def _cursor(place: Place) -> str:
    parts = {
        "view": VIEWS[place.view],
        "since": when(place.since),
        "origin": when(place.origin),
        "began": when(place.began) if place.began else None,
    }
    return json.dumps(parts, separators=(",", ":"))


def _place(account: Account, cursor: str) -> Place:
    try:
        parts = json.loads(cursor)
        return Place(
            view=VIEWS.index(parts["view"]),
            since=datetime.fromisoformat(parts["since"]),
            origin=datetime.fromisoformat(parts["origin"]),
            began=datetime.fromisoformat(parts["began"]) if parts["began"] else None,
        )
    except (ValueError, KeyError, TypeError):
        raise Rejected(account.edge, "does not know this cursor; begin anew") from None
