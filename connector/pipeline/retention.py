"""Words do not stay for ever: originals, texts and evidence go, the ledger stays."""

from __future__ import annotations

import structlog

from connector.store import erasing
from connector.store.store import Store

log = structlog.get_logger()

BATCH = 500


def retain(store: Store, days: int) -> int:
    """Erase the words of items and cases that ended more than `days` ago; gives how many rows."""
    erased = 0
    while True:
        count = store.write(lambda tx: erasing.erase_old(tx, days, BATCH))
        erased += count
        if count == 0:
            break
    if erased:
        store.forget()
        log.info("words_erased", count=erased)
    return erased
