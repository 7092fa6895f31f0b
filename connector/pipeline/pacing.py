"""Waiting for our share of a helpdesk's limits, before a change is claimed.

What waits for its turn is still `ready` and not in `sending`: a crash meanwhile leaves no
doubt, and an urgent change that comes up goes first.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Final

from connector.domain.ticket import OpenTicket
from connector.helpdesks.base import Helpdesk, Op, Paced
from connector.store import turns
from connector.store.outbox import Owed
from connector.store.store import Store
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


def may_go(store: Store, helpdesk: Helpdesk, now: datetime) -> tuple[bool, Kinds | None]:
    """Tell whether anything is due that may go, and which kinds may."""
    with store.read() as connection:
        due = turns.next_due(connection)
        if due is None or due > now:
            return False, None
        allowed = kinds(helpdesk)
        # looking costs less than a claim that finds nothing
        found = allowed is None or turns.next_row(connection, now, allowed) is not None
        return found, allowed


def idle_s(store: Store, helpdesk: Helpdesk, longest_s: float) -> float:
    """Say how long nothing will be due or may go; at most `longest_s` seconds."""
    with store.read() as connection:
        due = turns.next_due(connection)
    if due is None:
        return longest_s
    wait_s = (due - store.clock()).total_seconds()
    return min(longest_s, wait_s if wait_s > 0 else look_again_s(helpdesk))


def held_back_s(store: Store, helpdesk: Helpdesk) -> float:
    """Say for how long our share holds back something due; 0 when it does not."""
    now, allowed = store.clock(), kinds(helpdesk)
    if allowed is None:
        return 0.0
    with store.read() as connection:
        waits = turns.next_row(connection, now) is not None
        held = waits and turns.next_row(connection, now, allowed) is None
    return look_again_s(helpdesk) if held else 0.0


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
