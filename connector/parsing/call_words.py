"""Durations of calls in words."""

from __future__ import annotations

_MINUTE_S = 60
_HOUR_S = 3_600


def duration_words(seconds: int) -> str:
    """Give a duration as people write it: `45 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds < _MINUTE_S:
        return f"{seconds} s"
    if seconds < _HOUR_S:
        minutes, rest = divmod(seconds, _MINUTE_S)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(seconds, _HOUR_S)
    minutes = rest // _MINUTE_S
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
