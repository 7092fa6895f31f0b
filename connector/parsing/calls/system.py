"""The logs of one phone system, followed together and told as one truth.

The channel log (CEL) says what happened to whom; the queue_log knows better how a stay in a
queue ended. Both are read along their own time: before a call is told, the queue_log is read up
to its end. What the queue_log tells of a call that the channel log never mentions becomes a
call of its own, so that a gap in one log loses nobody.

Everything that is needed to go on is in the cursor: positions, the rows of open calls, open and
unclaimed stays. Reading in one piece or in many, over restarts and rotations, gives the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from connector.parsing.calls.cel_groups import MAX_AGE_S, CelGroups, Group
from connector.parsing.calls.cel_rows import COLUMNS, CelRows, Row
from connector.parsing.calls.cel_teller import CelTeller
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.found import Broken, Found, Heard, Piece
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_calls import QueueCalls
from connector.parsing.calls.queue_side import QueueSide
from connector.parsing.calls.times import Clock
from connector.parsing.tail import Chunk, Gap, Line, Position, follow

CURSOR_VERSION: Final = 1
BATCH_CALLS: Final = 100
"""A batch is handed on when it has so many calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLogs:
    """Where one phone system writes, and what is known of it."""

    cel: Path
    queue_log: Path | None = None
    earlier: tuple[Path, ...] = ()
    """Channel logs that are read as a whole before `cel`, when there is no cursor."""
    queue_earlier: tuple[Path, ...] = ()
    """The same for queue_logs."""
    columns: tuple[str, ...] = COLUMNS
    edge: str = "phone"
    """The source's name, for errors."""
    clock: Clock
    phones: Phones = field(default_factory=Phones)
    numbers: Numbers


class PhoneSystem:
    """Follows the logs of one phone system; one reading at a time."""

    def __init__(self, logs: SystemLogs, cursor: str | None = None) -> None:
        """Go on where a cursor says; one that is not ours begins at the beginning."""
        plain = plain_cursor(cursor, CURSOR_VERSION)
        self._logs = logs
        self._rows = CelRows(logs.columns)
        self._teller = CelTeller(logs.clock, logs.phones, logs.numbers)
        self._groups = CelGroups(logs.clock, plain.get("calls"))
        self._position = Position.from_plain(plain.get("cel"))
        if self._position is None:
            self._groups = CelGroups(logs.clock)
        self._queue: QueueSide | None = None
        if logs.queue_log is not None:
            self._queue = QueueSide(
                logs.queue_log, logs.edge, plain.get("queue"), logs.queue_earlier
            )
        self._restarts: list[float] = []
        self._found: list[Found] = []

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._groups)

    def read(self, now: float, *, flush: bool = False) -> Iterator[Piece]:
        """Yield what is new up to the present end of the logs. Raises Unavailable.

        `now` (epoch seconds) closes calls that have been quiet for long; `flush` closes every
        call, for a log that will not grow any more.
        """
        for path in self._logs.earlier if self._position is None else ():
            for chunk in follow(path, None, edge=self._logs.edge):
                self._take(chunk)
        for chunk in follow(self._logs.cel, self._position, edge=self._logs.edge):
            self._take(chunk)
            self._position = chunk.position
            if len(self._found) >= BATCH_CALLS:
                yield self._piece()
        yield from self._finish(now, flush=flush)

    def _finish(self, now: float, *, flush: bool) -> Iterator[Piece]:
        if self._queue is not None:
            self._found += self._queue.pump(None)
            self._restarts += self._queue.restarts()
        self._apply_restarts(None)
        done = self._groups.flush() if flush else self._groups.expire(now)
        self._tell(done)
        if self._queue is not None:
            alone = self._queue.unclaimed(None if flush else now - MAX_AGE_S)
            calls = QueueCalls(self._logs.numbers)
            self._found += [Heard(call=call, locator=where) for call, where in calls.tell(alone)]
        if self._position is not None:
            yield self._piece()

    def _take(self, chunk: Chunk) -> None:
        lines: list[Line] = []
        for item in chunk.items:
            if isinstance(item, Gap):
                self._found.append(Broken(locator=item.locator, problem=item.problem, raw=b""))
            elif item.problem:
                self._broken(item, item.problem)
            else:
                lines.append(item)
        rows, bad = self._rows.read([line.data for line in lines])
        if not bad:
            self._feed(rows)
            return
        for line in lines:  # one by one, so that everything is told in its place
            rows, bad = self._rows.read([line.data])
            if bad:
                self._broken(line, bad[0].problem)
            elif rows:
                self._feed(rows)

    def _feed(self, rows: list[Row]) -> None:
        done = self._groups.feed(rows)
        if self._queue is not None:
            self._found += self._queue.pump(self._groups.now)
            self._restarts += self._queue.restarts()
        self._tell(done)
        self._apply_restarts(self._groups.now)

    def _apply_restarts(self, until: float | None) -> None:
        """Close calls that a restart of the phone system cut off, once the log is that far."""
        for at in [one for one in self._restarts if until is None or one <= until]:
            self._restarts.remove(at)
            self._tell(self._groups.restarted(at))

    def _tell(self, groups: Sequence[Group]) -> None:
        for group in groups:
            stays = self._queue.claim(group.legs) if self._queue is not None else {}
            for call in self._teller.tell(group, stays):
                where = f"{self._logs.cel}:{call.key}"
                self._found.append(Heard(call=call, locator=where, rows=group.rows))

    def _broken(self, line: Line, problem: str) -> None:
        self._found.append(Broken(locator=line.locator, problem=problem, raw=line.data))

    def _piece(self) -> Piece:
        found, self._found = tuple(self._found), []
        return Piece(found=found, cursor=self._cursor())

    def _cursor(self) -> str:
        plain: dict[str, Any] = {
            "version": CURSOR_VERSION,
            "cel": self._position.plain() if self._position else None,
            "calls": self._groups.plain(),
            "queue": self._queue.plain() if self._queue is not None else None,
        }
        return json.dumps(plain, separators=(",", ":"))


def plain_cursor(cursor: str | None, version: int) -> dict[str, Any]:
    """Read a cursor of a phone system; {} for none, and for one that is not ours."""
    try:
        plain = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or plain.get("version") != version:
        return {}
    return plain
