"""Calls of which only the queue_log tells: all stays of one caller's channel are one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connector.domain.call import (
    Aspect,
    Call,
    Direction,
    HangUp,
    Outcome,
    StepKind,
    Transfer,
    TransferKind,
)
from connector.parsing.calls.channels import endpoint
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.queue_stays import stay_of
from connector.parsing.calls.story import Stay, Story
from connector.parsing.calls.telling import Known, told
from connector.parsing.calls.times import moment
from connector.parsing.queue_events import CallEnd
from connector.parsing.queue_log import EndedStay


class QueueCalls:
    """Makes calls from stays alone."""

    def __init__(self, numbers: Numbers) -> None:
        """Take what reads numbers."""
        self._numbers = numbers

    def tell(
        self, stays: Iterable[tuple[EndedStay, str]], *, key: str = ""
    ) -> Iterator[tuple[Call, str]]:
        """Yield one call for each channel, with the place of its last line.

        `key` is what the call is called, where its channel's id is taken already.
        """
        by_call: dict[str, list[tuple[EndedStay, str]]] = {}
        for stay, where in stays:
            by_call.setdefault(stay.callid, []).append((stay, where))
        for ones in by_call.values():
            ones.sort(key=lambda one: one[0].entered_at or one[0].ended_at)
            yield self.call([stay for stay, _ in ones], key=key), ones[-1][1]

    def call(self, ended: list[EndedStay], *, key: str = "") -> Call:
        """Tell the call of one channel's stays, which are in the order of time."""
        stays = [stay_of(one) for one in ended]
        first, last = stays[0], stays[-1]
        caller = next((one.caller for one in ended if one.caller), "")
        name = next((one.caller_name for one in ended if one.caller_name), "")
        story = Story(began=first.entered, ended=last.left)
        _happens(story, ended, stays)
        if last.end is Outcome.ABANDONED:
            story.ended_by = HangUp.CALLER
        known: Known = {
            "key": key or ended[0].callid,
            "started_at": moment(first.entered),
            "direction": Direction.INBOUND,
            "linked_ids": (ended[0].callid,),
            "caller": caller,
            "caller_e164": self._numbers.e164(caller),
            "caller_name": self._numbers.name(name),
            "anonymous": self._numbers.withheld(caller, name),
        }
        cut = last.end is Outcome.UNKNOWN
        return told(story, known, stays, truncated=cut, shows=frozenset({Aspect.QUEUES}))


def _happens(story: Story, ended: Sequence[EndedStay], stays: Sequence[Stay]) -> None:
    """Tell stay by stay: entered, answered, passed on."""
    for index, (one, stay) in enumerate(zip(ended, stays, strict=True)):
        story.step(stay.entered, StepKind.QUEUED, what=stay.queue)
        story.stage = "queue"
        if stay.end is not Outcome.ANSWERED:
            continue
        who, at = _member(one.agent), stay.entered + (stay.wait_s or 0)
        story.stage, story.last_talk = "talk", one.call_s
        story.answered = at if story.answered is None else story.answered
        story.staff += [who] if who else []
        story.step(at, StepKind.ANSWERED, who=who, seconds=stay.wait_s)
        if one.end is CallEnd.TRANSFERRED:
            _passed_on(story, who, stay.left, stays[index + 1 : index + 2])


def _passed_on(story: Story, who: str, at: float, following: Sequence[Stay]) -> None:
    """Tell a transfer; where to is known only when it was another queue."""
    kind = TransferKind.QUEUE if following else TransferKind.UNKNOWN
    to = following[0].queue if following else ""
    answered = bool(following) and following[0].end is Outcome.ANSWERED
    story.transfers.append(Transfer(at=moment(at), kind=kind, by=who, to=to, answered=answered))
    story.step(at, StepKind.TRANSFERRED, who=who, what=to, detail=kind.value)


def _member(agent: str) -> str:
    """Name a member: as the queue names it, or the phone of its interface (`PJSIP/101`)."""
    return endpoint(agent) or agent
