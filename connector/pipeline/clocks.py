"""Sources that fall silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from connector.store import signals
from connector.store.store import Store

log = structlog.get_logger()


def silent_sources(
    store: Store, tenant: str, hours: Mapping[str, int], told: set[str] | None = None
) -> list[str]:
    """Names of sources that brought nothing for longer than their allowed silence.

    Each silence is logged once: `told` remembers whose was, until something is heard again.
    """
    known = set() if told is None else told
    now = store.clock()
    with store.read() as connection:
        rows = [row for row in signals.sources(connection) if row.tenant == tenant]
    silent = []
    for row in rows:
        allowed = hours.get(row.name)
        heard = row.last_item_at or row.first_read_at
        if allowed is not None and now - heard > timedelta(hours=allowed):
            silent.append(row.name)
            if row.name not in known:
                log.warning("source_silent", source=row.name, limit=allowed)
    known.clear()
    known.update(silent)
    return silent
