"""From the rows of one call to a `Call` for each caller.

Every channel that began the call from outside is a caller with a story of their own; without
one, whoever began it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connector.domain.call import Aspect, Call, Direction
from connector.parsing.calls import channels
from connector.parsing.calls.cel_groups import Group
from connector.parsing.calls.cel_rows import Row
from connector.parsing.calls.cel_story import CelReader, Cut, Events
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.story import Stay
from connector.parsing.calls.telling import blank, told
from connector.parsing.calls.times import Clock, id_epoch

MAX_BACK_S = 2.0
"""Events out of order by no more than this are sorted; more is a clock that was set."""
TRANSFER_FIRST_S = 0.05
"""A transfer is logged up to some milliseconds after what it brings about."""

_TRANSFERS = frozenset({"BLINDTRANSFER", "ATTENDEDTRANSFER"})


class CelTeller:
    """Makes calls from groups of rows; the same group always gives the same calls."""

    def __init__(self, clock: Clock, phones: Phones, numbers: Numbers) -> None:
        """Take what is known of the phone system and the practice."""
        self._clock = clock
        self._phones = phones
        self._numbers = numbers

    def tell(self, group: Group, stays: Mapping[str, list[Stay]]) -> list[Call]:
        """Give the call of each caller; `stays` are the queue_log's, by the caller's id."""
        events = self._ordered(group)
        if not events:
            return []
        first = _begun(events)
        callers = [row for row in first if self._outside(row)] or first[:1]
        begun = frozenset(row[14] for row in first)
        kinds = frozenset(row[0] for _, row in events)
        return [
            self._told(
                group,
                Cut(events=events, begun=row, others=begun, kinds=kinds),
                stays.get(row[14], []),
            )
            for row in callers
        ]

    def _told(self, group: Group, cut: Cut, stays: list[Stay]) -> Call:
        story = CelReader(cut, self._phones).read()
        begun, events = cut.begun, cut.events
        direction, dialled = self._direction(begun, events)
        own = [row for _, row in events if row[14] == begun[14]]
        number = next((row[3] for row in own if row[3]), "") or next(
            (row[4] for row in own if row[4]), ""
        )
        name = next((row[2] for row in own if row[2]), "")
        call = replace(
            blank(begun[14], story.began, direction),
            linked_ids=tuple(sorted(group.links)),
            caller=number,
            caller_e164=self._numbers.e164(number),
            caller_name=self._numbers.name(name),
            anonymous=self._numbers.withheld(number, name),
            dialled=dialled,
            dialled_e164=self._numbers.e164(dialled),
            truncated=group.truncated,
            shows=_shows(events, cut.kinds),
        )
        return told(story, call, stays)

    def _ordered(self, group: Group) -> Events:
        """Give the rows in the order of time; where a clock was set back, in the file's order."""
        events: Events = []
        known: set[tuple[str, ...]] = set()
        latest = 0.0
        sort = False
        epoch = self._clock.epoch
        for row in group.rows:
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
            if row[0] in _TRANSFERS and at != int(at):
                events.append((at - TRANSFER_FIRST_S, row))
                sort = True
            else:
                events.append((at, row))
        if sort:
            events.sort(key=_when)
        return events

    def _outside(self, row: Row) -> bool:
        return channels.is_outside(row[9], row[3], row[8], self._phones)

    def _direction(self, begun: Row, events: Events) -> tuple[Direction, str]:
        """Say between whom the call is, and what was dialled."""
        if self._outside(begun):
            return Direction.INBOUND, _did(begun, events)
        dialled = _dialled(begun, events)
        if len(channels.digits(dialled)) > channels.EXTENSION_DIGITS:
            return Direction.OUTBOUND, dialled
        for _, row in events:
            other = row[0] == "CHAN_START" and row[14] != begun[14]
            if other and channels.is_line(row[9], self._phones):
                return Direction.OUTBOUND, dialled
        return Direction.INTERNAL, dialled


def _shows(events: Events, kinds: frozenset[str]) -> frozenset[Aspect]:
    shows = {Aspect.QUEUES, Aspect.TRANSFERS, Aspect.MENU}
    if kinds & {"STREAM_BEGIN", "LINKEDID_END"}:
        shows |= {Aspect.HOLDS, Aspect.RECORDINGS}
    if any('"hangupsource"' in row[19] for _, row in events if row[0] == "HANGUP"):
        shows.add(Aspect.HANG_UP)
    return frozenset(shows)


def _when(event: tuple[float, Row]) -> float:
    return event[0]


def _begun(events: Events) -> list[Row]:
    """Give the first row of each channel that began a call: its id is the linked id."""
    found: dict[str, Row] = {}
    for _, row in events:
        if row[14] == row[15] and row[14] not in found:
            found[row[14]] = row
    return list(found.values()) or [events[0][1]]


def _did(begun: Row, events: Events) -> str:
    """Give the line that was called: the first extension that is a number."""
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
