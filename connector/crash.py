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

_wanted, _, _count = os.environ.get(VARIABLE, "").partition(":")
_remaining: Iterator[int] = itertools.count(int(_count) if _count.isdigit() else 1, -1)


def point(name: str) -> None:
    """Die here, now and without any clean-up, if this point was asked for."""
    if name == _wanted and next(_remaining) <= 1:
        os.kill(os.getpid(), signal.SIGKILL)
