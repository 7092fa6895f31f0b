"""What a bench gives, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TENS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One comparison, taken in one run."""

    name: str
    ours: str
    beside: str
    """The peer or the limit, with its figure."""
    ratio: str
    target: str
    """What it should be, or empty."""
    met: bool | None = None
    """Whether it is; None where there is no target."""


def rate(count: int, seconds: float) -> str:
    """Print a rate with the digits that mean something."""
    value = count / seconds
    return f"{value:,.0f}/s" if value >= _TENS else f"{value:.1f}/s"


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the value that so many percent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def spread(seconds: Sequence[float]) -> str:
    """Print median and 99th percentile in milliseconds."""
    p50, p99 = (percentile(seconds, percent) * 1_000 for percent in (50, 99))
    return f"p50 {p50:,.2f} ms, p99 {p99:,.2f} ms"
