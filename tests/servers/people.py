"""A practice with a helpdesk in which people work: all stages behind intake, stepped by hand."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from servers.hearing import all_cases, hear, work_off

from connector.pipeline.casework import Casework
from connector.pipeline.delivery import Delivery
from connector.pipeline.promises import Promises
from connector.pipeline.rules import Rules
from connector.pipeline.sync import Sync
from connector.store.store import Store
from connector.testing.builders import Clock, some_rules
from connector.testing.memory_desk import MemoryDesk
from connector.testing.memory_helpdesk import MemoryHelpdesk


class PolledHelpdesk(MemoryHelpdesk):
    """The same product without its feed."""

    changed_since = None  # type: ignore[assignment]  # so it does not follow FollowsChanges


class House:
    """The practice; `looks` lets so much time pass that the feed is asked again."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        helpdesk: MemoryHelpdesk | None = None,
        rules: Rules | None = None,
    ) -> None:
        self.clock = clock
        self.helpdesk = helpdesk or MemoryHelpdesk(MemoryDesk(now=clock))
        self.desk = self.helpdesk.desk
        self.rules = rules or some_rules(self.helpdesk.prepare)
        self.use(store)

    def use(self, store: Store) -> None:
        """Start on a state, as after a restart."""
        self.store = store
        self.casework = Casework(store, self.rules)
        self.delivery = Delivery(store, self.helpdesk, settle_s=0, draw=lambda: 0.0)
        self.delivery.recover()
        self.sync = Sync(store, lambda: self.helpdesk, self.rules)
        self.promises = Promises(store, lambda: self.rules)

    def hears(self, *items: Any, deliver: bool = True) -> None:
        hear(self.store, *items)
        work_off(self.casework)
        if deliver:
            self.delivers()

    def delivers(self) -> None:
        while self.delivery.step():
            pass

    def looks(self, seconds: float = 61) -> int:
        self.clock.advance(seconds)
        looked = 0
        while count := self.sync.step():
            looked += count
        self.delivers()
        return looked

    @property
    def cases(self) -> list[Any]:
        return all_cases(self.store)

    @property
    def case(self) -> Any:
        (case,) = self.cases
        return case

    @property
    def ticket(self) -> str:
        number: str = self.case.ticket_id
        return number

    def snapshot(self, ticket: str = "") -> Any:
        return self.desk.tickets[ticket or self.ticket].snapshot

    def rows(self, statement: str) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(sa.text(statement)))

    def observed(self) -> list[tuple[str, str]]:
        return [
            (row.event_id, row.kind)
            for row in self.rows("SELECT * FROM observed ORDER BY at, content_id")
        ]
