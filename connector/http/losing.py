"""Losing an answer on purpose, to see that a lost answer does no harm.

`amends check --write` drops the answer to one write after the server gave it: from then on
everything goes as if the line had been cut. It holds for the calling thread alone, so the
daemon's own requests are never touched.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

TOLD: Final = "the answer was dropped on purpose"

SUCCESS: Final = range(200, 300)

_thread = threading.local()


@dataclass(slots=True)
class Loss:
    """What became of the answer that was to be lost."""

    happened: bool = False


@contextmanager
def losing_an_answer() -> Iterator[Loss]:
    """Lose the answer to this thread's next write that succeeds, within the block."""
    loss = Loss()
    _thread.loss = loss
    try:
        yield loss
    finally:
        _thread.loss = None


def is_lost(status: int) -> bool:
    """Say whether the answer to a write is to be lost, which then has happened."""
    loss: Loss | None = getattr(_thread, "loss", None)
    if loss is None or loss.happened or status not in SUCCESS:
        return False
    loss.happened = True
    return True
