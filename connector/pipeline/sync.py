"""Helpdesk to case: what people did in the ticket is followed, never fought.

1. Choose tickets: those that the helpdesk's feed named, then open ones in turn (rarely where
   there is a feed), then those of cases closed lately, which agents may have opened again.
2. Look at each one outside any transaction: snapshot, and history where anything changed.
3. In one commit: store what was observed, remember what agents changed of ours, note the
   first contact, and carry out what follows for every case of the ticket.

A closed or deleted ticket closes its case, one that agents open again opens it, a merge is
followed, and the answer to a second look is carried out. A ticket that was closed before
anybody could read a further complaint is opened again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy.engine import Connection, Row

from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    Gone,
    RateLimited,
    StateError,
    Unavailable,
)
from connector.domain.ticket import Snapshot, TicketRef
from connector.helpdesks.base import Helpdesk
from connector.pipeline import observing, recovering
from connector.pipeline.aftermath import Aftermath, Looked
from connector.pipeline.feed import Feed
from connector.pipeline.following import FOLLOWED
from connector.pipeline.rules import Rules
from connector.store import edits, following
from connector.store import observing as observed
from connector.store.store import Store, Tx

log = structlog.get_logger()

BATCH = 25
AFTERCARE = timedelta(days=14)
"""So long the tickets of closed cases are looked at without a feed."""
PUT_OFF = timedelta(minutes=10)
"""A ticket that cannot be looked at does not stand in the way of the others for so long."""
MAX_FAILURES = 3
"""So often in a row a ticket may fail with what looks like trouble of the whole helpdesk."""
PAUSE = timedelta(seconds=60)
"""After trouble of the whole helpdesk, at least; longer where it asks for that."""
LONGEST_PAUSE = timedelta(hours=1)
EVENTS_AT_ONCE = 200
"""So many events are stored in one commit."""


class Sync:
    """Looks at tickets; used by one thread."""

    def __init__(self, store: Store, helpdesk: Callable[[], Helpdesk], rules: Rules) -> None:
        """Take the store, who gives the helpdesk in use, and the rules in force."""
        self._store = store
        self._in_use = helpdesk
        self._settings = rules.pipeline
        self._feed = Feed(store, rules.pipeline)
        self._aftermath = Aftermath(rules)
        self._troubled: dict[str, tuple[datetime, int]] = {}
        """Tickets that could not be looked at: until when they wait, and how often it was so."""
        self._resume_at = datetime.min.replace(tzinfo=UTC)

    def step(self) -> int:
        """Look at one batch; gives how many tickets were looked at."""
        if recovering.holds_sync(self._store) or self._pauses():
            return 0
        fed = self._feed.follow(self._in_use())
        looked = 0
        for ticket_id in self._choose(fed=fed):
            try:
                self._look_at(ticket_id)
            except StateError:
                raise
            except Exception as error:  # noqa: BLE001 - one ticket must not stop those behind it
                if self._trouble(ticket_id, error):
                    break
                continue
            self._troubled.pop(ticket_id, None)
            looked += 1
        return looked

    def _choose(self, *, fed: bool) -> list[str]:
        now = self._store.clock()
        seconds = self._settings.full_round_seconds if fed else self._settings.sync_seconds
        rarely = now - timedelta(seconds=self._settings.full_round_seconds)
        self._troubled = {
            ticket: (until, count)
            for ticket, (until, count) in self._troubled.items()
            if now < until + 2 * PUT_OFF  # how often is remembered a little longer
        }
        waiting = {ticket for ticket, (until, _) in self._troubled.items() if now < until}
        limit = BATCH + len(waiting)
        with self._store.read() as connection:
            found = following.changed(connection, limit)
            found += following.in_turn(connection, now - timedelta(seconds=seconds), limit)
            found += following.aftercare(
                connection, since=now - AFTERCARE, before=rarely, reasons=FOLLOWED, limit=limit
            )
        return [ticket for ticket in dict.fromkeys(found) if ticket not in waiting][:BATCH]

    def _pauses(self) -> bool:
        """Say whether the helpdesk is left alone; a clock that was set back does not delay."""
        left = self._resume_at - self._store.clock()
        return timedelta(0) < left <= LONGEST_PAUSE

    def _trouble(self, ticket_id: str, error: Exception) -> bool:
        """Put off a ticket in trouble; True when it is likely to be the helpdesk's as a whole."""
        now, name = self._store.clock(), self._in_use().name
        count = self._troubled.get(ticket_id, (now, 0))[1] + 1
        # the helpdesk in trouble: the delivery's breaker deals with that, not we
        whole = isinstance(error, Unavailable | AuthenticationFailed)
        alone = not whole or count >= MAX_FAILURES
        self._troubled[ticket_id] = (now + PUT_OFF if alone else now, count)
        if whole:
            asked = error.retry_after_s or 0 if isinstance(error, RateLimited) else 0
            self._resume_at = now + min(max(PAUSE, timedelta(seconds=asked)), LONGEST_PAUSE)
        if isinstance(error, EdgeError):
            log.info("sync_paused", error=type(error).__name__, target=name)
        else:
            log.error("look_failed", exc_type=type(error).__name__, target=name)
        return whole

    def _look_at(self, ticket_id: str) -> None:
        with self._store.read() as connection:
            before = _view(connection, ticket_id)
        if not before.cases:  # merged away or moved on meanwhile
            self._store.write(
                lambda tx: following.looked(tx, ticket_id, version=None, history="none")
            )
            return
        looked = self._look(before)
        for start in range(0, len(looked.events) - EVENTS_AT_ONCE, EVENTS_AT_ONCE):
            part = looked.events[start : start + EVENTS_AT_ONCE]
            first = before.cases[0].id
            self._store.write(partial(_store_part, case_id=first, ticket=ticket_id, events=part))
        self._store.write(partial(self._carry_out, before=before, looked=looked))

    def _look(self, before: View) -> Looked:
        desk = self._in_use()
        ref = TicketRef(id=before.ticket_id, url=before.cases[0].ticket_url or "")
        able = desk.capabilities
        try:
            seen = desk.snapshot(ref)
        except Gone as gone:
            told = observing.read_once_more(desk, ref, before.events)
            events = observing.judged(told.events, "")
            return Looked(gone=gone, able=able, events=events, missing=told.missing, read=True)
        if not self._to_read(before, seen):
            return Looked(seen=seen, able=able, events=[], missing="", read=False)
        if self._troubled.get(before.ticket_id, (None, 0))[1] > 1:
            told = observing.read_once_more(desk, ref, before.events)
        else:
            told = observing.read(desk, ref, before.events)
        events = observing.judged(told.events, seen.requester_email)
        return Looked(seen=seen, able=able, events=events, missing=told.missing, read=True)

    def _to_read(self, before: View, seen: Snapshot) -> bool:
        """Say whether the history may tell anything new; without a version it always may."""
        if self._in_use().capabilities.history == "none":
            return False
        return not seen.version or seen.version[:64] != before.version

    def _carry_out(self, tx: Tx, *, before: View, looked: Looked) -> None:
        """Carry out what follows for the cases that did not change while we looked."""
        now = following.cases_of(tx.connection, before.ticket_id)
        was = {row.id: _fingerprint(row) for row in before.cases}
        same = [row for row in now if was.get(row.id) == _fingerprint(row)]
        whole = self._aftermath.follows(tx, before.ticket_id, same, before.sent, looked)
        # what could not be judged now is judged in the next round, with everything read anew
        done = whole and len(same) == len(now) and looked.seen is not None
        version = looked.seen.version if done and looked.seen is not None else None
        self._aftermath.remember(tx, before.ticket_id, before.cases[0].id, version, looked)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What was known of a ticket before it was looked at."""

    ticket_id: str
    cases: Sequence[Row[Any]]
    sent: dict[str, edits.Sent]
    """By case: what we had sent to the ticket's properties."""
    events: frozenset[str]
    version: str
    """When its history was last read."""


def _view(connection: Connection, ticket_id: str) -> View:
    rows = following.cases_of(connection, ticket_id)
    known = following.ticket(connection, ticket_id)
    return View(
        ticket_id=ticket_id,
        cases=rows,
        sent={row.id: edits.sent(connection, row.id) for row in rows},
        events=observed.known(connection, ticket_id),
        version=known.version if known is not None else "none",
    )


def _fingerprint(row: Row[Any]) -> tuple[object, ...]:
    return (row.state, row.kind, row.ticket_id)


def _store_part(tx: Tx, *, case_id: str, ticket: str, events: Sequence[observed.Event]) -> None:
    observed.add(tx, case_id, ticket, events)
