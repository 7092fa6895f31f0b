"""What the placeholders of a draft are filled with: facts of the practice, none of the patient."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.plain import one_line
from connector.domain.practice import Practice
from connector.recovery.drafts import gsm
from connector.recovery.settings import HoursSettings, RecoverySettings

_DAYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        "es": ("lun", "mar", "mi\u00e9", "jue", "vie", "s\u00e1b", "dom"),
    }
)
_MONTHS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()),  # noqa: SIM905 - one line
        "es": tuple("ene feb mar abr may jun jul ago sep oct nov dic".split()),  # noqa: SIM905 - likewise
    }
)
_TWELVE_HOURS: Final = frozenset({"US", "CA", "AU", "NZ", "PH", "IN"})
"""Where a clock says 5:00 PM in English."""


def values(
    practice: Practice,
    settings: RecoverySettings,
    language: str,
    *,
    due: datetime | None,
    case: str,
) -> dict[str, str]:
    """Give what a draft may say; empty where the practice or the case has no such thing."""
    drafts = settings.drafts
    return {
        "practice": one_line(practice.name, 100),
        "sender": drafts.sms_sender or one_line(practice.name, 100),
        "site": drafts.site,
        "contact": drafts.contact,
        "phone": one_line(practice.phone, 40),
        "hours": opening(settings.hours, language),
        "due": when(due, practice.zone, practice.region, language) if due else "",
        "reference": case,
    }


def for_sms(given: Mapping[str, str]) -> dict[str, str]:
    """Write values with letters that a text message holds without becoming three times as dear."""
    return {name: gsm.plain(value) for name, value in given.items()}


def when(at: datetime, zone: ZoneInfo, region: str, language: str) -> str:
    """Print an instant as people say it there: `Mon Jun 9, 5:00 PM`, `lun 9 jun, 17:00`."""
    local = at.astimezone(zone)
    day, month = _DAYS[language][local.weekday()], _MONTHS[language][local.month - 1]
    if language == "en" and region in _TWELVE_HOURS:
        half = "AM" if local.hour < 12 else "PM"  # noqa: PLR2004 - a clock's face
        return f"{day} {month} {local.day}, {local.hour % 12 or 12}:{local.minute:02} {half}"
    return f"{day} {local.day} {month}, {local.hour:02}:{local.minute:02}"


def opening(hours: HoursSettings, language: str) -> str:
    """Print the opening hours of a week in short: `Mon-Fri 09:00-17:00, Sat 09:00-12:00`."""
    names = _DAYS[language]
    days = (
        hours.monday,
        hours.tuesday,
        hours.wednesday,
        hours.thursday,
        hours.friday,
        hours.saturday,
        hours.sunday,
    )
    said: list[str] = []
    for spans, group in groupby(range(len(days)), key=lambda day: days[day]):
        run = list(group)
        if spans:
            to = f"-{names[run[-1]]}" if len(run) > 1 else ""
            said.append(f"{names[run[0]]}{to} {' '.join(spans)}")
    return ", ".join(said)
