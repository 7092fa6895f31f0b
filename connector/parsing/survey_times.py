"""Times as survey tools write them: ISO, American, European, Unix; with and without a zone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import StrEnum

MAX_TIME_CHARS = 64
"""A longer text is no time."""


class DateOrder(StrEnum):
    """How `03/04/2025` is meant; `2025-03-04` and `04.03.2025` do not depend on it."""

    MONTH_FIRST = "mdy"
    DAY_FIRST = "dmy"


_PLAIN = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", re.ASCII)
_UNIX = re.compile(r"\d{9,10}(?:\.\d+)?|\d{13}", re.ASCII)
_WRITTEN = re.compile(
    r"(?P<a>\d{1,4})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<c>\d{2}|\d{4})"
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?)?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?\s*(?P<zone>[A-Za-z]{1,5}(?:[+-]\d{1,2}(?::?\d{2})?)?"
    r"|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
# `Mar 4, 2025`, `4. März 2025`, `4 de marzo de 2025`: rewritten as 2025-3-4.
_DAY_MONTH = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th|\.|er)?\s+(?:de\s+)?([^\W\d]{3,12})\.?,?"
    r"\s+(?:de\s+)?(\d{4})(?:\s+(?:at|um|à|a\s+las|,))?\b"
)
_MONTH_DAY = re.compile(
    r"(?:[^\W\d]{2,12}\.?,?\s+)?([^\W\d]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})"
    r"(?:\s+at)?\b,?"
)
_MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero janeiro gennaio januari ene",
            "feb february februar février fevrier febrero fevereiro febbraio februari fév fev",
            "mar march märz mär mrz mars marzo março marco maart",
            "apr april avril abril aprile avr abr",
            "may mai mayo maio maggio mei",
            "jun june juni juin junio junho giugno",
            "jul july juli juillet julio julho luglio juil",
            "aug august août aout agosto augustus ago",
            "sep sept september septembre septiembre setembro settembre",
            "oct october oktober okt octobre octubre outubro ottobre out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre decembre diciembre dezembro dicembre dic déc",
        ),
        start=1,
    )
    for name in names.split()
}
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?", re.IGNORECASE)
_PLAIN_SIGNS = str.maketrans({"\u2212": "-", "\u202f": " ", "\u00a0": " ", "\u200e": ""})
_HALF_DAY = 12
_MONTHS_A_YEAR = 12
_CENTURY = 100

# What American and European tools print; a name in use for several zones is not here.
_ZONES: Mapping[str, int] = {
    "Z": 0, "UTC": 0, "GMT": 0, "AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10, "CET": 1,
    "CEST": 2, "EET": 2, "EEST": 3, "WEST": 1, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def time_of(text: str, zone: tzinfo, order: DateOrder) -> datetime | None:
    """Read a time in UTC; None when it is none. `zone` counts where the text names none.

    A date alone is its noon, so that no zone moves it to another day. Of an hour that the clock
    shows twice the first one is taken.
    """
    when = as_written(text, zone, order)
    try:
        return when.astimezone(UTC) if when else None
    except (ValueError, OverflowError):  # at the ends of the calendar
        return None


def mark_of(when: datetime) -> str:
    """Name a time as written, whichever of day and month comes first and whatever the zone.

    So that a response without an id stays the same one when it is found out how its file
    writes days and months.
    """
    low, high = sorted((when.month, when.day))
    return f"{when.year}-{low}-{high}T{when:%H:%M:%S}"


def as_written(text: str, zone: tzinfo, order: DateOrder) -> datetime | None:
    """Read a time with the hour and the zone that it is written with; None when it is none."""
    text = text.strip().lstrip("'")
    if not text or len(text) > MAX_TIME_CHARS:
        return None
    if not text.isascii():
        text = text.translate(_PLAIN_SIGNS)
    try:
        if _PLAIN.fullmatch(text):  # what most tools write; worth a shorter way
            return datetime.fromisoformat(text).replace(tzinfo=zone)
        if _UNIX.fullmatch(text):
            seconds = int(text) / 1000 if len(text) == len("1741079525000") else float(text)
            return datetime.fromtimestamp(seconds, UTC)
        match = _WRITTEN.fullmatch(text) or _WRITTEN.fullmatch(_in_figures(text))
        return _written(match, zone, order) if match else None
    except (ValueError, OverflowError, OSError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What many texts tell of how days and months are written."""

    proven: DateOrder | None = None
    """By a day above twelve; None: by none, or they contradict each other."""
    open: bool = False
    """True when there are texts that mean another day in the other order."""


def orders_of(texts: Iterable[str]) -> Orders:
    """Say how the dates of a column are written, all of them together."""
    found: set[DateOrder] = set()
    ambiguous = False
    for text in texts:
        match = _WRITTEN.match(text.strip().lstrip("'")[:MAX_TIME_CHARS])
        if match is None or match["sep"] == "." or len(match["a"]) == len("2025"):
            continue
        first, second = int(match["a"]), int(match["b"])
        if first > _MONTHS_A_YEAR:
            found.add(DateOrder.DAY_FIRST)
        elif second > _MONTHS_A_YEAR:
            found.add(DateOrder.MONTH_FIRST)
        else:
            ambiguous = ambiguous or first != second
    return Orders(proven=found.pop() if len(found) == 1 else None, open=ambiguous)


def order_of(texts: Iterable[str]) -> DateOrder | None:
    """Say how dates are written, where one of them has a day above twelve; None: unproven.

    None, too, when they contradict each other.
    """
    return orders_of(texts).proven


def _written(match: re.Match[str], zone: tzinfo, order: DateOrder) -> datetime | None:
    year, month, day = _date(match, order)
    hour, minute = int(match["hour"] or _HALF_DAY), int(match["minute"] or 0)
    half = (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= _HALF_DAY:
            return None
        hour = hour % _HALF_DAY + (_HALF_DAY if half.startswith("p") else 0)
    second = int(match["second"] or 0)
    local = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    named = _zone(match["zone"]) if match["zone"] else zone
    if named is None and local.tzname() == match["zone"].upper():
        named = zone  # CST is many zones; here it is ours
    return local.replace(tzinfo=named) if named else None


def _in_figures(text: str) -> str:
    """Write the month as a number, where it has a name."""
    folded = text.casefold()
    for pattern, day, month in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        match = pattern.match(folded)
        number = _MONTHS.get(match[month].rstrip(".")) if match else None
        if match and number:
            return f"{match[3]}-{number}-{match[day]:0>2} {folded[match.end() :].strip()}".strip()
    return ""


def _date(match: re.Match[str], order: DateOrder) -> tuple[int, int, int]:
    """Give year, month and day; ValueError from datetime tells what is no date."""
    first, second, third = int(match["a"]), int(match["b"]), int(match["c"])
    if len(match["a"]) == len("2025"):
        return first, second, third
    year = third + 2_000 if third < _CENTURY else third
    if match["sep"] == "." or order is DateOrder.DAY_FIRST:
        return year, second, first
    return year, first, second


def _zone(name: str) -> tzinfo | None:
    hours = _ZONES.get(name.upper())
    if hours is not None:
        return timezone(timedelta(hours=hours))
    match = _OFFSET.fullmatch(name)
    if not match:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return timezone(-size if match[1] == "-" else size)
