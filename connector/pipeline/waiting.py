"""Waiting for a helpdesk's limits in what a person asked for: a command, the self-test.

The daemon's own changes wait in the outbox; nothing of that is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from connector.domain.errors import RateLimited
from connector.helpdesks.base import Helpdesk, Op, Paced

TRIES: Final = 5
"""So often an operation is begun before its limit is told to the person who waits."""
LONGEST_S: Final = 300
"""A longer pause is not waited for."""
UNSAID_S: Final = 10
"""The pause where the helpdesk asks for one and does not say how long."""

_Result = TypeVar("_Result")


def in_turn(
    helpdesk: Helpdesk, op: Op, call: Callable[[], _Result], *, pause: Callable[[float], object]
) -> _Result:
    """Make a call when the limits allow it; reads count as `find`.

    A call that was refused for its rate wrote nothing, so it is made again after the pause
    that was asked for. Raises RateLimited when that is too long, or comes too often.
    """
    for _ in range(TRIES - 1):
        try:
            with _turn(helpdesk, op, pause):
                return call()
        except RateLimited as error:
            wait_s = UNSAID_S if error.retry_after_s is None else error.retry_after_s
            if wait_s > LONGEST_S:
                raise
            pause(max(1, wait_s))
    with _turn(helpdesk, op, pause):
        return call()


def _turn(
    helpdesk: Helpdesk, op: Op, pause: Callable[[float], object]
) -> AbstractContextManager[None]:
    if not isinstance(helpdesk, Paced):
        return nullcontext()
    waited_s = 0.0
    while (wait_s := helpdesk.pause_s(op)) > 0 and waited_s < LONGEST_S:
        pause(wait_s)
        waited_s += wait_s
    return helpdesk.turn(op)
