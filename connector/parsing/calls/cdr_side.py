"""Call detail records beside a channel log: read along, kept until their call is told.

The channel log knows far more of a call. Records are for what it lost: calls that it never
mentions become calls of their own, and one whose end it does not have is completed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from connector.domain.errors import Unavailable
from connector.parsing.calls.cdr_groups import WAIT_S
from connector.parsing.calls.cdr_rows import Cdr, CdrRows
from connector.parsing.calls.found import Broken
from connector.parsing.calls.times import Clock
from connector.parsing.tail import Chunk, Gap, Position, follow

REMEMBERED: Final = 8_192
"""Ids and channels of calls that were told last: late records of them are passed over."""
MAX_WAITING: Final = 2_000
"""Calls whose telling by the channel log is waited for; more are records without a channel log."""
SLACK_S: Final = 5
"""The records are read so far beyond the channel log: a record is written after the last event."""
GONE_ON_S: Final = 60
"""A call is the records' own when the channel log went on for so long after it."""
SILENCE_S: Final = 400
"""The same by the clock on the wall, where the channel log is silent; batches are 300 s late."""


class CdrSide:
    """Follows the records of a phone system whose channel log leads."""

    def __init__(
        self, path: Path, edge: str, clock: Clock, plain: object, earlier: tuple[Path, ...] = ()
    ) -> None:
        """Go on with what `plain` gave; without that, begin with the records of `earlier`."""
        known: dict[str, Any] = plain if isinstance(plain, dict) else {}
        self._path, self._edge = path, edge
        self._position = Position.from_plain(known.get("position"))
        known = known if self._position is not None else {}
        columns, told = known.get("columns"), known.get("told")
        self._rows = CdrRows(clock, columns if isinstance(columns, list) else ())
        self._told = dict.fromkeys(map(str, told)) if isinstance(told, list) else {}
        self._waiting: dict[str, list[Cdr]] = {}
        self._now = 0.0
        self._reading: Iterator[Chunk] | None = None
        self._problems: list[Broken] = []
        for row in known.get("rows") or ():
            self._take_back(row)
        for one in earlier if self._position is None else ():
            for chunk in follow(one, None, edge=edge):
                self._take(chunk)

    def plain(self) -> dict[str, Any]:
        """Give the state as what JSON can hold."""
        return {
            "position": self._position.plain() if self._position else None,
            "columns": list(self._rows.columns),
            "rows": [list(one.line) for ones in self._waiting.values() for one in ones],
            "told": list(self._told),
        }

    def pump(self, until: float | None) -> list[Broken]:
        """Read on until the records are past a time, or to their present end.

        Gives what is unreadable. Records that are missing are no fault: the channel log leads.
        """
        while until is None or self._now <= until + SLACK_S:
            chunk = self._next()
            if chunk is None:
                break
            self._take(chunk)
            self._position = chunk.position
        problems, self._problems = self._problems, []
        return problems

    def claim(self, names: Iterable[str]) -> list[Cdr]:
        """Take the records of a call that is told now, by its linked ids, ids and channels."""
        found: list[Cdr] = []
        for name in names:
            found += self._waiting.pop(name, ())
            self._told[name] = None
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return found

    def alone(self, before: float | None, is_open: Callable[[str], bool]) -> list[list[Cdr]]:
        """Take the calls that ended before a time and that the channel log does not mention.

        `is_open` says whether a call goes on in the channel log: then it is still to be told.
        """
        found: list[list[Cdr]] = []
        over = len(self._waiting) - MAX_WAITING
        for name in list(self._waiting):
            if before is None or over > 0 or self._is_over(name, before, is_open):
                over -= 1
                records = self._waiting.pop(name)
                self.claim({name, *(one.unique for one in records if one.unique)})
                found.append(records)
        return found

    def _is_over(self, name: str, before: float, is_open: Callable[[str], bool]) -> bool:
        records = self._waiting[name]
        whole = any(one.unique == one.linked for one in records)
        ended = max(one.end for one in records)
        return ended + (0 if whole else WAIT_S) < before and not is_open(name)

    def _next(self) -> Chunk | None:
        try:
            if self._reading is None:
                self._reading = follow(self._path, self._position, edge=self._edge)
            chunk = next(self._reading, None)
        except Unavailable:
            self._reading = None
            return None
        if chunk is None:
            self._reading = None
        return chunk

    def _take(self, chunk: Chunk) -> None:
        for item in chunk.items:
            record = (
                item.problem if isinstance(item, Gap) else item.problem or self._read(item.data)
            )
            if isinstance(record, str):
                raw = b"" if isinstance(item, Gap) else item.data
                self._problems.append(Broken(locator=item.locator, problem=record, raw=raw))
            elif record is not None:
                self._now = max(self._now, record.end)
                self._keep(record)

    def _read(self, data: bytes) -> Cdr | str | None:
        return self._rows.read(data)

    def _keep(self, record: Cdr) -> None:
        name = record.linked or record.channel
        if not {name, record.unique or name, record.channel}.intersection(self._told):
            records = self._waiting.setdefault(name, [])
            if all(one.line != record.line for one in records):  # a row may come twice
                records.append(record)

    def _take_back(self, row: object) -> None:
        record = self._rows.again(row)
        if record is not None:
            self._keep(record)
