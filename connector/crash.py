"""Named places at which a test may kill the process, as a power cut would.

`AMENDS_CRASH_AT=place` kills at the first passing, `place:3` at the third. The demo and the
campaign use it to show what is promised; without the variable a point costs one comparison.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator

VARIABLE = "AMENDS_CRASH_AT"
POINTS = (
    "intake.fetched",
    "intake.committed",
    "casework.decided",
    "casework.committed",
    "delivery.claimed",
    "delivery.sent",
    "delivery.committed",
)
"""Every point there is, in the order in which a signal passes them."""

_wanted = ""
_remaining: Iterator[int] = itertools.count()


def arm(request: str) -> None:
    """Ask for a death: `place` or `place:count`; an empty text asks for none."""
    global _wanted, _remaining  # noqa: PLW0603 - one process dies once
    _wanted, _, count = request.partition(":")
    _remaining = itertools.count(int(count) if count.isdigit() else 1, -1)


def point(name: str) -> None:
    """Die here, now and without any clean-up, if this point was asked for."""
    if name == _wanted and next(_remaining) <= 1:
        os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE, ""))
