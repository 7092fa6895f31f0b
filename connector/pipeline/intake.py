"""Source to store, judged by nobody: items and cursor in one commit, the source settled after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from connector import crash
from connector.domain.errors import EdgeError, StateError
from connector.domain.response import Responses
from connector.domain.signal import Batch, Signal, Unreadable
from connector.sources.base import Source
from connector.store import responses, restoring, signals
from connector.store.store import Store, Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one reading of a source brought."""

    new: int = 0
    known: int = 0
    unreadable: int = 0
    paused: str = ""
    """Why nothing was read (disk, backlog), or empty."""


class Superseded(Exception):
    """Another thread reads this source now: nothing may be stored any more."""


class Intake:
    """Brings one source's items into the store; used by that source's thread only."""

    def __init__(
        self,
        store: Store,
        source: Source,
        *,
        tenant: str,
        kind: str,
        pause: Callable[[], str],
        heartbeat: Callable[[], None],
    ) -> None:
        """`pause` gives a reason not to read now, or an empty text; `heartbeat` shows progress."""
        self._store = store
        self.source = source
        self.kind = kind
        self._tenant = tenant
        self._pause = pause
        self._heartbeat = heartbeat
        self.retired = False
        """True once another intake has taken over; set by the thread that commits."""

    def retire(self) -> None:
        """Let nothing of this reading be stored any more, however its thread wakes up.

        Done between two commits, so whoever reads the cursor afterwards is alone with it.
        """

        def work(tx: Tx) -> None:
            del tx
            self.retired = True

        try:
            self._store.write(work)
        finally:
            self.retired = True

    def pull(self) -> Pulled:
        """Read everything that is new; raises the source's EdgeError after noting it."""
        why = self._pause()
        if why:
            return Pulled(paused=why)
        with self._store.read() as connection:
            after = signals.cursor(connection, self._tenant, self.source.name)
        new = known = unreadable = 0
        try:
            for batch in self.source.read(after):
                crash.point("intake.fetched")
                taken = self._take(batch)
                crash.point("intake.committed")
                self._settle(batch)
                new, known = new + taken.new, known + taken.known
                unreadable += taken.unreadable
                del batch  # gone before the next one is read: it may be large
                self._heartbeat()
                why = self._pause()
                if why:
                    break
        except EdgeError as error:
            self._note(error.problem)
            raise
        except (StateError, Superseded):
            raise
        except Exception as error:
            self._note(f"a fault of ours while reading ({type(error).__name__}); see the log")
            raise
        self._note(None, whole=not why)
        return Pulled(new=new, known=known, unreadable=unreadable, paused=why)

    def _take(self, batch: Batch) -> signals.Taken:
        name, kind = self.source.name, self.kind

        def work(tx: Tx) -> signals.Taken:
            self._stand_back()
            if isinstance(batch.items, Responses):
                return responses.take(tx, self._tenant, name, kind, batch, batch.items)
            return signals.take(tx, self._tenant, name, kind, batch)

        return self._store.write(work)

    def _settle(self, batch: Batch) -> None:
        """Tell the source, which may refuse: the items are ours already."""
        if isinstance(batch.items, Responses):
            return  # an export belongs to whoever put it there
        locators = [item.locator for item in batch.items if isinstance(item, Signal | Unreadable)]
        if not locators:
            return
        try:
            self.source.settle(locators)
        except EdgeError as error:
            log.warning("settle_failed", source=self.source.name, error=type(error).__name__)

    def _note(self, error: str | None, *, whole: bool = False) -> None:
        name, kind = self.source.name, self.kind

        def work(tx: Tx) -> None:
            self._stand_back()
            signals.source_read(tx, self._tenant, name, kind, error=error)
            if whole and tx.recovery is not None:
                restoring.source_read(tx.connection, self._tenant, name)

        self._store.write(work)

    def _stand_back(self) -> None:
        """End a reading that was given up; called inside each of its transactions."""
        if self.retired:
            raise Superseded
