"""Times in phone logs: epoch seconds, or local time without an offset.

Local time occurs twice in the hour when the clocks go back. Asterisk's ids begin with the UTC
second of a channel's birth, so the reading that is nearest to a known moment is the right one.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, tzinfo

MIN_EPOCH = 631_152_000
"""1990: nothing before it is a call."""
MAX_EPOCH = 4_102_444_800
"""2100: nothing after it is one either."""
QUARTER_S = 900
"""Zones differ by multiples of this."""
SURE_S = 5
"""A channel's first event stands so near to the second in its id."""
MOST_SHIFT_S = 15 * 3_600
"""No two zones are further apart."""
_CACHE = 4_096
_MAX_CHARS = 40


def moment(epoch: float) -> datetime:
    """Give the UTC time of epoch seconds."""
    return datetime.fromtimestamp(epoch, UTC)


def plausible(epoch: float) -> bool:
    """Say whether this can be the time of a call."""
    return MIN_EPOCH <= epoch < MAX_EPOCH


def id_epoch(unique: str) -> float | None:
    """Give the UTC second in which a channel was born, from `[system-]epoch.counter`."""
    whole, dot, _ = unique.rpartition("-")[2].partition(".")
    if not dot or not (whole.isdigit() and whole.isascii()) or not 9 <= len(whole) <= 10:  # noqa: PLR2004 - digits of an epoch
        return None
    epoch = float(whole)
    return epoch if plausible(epoch) else None


def id_counter(unique: str) -> int | None:
    """Give the number of a channel since the phone system started."""
    counter = unique.rpartition(".")[2]
    return int(counter) if counter.isdigit() and counter.isascii() and len(counter) < 12 else None  # noqa: PLR2004


class Clock:
    """Reads times in one zone; the same text is worked out once."""

    def __init__(self, zone: tzinfo) -> None:
        """`zone` is the phone system's; UTC where it logs in GMT."""
        self._zone = zone
        self._shift = 0.0
        self._known: dict[str, tuple[float, float] | None] = {}

    def epoch(self, text: str, near: float | None = None) -> float | None:
        """Give epoch seconds; None for what is no time. `near` decides between two readings."""
        try:
            number = float(text)
        except ValueError:
            return self._local(text, near)
        return number if math.isfinite(number) and plausible(number) else None

    def calibrate(self, text: str, unique: str, *, later: bool = False) -> None:
        """Learn from the time of a channel's birth when local times are of another zone.

        Its id tells the UTC second: where both differ by a multiple of a quarter of an hour, the
        zone is wrong. With `later` the event may have come after the birth, so only times
        before it prove anything. Epoch seconds teach nothing.
        """
        if text.replace(".", "", 1).isdigit():
            return
        born = id_epoch(unique)
        readings = None if born is None else self._readings(text)
        if readings is None or born is None:
            return
        apart = min((one - born for one in readings), key=abs)
        shift = round(apart / QUARTER_S) * QUARTER_S
        near = abs(apart - shift) <= SURE_S and abs(shift) <= MOST_SHIFT_S
        if near and not (later and shift > 0):
            self._shift = float(shift)

    def _local(self, text: str, near: float | None) -> float | None:
        readings = self._readings(text)
        if readings is None:
            return None
        first, second = readings[0] - self._shift, readings[1] - self._shift
        if near is None or first == second:
            return first
        return first if abs(first - near) <= abs(second - near) else second

    def _readings(self, text: str) -> tuple[float, float] | None:
        if text in self._known:
            return self._known[text]
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[text] = found = self._worked_out(text)
        return found

    def _worked_out(self, text: str) -> tuple[float, float] | None:
        if len(text) > _MAX_CHARS or len(text) < 16:  # noqa: PLR2004 - a date and minutes
            return None
        try:
            at = datetime.fromisoformat(text.replace("/", "-"))
            if at.tzinfo is not None:
                epoch = at.timestamp()
                return (epoch, epoch) if plausible(epoch) else None
            first = at.replace(tzinfo=self._zone, fold=0).timestamp()
            second = at.replace(tzinfo=self._zone, fold=1).timestamp()
        except (ValueError, OverflowError, OSError):
            return None
        return (first, second) if plausible(first) and plausible(second) else None
