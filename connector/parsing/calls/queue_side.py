"""The queue_log beside a channel log: read along, its stays kept until their call is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from connector.domain.errors import Unavailable
from connector.parsing.calls.found import Broken
from connector.parsing.calls.queue_stays import (
    MAX_WAITING_STAYS,
    stay_from_plain,
    stay_of,
    stay_to_plain,
)
from connector.parsing.calls.story import Stay
from connector.parsing.queue_events import Malformed, parse_line
from connector.parsing.queue_log import EndedStay, Stays
from connector.parsing.tail import Chunk, Gap, Line, Position, follow

REMEMBERED = 1_024
"""Channels of calls that were told last: what comes late for them is passed over."""
GONE_ON_S = 60
"""A stay is a call of its own when the leading log went on for so long after it without it."""
UNSEEN_S = 600
"""The same by the clock on the wall, where the leading log is silent."""
SLACK_S = 2
"""The queue_log is read so far beyond the channel log: its times are whole seconds."""


class QueueSide:
    """Follows one queue_log."""

    def __init__(
        self, path: Path, edge: str, plain: object, earlier: tuple[Path, ...] = ()
    ) -> None:
        """Go on with what `plain` gave; without that, begin with the logs of `earlier`."""
        known: dict[str, Any] = plain if isinstance(plain, dict) else {}
        self._path, self._edge = path, edge
        self._position = Position.from_plain(known.get("position"))
        self._stays = Stays(known.get("open") if self._position else None)
        self._ended: dict[str, list[tuple[EndedStay, str]]] = {}
        self._told: dict[str, None] = {}
        self._count = 0
        self.late = 0
        """Stays that came for calls that were told."""
        self._now = 0
        self._starts: list[float] = []
        self._reading: Iterator[Chunk] | None = None
        self._problems: list[Broken] = []
        self.missing = ""
        """Why the log cannot be read at the moment, or empty."""
        if self._position is not None:
            told = known.get("told")
            self._told = dict.fromkeys(map(str, told)) if isinstance(told, list) else {}
            self._restore(known.get("ended"))
            earlier = ()
        for one in earlier:
            for chunk in follow(one, None, edge=edge):
                self._take(chunk)

    def plain(self) -> dict[str, Any]:
        """Give the state as what JSON can hold."""
        return {
            "position": self._position.plain() if self._position else None,
            "open": self._stays.plain(),
            "told": list(self._told),
            "ended": [
                stay_to_plain(stay, where) for ones in self._ended.values() for stay, where in ones
            ],
        }

    def pump(self, until: float | None) -> list[Broken]:
        """Read on until the log is past a time, or to its present end; give what is unreadable.

        A log that is missing is no fault here: the channel log goes on without it.
        """
        fresh = False
        while until is None or self._now <= until + SLACK_S:
            chunk = self._next()
            if chunk is None:
                if fresh:
                    break
                fresh, self._reading = True, None  # once more: lines may have come since
                continue
            self._take(chunk)
            self._position = chunk.position
        problems, self._problems = self._problems, []
        return problems

    def claim(self, legs: Iterable[str]) -> dict[str, list[Stay]]:
        """Take the ended stays of a call's channels, by channel, in the order of time."""
        found: dict[str, list[Stay]] = {}
        for leg in legs:
            self._told[leg] = None
            ended = self._ended.pop(leg, None)
            if ended:
                self._count -= len(ended)
                stays = [stay_of(stay) for stay, _ in ended]
                found[leg] = sorted(stays, key=lambda stay: stay.entered)
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return found

    def unclaimed(
        self, before: float | None, is_open: Callable[[str], bool]
    ) -> list[tuple[EndedStay, str]]:
        """Take stays that ended before a time and that no call of the leading log asked for.

        `is_open` says of a channel whether its call goes on there: then it may still ask.
        """
        taken: list[tuple[EndedStay, str]] = []
        over = self._count - MAX_WAITING_STAYS
        for callid in list(self._ended):
            ones = self._ended[callid]
            known = self._stays.is_open(callid) or is_open(callid)
            quiet = before is not None and ones[-1][0].ended_at < before and not known
            if before is None or quiet or over > 0:
                over -= len(ones)
                self._count -= len(ones)
                taken += self._ended.pop(callid)
                self._told[callid] = None
        return taken

    def restarts(self) -> list[float]:
        """Take the times at which the phone system started anew."""
        starts, self._starts = self._starts, []
        return starts

    def _next(self) -> Chunk | None:
        try:
            if self._reading is None:
                self._reading = follow(self._path, self._position, edge=self._edge)
            chunk = next(self._reading, None)
        except Unavailable as fault:
            self.missing, self._reading = fault.problem, None
            return None
        self.missing = ""
        if chunk is None:
            self._reading = None
        return chunk

    def _take(self, chunk: Chunk) -> None:
        for item in chunk.items:
            if isinstance(item, Gap) or item.problem:
                self._problem(item, item.problem)
                continue
            event = parse_line(item.data)
            if isinstance(event, Malformed):
                self._problem(item, event.problem)
            elif event is not None:
                self._now = max(self._now, event.at)
                if event.name == "QUEUESTART":
                    self._starts.append(float(event.at))
                for stay in self._stays.feed(event, item.data):
                    self._keep(stay, item.locator)

    def _keep(self, stay: EndedStay, where: str) -> None:
        """Keep a stay until its call is told; a log may bring its lines twice."""
        if stay.callid in self._told:
            self.late += 1
            return
        kept = self._ended.setdefault(stay.callid, [])
        if all(known.key != stay.key for known, _ in kept):
            kept.append((stay, where))
            self._count += 1

    def _problem(self, item: Line | Gap, problem: str) -> None:
        raw = b"" if isinstance(item, Gap) else item.data
        self._problems.append(Broken(locator=item.locator, problem=problem, raw=raw))

    def _restore(self, plain: object) -> None:
        for one in plain if isinstance(plain, list) else ():
            try:
                stay, where = stay_from_plain(one)
            except (TypeError, ValueError, KeyError):
                continue
            self._keep(stay, where)
