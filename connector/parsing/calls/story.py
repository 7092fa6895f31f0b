"""What a caller lived through, told by the events of a call: the first half of a `Call`.

Whoever reads a phone system's events calls the methods of `Story` in the order of time;
`Story` knows what follows from what (a hold needs a conversation, a transfer may lead
nowhere), and `told` gives the call. It knows no vendor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from connector.domain.call import (
    Aspect,
    HangUp,
    Heard,
    Hold,
    Outcome,
    StepKind,
    Transfer,
    TransferKind,
)
from connector.parsing.calls.steps import Told
from connector.parsing.calls.times import moment

MAX_STEPS = 400
"""Steps kept of one call: the first ones; a call with more is no timeline for people."""
MIN_HOLD_S = 1
"""Shorter silences are the phone system putting a call through."""
MIN_MESSAGE_S = 2.0
"""A shorter recording is the caller hanging up at the beep."""
REFUSED_S = 1.0
"""Whoever leaves a queue so quickly without hanging up was not let in."""
HANG_UP_ENDS_HOLD_S = 0.5
"""Music that stops so shortly before the hanging up was stopped by it."""
AT_ONCE_S = 1.5
"""Two events so near to each other are one happening."""

# Members of an enumeration cost 0.25 us each time they are named (until Python 3.12).
_MISSED: Final = Outcome.MISSED
_ANSWERED: Final = Outcome.ANSWERED
_RANG: Final = StepKind.RANG
_TALKS: Final = StepKind.ANSWERED
_TRANSFERRED: Final = StepKind.TRANSFERRED
_QUEUED: Final = StepKind.QUEUED
_HEARD: Final = StepKind.HEARD
_HUNG_UP: Final = StepKind.HUNG_UP
_NOBODY: Final = HangUp.UNKNOWN
_LEAVES: Final = frozenset({HangUp.CALLER, HangUp.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One stay in a queue, as events tell it."""

    queue: str
    entered: float
    wait_s: int | None
    end: Outcome
    left: float


@dataclass(slots=True, kw_only=True)
class Story:
    """Collects what happens to one caller; times are epoch seconds."""

    began: float
    last: float = 0.0
    stage: str = ""
    """What the caller was in last: talk, hold, queue, ring, menu, voicemail, parked, transfer."""
    place: int = 0
    partner: str = ""
    """Channel or name of the person in conversation; empty when there is none."""
    talk_began: float | None = None
    answered: float | None = None
    last_talk: float | None = None
    """Seconds with the last person, when that conversation is over."""
    staff: list[str] = field(default_factory=list)
    seen_partners: set[str] = field(default_factory=set)
    transfers: list[Transfer] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    steps: list[Told] = field(default_factory=list)
    times_heard: dict[str, int] = field(default_factory=dict)
    queue: str = ""
    queue_began: float | None = None
    queue_answered: float | None = None
    queue_key: bool = False
    queue_refused: bool = False
    ring_began: float | None = None
    ring_ended: float | None = None
    ring_wait_s: int | None = None
    """Seconds of ringing until the first answer."""
    ring_result: Outcome = _MISSED
    held_since: float | None = None
    hold_ended: float | None = None
    parked_since: float | None = None
    voicemail_box: str = ""
    beep: float | None = None
    message_s: int | None = None
    message_known: bool = False
    closed_notice: bool = False
    ended_by: HangUp = _NOBODY
    ended: float | None = None
    held_at_end: bool = False
    shows: set[Aspect] = field(default_factory=set)

    def step(
        self,
        at: float,
        kind: StepKind,
        *,
        who: str = "",
        what: str = "",
        seconds: int | None = None,
        detail: str = "",
    ) -> None:
        """Add a line to the timeline."""
        if len(self.steps) < MAX_STEPS:
            self.steps.append((at, kind, who, what, seconds, detail))

    def ring(self, at: float) -> None:
        """A phone began to ring for the caller."""
        if not self.queue:
            self.ring_began = at if self.ring_began is None else self.ring_began
            self.ring_ended = None
            if not self.partner:
                self.stage = "ring"

    def unanswered(self, at: float, who: str, seconds: int, result: Outcome) -> None:
        """A phone stopped ringing without an answer."""
        if not self.queue:
            self.ring_ended = at
            self.ring_result = result
        self.step(at, _RANG, who=who, seconds=seconds, detail=result._value_)

    def talks(self, at: float, partner: str, who: str) -> None:
        """A person is in conversation with the caller; `partner` tells one from another."""
        if self.partner == partner:
            return
        back = partner in self.seen_partners
        if back and self.stage == "transfer":
            return  # whoever passed the caller on is not gone yet
        self.pauses(at)
        self.partner = partner
        self.talk_began = at
        self.stage = "talk"
        if self.parked_since is not None:
            self._unpark(at, who)
        if self.queue and self.queue_answered is None:
            self.queue_answered = at
        if back:
            return
        self._answered_by(at, who)
        self.seen_partners.add(partner)

    def _answered_by(self, at: float, who: str) -> None:
        since = self._waiting_since()
        waited = None if since is None else max(0, round(at - since))
        self.staff.append(who)
        self.place += 1
        if self.answered is None:
            self.answered, self.ring_wait_s = at, waited
        if self.transfers and not self.transfers[-1].answered:
            last = self.transfers[-1]
            self.transfers[-1] = _reached(last, who)
        self.step(at, _TALKS, who=who, seconds=waited)

    def _waiting_since(self) -> float | None:
        if self.queue_began is not None and self.queue:
            return self.queue_began
        if self.ring_began is not None and self.answered is None:
            return self.ring_began
        return None

    def pauses(self, at: float) -> None:
        """The person is away: transferred, consulting somebody else, or gone."""
        if self.partner and self.talk_began is not None:
            self.last_talk = at - self.talk_began
        self.partner, self.talk_began = "", None

    def holds_begin(self, at: float) -> None:
        """Music began for a caller who had been answered and is in no queue."""
        if self.held_since is None and self.parked_since is None:
            self.held_since = at
            self.stage = "hold"

    def holds_end(self, at: float) -> None:
        """The music ended."""
        if self.held_since is None:
            return
        self.hold_ended = at
        seconds = round(at - self.held_since)
        if seconds >= MIN_HOLD_S:
            self.holds.append(Hold(at=moment(self.held_since), seconds=seconds))
            self.step(self.held_since, StepKind.HELD, seconds=seconds)
        self.held_since = None
        if self.stage == "hold":
            self.stage = "talk"

    def parks(self, at: float) -> None:
        """The caller was parked."""
        self.holds_end(at)
        self.pauses(at)
        last = self.transfers[-1] if self.transfers else None
        if last is not None and not last.answered and at - last.at.timestamp() <= AT_ONCE_S:
            self.transfers.pop()  # a transfer into the parking lot is no transfer to anybody
            self.steps = [
                step
                for step in self.steps
                if step[1] is not _TRANSFERRED or moment(step[0]) != last.at
            ]
        self.parked_since = at
        self.stage = "parked"

    def _unpark(self, at: float, who: str) -> None:
        since = self.parked_since
        if since is not None:
            seconds = max(0, round(at - since))
            self.holds.append(Hold(at=moment(since), seconds=seconds, parked=True))
            self.step(since, StepKind.PARKED, who=who, seconds=seconds)
        self.parked_since = None

    def transferred(
        self, at: float, kind: TransferKind, by: str, to: str, *, answered: bool
    ) -> None:
        """The caller was passed on; `answered` when somebody already has the call."""
        self.leaves(at)
        found = Transfer(at=moment(at), kind=kind, by=by, to=to, answered=answered)
        self.transfers.append(found)
        self.place += 1
        self.step(at, _TRANSFERRED, who=by, what=to, detail=kind._value_)
        if answered:
            self._put_before_answer(at)
        else:
            self.pauses(at)
            self.stage = "transfer"
            self.ring_began = self.ring_ended = None

    def _put_before_answer(self, at: float) -> None:
        """Tell an attended transfer before the answer that came an instant earlier."""
        if len(self.steps) < 2:  # noqa: PLR2004 - the two to exchange
            return
        before, last = self.steps[-2:]
        near = at - before[0] <= AT_ONCE_S
        if near and before[1] is _TALKS and last[1] is _TRANSFERRED:
            self.steps[-2:] = [(before[0], *last[1:]), before]

    def plays(self, at: float, name: str) -> None:
        """A recording of the practice was played to the caller."""
        self.heard.append(Heard(at=moment(at), name=name, place=self.place))
        time = self.times_heard[name] = self.times_heard.get(name, 0) + 1
        self.step(at, _HEARD, what=name, seconds=time)
        if not self.partner and self.stage not in {"queue", "voicemail"}:
            self.stage = "transfer" if self.stage == "transfer" else "menu"

    def menu(self) -> None:
        """The caller is in a menu."""
        if not self.partner:
            self.stage = "transfer" if self.stage == "transfer" else "menu"

    def enters(self, at: float, queue: str) -> None:
        """The caller entered a queue."""
        self.leaves(at)
        self.queue, self.queue_began = queue, at
        self.queue_answered, self.queue_key, self.queue_refused = None, False, False
        self.stage = "queue"
        if self.transfers and not self.transfers[-1].answered and self.transfers[-1].to:
            self.transfers[-1] = replace(self.transfers[-1], kind=TransferKind.QUEUE)
        self.step(at, _QUEUED, what=queue)

    def leaves(self, at: float) -> None:
        """The caller left the queue, if there was one."""
        if not self.queue or self.queue_began is None:
            return
        until = at if self.queue_answered is None else self.queue_answered
        wait_s = max(0, round(until - self.queue_began))
        end = _ANSWERED
        if self.queue_answered is None:
            end = Outcome.KEY if self.queue_key else Outcome.TIMEOUT
            quick = at - self.queue_began < REFUSED_S or self.queue_refused
            if quick and not self.queue_key:
                end = Outcome.REFUSED
            self.place += 1
        stay = Stay(queue=self.queue, entered=self.queue_began, wait_s=wait_s, end=end, left=at)
        self.stays.append(stay)
        self.queue, self.queue_began = "", None

    def voicemail(self, at: float, box: str) -> None:
        """The voicemail took the call."""
        self.leaves(at)
        self.voicemail_box, self.stage = box, "voicemail"
        self.beep = None
        self.step(at, StepKind.VOICEMAIL, what=box)

    def beeps(self, at: float) -> None:
        """The voicemail began to record."""
        if self.stage == "voicemail":
            self.beep, self.message_known = at, True

    def records_end(self, at: float) -> None:
        """The recording ended: the caller hung up, pressed a key, or the box was full."""
        if self.stage == "voicemail" and self.beep is not None:
            seconds = at - self.beep
            if seconds >= MIN_MESSAGE_S:
                self.message_s = max(self.message_s or 0, round(seconds))
                self.step(
                    self.beep, StepKind.MESSAGE, what=self.voicemail_box, seconds=round(seconds)
                )
            self.beep = None

    def hangs_up(self, at: float, by: HangUp, result: Outcome | None) -> None:
        """The caller's line ended; `result` is how the last ringing ended, where that is known."""
        self.ended_by = by
        let_go = self.hold_ended is not None and at - self.hold_ended <= HANG_UP_ENDS_HOLD_S
        self.held_at_end = self.held_since is not None or let_go
        self.records_end(at)
        self.holds_end(at)
        if self.parked_since is not None:
            self._unpark(at, "")
        self.pauses(at)
        if result is not None and self.ring_began is not None:
            self.ring_result = result
        if self.ring_ended is None:
            self.ring_ended = at
        self._ends_queue(at, by)
        self.ended = at
        self.step(at, _HUNG_UP, detail=by._value_)

    def _ends_queue(self, at: float, by: HangUp) -> None:
        """A queue that the caller left by hanging up was abandoned."""
        inside = bool(self.queue)
        self.leaves(at)
        last = self.stays[-1] if self.stays else None
        if last is None or last.end is _ANSWERED or self.stage != "queue":
            return
        near = inside or at - last.left <= AT_ONCE_S
        if near and by in _LEAVES:
            self.stays[-1] = replace(last, end=Outcome.ABANDONED)


def _reached(transfer: Transfer, who: str) -> Transfer:
    """Give a transfer that somebody answered."""
    return Transfer(
        at=transfer.at,
        kind=transfer.kind,
        by=transfer.by,
        to=transfer.to or who,
        answered=True,
    )
