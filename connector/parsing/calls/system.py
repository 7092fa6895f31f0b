"""The logs of one phone system, followed together and told as one truth.

The channel log (CEL) says what happened to whom; the queue_log knows better how a stay in a
queue ended, and the call detail records know what the channel log lost. All are read along their
own time: before a call is told, the others are read up to its end. What they tell of a call that
the channel log never mentions becomes a call of its own, so that a gap in one log loses nobody.

Everything that is needed to go on is in the cursor: positions, the rows of open calls, open and
unclaimed stays. Reading in one piece or in many, over restarts and rotations, gives the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from connector.domain.call import Call
from connector.parsing.calls.cdr_side import GONE_ON_S, SILENCE_S, CdrSide
from connector.parsing.calls.cdr_story import CdrTeller
from connector.parsing.calls.cel_groups import CelGroups, Group
from connector.parsing.calls.cel_rows import COLUMNS, CelRows, Row
from connector.parsing.calls.cel_teller import CelTeller
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.found import Broken, Found, Heard, Piece
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_calls import QueueCalls
from connector.parsing.calls.queue_side import UNSEEN_S, QueueSide
from connector.parsing.calls.story import Stay
from connector.parsing.calls.times import Clock
from connector.parsing.tail import Chunk, Gap, Line, Position, Run, follow

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
    cdr: Path | None = None
    """Call detail records of the same system."""
    cdr_earlier: tuple[Path, ...] = ()
    """The same for records."""
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
        self._cdr: CdrSide | None = None
        if logs.cdr is not None:
            self._cdr = CdrSide(logs.cdr, logs.edge, logs.clock, plain.get("cdr"), logs.cdr_earlier)
        self._records = CdrTeller(logs.phones, logs.numbers)
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
        if self._cdr is not None:
            self._found += self._cdr.pump(None)
        self._tell_alone(None if flush else now)
        if self._position is not None:
            yield self._piece()

    def _take(self, chunk: Chunk) -> None:
        for part in chunk.parts:
            if isinstance(part, Gap):
                self._found.append(Broken(locator=part.locator, problem=part.problem, raw=b""))
            elif isinstance(part, Line):
                self._broken(part, part.problem)
            else:
                self._take_run(part)

    def _take_run(self, run: Run) -> None:
        rows = self._rows.block(run.data)
        if rows is not None:
            self._feed(rows)
            return
        for line in run.lines():  # one by one, so that everything is told in its place
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
        if self._cdr is not None:
            self._found += self._cdr.pump(self._groups.now)
        self._tell(done)
        self._apply_restarts(self._groups.now)
        if self._cdr is not None:
            self._tell_records((self._groups.now or 0.0) - GONE_ON_S)

    def _tell_alone(self, now: float | None) -> None:
        """Tell the calls that the channel log never mentions; `now` is None at the very end."""
        seen = (self._groups.now or 0.0) - GONE_ON_S
        if self._cdr is not None:
            self._tell_records(None if now is None else max(seen, now - SILENCE_S))
        if self._queue is not None:
            before = None if now is None else max(seen, now - UNSEEN_S)
            alone = self._queue.unclaimed(before, self._groups.is_open)
            calls = QueueCalls(self._logs.numbers)
            self._found += [Heard(call=call, locator=where) for call, where in calls.tell(alone)]

    def _tell_records(self, before: float | None) -> None:
        for records in self._cdr.alone(before, self._groups.is_open) if self._cdr else ():
            stays: dict[str, list[Stay]] = {}
            if self._queue is not None:
                stays = self._queue.claim({one.unique for one in records if one.unique})
            call = self._records.tell(records, stays)
            rows = [one.line for one in records]
            self._found.append(Heard(call=call, locator=f"{self._logs.cdr}:{call.key}", rows=rows))

    def _apply_restarts(self, until: float | None) -> None:
        """Close calls that a restart of the phone system cut off, once the log is that far."""
        for at in [one for one in self._restarts if until is None or one <= until]:
            self._restarts.remove(at)
            self._tell(self._groups.restarted(at))

    def _tell(self, groups: Sequence[Group]) -> None:
        for group in groups:
            stays = self._queue.claim(group.legs) if self._queue is not None else {}
            records = self._cdr.claim(_names(group)) if self._cdr is not None else []
            for told in self._teller.tell(group, stays):
                call = told
                own = [one for one in records if told.key in {one.unique, one.linked}]
                if told.truncated and own:
                    call = completed(told, self._records.tell(own, stays))
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
        if self._cdr is not None:
            plain["cdr"] = self._cdr.plain()
        return json.dumps(plain, separators=(",", ":"))


def completed(call: Call, recorded: Call) -> Call:
    """Give a call whose end the channel log lost the end that the records tell."""
    return replace(
        call,
        ended_at=max(call.ended_at, recorded.ended_at),
        answered_at=call.answered_at or recorded.answered_at,
        outcome=recorded.outcome,
        talk_s=recorded.talk_s,
        last_talk_s=recorded.last_talk_s,
        wait_s=recorded.wait_s if call.wait_s is None else call.wait_s,
        staff=max(call.staff, recorded.staff, key=len),
        truncated=False,
    )


def _names(group: Group) -> set[str]:
    """Give all names by which a record may belong to a call."""
    return {*group.links, *group.legs, *(row[9] for row in group.rows)}


def plain_cursor(cursor: str | None, version: int) -> dict[str, Any]:
    """Read a cursor of a phone system; {} for none, and for one that is not ours."""
    try:
        plain = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or plain.get("version") != version:
        return {}
    return plain
