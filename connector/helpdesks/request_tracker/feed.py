"""Which tickets changed: the product numbers everything that happens.

Numbers are given before they are committed, so a smaller one may appear after a larger one.
So what happened in the last seconds is told again by the next round: a cursor holds where the
next round begins (`safe`) and where this one has come to (`at`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from connector.domain.errors import Rejected
from connector.helpdesks.base import Changed
from connector.helpdesks.request_tracker.api import Api, Page
from connector.helpdesks.request_tracker.opening import ref_of
from connector.helpdesks.request_tracker.tables import Json, moment, quoted, when

LATE: Final = timedelta(seconds=60)
"""So long a number may take to appear after a larger one."""

PAGES: Final = 5
"""So many pages of what happened make one of ours."""

ZONES: Final = timedelta(hours=26)
"""The product reads times in a search in its user's time zone, which nobody tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the feed is."""

    since: str
    """Where it began, as the product takes times; counts until there is a number."""
    safe: int = 0
    at: int = 0


def feed(api: Api, cursor: str, since: datetime, now: datetime) -> Changed:
    """Give a page of what changed; `now` stands in where the product does not tell the time."""
    place = _place(api, cursor) if cursor else Place(since=when(since - ZONES))
    settled = now - LATE
    numbers: dict[int, None] = {}
    ended = False
    for _ in range(PAGES):
        page = _after(api, place)
        settled = min(settled, _time(page.at, now) - LATE)
        safe = (int(one["id"]) for one in page.items if _at(one) <= settled)
        last = (int(one["id"]) for one in page.items)
        place = replace(place, safe=max([place.safe, *safe]), at=max([place.at, *last]))
        numbers |= dict.fromkeys(int(str(one["ObjectId"])) for one in page.items)
        ended = not page.items
        if ended:
            break
    return Changed(
        refs=tuple(ref_of(api, number) for number in numbers),
        cursor=_cursor(replace(place, at=place.safe) if ended else place),
        more=not ended,
    )


def _after(api: Api, place: Place) -> Page:
    """Read what comes after a place; a page of what is hidden from us is no end."""
    after = f"id > {place.at}" if place.at else f"Created >= {quoted(place.since)}"
    query = f"ObjectType = 'RT::Ticket' AND TicketQueue = {api.queue().id} AND {after}"
    page = api.changes(query)
    return page if page.items else api.changes(query, 2)


def _at(one: Json) -> datetime:
    found = moment(one["Created"])
    assert found is not None  # noqa: S101 - its shape was checked, and nothing is made in 1970
    return found


def _time(told: str, now: datetime) -> datetime:
    try:
        return min(parsedate_to_datetime(told), now) if told else now
    except (ValueError, TypeError):
        return now


def _cursor(place: Place) -> str:
    parts = {"since": place.since, "safe": place.safe, "at": place.at}
    return json.dumps(parts, separators=(",", ":"))


def _place(api: Api, cursor: str) -> Place:
    try:
        parts = json.loads(cursor)
        since = when(datetime.fromisoformat(f"{parts['since']}+00:00"))
        return Place(since=since, safe=int(parts["safe"]), at=int(parts["at"]))
    except (ValueError, KeyError, TypeError):
        raise Rejected(api.edge, "does not know this cursor; begin anew") from None
