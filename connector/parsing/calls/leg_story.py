"""Rows of one call to the call: who was reached, who passed it on, how it ended.

What the rows do not show is left unknown. Rows that ring at the same time (a hunt group) are one
attempt; whatever begins after somebody answered is a transfer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from connector.domain.call import (
    Aspect,
    Call,
    Direction,
    HangUp,
    Hold,
    Outcome,
    QueueStay,
    Step,
    StepKind,
    Transfer,
    TransferKind,
)
from connector.parsing.calls.legs import Leg
from connector.parsing.calls.numbers import Numbers
from connector.parsing.calls.steps import Steps
from connector.parsing.calls.times import moment

SAME_MOMENT_S: Final = 2.0
"""What begins so shortly before the answer of another leg rang together with it."""
MAX_STEPS: Final = 200
"""Kept of one call."""

_VOICEMAIL: Final = frozenset(
    {Outcome.VOICEMAIL, Outcome.VOICEMAIL_NO_MESSAGE, Outcome.VOICEMAIL_UNCLEAR}
)
# Where several legs end together, the one that says most about the caller.
_WEIGHT: Final[Mapping[Outcome, int]] = {
    Outcome.VOICEMAIL: 9,
    Outcome.VOICEMAIL_NO_MESSAGE: 8,
    Outcome.VOICEMAIL_UNCLEAR: 8,
    Outcome.ABANDONED: 7,
    Outcome.REFUSED: 6,
    Outcome.EMPTY: 6,
    Outcome.TIMEOUT: 6,
    Outcome.KEY: 6,
    Outcome.WITHDRAWN: 6,
    Outcome.MISSED: 5,
    Outcome.BUSY: 4,
    Outcome.FAILED: 3,
    Outcome.MENU_DEAD_END: 2,
    Outcome.MENU: 2,
}
_QUEUE_ENDS: Final = frozenset(
    {
        Outcome.ANSWERED,
        Outcome.ABANDONED,
        Outcome.TIMEOUT,
        Outcome.EMPTY,
        Outcome.REFUSED,
        Outcome.KEY,
        Outcome.WITHDRAWN,
        Outcome.FAILED,
    }
)
# Members of an enumeration cost 0.25 us each time they are named (until Python 3.12).
_ANSWERED: Final = Outcome.ANSWERED
_UNKNOWN: Final = Outcome.UNKNOWN
_NOWHERE: Final = Direction.UNKNOWN
_NOBODY: Final = HangUp.UNKNOWN


def call_of(legs: Sequence[Leg], numbers: Numbers, shows: frozenset[Aspect]) -> Call:
    """Put the rows of one call together; `legs` are not empty and belong together."""
    ordered = sorted(legs, key=lambda leg: (leg.started_at, not leg.whole, leg.ended_at, leg.ident))
    parts = [leg for leg in ordered if not leg.whole] or ordered
    answers = _people(parts)
    first = ordered[0]
    caller = next((leg.caller for leg in ordered if leg.caller), "")
    name = next((leg.caller_name for leg in ordered if leg.caller_name), "")
    dialled = next((leg.dialled for leg in ordered if leg.dialled), "")
    keys = _keys(ordered)
    queues = _stays(parts)
    transfers = _transfers(parts, answers)
    ended_at = max(leg.ended_at for leg in ordered)
    answered_at = _answer(answers[0]) if answers else None
    voicemails = [leg for leg in parts if leg.outcome in _VOICEMAIL]
    outcome = _outcome(ordered, parts, answers)
    ended_by = _ended_by(ordered)
    if outcome is Outcome.ABANDONED and not queues:  # hung up while phones rang, not in a queue
        outcome, ended_by = Outcome.MISSED, ended_by or HangUp.CALLER
    return Call(
        key=keys[0],
        linked_ids=keys if len(keys) > 1 else (),
        direction=_direction(ordered),
        caller=caller,
        caller_e164=numbers.e164(caller),
        caller_name=numbers.name(name),
        anonymous=numbers.withheld(caller, name),
        dialled=dialled,
        dialled_e164=numbers.e164(dialled),
        started_at=moment(first.started_at),
        ended_at=moment(ended_at),
        answered_at=None if answered_at is None else moment(answered_at),
        outcome=outcome,
        ended_by=ended_by,
        wait_s=_wait_s(parts, answers, queues),
        talk_s=None if answered_at is None else max(0, round(ended_at - answered_at)),
        last_talk_s=_talk_s(answers[-1]) if answers else None,
        queues=queues,
        staff=tuple(leg.who for leg in answers if leg.who),
        transfers=transfers,
        holds=_holds(parts),
        voicemail_box=next((leg.who for leg in voicemails if leg.who), "")
        or ("voicemail" if voicemails else ""),
        voicemail_s=next((leg.message_s for leg in voicemails if leg.message_s is not None), None),
        shows=shows,
        steps=Steps(lambda: _steps(parts, transfers, queues, ended_at, ended_by)),
    )


def chained(legs: Sequence[Leg]) -> list[Leg]:
    """Give rows that all bear the time of the first ring their own times, one after another."""
    moved: list[Leg] = []
    shift = 0.0
    for leg in legs:
        answered = None if leg.answered_at is None else leg.answered_at + shift
        moved.append(
            replace(
                leg,
                started_at=leg.started_at + shift,
                answered_at=answered,
                ended_at=leg.ended_at + shift,
            )
        )
        shift += leg.ended_at - leg.started_at
    return moved


def _people(parts: Sequence[Leg]) -> list[Leg]:
    """Give the answered legs in order; a queue and its member who answered are one."""
    people: list[Leg] = []
    answered = (leg for leg in parts if leg.outcome is _ANSWERED)
    for leg in sorted(answered, key=lambda leg: (_answer(leg), leg.started_at)):
        if people and _answer(leg) - _answer(people[-1]) <= SAME_MOMENT_S:
            if leg.who and not people[-1].who:
                people[-1] = leg
            if not leg.who or leg.started_at < _answer(people[-1]) - SAME_MOMENT_S:
                continue
            if leg is people[-1]:
                continue
        people.append(leg)
    return people


def _keys(legs: Sequence[Leg]) -> tuple[str, ...]:
    return tuple(sorted({leg.key for leg in legs}))


def _answer(leg: Leg) -> float:
    """Give when an answered leg was answered; without a time of its own, by ringing and talking."""
    if leg.answered_at is not None:
        return leg.answered_at
    if leg.talk_s is not None:
        return max(leg.started_at, leg.ended_at - leg.talk_s)
    return min(leg.ended_at, leg.started_at + (leg.ring_s or 0))


def _talk_s(leg: Leg) -> int:
    return leg.talk_s if leg.talk_s is not None else max(0, round(leg.ended_at - _answer(leg)))


def _by_end(legs: Sequence[Leg]) -> list[Leg]:
    return sorted(legs, key=lambda leg: (leg.ended_at, leg.started_at))


def _ended_by(legs: Sequence[Leg]) -> HangUp:
    """Who ended the leg that ended last."""
    known = (leg.ended_by for leg in reversed(_by_end(legs)) if leg.ended_by)
    return next(known, _NOBODY)


def _direction(legs: Sequence[Leg]) -> Direction:
    """The first leg that knows; a call from outside stays one, whoever is called then."""
    known = [leg.direction for leg in legs if leg.direction is not _NOWHERE]
    if legs[0].direction is _NOWHERE and Direction.INBOUND in known:
        return Direction.INBOUND
    return known[0] if known else _NOWHERE


def _outcome(ordered: Sequence[Leg], parts: Sequence[Leg], answers: Sequence[Leg]) -> Outcome:
    """Decide by the last thing that happened; where nobody spoke, a row that sums up knows best."""
    if answers:
        after = _answer(answers[-1]) - SAME_MOMENT_S
        later = [
            leg
            for leg in parts
            if leg.outcome is not _ANSWERED
            and leg.started_at > max(after, answers[-1].started_at)
            and leg.ended_at > answers[-1].ended_at
        ]
        if not later:
            return _ANSWERED
        end = _heaviest(later)
        return end if end in _VOICEMAIL else Outcome.LOST_AFTER_TRANSFER
    sums = [leg.outcome for leg in ordered if leg.whole and leg.outcome is not _UNKNOWN]
    if sums:
        return sums[-1]
    last = max(leg.ended_at for leg in parts)
    return _heaviest([leg for leg in parts if leg.ended_at >= last - SAME_MOMENT_S])


def _heaviest(legs: Sequence[Leg]) -> Outcome:
    return max((leg.outcome for leg in legs), key=lambda end: _WEIGHT.get(end, 0))


def _stays(parts: Sequence[Leg]) -> tuple[QueueStay, ...]:
    """Put the legs of one queue that follow one another together to a stay."""
    stays: list[list[Leg]] = []
    for leg in parts:
        if not leg.queue:
            continue
        if stays and stays[-1][-1].queue == leg.queue and not _spoken(stays[-1]):
            stays[-1].append(leg)
        else:
            stays.append([leg])
    return tuple(_stay(legs) for legs in stays)


def _spoken(legs: Sequence[Leg]) -> bool:
    return any(leg.outcome is _ANSWERED for leg in legs)


def _stay(legs: Sequence[Leg]) -> QueueStay:
    entered = min(leg.started_at for leg in legs)
    answer = next((_answer(leg) for leg in legs if leg.outcome is _ANSWERED), None)
    left = max(leg.ended_at for leg in legs) if answer is None else answer
    told = [leg.wait_s for leg in legs if leg.wait_s is not None]
    end = _ANSWERED if answer is not None else _heaviest(legs)
    if end is Outcome.MISSED:
        end = Outcome.TIMEOUT
    return QueueStay(
        queue=legs[0].queue,
        entered_at=moment(entered),
        wait_s=max(told) if told else max(0, round(left - entered)),
        end=end if end in _QUEUE_ENDS else _UNKNOWN,
    )


def _transfers(parts: Sequence[Leg], answers: Sequence[Leg]) -> tuple[Transfer, ...]:
    found: list[Transfer] = []
    for index, answered in enumerate(answers):
        following = answers[index + 1] if index + 1 < len(answers) else None
        since, until = _answer(answered), _answer(following) if following else float("inf")
        tried = [
            leg
            for leg in parts
            if leg is not answered and since < leg.started_at <= until and leg.started_at < until
        ]
        if following is None and not tried:
            break
        to = following or tried[-1]
        found.append(
            Transfer(
                at=moment(min([leg.started_at for leg in tried] or [to.started_at])),
                kind=to.transfer or (TransferKind.QUEUE if to.queue else TransferKind.UNKNOWN),
                by=answered.who,
                to=to.who or to.queue,
                answered=following is not None,
            )
        )
    return tuple(found)


def _holds(parts: Sequence[Leg]) -> tuple[Hold, ...]:
    holds = []
    for leg in parts:
        at = moment(_answer(leg))
        if leg.hold_s:
            holds.append(Hold(at=at, seconds=leg.hold_s))
        if leg.park_s:
            holds.append(Hold(at=at, seconds=leg.park_s, parked=True))
    return tuple(holds)


def _wait_s(
    parts: Sequence[Leg], answers: Sequence[Leg], queues: Sequence[QueueStay]
) -> int | None:
    waits = [stay.wait_s for stay in queues if stay.wait_s is not None]
    if queues:
        return sum(waits) if waits else None
    first = answers[0] if answers else None
    told = first.ring_s if first else max((leg.ring_s or 0 for leg in parts), default=0) or None
    if told is not None:
        return told
    began = min(leg.started_at for leg in parts)
    ended = _answer(first) if first else max(leg.ended_at for leg in parts)
    if not first and all(leg.outcome in _VOICEMAIL or leg.outcome in _NO_WAIT for leg in parts):
        return None
    return max(0, round(ended - began))


_NO_WAIT: Final = frozenset({Outcome.MENU, Outcome.MENU_DEAD_END, _UNKNOWN})


def _steps(
    parts: Sequence[Leg],
    transfers: Sequence[Transfer],
    queues: Sequence[QueueStay],
    ended_at: float,
    ended_by: HangUp,
) -> tuple[Step, ...]:
    steps = [_step(leg) for leg in parts if leg.outcome is not _UNKNOWN]
    told = [step for step in steps if step is not None]
    for stay in queues:
        told.append(Step(at=stay.entered_at, kind=StepKind.QUEUED, what=stay.queue))
        if stay.end is not _ANSWERED:
            at = moment(stay.entered_at.timestamp() + (stay.wait_s or 0))
            told.append(
                Step(
                    at=at,
                    kind=StepKind.LEFT_QUEUE,
                    what=stay.queue,
                    seconds=stay.wait_s,
                    detail=stay.end.value,
                )
            )
    told += [
        Step(at=t.at, kind=StepKind.TRANSFERRED, who=t.by, what=t.to, detail=t.kind.value)
        for t in transfers
    ]
    for hold in _holds(parts):
        kind = StepKind.PARKED if hold.parked else StepKind.HELD
        told.append(Step(at=hold.at, kind=kind, seconds=hold.seconds))
    for leg in parts:
        if leg.message_s:
            told.append(Step(at=moment(leg.ended_at), kind=StepKind.MESSAGE, seconds=leg.message_s))
    told.sort(key=lambda step: (step.at, _ORDER.get(step.kind, 5)))
    end = Step(at=moment(ended_at), kind=StepKind.HUNG_UP, detail=ended_by.value)
    return (*told[:MAX_STEPS], end)


_ORDER: Final[Mapping[StepKind, int]] = {
    StepKind.QUEUED: 0,
    StepKind.TRANSFERRED: 1,
    StepKind.RANG: 2,
    StepKind.ANSWERED: 3,
    StepKind.HELD: 4,
}


def _step(leg: Leg) -> Step | None:
    """Tell what became of one leg."""
    if leg.outcome is _ANSWERED:
        at = _answer(leg)
        return Step(
            at=moment(at),
            kind=StepKind.ANSWERED,
            who=leg.who,
            seconds=max(0, round(at - leg.started_at)) if leg.ring_s is None else leg.ring_s,
        )
    if leg.outcome in _VOICEMAIL:
        at = leg.started_at if leg.answered_at is None else leg.answered_at
        return Step(at=moment(at), kind=StepKind.VOICEMAIL, what=leg.who)
    if leg.who and leg.outcome in {Outcome.MISSED, Outcome.BUSY, Outcome.FAILED, Outcome.ABANDONED}:
        rang = leg.ring_s if leg.ring_s is not None else round(leg.ended_at - leg.started_at)
        return Step(
            at=moment(leg.started_at),
            kind=StepKind.RANG,
            who=leg.who,
            seconds=max(0, rang),
            detail=leg.outcome.value if leg.outcome is Outcome.BUSY else "",
        )
    return None
