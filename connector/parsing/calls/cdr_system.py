"""Call detail records, and the queue_log of the same system beside them, told as one truth."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.parsing.calls.cdr_groups import CdrGroups
from connector.parsing.calls.cdr_rows import Cdr, CdrRows
from connector.parsing.calls.cdr_story import CdrTeller
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.found import Broken, Found, Heard, Piece
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_calls import QueueCalls
from connector.parsing.calls.queue_side import GONE_ON_S, UNSEEN_S, QueueSide
from connector.parsing.calls.system import BATCH_CALLS, plain_cursor
from connector.parsing.calls.times import Clock
from connector.parsing.tail import Chunk, Gap, Position, follow

CURSOR_VERSION: Final = 1
SILENCE_S: Final = 400
"""Where the log is silent, a call is over after so long: batches come up to 300 s late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CdrLogs:
    """Where one phone system writes, and what is known of it."""

    cdr: Path
    queue_log: Path | None = None
    earlier: tuple[Path, ...] = ()
    queue_earlier: tuple[Path, ...] = ()
    columns: tuple[str, ...] = ()
    """Of `cdr_custom` in an order of one's own; empty: told by the rows."""
    edge: str = "phone"
    clock: Clock
    phones: Phones = field(default_factory=Phones)
    numbers: Numbers


class CdrSystem:
    """Follows the records of one phone system; one reading at a time."""

    def __init__(self, logs: CdrLogs, cursor: str | None = None) -> None:
        """Go on where a cursor says; one that is not ours begins at the beginning."""
        plain = plain_cursor(cursor, CURSOR_VERSION)
        self._logs = logs
        self._position = Position.from_plain(plain.get("cdr"))
        known = plain if self._position is not None else {}
        columns = known.get("columns")
        self._rows = CdrRows(logs.clock, columns if isinstance(columns, list) else logs.columns)
        self._groups = CdrGroups()
        self._teller = CdrTeller(logs.phones, logs.numbers)
        self._queue: QueueSide | None = None
        if logs.queue_log is not None:
            self._queue = QueueSide(
                logs.queue_log, logs.edge, plain.get("queue"), logs.queue_earlier
            )
        self._found: list[Found] = []
        for row in known.get("rows") or ():
            self._take_back(row)

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._groups)

    def read(self, now: float, *, flush: bool = False) -> Iterator[Piece]:
        """Yield what is new up to the present end of the logs. Raises Unavailable."""
        for path in self._logs.earlier if self._position is None else ():
            for chunk in follow(path, None, edge=self._logs.edge):
                self._take(chunk)
        for chunk in follow(self._logs.cdr, self._position, edge=self._logs.edge):
            self._take(chunk)
            self._position = chunk.position
            if len(self._found) >= BATCH_CALLS:
                yield self._piece()
        if self._queue is not None:
            self._found += self._queue.pump(None)
        for records in self._groups.flush() if flush else self._groups.expire(now, SILENCE_S):
            self._tell(records)
        if self._queue is not None:
            before = None if flush else max(self._groups.now - GONE_ON_S, now - UNSEEN_S)
            alone = self._queue.unclaimed(before, self._groups.is_open)
            calls = QueueCalls(self._logs.numbers)
            self._found += [Heard(call=call, locator=where) for call, where in calls.tell(alone)]
        if self._position is not None:
            yield self._piece()

    def _take(self, chunk: Chunk) -> None:
        for item in chunk.items:
            if isinstance(item, Gap) or item.problem:
                raw = b"" if isinstance(item, Gap) else item.data
                self._found.append(Broken(locator=item.locator, problem=item.problem, raw=raw))
                continue
            record = self._rows.read(item.data)
            if isinstance(record, str):
                self._found.append(Broken(locator=item.locator, problem=record, raw=item.data))
            elif record is not None:
                done = self._groups.feed(record)
                if done and self._queue is not None:
                    self._found += self._queue.pump(self._groups.now)
                for records in done:
                    self._tell(records)

    def _tell(self, records: list[Cdr]) -> None:
        stays = {}
        if self._queue is not None:
            stays = self._queue.claim({one.unique for one in records if one.unique})
        call = self._teller.tell(records, stays)
        where = f"{self._logs.cdr}:{call.key}"
        self._found.append(Heard(call=call, locator=where, rows=[one.line for one in records]))

    def _take_back(self, row: object) -> None:
        record = self._rows.again(row)
        if record is not None:
            for records in self._groups.feed(record):
                self._tell(records)

    def _piece(self) -> Piece:
        found, self._found = tuple(self._found), []
        plain: dict[str, Any] = {
            "version": CURSOR_VERSION,
            "cdr": self._position.plain() if self._position else None,
            "columns": list(self._rows.columns),
            **self._groups.plain(),
            "queue": self._queue.plain() if self._queue is not None else None,
        }
        return Piece(found=found, cursor=json.dumps(plain, separators=(",", ":")))
