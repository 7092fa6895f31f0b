"""Everything is accounted for: what came in equals the sum of its ends, checked every day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from connector.store import accounts, response_rows
from connector.store.accounts import OUTCOMES
from connector.store.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounting:
    """Signals in, and what became of them."""

    heard: int
    """Identities ever stored."""
    outcomes: Mapping[str, int]
    """Items by outcome; `waiting` is in flight."""
    tickets_owed: int
    """Open cases without a ticket whose ticket is on its way, held or set aside."""
    cases_without_ticket: int
    """Open cases without a ticket and without a change that will make one; must be 0."""
    rows: Mapping[str, Mapping[str, int]]
    """Rows of exports by `tenant/source` and end, `read` being all of them."""

    @property
    def imbalance(self) -> int:
        """Items that are not accounted for; must be 0."""
        items = abs(self.heard - sum(self.outcomes.values())) + self.cases_without_ticket
        return items + response_rows.imbalance(self.rows)

    def line(self) -> str:
        """The sum as a person reads it."""
        parts = [f"{self.outcomes.get(name, 0)} {name}" for name in OUTCOMES]
        told = f"{self.heard} heard = " + " + ".join(parts)
        return "; ".join([told, *response_rows.lines(self.rows)])


def account(store: Store) -> Accounting:
    """Count everything in one consistent view."""
    with store.read() as connection:
        return Accounting(
            heard=accounts.heard(connection),
            outcomes=accounts.by_outcome(connection),
            tickets_owed=accounts.tickets_owed(connection),
            cases_without_ticket=accounts.cases_without_ticket(connection),
            rows=response_rows.counts(connection),
        )


def reconcile(store: Store) -> Accounting:
    """Count and put the result on record, also when all is well."""
    found = account(store)
    store.write(
        lambda tx: tx.record(
            "account.counted",
            heard=found.heard,
            outcomes=dict(found.outcomes),
            rows={name: dict(ends) for name, ends in found.rows.items()},
            imbalance=found.imbalance,
        )
    )
    if found.imbalance:
        log.error("ledger_imbalance", count=found.imbalance)
    return found
