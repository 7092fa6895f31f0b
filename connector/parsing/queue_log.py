"""Stays of callers in queues, put together from the events of Asterisk's queue_log.

A stay begins with ENTERQUEUE and ends with one of `ENDS`; one call may have several stays, in
the same queue too. Inside one second the next ENTERQUEUE may stand before the BLINDTRANSFER
that ended the stay before, so an end that needs a conversation is bound to the oldest connected
stay of that call and queue, any other to the newest one that is still waiting (measured with
Asterisk 22).

Nothing here looks at a clock: what closes a stay is written in the log, so reading it again
gives the same stays with the same keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connector.parsing.queue_events import (
    ENDS,
    PASSING,
    SPOKEN,
    CallEnd,
    Figures,
    QueueEvent,
    number,
)

MAX_OPEN_STAYS = 500
"""More callers at once are no practice: the oldest stay is closed as unknown."""
MAX_STAY_S = 43_200
"""A stay whose end is not logged within 12 hours of log time is closed as unknown."""
MAX_STAY_LINES = 40
"""Lines kept of one stay: the first and the last ones; each ringing of each phone adds one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedStay:
    """One caller's stay in one queue, from entering to its end."""

    key: str
    """Natural key: call, queue, second of entering, and which stay of that second it is."""
    callid: str
    queue: str
    entered_at: int | None
    """Epoch seconds; None when the log begins in the middle of the stay."""
    ended_at: int
    """Epoch seconds of the line that ended it."""
    end: CallEnd
    caller: str
    """The caller's number as logged; may be empty or `anonymous`."""
    caller_name: str
    """The caller's name where the system logs it, else empty."""
    wait_s: int | None
    """Seconds in the queue until answer or end; None when the log does not tell."""
    position: int | None
    """Place in the queue at the end."""
    original_position: int | None
    """Place in the queue at the beginning."""
    call_s: int | None
    """Seconds of conversation before its end or transfer."""
    agent: str = ""
    """Name or interface of the member who answered; empty when nobody did."""
    lines: tuple[bytes, ...]
    """Its lines, at most MAX_STAY_LINES."""
    lines_dropped: int
    """Lines in the middle that were not kept."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """A stay that has not ended; changes as its lines come."""

    callid: str
    queue: str
    entered_at: int
    ordinal: int
    caller: str
    caller_name: str
    original_position: int | None
    connected_at: int | None = None
    agent: str = ""
    lines: list[str] = field(default_factory=list)
    lines_dropped: int = 0

    def sound(self) -> bool:
        """Say whether its parts have their types, after it was read from JSON."""
        texts = [self.callid, self.queue, self.caller, self.caller_name, self.agent, *self.lines]
        numbers = [self.original_position, self.connected_at]
        return (
            all(isinstance(text, str) for text in texts)
            and all(number is None or isinstance(number, int) for number in numbers)
            and all(isinstance(n, int) for n in (self.entered_at, self.ordinal, self.lines_dropped))
        )

    def add(self, data: bytes) -> None:
        """Keep one of its lines."""
        if len(self.lines) >= MAX_STAY_LINES:
            del self.lines[1]
            self.lines_dropped += 1
        self.lines.append(data.decode("utf-8", "surrogateescape"))


class Stays:
    """Puts events together to stays; `plain` and `Stays(plain)` carry it over a restart."""

    def __init__(self, plain: object = None) -> None:
        """Begin without open stays, or with those that `plain` gave; anything else is ignored."""
        self._open: list[_Open] = []
        self._second = 0
        self._entered: dict[str, int] = {}
        try:
            self._restore(plain)
        except (TypeError, ValueError, KeyError):
            self._open, self._second, self._entered = [], 0, {}

    def plain(self) -> dict[str, object]:
        """Give the open stays as what JSON can hold."""
        return {
            "open": [
                {name: getattr(stay, name) for name in _Open.__dataclass_fields__}
                for stay in self._open
            ],
            "second": self._second,
            "entered": self._entered,
        }

    def feed(self, event: QueueEvent, data: bytes) -> Iterator[EndedStay]:
        """Take one event and its line; yield the stays that end with it."""
        yield from self._expire(event.at)
        if event.name == "QUEUESTART":
            yield from self._close_all(event.at)
        elif event.name == "ENTERQUEUE":
            self._enter(event, data)
            if len(self._open) > MAX_OPEN_STAYS:
                yield self._unfinished(self._open.pop(0), event.at)
        elif event.name in PASSING:
            self._pass(event, data)
        elif event.name in ENDS:
            yield self._end(event, data)

    def flush(self, now: int) -> Iterator[EndedStay]:
        """End what is open: there will be no more lines."""
        yield from self._close_all(now)

    def is_open(self, callid: str) -> bool:
        """Say whether a call has a stay that has not ended."""
        return any(stay.callid == callid for stay in self._open)

    def count(self) -> int:
        """Count the stays that have not ended."""
        return len(self._open)

    def _restore(self, plain: Any) -> None:
        if plain is None:
            return
        self._open = [_Open(**stay) for stay in plain["open"]]
        if not all(stay.sound() for stay in self._open):
            raise TypeError
        self._second = int(plain["second"])
        self._entered = {str(key): int(count) for key, count in plain["entered"].items()}

    def _enter(self, event: QueueEvent, data: bytes) -> None:
        if event.at != self._second:
            self._second, self._entered = event.at, {}
        place = f"{event.callid}|{event.queue}"
        ordinal = self._entered[place] = self._entered.get(place, 0) + 1
        url_caller_position_name = (*event.params, "", "", "", "")
        stay = _Open(
            callid=event.callid,
            queue=event.queue,
            entered_at=event.at,
            ordinal=ordinal,
            caller=url_caller_position_name[1],
            caller_name=url_caller_position_name[3],
            original_position=number(event.params, 2),
        )
        stay.add(data)
        self._open.append(stay)

    def _pass(self, event: QueueEvent, data: bytes) -> None:
        stay = self._of(event, spoken=False)
        if stay is not None:
            stay.add(data)
            if event.name == "CONNECT":
                stay.connected_at = event.at
                stay.agent = event.agent if event.agent != "NONE" else ""

    def _end(self, event: QueueEvent, data: bytes) -> EndedStay:
        end, read = ENDS[event.name]
        figures = read(event.params)
        stay = self._of(event, spoken=end in SPOKEN)
        if stay is None:
            return _orphan(event, data, end, figures)
        self._open.remove(stay)
        stay.add(data)
        return _ended(stay, event.at, end, figures)

    def _of(self, event: QueueEvent, *, spoken: bool) -> _Open | None:
        """Find the stay of an event: the oldest connected one, or the newest that waits."""
        connected: list[_Open] = []
        waiting: list[_Open] = []
        for stay in self._open:
            if stay.callid == event.callid and stay.queue == event.queue:
                (waiting if stay.connected_at is None else connected).append(stay)
        if spoken and connected:
            return connected[0]
        if spoken:
            return waiting[0] if waiting else None
        return waiting[-1] if waiting else None

    def _expire(self, now: int) -> Iterator[EndedStay]:
        while self._open and now - self._open[0].entered_at > MAX_STAY_S:
            yield self._unfinished(self._open.pop(0), now)

    def _close_all(self, now: int) -> Iterator[EndedStay]:
        while self._open:
            yield self._unfinished(self._open.pop(0), now)

    @staticmethod
    def _unfinished(stay: _Open, now: int) -> EndedStay:
        """Close a stay whose end is not in the log; whoever was connected was answered."""
        end = CallEnd.UNKNOWN if stay.connected_at is None else CallEnd.ANSWERED
        return _ended(stay, now, end, Figures())


def _ended(stay: _Open, at: int, end: CallEnd, figures: Figures) -> EndedStay:
    wait_s = figures.wait_s
    if wait_s is None and end is not CallEnd.UNKNOWN:
        until = stay.connected_at if stay.connected_at is not None else at
        wait_s = max(0, until - stay.entered_at)
    original = figures.original_position
    return EndedStay(
        key=f"{stay.callid}|{stay.queue}|{stay.entered_at}|{stay.ordinal}",
        callid=stay.callid,
        queue=stay.queue,
        entered_at=stay.entered_at,
        ended_at=at,
        end=end,
        caller=stay.caller,
        caller_name=stay.caller_name,
        wait_s=wait_s,
        position=figures.position,
        original_position=stay.original_position if original is None else original,
        call_s=figures.call_s,
        agent=stay.agent,
        lines=tuple(line.encode("utf-8", "surrogateescape") for line in stay.lines),
        lines_dropped=stay.lines_dropped,
    )


def _orphan(event: QueueEvent, data: bytes, end: CallEnd, figures: Figures) -> EndedStay:
    """Make the end of a stay whose beginning was never read; nobody knows the caller."""
    return EndedStay(
        key=f"{event.callid}|{event.queue}|end|{event.at}|{event.name}",
        callid=event.callid,
        queue=event.queue,
        entered_at=None,
        ended_at=event.at,
        end=end,
        caller="",
        caller_name="",
        wait_s=figures.wait_s,
        position=figures.position,
        original_position=figures.original_position,
        call_s=figures.call_s,
        lines=(data,),
        lines_dropped=0,
    )
