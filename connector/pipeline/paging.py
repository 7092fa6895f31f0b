"""People outside the helpdesk are told: owed with what asks for it, sent by a thread of its own.

A page is owed in the commit that decided on it and sent afterwards, so none is lost. A death
between sending and remembering sends it again, with the same Message-ID or Idempotency-Key:
for a page twice is better than never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.engine import Row

from connector.domain.case import Case
from connector.domain.errors import AmendsError, AuthenticationFailed, Rejected, StateError
from connector.domain.practice import Practice
from connector.paging.page import Page
from connector.paging.send import send
from connector.paging.settings import MailRoute, PageRoute, PagingSettings, WebhookRoute
from connector.recovery.contexts import local
from connector.recovery.hours import is_open
from connector.recovery.ladder import CRITICAL
from connector.recovery.marks import primary
from connector.recovery.promises import Why
from connector.recovery.settings import RecoverySettings
from connector.store import cases, pages
from connector.store.store import Store, Tx

log = structlog.get_logger()

FIRST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(minutes=10)
"""A page that could not be sent is tried again after half a minute, doubling to ten."""
GIVEN_UP: Final = timedelta(hours=24)
"""Later than this nobody is helped by it."""
DAY: Final = timedelta(days=1)

Sender = Callable[[MailRoute | WebhookRoute, Page, datetime], int]


def owe(
    tx: Tx,
    case: Case,
    number: int,
    whys: Iterable[Why],
    routes: Iterable[PageRoute],
    *,
    open_now: bool,
) -> None:
    """Owe the pages that a round asked for, each reason once for each route and round."""
    ways = list(routes)
    for why in whys:
        for route in ways:
            if not takes(route, case, why, open_now=open_now):
                continue
            given = pages.owed_since(tx.connection, route.name, tx.now - DAY)
            key = f"{case.id}.{number}.{_SHORT[why]}.{route.name}"[:64]
            if case.severity < CRITICAL and given >= route.per_day:
                tx.record("page.withheld", case_id=case.id, route=route.name, why=why.value)
            elif pages.owe(tx, key=key, case_id=case.id, route=route.name, why=why.value):
                tx.record("page.owed", case_id=case.id, route=route.name, why=why.value)


_SHORT: Final = {Why.CRITICAL: "c", Why.SILENCE: "s", Why.CONTACT: "b", Why.RESOLUTION: "r"}


def takes(route: PageRoute, case: Case, why: Why, *, open_now: bool) -> bool:
    """Say whether a route is for such a case now; pure."""
    return (
        case.severity >= route.min_severity
        and why.value in route.reasons
        and (not route.sites or case.site in route.sites)
        and (not route.categories or bool(route.categories & set(case.categories)))
        and (route.conflict == "any" or (route.conflict == "only") == case.conflict)
        and (route.hours == "always" or (route.hours == "open") == open_now)
    )


class Pager:
    """Sends what is owed; used by one thread."""

    def __init__(
        self,
        store: Store,
        settings: PagingSettings,
        practice: Practice,
        send_one: Sender = send,
    ) -> None:
        """Take the store, the routes, and how a page is sent."""
        self._store = store
        self._routes = {route.name: route for route in settings.routes}
        self._practice = practice
        self._send = send_one

    def step(self) -> bool:
        """Send the page that waits longest; False when none is due."""
        with self._store.read() as connection:
            row = pages.due(connection, self._store.clock())
        if row is None:
            return False
        route = self._routes.get(row.route)
        if route is None:
            self._end(row, "its route is no longer configured", None)
            return True
        try:
            refused = self._send(route, page_of(row, self._practice), self._store.clock())
        except StateError:
            raise
        except AmendsError as error:
            self._failed(row, error)
        else:
            self._sent(row, refused)
        return True

    def next_due_s(self) -> float:
        """Say in how many seconds the next page is due; a minute at most."""
        with self._store.read() as connection:
            at = pages.next_due(connection)
        if at is None:
            return 60.0
        return min(60.0, max(0.0, (at - self._store.clock()).total_seconds()))

    def _sent(self, row: Row[Any], refused: int) -> None:
        def work(tx: Tx) -> None:
            pages.sent(tx, row.page_id)
            tx.record("page.sent", case_id=row.id, route=row.route, why=row.why, refused=refused)

        self._store.write(work)
        log.info("page_sent", case=row.id, target=row.route, reason=row.why)
        if refused:
            log.warning("page_refused", case=row.id, target=row.route, count=refused)

    def _failed(self, row: Row[Any], error: AmendsError) -> None:
        now = self._store.clock()
        pause = min(LONGEST, FIRST * 2 ** min(row.attempts, 8))
        hopeless = isinstance(error, Rejected) and row.attempts >= _REFUSALS
        late = now - row.created_at > GIVEN_UP
        log.warning(
            "page_failed",
            case=row.id,
            target=row.route,
            error=type(error).__name__,
            reason="refused" if isinstance(error, Rejected | AuthenticationFailed) else "away",
        )
        self._end(row, str(error), None if hopeless or late else now + pause)

    def _end(self, row: Row[Any], problem: str, again_at: datetime | None) -> None:
        def work(tx: Tx) -> None:
            pages.failed(tx, row.page_id, problem, again_at)
            if again_at is None:
                tx.record("page.given_up", case_id=row.id, route=row.route, why=row.why)

        self._store.write(work)


_REFUSALS: Final = 3
"""So often a page may be refused for good: the admin may be mending the route."""


def page_of(row: Row[Any], practice: Practice) -> Page:
    """Make the message of a page from its row with the case."""
    case = cases.case_of(row)
    due = ""
    if case.clocks is not None and row.why != Why.RESOLUTION:
        due = f"First contact due {local(case.clocks.contact_due, practice)}."
    elif case.clocks is not None:
        due = f"All four steps due {local(case.clocks.resolution_due, practice)}."
    return Page(
        key=row.key,
        why=row.why,
        case_id=case.id,
        severity=case.severity,
        category=primary(case),
        due=due,
        url=case.ticket_url,
    )


def open_now(settings: RecoverySettings, practice: Practice, at: datetime) -> bool:
    """Say whether the practice is open."""
    return is_open(at, settings.hours.week, practice.zone)
