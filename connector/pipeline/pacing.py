"""Waiting for our share of a helpdesk's limits, before a change is claimed.

What waits for its turn is still `ready` and not in `sending`: a crash meanwhile leaves no
doubt, and an urgent change that comes up goes first.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from connector.domain.ticket import OpenTicket
from connector.helpdesks.base import Helpdesk, Op, Paced
from connector.store.outbox import Owed
from connector.store.turns import Kinds

OPS: Final[tuple[Op, ...]] = ("open", "note", "update", "find")

BLOCKED_LOOK_S: Final = 1.0
"""What is due but blocked (breaker open, turn not come) is looked at once a second."""

SHORTEST_LOOK_S: Final = 0.02


def kinds(helpdesk: Helpdesk) -> Kinds | None:
    """Say which kinds of changes, urgent ones and others, may go now; None: all."""
    if not isinstance(helpdesk, Paced):
        return None
    may = {
        urgent: [op for op in OPS if helpdesk.pause_s(op, urgent=urgent) <= 0]
        for urgent in (True, False)
    }
    return None if all(len(ops) == len(OPS) for ops in may.values()) else may


def look_again_s(helpdesk: Helpdesk) -> float:
    """Say when to look again after something due: when the next kind gets room."""
    if not isinstance(helpdesk, Paced):
        return BLOCKED_LOOK_S
    pauses = (helpdesk.pause_s(op, urgent=urgent) for op in OPS for urgent in (True, False))
    soonest = min((pause for pause in pauses if pause > 0), default=BLOCKED_LOOK_S)
    return min(BLOCKED_LOOK_S, max(SHORTEST_LOOK_S, soonest))


def turn(helpdesk: Helpdesk, owed: Owed) -> AbstractContextManager[None]:
    """Mark what the calling thread asks inside as one operation."""
    if not isinstance(helpdesk, Paced):
        return nullcontext()
    return helpdesk.turn(op_of(owed), urgent=owed.urgent)


def op_of(owed: Owed) -> Op:
    """Name what a change takes."""
    if isinstance(owed.change, OpenTicket):
        return "find" if owed.doubted else "open"
    return "note" if owed.op == "note" else "update"
