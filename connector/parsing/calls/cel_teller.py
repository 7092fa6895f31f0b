"""From the rows of one call to a `Call` for each caller.

Every channel that began the call from outside is a caller with a story of their own; without
one, whoever began it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Final

from connector.domain.call import Aspect, Call, Direction
from connector.parsing.calls import channels
from connector.parsing.calls.cel_groups import Group
from connector.parsing.calls.cel_rows import Row
from connector.parsing.calls.cel_story import CelReader, Cut, Events
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.story import Stay
from connector.parsing.calls.telling import Known, told
from connector.parsing.calls.times import Clock, id_epoch, moment, plausible

MAX_BACK_S = 2.0
"""Events out of order by no more than this are sorted; more is a clock that was set."""
TRANSFER_FIRST_S = 0.05
"""A transfer is logged up to some milliseconds after what it brings about."""

_TRANSFERS: Final = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER"})
_STREAMING: Final = frozenset({"STREAM_BEGIN", "LINKEDID_END"})
_kind = itemgetter(0)
_INBOUND: Final = Direction.INBOUND
_LEAST: Final = frozenset({Aspect.QUEUES, Aspect.TRANSFERS, Aspect.MENU})
_MORE: Final = frozenset({Aspect.HOLDS, Aspect.RECORDINGS})
_WHO: Final = frozenset({Aspect.HANG_UP})
_SHOWS: Final = {
    (more, who): _LEAST | (_MORE if more else frozenset()) | (_WHO if who else frozenset())
    for more in (False, True)
    for who in (False, True)
}
"""What is shown, by whether streams (or newer events) and who hung up are in the log."""


class CelTeller:
    """Makes calls from groups of rows; the same group always gives the same calls."""

    def __init__(self, clock: Clock, phones: Phones, numbers: Numbers) -> None:
        """Take what is known of the phone system and the practice."""
        self._clock = clock
        self._phones = phones
        self._numbers = numbers

    def tell(self, group: Group, stays: Mapping[str, list[Stay]]) -> list[Call]:
        """Give the call of each caller; `stays` are the queue_log's, by the caller's id."""
        kinds = frozenset(map(_kind, group.rows))
        events = self._in_order(group.rows, kinds)
        if not events:
            events = self._ordered(group.rows)
            kinds = frozenset([row[0] for _, row in events])
        if not events:
            return []
        first = _begun(events, group.links)
        callers = [one for one in first if self._outside(one[1])]
        outside = bool(callers)
        begun = frozenset([row[14] for _, row in first])
        shows = _shows(events, kinds)
        calls: list[Call] = []
        for at, row in callers or first[:1]:
            cut = Cut(events, row, at, kinds, begun)
            story = CelReader(cut, self._phones).read()
            known = self._known(group, cut, outside=outside)
            found = stays.get(row[14])
            calls.append(told(story, known, found, truncated=group.truncated, shows=shows))
        return calls

    def _known(self, group: Group, cut: Cut, *, outside: bool) -> Known:
        begun, events, numbers = cut.begun, cut.events, self._numbers
        direction, dialled = self._direction(begun, events, outside=outside)
        number = begun[3] or _first(cut, 3) or begun[4] or _first(cut, 4)
        name = begun[2] or _first(cut, 2)
        return {
            "key": begun[14],
            "started_at": moment(cut.began),
            "direction": direction,
            "linked_ids": tuple(sorted(group.links)),
            "caller": number,
            "caller_e164": numbers.e164(number),
            "caller_name": numbers.name(name) if name else "",
            "anonymous": numbers.withheld(number, name),
            "dialled": dialled,
            "dialled_e164": numbers.e164(dialled),
        }

    def _in_order(self, rows: Sequence[Row], kinds: frozenset[str]) -> Events:
        """Give rows as they stand, nine calls in ten; nothing where anything has to be decided.

        That is when times are no epochs, repeat themselves or go back: `_ordered` takes 1 us
        for each row, this 0.3.
        """
        texts = [row[1] for row in rows]
        try:
            times = [float(text) for text in texts]
        except ValueError:
            return []
        if times != sorted(set(times)) or not "".join(texts).replace(".", "").isdecimal():
            return []
        if not plausible(times[0]) or not plausible(times[-1]):
            return []
        events = list(zip(times, rows, strict=True))
        if not _TRANSFERS.isdisjoint(kinds):
            events = [(_shifted(at, row), row) for at, row in events]
            events.sort(key=_when)
        return events

    def _ordered(self, rows: Sequence[Row]) -> Events:
        """Give the rows in the order of time; where a clock was set back, in the file's order."""
        events: Events = []
        known: set[tuple[str, ...]] = set()
        latest = 0.0
        sort = False
        epoch = self._clock.epoch
        for row in rows:
            same = (row[1], row[0], row[14], row[19], row[11])
            if same in known and "." in row[1]:
                continue  # to the microsecond: the line was written twice
            known.add(same)
            at = epoch(row[1], latest or id_epoch(row[14]))
            if at is None:
                continue
            if at < latest:
                if latest - at <= MAX_BACK_S:
                    sort = True
                else:
                    at = latest
            else:
                latest = at
            events.append((_shifted(at, row), row))
            sort = sort or row[0] in _TRANSFERS
        if sort:
            events.sort(key=_when)
        return events

    def _outside(self, row: Row) -> bool:
        return channels.is_outside(row[9], row[3], row[8], self._phones)

    def _direction(self, begun: Row, events: Events, *, outside: bool) -> tuple[Direction, str]:
        """Say between whom the call is, and what was dialled."""
        if outside:
            return _INBOUND, _did(begun, events)
        dialled = _dialled(begun, events)
        if len(channels.digits(dialled)) > channels.EXTENSION_DIGITS:
            return Direction.OUTBOUND, dialled
        for _, row in events:
            other = row[0] == "CHAN_START" and row[14] != begun[14]
            if other and channels.is_line(row[9], self._phones):
                return Direction.OUTBOUND, dialled
        return Direction.INTERNAL, dialled


def _shows(events: Events, kinds: frozenset[str]) -> frozenset[Aspect]:
    more = not _STREAMING.isdisjoint(kinds)
    ends = (row for _, row in reversed(events) if row[0] == "HANGUP")
    who = any('"hangupsource"' in row[19] for row in ends)
    return _SHOWS[more, who]


def _shifted(at: float, row: Row) -> float:
    """Put a transfer before what it brings about, where times are finer than seconds."""
    return at - TRANSFER_FIRST_S if row[0] in _TRANSFERS and at != int(at) else at


def _when(event: tuple[float, Row]) -> float:
    return event[0]


def _first(cut: Cut, column: int) -> str:
    """Give the first that the caller's channel tells of something; '' for nothing."""
    unique = cut.begun[14]
    return next((row[column] for _, row in cut.events if row[14] == unique and row[column]), "")


def _begun(events: Events, links: Sequence[str]) -> list[tuple[float, Row]]:
    """Give the first row of each channel that began a call: its id is the linked id."""
    if len(links) == 1:  # all rows have it
        return [next((event for event in events if event[1][14] == links[0]), events[0])]
    found: dict[str, tuple[float, Row]] = {}
    for event in events:
        unique = event[1][14]
        if unique == event[1][15] and unique not in found:
            found[unique] = event
    return list(found.values()) or events[:1]


def _did(begun: Row, events: Events) -> str:
    """Give the line that was called: the first extension that is a number."""
    if len(begun[7]) > 1 and channels.digits(begun[7]):
        return begun[7]
    for _, row in events:
        if row[14] != begun[14]:
            continue
        for text in (row[7], row[6]):
            if channels.digits(text) and len(text) > 1:
                return text
    return begun[7]


def _dialled(begun: Row, events: Events) -> str:
    """Give what was dialled on a phone inside: the longest number it asked for."""
    best = begun[7]
    for _, row in events:
        if row[14] == begun[14] and len(channels.digits(row[7])) > len(channels.digits(best)):
            best = row[7]
    return best
