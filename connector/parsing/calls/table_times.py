"""Times and durations as exports of phone systems write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

from connector.parsing.calls.times import plausible
from connector.parsing.survey_times import DateOrder, time_of

MAX_SECONDS = 7 * 86_400
"""A longer duration is a fault of the export."""
_CACHE = 4_096
_MAX_CHARS = 64
_NUMBER = re.compile(r"-?\d{1,14}(?:\.\d{1,9})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:\.\d+)?", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.ASCII | re.IGNORECASE
)
_MILLISECONDS_FROM = 100_000_000_000
_ZONED_DAY = re.compile(r"[A-Za-z]{3}, ?\d")


class TableClock:
    """Reads times in one zone; the same text is worked out once."""

    def __init__(self, zone: tzinfo, order: DateOrder) -> None:
        """`zone` counts where a text names none; `order` says how 03/04/2026 is meant."""
        self._zone = zone
        self._order = order
        self._known: dict[str, float | None] = {}

    def epoch(self, text: str) -> float | None:
        """Give epoch seconds; None for what is no time. Of an hour shown twice, the first."""
        text = text.strip().strip('"')
        if not text or len(text) > _MAX_CHARS:
            return None
        if text in self._known:
            return self._known[text]
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[text] = found = self._worked_out(text)
        return found

    def _worked_out(self, text: str) -> float | None:
        if _NUMBER.fullmatch(text):
            number = float(text)
            number = number / 1000 if number >= _MILLISECONDS_FROM else number
            return number if plausible(number) else None
        try:
            at = self._moment(text)
        except (ValueError, OverflowError, OSError, TypeError, IndexError):
            at = None
        at = at or time_of(text, self._zone, self._order)
        if at is None:
            return None
        epoch = at.timestamp()
        return epoch if plausible(epoch) else None

    def _moment(self, text: str) -> datetime | None:
        if _ZONED_DAY.match(text):
            at = parsedate_to_datetime(text)  # RFC 2822; -0000 is UTC without saying so
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at
        if len(text) < len("2026-11-20") or text[4] not in "-/":
            return None
        at = datetime.fromisoformat(text.replace("/", "-"))
        return at.replace(tzinfo=self._zone) if at.tzinfo is None else at


def seconds_of(text: str, *, milliseconds: bool = False) -> int | None:
    """Read a duration: `75`, `75.4`, `00:01:15`, `1:15`, `PT1M15S`; None for anything else."""
    text = text.strip()
    if not text or len(text) > _MAX_CHARS:
        return None
    seconds: float | None = None
    if _NUMBER.fullmatch(text):
        seconds = float(text) / (1000 if milliseconds else 1)
    elif match := _CLOCK.fullmatch(text):
        hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = hours * 3600 + minutes * 60 + rest
    elif (match := _ISO.fullmatch(text)) and any(match.groups()):
        days, hours, minutes, rest = (int(part or 0) for part in match.groups())
        seconds = days * 86_400 + hours * 3600 + minutes * 60 + rest
    return int(seconds) if seconds is not None and 0 <= seconds <= MAX_SECONDS else None
