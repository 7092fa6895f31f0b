"""How a practice answers its phone: figures for each line and hour, with their definitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.call import Aspect, Call, Outcome
from connector.parsing.calls.found import Broken
from connector.report.calls import Judged
from connector.triage.settings import PhoneLimits

MAX_WAITS: Final = 100_000
"""Waits of one line and hour that are kept for the median."""
DEFINITIONS: Final = (
    "offered: calls from outside; left out are callers who hung up in the menu, and robocalls",
    "answered: a person spoke with the caller, at any time of the call",
    "abandoned: gave up waiting in a queue; short ones (short_abandon_seconds) are apart",
    "abandonment: abandoned / (answered + abandoned)",
    "service level: answered within the threshold / (answered + abandoned)",
    "wait: seconds in queues, all together; without a queue, of ringing",
    "missed: neither answered nor abandoned: rang, busy, refused, sent on, voicemail",
    "transfers: answered calls that were passed on at least once / answered calls",
)
"""How each figure is counted."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One line in one hour; grows while calls are counted."""

    line: str
    hour: str
    """`2030-08-07 09` in the practice's time; `all` for the sum."""
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0
    missed: int = 0
    transferred: int = 0
    within: int = 0
    failures: int = 0
    waits: list[int] = field(default_factory=list)

    def plain(self) -> dict[str, str | int | float | None]:
        """Give the row with its rates in per cent; None where there is nothing to divide."""
        both = self.answered + self.abandoned
        return {
            "line": self.line,
            "hour": self.hour,
            "offered": self.offered,
            "answered": self.answered,
            "abandoned": self.abandoned,
            "short_abandoned": self.short,
            "missed": self.missed,
            "service_level_percent": _percent(self.within, both),
            "abandonment_percent": _percent(self.abandoned, both),
            "transfer_percent": _percent(self.transferred, self.answered),
            "wait_median_s": round(median(self.waits)) if self.waits else None,
            "wait_max_s": max(self.waits, default=None),
            "failures": self.failures,
        }


def count(
    calls: Iterable[Judged | Broken], zone: ZoneInfo, limits: PhoneLimits, threshold_s: int
) -> list[Row]:
    """Count calls by line and hour, the sum of each line last; `threshold_s` is the promise."""
    rows: dict[tuple[str, str], Row] = {}
    for judged in calls:
        if isinstance(judged, Broken) or not _offered(judged):
            continue
        call = judged.call
        hour = call.started_at.astimezone(zone).strftime("%Y-%m-%d %H")
        for key in ((call.dialled, hour), (call.dialled, "all")):
            row = rows.setdefault(key, Row(line=key[0], hour=key[1]))
            _add(row, call, limits, threshold_s)
            row.failures += bool(judged.failures)
    return [rows[key] for key in sorted(rows)]


def _offered(judged: Judged) -> bool:
    calm = {"phone.robocall", "phone.ignored_number"}
    counted = not any(reason.rule in calm for reason in judged.reasons)
    return counted and judged.call.from_outside and judged.call.outcome is not Outcome.MENU


def _add(row: Row, call: Call, limits: PhoneLimits, threshold_s: int) -> None:
    row.offered += 1
    wait = call.wait_s
    if wait is not None and len(row.waits) < MAX_WAITS:
        row.waits.append(wait)
    if call.answered:
        row.answered += 1
        row.within += wait is not None and wait <= threshold_s
        row.transferred += bool(call.transfers) and Aspect.TRANSFERS in call.shows
    elif call.outcome is Outcome.ABANDONED:
        short = wait is not None and wait < limits.short_abandon_seconds
        row.short += short
        row.abandoned += not short
    else:
        row.missed += 1


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None
