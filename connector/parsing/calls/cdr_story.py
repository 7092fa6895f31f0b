"""From the records of one call to a `Call`: what CDR can show, and nothing that it cannot.

All records of the caller's channel are written together when it ends, one for each other party.
Who follows upon whom tells of transfers; holds, recordings, who hung up and whether a message
was left are not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connector.domain.call import Aspect, Call, Direction, HangUp, Outcome, TransferKind
from connector.parsing.calls import channels
from connector.parsing.calls.cdr_rows import Cdr
from connector.parsing.calls.channels import Phones
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.story import Stay, Story
from connector.parsing.calls.telling import Known, told
from connector.parsing.calls.times import moment

_VOICEMAIL: Final = frozenset({"voicemail", "minivmrecord"})
_MENU: Final = frozenset({"background", "waitexten", "read", "playback", "ivr", "directory"})
_RESULTS: Final = {
    "BUSY": Outcome.BUSY,
    "FAILED": Outcome.FAILED,
    "CONGESTION": Outcome.FAILED,
}
SHORT_S: Final = 2
"""A queue that is left so quickly, with no phone rung, did not let the caller in."""


class CdrTeller:
    """Makes calls from records that belong together."""

    def __init__(self, phones: Phones, numbers: Numbers) -> None:
        """Take what is known of the phone system and the practice."""
        self._phones = phones
        self._numbers = numbers

    def tell(self, records: Sequence[Cdr], stays: dict[str, list[Stay]]) -> Call:
        """Give the call of records with one linked id; `stays` are the queue_log's."""
        ordered = sorted(records, key=lambda one: (one.start, one.sequence))
        outside = [one for one in ordered if self._outside(one)]
        first = next((one for one in outside if one.unique == one.linked), (outside or ordered)[0])
        own = [one for one in ordered if _same_party(one, first)]
        story = Story(began=own[0].start)
        for one in own:
            self._happens(story, one)
        story.hangs_up(max(one.end for one in own), HangUp.UNKNOWN, _last_result(own))
        found = stays.get(first.unique, [])
        known = self._known(first, own, ordered)
        return told(story, known, found, shows=frozenset({Aspect.TRANSFERS}))

    def _known(self, first: Cdr, own: list[Cdr], ordered: list[Cdr]) -> Known:
        direction, dialled = self._direction(first, own)
        return {
            "key": first.unique or f"{first.channel}|{int(first.start)}",
            "started_at": moment(own[0].start),
            "direction": direction,
            "linked_ids": tuple(sorted({one.linked for one in ordered if one.linked})),
            "caller": first.number,
            "caller_e164": self._numbers.e164(first.number),
            "caller_name": self._numbers.name(first.name),
            "anonymous": self._numbers.withheld(first.number, first.name),
            "dialled": dialled,
            "dialled_e164": self._numbers.e164(dialled),
        }

    def _direction(self, first: Cdr, own: list[Cdr]) -> tuple[Direction, str]:
        if self._outside(first):
            lines = [one.did or one.dst for one in own]
            long = [
                text for text in lines if len(channels.digits(text)) > channels.EXTENSION_DIGITS
            ]
            return Direction.INBOUND, (long or lines)[0]
        dialled = max((one.dst for one in own), key=lambda text: len(channels.digits(text)))
        far = any(channels.is_line(one.dstchannel, self._phones) for one in own if one.dstchannel)
        if far or len(channels.digits(dialled)) > channels.EXTENSION_DIGITS:
            return Direction.OUTBOUND, dialled
        return Direction.INTERNAL, dialled

    def _outside(self, one: Cdr) -> bool:
        return channels.is_outside(one.channel, one.number, one.context, self._phones)

    def _happens(self, story: Story, one: Cdr) -> None:
        """Tell one record: rung, answered, queued, voicemail, menu."""
        if one.app in _VOICEMAIL:
            story.voicemail(one.start, one.data.partition("@")[0].partition(",")[0])
        elif one.app == "park":
            story.parks(one.start)
        elif one.dstchannel:
            self._meets(story, one)
        elif one.app == "queue":
            self._enters(story, one)
        elif one.app in _MENU:
            story.menu()

    def _meets(self, story: Story, one: Cdr) -> None:
        if story.last and one.start < story.last - SHORT_S:
            return  # rang beside whoever answered
        who = channels.person(one.dstchannel, one.dst, self._phones)
        if story.answered is not None and story.parked_since is None and story.stage != "ring":
            kind = TransferKind.QUEUE if one.app == "queue" else TransferKind.UNKNOWN
            if story.partner or story.stage == "talk":
                story.transferred(one.start, kind, story.staff[-1], who, answered=False)
        if one.app == "queue":
            self._enters(story, one)
        else:
            story.ring(one.start)
        if one.answered and one.talk_s > 0:
            at = one.end - one.talk_s
            story.talks(max(at, one.start), one.dstchannel, who)
            story.last = one.end
            if one.app == "queue":
                story.leaves(one.end)
        else:
            result = _RESULTS.get(one.disposition, Outcome.MISSED)
            story.unanswered(one.end, who, round(one.end - one.start), result)

    def _enters(self, story: Story, one: Cdr) -> None:
        queue = one.data.partition(",")[0]
        if story.queue != queue:
            story.enters(one.start, queue)
        if not one.dstchannel and one.end - one.start <= SHORT_S:
            story.queue_refused = True


def _same_party(one: Cdr, first: Cdr) -> bool:
    if one.unique or first.unique:
        return one.unique == first.unique
    return one.channel == first.channel


def _last_result(own: list[Cdr]) -> Outcome | None:
    last = own[-1]
    return None if last.answered else _RESULTS.get(last.disposition, Outcome.MISSED)
