"""The helpdesk's feed of changes, where it has one: which tickets to look at next.

1. Ask for the pages behind the cursor; name those of our tickets that changed, in the same
   commit that moves the cursor. A page may repeat what was there: naming is harmless.
2. A cursor that the product no longer takes begins anew, some time before it was last current.
3. A feed that is refused as a whole is left alone for an hour; until it is current again,
   open tickets are looked at in turn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from connector.domain.errors import AuthenticationFailed, EdgeError, Rejected, StateError
from connector.helpdesks.base import Changed, FollowsChanges, Helpdesk
from connector.pipeline.settings import PipelineSettings
from connector.store import following
from connector.store.following import FeedState
from connector.store.store import Store, Tx

log = structlog.get_logger()

MAX_PAGES = 50
"""So many pages are read in one go; the next go comes at once."""
OVERLAP = timedelta(minutes=10)
"""A feed that begins anew reaches back further than it was current, for clocks that disagree."""
REFUSED_FOR = timedelta(hours=1)
"""After a refusal of the feed alone."""
MAX_CURSOR = 1_000
"""Longer ones are no cursors."""


class Feed:
    """Follows the feed of one helpdesk; used by the thread that looks at tickets."""

    def __init__(self, store: Store, settings: PipelineSettings) -> None:
        """Take the store and how often to ask."""
        self._store = store
        self._every = timedelta(seconds=settings.feed_seconds)
        self._patience = max(3 * self._every, timedelta(seconds=settings.sync_seconds))

    def follow(self, helpdesk: Helpdesk) -> bool:
        """Ask if it is time; True while the feed is current enough to rely on.

        Whatever goes wrong with the feed is logged; tickets are then looked at in turn.
        """
        if not isinstance(helpdesk, FollowsChanges):
            return False
        now = self._store.clock()
        with self._store.read() as connection:
            state = following.feed_of(connection, helpdesk.name) or FeedState(since=now)
        if self._waits(state, now):
            return self._current(state, now)
        try:
            state = self._ask(helpdesk, helpdesk.name, state)
        except (AuthenticationFailed, Rejected) as error:
            state = replace(state, asked_at=now, refused_at=now)
            self._save(helpdesk.name, state)
            log.warning("feed_refused", error=type(error).__name__, target=helpdesk.name)
        except EdgeError as error:
            self._save(helpdesk.name, replace(state, asked_at=now))
            log.info("feed_paused", error=type(error).__name__, target=helpdesk.name)
        except StateError:
            raise
        except Exception:  # a fault in the feed must not end all looking
            self._save(helpdesk.name, replace(state, asked_at=now))
            log.exception("feed_failed", target=helpdesk.name)
        return self._current(state, now)

    def _waits(self, state: FeedState, now: datetime) -> bool:
        """Say whether it is too early to ask; a clock that was set back does not delay."""
        if state.refused_at is not None and timedelta(0) <= now - state.refused_at < REFUSED_FOR:
            return True
        return state.asked_at is not None and timedelta(0) <= now - state.asked_at < self._every

    def _current(self, state: FeedState, now: datetime) -> bool:
        if state.refused_at is not None or state.current_at is None:
            return False
        return now - state.current_at < self._patience

    def _ask(self, desk: FollowsChanges, name: str, state: FeedState) -> FeedState:
        """Read pages to the end, or as many as are read in one go."""
        begun_anew = False
        for _ in range(MAX_PAGES):
            now = self._store.clock()
            try:
                page = desk.changed_since(state.cursor, state.since)
            except Rejected:
                if begun_anew or not state.cursor:
                    raise
                begun_anew = True
                state = replace(state, cursor="", since=self._anew(state))
                self._save(name, state)
                log.warning("feed_begins_anew", target=name)
                continue
            state = _after(page, state, now)
            self._save(name, state, page)
            if not page.more:
                break
        return state

    def _anew(self, state: FeedState) -> datetime:
        return (state.current_at or state.since) - OVERLAP

    def _save(self, name: str, state: FeedState, page: Changed | None = None) -> None:
        self._store.write(partial(_keep, name=name, state=state, page=page))


def _after(page: Changed, state: FeedState, now: datetime) -> FeedState:
    """Give how the feed stands when a page was followed; pure."""
    if len(page.cursor) > MAX_CURSOR:
        raise Rejected("helpdesk", "gives a cursor that is longer than any cursor")
    return replace(
        state,
        cursor=page.cursor,
        # asked again at once while there is more
        asked_at=None if page.more else now,
        current_at=state.current_at if page.more else now,
        refused_at=None,
    )


def _keep(tx: Tx, *, name: str, state: FeedState, page: Changed | None) -> None:
    if page is not None:
        following.name_changed(tx, [ref.id for ref in page.refs])
    following.set_feed(tx, name, state)
