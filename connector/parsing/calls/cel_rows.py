"""Asterisk's channel event log (CEL), line by line: columns, widths and times.

The order of columns is the admin's (`cel_custom.conf`); the sample's order is the default and a
configuration may name another. Rows leave here in the sample's order, whatever the file has.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from operator import itemgetter
from typing import Final, TypeAlias

from connector.parsing.calls.times import Clock

Row: TypeAlias = list[str]
"""One event, in the order of `COLUMNS`."""

COLUMNS: Final = (
    "eventtype",
    "eventtime",
    "cid_name",
    "cid_num",
    "ani",
    "rdnis",
    "dnid",
    "exten",
    "context",
    "channame",
    "appname",
    "appdata",
    "amaflags",
    "accountcode",
    "uniqueid",
    "linkedid",
    "peer",
    "userfield",
    "userdeftype",
    "eventextra",
)
"""The sample's mapping."""
NEEDED: Final = ("eventtype", "eventtime", "channame", "uniqueid", "linkedid")
"""Without these columns no call can be put together."""
MAX_FIELD_CHARS = 8_192
"""A longer field is no CEL column; Asterisk's own limits are far lower."""
EVENTS: Final = frozenset(
    {
        "CHAN_START",
        "CHAN_END",
        "ANSWER",
        "HANGUP",
        "APP_START",
        "APP_END",
        "BRIDGE_ENTER",
        "BRIDGE_EXIT",
        "PARK_START",
        "PARK_END",
        "BLINDTRANSFER",
        "ATTENDEDTRANSFER",
        "PICKUP",
        "FORWARD",
        "LINKEDID_END",
        "LOCAL_OPTIMIZE",
        "LOCAL_OPTIMIZE_BEGIN",
        "STREAM_BEGIN",
        "STREAM_END",
        "DTMF",
        "USER_DEFINED",
    }
)
"""What Asterisk 12 and later write; older ones had bridges of another kind."""

_ALIASES: Final = {
    "callerid(name)": "cid_name",
    "callerid(num)": "cid_num",
    "callerid(ani)": "ani",
    "callerid(rdnis)": "rdnis",
    "callerid(dnid)": "dnid",
    "channel(exten)": "exten",
    "channel(context)": "context",
    "channel(channame)": "channame",
    "channel(name)": "channame",
    "channel(appname)": "appname",
    "channel(appdata)": "appdata",
    "channel(amaflags)": "amaflags",
    "channel(accountcode)": "accountcode",
    "channel(uniqueid)": "uniqueid",
    "channel(linkedid)": "linkedid",
    "channel(peer)": "peer",
    "channel(userfield)": "userfield",
    "bridgepeer": "peer",
    "event": "eventtype",
    "timestamp": "eventtime",
    "callerid_name": "cid_name",
    "callerid_num": "cid_num",
    "callerid_ani": "ani",
    "callerid_rdnis": "rdnis",
    "callerid_dnid": "dnid",
    "channel": "channame",
    "application": "appname",
    "applicationdata": "appdata",
    "extra": "eventextra",
    "userdefinedtype": "userdeftype",
}
_WITHOUT_EXTRA: Final = len(COLUMNS) - 1
_AT: Final = {name: place for place, name in enumerate(COLUMNS)}
_KIND, _TIME, _CHANNEL = _AT["eventtype"], _AT["eventtime"], _AT["channame"]
_UNIQUE, _LINKED = _AT["uniqueid"], _AT["linkedid"]
_WHOLE: Final = frozenset({len(COLUMNS)})
_PLAIN_TIME: Final = re.compile(r"[1-3][0-9]{9}(?:\.[0-9]{1,9})?").fullmatch
"""Epoch seconds of 2001 to 2096, as Asterisk writes them; of any other time the clock decides."""
_get_kind, _get_channel = itemgetter(_KIND), itemgetter(_CHANNEL)
_get_time = itemgetter(_TIME)
_get_unique, _get_linked = itemgetter(_UNIQUE), itemgetter(_LINKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that is no event."""

    index: int
    """Which of the given lines it is."""
    problem: str
    """One sentence, without the line's words."""


class CelRows:
    """Reads lines into rows."""

    def __init__(self, columns: Sequence[str] = COLUMNS) -> None:
        """Take the file's order of columns; names that are not known are passed over."""
        named = [column_name(column) for column in columns]
        self._width = len(named)
        self._plain = tuple(named) == COLUMNS
        self._clock = Clock(UTC)
        self._from = [named.index(name) if name in named else -1 for name in COLUMNS]

    def read(self, lines: Sequence[bytes]) -> tuple[list[Row], list[BadLine]]:
        """Read lines without their newlines; blank ones are passed over. Never raises."""
        found: list[Row] = []
        bad: list[BadLine] = []
        for index, line in enumerate(lines):
            row, problem = self._one(line)
            if row is not None:
                found.append(row)
            elif problem:
                bad.append(BadLine(index=index, problem=problem))
        return found, bad

    def block(self, data: bytes) -> list[Row] | None:
        """Read lines that end with a newline each, when nothing is amiss with any of them.

        None where a line is odd in any way: `read` looks at each alone then. All that is
        checked is checked by loops of the interpreter: 0.2 us a line beside 1.6 for the fields.
        """
        if not self._plain:
            return None
        try:
            lines = data.decode("utf-8").split("\n")
            lines.pop()
            rows = list(csv.reader(lines, strict=True))
        except (UnicodeDecodeError, csv.Error):
            return None
        sound = (
            len(rows) == len(lines)
            and set(map(len, rows)) <= _WHOLE
            and set(map(_get_kind, rows)) <= EVENTS
            and all(map(_get_unique, rows))
            and all(map(_get_linked, rows))
            and all(map(_get_channel, rows))
            and self._timed(rows)
            and max(map(len, lines), default=0) <= MAX_FIELD_CHARS
        )
        return rows if sound else None

    def _timed(self, rows: list[Row]) -> bool:
        times = set(map(_get_time, rows))
        return all(map(_PLAIN_TIME, times)) or all(
            self._clock.epoch(one) is not None for one in times
        )

    def _one(self, line: bytes) -> tuple[Row | None, str]:
        text = _decoded(line).strip("\r\n")
        if not text.strip():
            return None, ""
        if text.startswith("{"):
            row = _from_json(text)
            return self._checked(row) if row else (None, "The line is no JSON object.")
        try:
            fields = next(csv.reader([text], strict=True), [])
        except csv.Error:
            return None, "The line is no CSV: a quote is not closed, or a field is too long."
        return self._arranged(fields)

    def _arranged(self, fields: list[str]) -> tuple[Row | None, str]:
        if self._plain and len(fields) == _WITHOUT_EXTRA:
            fields = [*fields, ""]
        if len(fields) != self._width:
            return None, (
                f"The line has {len(fields)} fields where {self._width} are expected: "
                "name the log's columns in `columns`."
            )
        row = fields
        if not self._plain:
            row = [fields[place] if place >= 0 else "" for place in self._from]
        return self._checked(row)

    def _checked(self, row: Row) -> tuple[Row | None, str]:
        if row[_KIND] not in EVENTS:
            if row[_KIND].isascii() and row[_KIND].replace("_", "").isupper():
                return None, ""  # an event of another release or module: valid, means nothing here
            return None, (
                "The line does not begin with an event: name the log's columns in `columns`."
            )
        if not (row[_UNIQUE] and row[_LINKED] and row[_CHANNEL]):
            return None, "The event has no channel or no id of its call."
        if self._clock.epoch(row[_TIME]) is None:
            return None, "The event's time cannot be read, or is no time of a call."
        if max(map(len, row)) > MAX_FIELD_CHARS:
            return None, "A field of the line is too long."
        return row, ""


def column_name(name: str) -> str:
    """Give our name of a column, as people and Asterisk's variables write it."""
    plain = name.strip().lower().strip("${}")
    return _ALIASES.get(plain, plain)


def _from_json(text: str) -> Row | None:
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(plain, dict):
        return None
    named = {column_name(str(key)): value for key, value in plain.items()}
    return [_text(named.get(name)) for name in COLUMNS]


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def missing(columns: Iterable[str]) -> list[str]:
    """Name the needed columns that a mapping does not have."""
    named = {column_name(column) for column in columns}
    return [name for name in NEEDED if name not in named]
