"""Calls of which only the queue_log tells: all stays of one caller's channel are one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from connector.domain.call import Aspect, Call, Direction, HangUp, Outcome, Step, StepKind
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_stays import stay_of
from connector.parsing.calls.story import Story
from connector.parsing.calls.telling import blank, told
from connector.parsing.calls.times import moment
from connector.parsing.queue_log import EndedStay


class QueueCalls:
    """Makes calls from stays alone."""

    def __init__(self, numbers: Numbers) -> None:
        """Take what reads numbers."""
        self._numbers = numbers

    def tell(self, stays: Iterable[tuple[EndedStay, str]]) -> Iterator[tuple[Call, str]]:
        """Yield one call for each channel, with the place of its last line."""
        by_call: dict[str, list[tuple[EndedStay, str]]] = {}
        for stay, where in stays:
            by_call.setdefault(stay.callid, []).append((stay, where))
        for ones in by_call.values():
            ones.sort(key=lambda one: one[0].entered_at or one[0].ended_at)
            yield self.call([stay for stay, _ in ones]), ones[-1][1]

    def call(self, ended: list[EndedStay]) -> Call:
        """Tell the call of one channel's stays, which are in the order of time."""
        stays = [stay_of(one) for one in ended]
        first, last = stays[0], stays[-1]
        caller = next((one.caller for one in ended if one.caller), "")
        name = next((one.caller_name for one in ended if one.caller_name), "")
        story = Story(began=first.entered, stage="queue", ended=last.left, stays=[])
        connected = [one for one in stays if one.end is Outcome.ANSWERED]
        if connected:
            story.answered = connected[0].entered + (connected[0].wait_s or 0)
        steps = [
            Step(at=moment(one.entered), kind=StepKind.QUEUED, what=one.queue) for one in stays
        ] + [
            Step(
                at=moment(one.entered + (one.wait_s or 0)),
                kind=StepKind.ANSWERED,
                seconds=one.wait_s,
            )
            for one in connected
        ]
        story.steps = steps
        story.stage = "talk" if last.end is Outcome.ANSWERED else "queue"
        if last.end is Outcome.ABANDONED:
            story.ended_by = HangUp.CALLER
        call = replace(
            blank(ended[0].callid, first.entered, Direction.INBOUND),
            linked_ids=(ended[0].callid,),
            caller=caller,
            caller_e164=self._numbers.e164(caller),
            caller_name=self._numbers.name(name),
            anonymous=self._numbers.withheld(caller, name),
            truncated=last.end is Outcome.UNKNOWN,
            shows=frozenset({Aspect.QUEUES}),
        )
        return told(story, call, stays)
