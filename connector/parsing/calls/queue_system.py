"""A queue_log by itself: every call that was in a queue, with all its stays.

All stays of one caller's channel are one call. It is over when the caller hung up or spoke with
somebody to the end; after any other end (nobody answered in time, a key, a transfer) the caller
may enter another queue, so it is waited for a while by the time of the log itself. Everything
that is needed to go on is in the cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connector.parsing.calls.found import Broken, Found, Heard, Piece
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_calls import QueueCalls
from connector.parsing.calls.queue_stays import stay_from_plain, stay_to_plain
from connector.parsing.queue_events import CallEnd, Malformed, parse_line
from connector.parsing.queue_log import EndedStay, Stays
from connector.parsing.tail import Chunk, Gap, Line, Position, follow

CURSOR_VERSION: Final = 2
_READABLE: Final = frozenset({1, 2})
"""Version 1 had each stay as a call of its own: its place and open stays are still good."""
BATCH_CALLS: Final = 200
"""A batch is handed on when it has so many calls."""
ONWARD_S: Final = 300
"""So long after leaving a queue a caller may enter the next one as the same call."""
SILENCE_S: Final = 120
"""Where the log is silent, it is waited so much longer: copies of logs lag behind."""
MAX_WAITING: Final = 500
"""Calls that wait for a further stay; the oldest is told as it is."""
REMEMBERED: Final = 1_024
"""Calls that were told last: a later stay of one of them is a call of its own."""

_OVER: Final = frozenset({CallEnd.ABANDONED, CallEnd.ANSWERED, CallEnd.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLogs:
    """Where a phone system writes its queue_log."""

    queue_log: Path
    earlier: tuple[Path, ...] = ()
    """Logs that are read as a whole before, when there is no cursor."""
    edge: str = "phone"
    """The source's name, for errors."""
    numbers: Numbers


class QueueSystem:
    """Follows one queue_log; one reading at a time."""

    def __init__(self, logs: QueueLogs, cursor: str | None = None) -> None:
        """Go on where a cursor says; one that is not ours begins at the beginning."""
        plain = _plain(cursor)
        self._logs = logs
        self._position = Position.from_plain(plain.get("position"))
        known = plain if self._position is not None else {}
        self._stays = Stays(known.get("stays"))
        self._waiting: dict[str, list[tuple[EndedStay, str]]] = {}
        self._told: dict[str, int] = {}
        """When the last stay of a told call ended."""
        self._calls = QueueCalls(logs.numbers)
        self._found: list[Found] = []
        self._restore(known)

    def __len__(self) -> int:
        """Count the calls that are open."""
        return len(self._waiting) + self._stays.count()

    def read(self, now: float, *, flush: bool = False) -> Iterator[Piece]:
        """Yield what is new up to the present end of the log. Raises Unavailable."""
        for path in self._logs.earlier if self._position is None else ():
            for chunk in follow(path, None, edge=self._logs.edge):
                self._take(chunk)
        for chunk in follow(self._logs.queue_log, self._position, edge=self._logs.edge):
            self._take(chunk)
            self._position = chunk.position
            if len(self._found) >= BATCH_CALLS:
                yield self._piece()
        if flush:
            for stay in self._stays.flush(int(now)):
                self._keep(stay, f"{self._logs.queue_log}:{stay.callid}")
        for callid in list(self._waiting):
            if flush or now - self._ended(callid) > ONWARD_S + SILENCE_S:
                self._tell(callid)
        if self._position is not None:
            yield self._piece()

    def _take(self, chunk: Chunk) -> None:
        for item in chunk.items:
            if isinstance(item, Gap) or item.problem:
                self._broken(item, item.problem)
                continue
            event = parse_line(item.data)
            if isinstance(event, Malformed):
                self._broken(item, event.problem)
            elif event is not None:
                self._settle(event.at)
                for stay in self._stays.feed(event, item.data):
                    self._keep(stay, item.locator)
                if event.name == "QUEUESTART":  # nobody goes on to another queue
                    self._settle(event.at + ONWARD_S + 1)

    def _keep(self, stay: EndedStay, where: str) -> None:
        if stay.ended_at <= self._told.get(stay.callid, -1):
            return  # in doubt a rotated part is read twice
        kept = self._waiting.setdefault(stay.callid, [])
        if all(known.key != stay.key for known, _ in kept):
            kept.append((stay, where))
        if stay.end in _OVER and not self._stays.is_open(stay.callid):
            self._tell(stay.callid)
        elif len(self._waiting) > MAX_WAITING:
            self._tell(next(iter(self._waiting)))

    def _settle(self, at: int) -> None:
        """Tell the calls that the log has left behind, before its next line counts."""
        for callid in list(self._waiting):
            if at - self._ended(callid) > ONWARD_S:
                self._tell(callid)

    def _ended(self, callid: str) -> float:
        """Give when a call left its last queue; never while it is in one."""
        if self._stays.is_open(callid):
            return float("inf")
        return self._waiting[callid][-1][0].ended_at

    def _tell(self, callid: str) -> None:
        ones = self._waiting.pop(callid)
        key = callid
        if callid in self._told:
            key = f"{callid}|{ones[0][0].entered_at or ones[0][0].ended_at}"
        self._told[callid] = max(stay.ended_at for stay, _ in ones)
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        raw = b"".join(line + b"\n" for stay, _ in ones for line in stay.lines)
        for call, where in self._calls.tell(ones, key=key):
            self._found.append(Heard(call=call, locator=where, raw=raw))

    def _broken(self, item: Line | Gap, problem: str) -> None:
        raw = b"" if isinstance(item, Gap) else item.data
        self._found.append(Broken(locator=item.locator, problem=problem, raw=raw))

    def _piece(self) -> Piece:
        found, self._found = tuple(self._found), []
        plain = {
            "version": CURSOR_VERSION,
            "position": self._position.plain() if self._position else None,
            "stays": self._stays.plain(),
            "waiting": [_as_plain(*one) for ones in self._waiting.values() for one in ones],
            "told": self._told,
        }
        return Piece(found=found, cursor=json.dumps(plain, separators=(",", ":")))

    def _restore(self, plain: dict[str, Any]) -> None:
        told, waiting = plain.get("told"), plain.get("waiting")
        for callid, ended in told.items() if isinstance(told, dict) else ():
            self._told[callid] = ended if isinstance(ended, int) else 0
        for one in waiting if isinstance(waiting, list) else ():
            try:
                lines = tuple(line.encode("utf-8", "surrogateescape") for line in one.pop("lines"))
                stay, where = stay_from_plain(one, lines)
            except (AttributeError, TypeError, ValueError, KeyError):
                continue
            self._waiting.setdefault(stay.callid, []).append((stay, where))


def _as_plain(stay: EndedStay, where: str) -> dict[str, Any]:
    lines = [line.decode("utf-8", "surrogateescape") for line in stay.lines]
    return {**stay_to_plain(stay, where), "lines": lines}


def _plain(cursor: str | None) -> dict[str, Any]:
    try:
        plain = json.loads(cursor) if cursor else None
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict) or plain.get("version") not in _READABLE:
        return {}
    return plain
