"""Which waiting items are worked off next."""

from __future__ import annotations

from collections.abc import Sequence

from connector.store.signals import Waiting

BATCH_BYTES = 32 * 1024 * 1024
"""No more than this is loaded at once, unless one item alone is larger."""


def choose_batch(waiting: Sequence[Waiting]) -> list[int]:
    """Choose what is worked off next: what was interrupted before is worked off alone."""
    chosen: list[int] = []
    size = 0
    for item in waiting:
        size += item.size
        if chosen and (item.attempts or size > BATCH_BYTES):
            break
        chosen.append(item.n)
        if item.attempts:
            break
    return chosen
