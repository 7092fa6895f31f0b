"""While a case is open, the person is told how it stands: reminders, and their tag; pure.

The clock runs from the last conversation. Its ladder has two rungs: the time has come (100 %), and
twice the time has passed (200 %); each is said once for each silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.case import Case
from connector.domain.practice import Practice
from connector.domain.ticket import AddNote, Change, UpdateTicket
from connector.recovery import tags
from connector.recovery.contexts import local, owner_of
from connector.recovery.hours import due
from connector.recovery.marks import primary
from connector.recovery.policy import promised
from connector.recovery.render import Value, render
from connector.recovery.routing import taker
from connector.recovery.settings import RecoverySettings

NONE: Final = 0
DUE: Final = 100
BEYOND: Final = 200


def instants(
    severity: int, spoken_at: datetime, settings: RecoverySettings, zone: ZoneInfo
) -> tuple[datetime, datetime] | None:
    """Give when the person is to be told how it stands, and when twice the time has passed.

    None where nothing is promised for the severity, or the practice never opens again.
    """
    days = promised(severity, settings).update_business_days
    minutes = days * settings.hours.business_day_minutes
    if not minutes:
        return None
    first = due(spoken_at, minutes, settings.hours.week, zone)
    second = due(spoken_at, 2 * minutes, settings.hours.week, zone)
    return (first, second) if first is not None and second is not None else None


def rung(
    severity: int,
    spoken_at: datetime | None,
    now: datetime,
    settings: RecoverySettings,
    zone: ZoneInfo,
) -> tuple[int, datetime | None]:
    """Say which rung is reached, and when the next one will be; None: no further one."""
    times = instants(severity, spoken_at, settings, zone) if spoken_at is not None else None
    if times is None:
        return NONE, None
    first, second = times
    if now < first:
        return NONE, first
    return (DUE, second) if now < second else (BEYOND, None)


def changes(
    case: Case,
    number: int,
    spoken_at: datetime,
    steps: tuple[int, int],
    practice: Practice,
    settings: RecoverySettings,
) -> Sequence[Change]:
    """Give what is owed to the ticket where the rung went from one of `steps` to the other."""
    before, after = steps
    seed = f"{case.id}.{number}.news.{spoken_at:%y%m%d%H%M%S}"
    owed: list[Change] = []
    if after > before:
        context: dict[str, Value] = {
            "beyond": after == BEYOND,
            "since": local(spoken_at, practice),
            "manager": taker(case, settings).name,
            "owner": owner_of(primary(case), settings),
            "case": case.id,
        }
        owed.append(AddNote(key=f"{seed}.{after}", case_id=case.id, text=render("news", context)))
    if bool(before) is not bool(after):
        there = (tags.UPDATE_DUE,)
        owed.append(
            UpdateTicket(
                key=f"{seed}.{'due' if after else 'told'}",
                case_id=case.id,
                add_tags=there if after else (),
                remove_tags=() if after else there,
            )
        )
    return owed
