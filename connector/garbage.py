"""How often Python looks for garbage in circles; a program that runs for months needs less of it.

Everything else is let go at once, by counting. With the defaults of Python a batch of rows is
looked through again and again while it grows, which is a quarter of the time of reading it.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 20_000
"""So many objects more than were let go, and the young ones are looked through (Python: 700)."""
OLDER: Final = 20
"""So many times, and those that survived are looked through as well (Python: 10)."""


def settle() -> None:
    """Pass over what was loaded by now: it stays for ever. Done once, when all is imported."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLDER, OLDER)
