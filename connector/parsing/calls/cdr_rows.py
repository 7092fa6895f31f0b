"""Asterisk's call detail records (CDR), line by line: which columns a row has.

`cdr_csv` writes no header and 16 to 21 columns, `cdr_custom` has a sample of 19 in another order
and newer releases write JSON, and FreePBX and Issabel export with a header. A row says by its width
and by where its times stand which of them it is.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connector.parsing.calls.times import Clock, id_epoch

BASE: Final = (
    *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp"),
    *("lastdata", "start", "answer", "end", "duration", "billsec", "disposition", "amaflags"),
)
_NEW: Final = ["peeraccount", "linkedid", "sequence"]
_CUSTOM: Final = ("clid", *BASE[1:4], *BASE[5:], "accountcode", "uniqueid", "userfield", "sequence")
MAX_FIELD_CHARS: Final = 8_192
"""A longer field is no column of a record."""
_UNIQUE: Final = re.compile(r"^(?:\S+-)?\d{9,10}\.\d+$")
_TIME: Final = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d$")
_CLID: Final = re.compile(r'^"?(.*?)"?\s*<([^<>]*)>$')
_HEADER_WORDS: Final = frozenset({"calldate", "channel", "disposition", "uniqueid", "src", "start"})
_HEADER_LEAST: Final = 3
_DISPOSITIONS: Final = frozenset(
    {"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION", "CANCEL", "UNKNOWN"}
)


@dataclass(slots=True, kw_only=True, eq=False)
class Cdr:
    """One record: one party with another one, or with an application.

    Nobody changes it. Not frozen: one is made for each line, in a third of the time.
    """

    number: str
    name: str
    dst: str
    did: str
    context: str
    channel: str
    dstchannel: str
    app: str
    data: str
    start: float
    """Epoch seconds; `end` too."""
    end: float
    talk_s: int
    answered: bool
    disposition: str
    unique: str
    linked: str
    sequence: int
    line: tuple[str, ...]
    """The row as it was written."""


def layout(row: Sequence[str]) -> tuple[str, ...] | None:
    """Give the columns of a row without a header; None when it is no record."""
    width = len(row)
    if width == len(_CUSTOM) and _TIME.match(row[8]):
        return tuple(_CUSTOM)
    if width < len(BASE) or not _TIME.match(row[9]):
        return None
    rest = width - len(BASE)
    one = ["uniqueid"] if rest and _UNIQUE.match(row[len(BASE)]) else ["userfield"]
    both = ["uniqueid", "userfield"]
    found = {0: [], 1: one, 2: both, 3: _NEW, 4: [*one, *_NEW], 5: [*both, *_NEW]}.get(rest)
    return None if found is None else (*BASE, *found)


def header(row: Sequence[str]) -> tuple[str, ...] | None:
    """Give the columns that a header names; None for any other row."""
    names = tuple(field.strip().lower().lstrip("\ufeff") for field in row)
    return names if len(_HEADER_WORDS & set(names)) >= _HEADER_LEAST else None


def _may_be_header(row: Sequence[str]) -> bool:
    """Look for a header's words, so that not every field of every record is compared."""
    lowered = ",".join(row).lower()
    return sum([word in lowered for word in _HEADER_WORDS]) >= _HEADER_LEAST


class CdrRows:
    """Reads lines into records; remembers the header, which `columns` carries over a restart."""

    def __init__(self, clock: Clock, columns: Sequence[str] = ()) -> None:
        """`columns` are those of the header, where there was one."""
        self._clock = clock
        self.columns: tuple[str, ...] = tuple(columns)

    def read(self, line: bytes) -> Cdr | str | None:
        """Read one line without its newline: a record, a problem, or nothing to tell."""
        text = _decoded(line).strip("\r\n")
        if not text.strip():
            return None
        if text.startswith("{"):
            return self._from_json(text)
        try:
            row = next(csv.reader([text], strict=True), [])
        except csv.Error:
            return "The line is no CSV: a quote is not closed, or a field is too long."
        return self._from_row(row)

    def _from_row(self, row: list[str]) -> Cdr | str | None:
        names = header(row) if _may_be_header(row) else None
        if names is not None:
            self.columns = names
            return None
        columns = self.columns if len(row) == len(self.columns) else layout(row)
        if columns is None:
            return (
                f"The line has {len(row)} fields: a record has 16 to 21 with the times in the "
                "tenth to twelfth, or a header names them."
            )
        if max(map(len, row)) > MAX_FIELD_CHARS:
            return "A field of the line is too long."
        return self._record(dict(zip(columns, row, strict=True)), tuple(row))

    def _from_json(self, text: str) -> Cdr | str:
        """Read a line of cdr_custom with `format = json` (Asterisk 22.9 and later)."""
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            plain = None
        if not isinstance(plain, dict) or not plain:
            return "The line is no JSON object."
        cell = {column_name(str(name)): _text(value) for name, value in plain.items()}
        if max(map(len, cell.values())) > MAX_FIELD_CHARS:
            return "A field of the line is too long."
        return self._record(cell, (text,))

    def again(self, row: object) -> Cdr | None:
        """Read a row that was kept over a restart; None for what is none."""
        if not isinstance(row, list) or not all(isinstance(field, str) for field in row):
            return None
        if len(row) == 1:  # a JSON line
            record = self.read(row[0].encode("utf-8", "replace"))
            return record if isinstance(record, Cdr) else None
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(row)
        record = self.read(text.getvalue().encode("utf-8", "replace"))
        return record if isinstance(record, Cdr) else None

    def _record(self, cell: Mapping[str, str], line: tuple[str, ...]) -> Cdr | str:
        unique = cell.get("uniqueid", "")
        linked = cell.get("linkedid", "") or unique
        near = id_epoch(unique) or id_epoch(linked)
        if unique and unique == linked:
            told = cell.get("start") or cell.get("calldate", "")
            self._clock.calibrate(told, unique, later=True)
        start = self._clock.epoch(cell.get("start") or cell.get("calldate", ""), near)
        if start is None:
            return "The line has no time at which the call began."
        duration, billsec = _whole(cell.get("duration", "")), _whole(cell.get("billsec", ""))
        if duration is None or billsec is None:
            return "Duration or billed seconds are no whole number."
        disposition = cell.get("disposition", "").strip().upper()
        if disposition not in _DISPOSITIONS:
            return "The line's disposition is none that Asterisk knows."
        match = _CLID.match(cell.get("clid", "").strip())
        return Cdr(
            number=cell.get("cnum") or cell.get("src", "") or (match[2] if match else ""),
            name=cell.get("cnam") or (match[1].replace('""', '"') if match else ""),
            dst=cell.get("dst", ""),
            did=cell.get("did", ""),
            context=cell.get("dcontext", ""),
            channel=cell.get("channel", ""),
            dstchannel=cell.get("dstchannel", ""),
            app=cell.get("lastapp", "").lower(),
            data=cell.get("lastdata", ""),
            start=start,
            end=start + max(0, duration),
            talk_s=max(0, billsec),
            answered=disposition == "ANSWERED",
            disposition=disposition,
            unique=unique,
            linked=linked,
            sequence=_whole(cell.get("sequence", "")) or 0,
            line=line,
        )


def column_name(name: str) -> str:
    """Give a column's name as people and Asterisk's variables write it: `${CDR(src)}` is src."""
    plain = name.strip().lower().strip("${}")
    plain = plain.removeprefix("csv_quote(${").removeprefix("cdr(")
    return plain.partition(",")[0].rstrip(")}").partition("(")[0]


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _whole(text: str) -> int | None:
    plain = text.strip()
    if not plain:
        return 0
    digits = plain.removeprefix("-")
    if not (digits.isdigit() and digits.isascii()) or len(digits) > 9:  # noqa: PLR2004 - 30 years
        return None
    return int(plain)


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
