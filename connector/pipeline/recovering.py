"""The end of recovery: when all that can be heard again was heard and concluded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from connector.store import restoring
from connector.store.store import Store, Tx

log = structlog.get_logger()

SYNC_PAUSE = timedelta(hours=1)
"""So long at most what people did in tickets waits for the sources to be read again."""


def step(store: Store, tenant: str, names: Sequence[str]) -> bool:
    """End recovery when nothing is missing any more; True when it ended now.

    `names` are the sources of the configuration in force.
    """
    recovery = store.recovery
    if recovery is None or not recovery.active:
        return False
    with store.read() as connection:
        if restoring.missing(connection, recovery, tenant, names):
            return False

    def work(tx: Tx) -> None:
        ended = restoring.end(tx.connection)
        if ended is not None:
            seconds = int((tx.now - ended.since).total_seconds())
            tx.record("recovery.ended", epoch=ended.epoch, seconds=seconds)

    store.write(work)
    store.refresh()
    log.info("recovery_ended")
    return True


def holds_sync(store: Store) -> bool:
    """Say whether tickets are better not looked at: a case closed now could not be joined.

    What was joined to it in the history that was lost would open a second ticket.
    """
    recovery = store.recovery
    if recovery is None or not recovery.active:
        return False
    return store.clock() - recovery.since < SYNC_PAUSE
