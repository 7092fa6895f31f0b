"""Calls as plain values: what each was, and what was wrong with it, judged with all the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connector.domain.assessment import Lane, Reason
from connector.domain.call import Call, Direction, Outcome
from connector.parsing.calls.found import Broken, Found
from connector.parsing.calls.signals import facts_of, number_of, told, transfers_of
from connector.parsing.calls.timeline import Names
from connector.report.inspection import Value
from connector.triage.callers import Seen, reconsidered, repaired_by, seen_of, tries
from connector.triage.calls import failures, judge_facts
from connector.triage.opinion import Opinion
from connector.triage.second_pass import SecondPass
from connector.triage.settings import PhoneLimits, TriageSettings

_MISSED = frozenset({Outcome.MISSED, Outcome.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A call with the last word about it."""

    call: Call
    lane: Lane
    """Of the call alone."""
    reasons: tuple[Reason, ...]
    """With the other calls of the number in view."""
    returned: bool
    """Somebody spoke with the caller afterwards, as far as the logs tell."""
    tries: int
    """How many failed calls of this number there were by then, this one included."""

    @property
    def failures(self) -> list[str]:
        """Name what was wrong."""
        return failures(self.reasons)


class CallJudge:
    """Judges the calls of one phone system in the order in which they ended."""

    def __init__(
        self,
        triage: TriageSettings,
        deadline: Callable[[Seen, PhoneLimits], int] | None = None,
    ) -> None:
        """`deadline` knows opening hours; without it, minutes are minutes."""
        self._triage = triage
        due = deadline or plain_deadline
        limits = triage.phone
        self._pass: SecondPass[tuple[Call, Opinion]] = SecondPass(
            limits, lambda one: due(one, limits)
        )

    def judge(self, found: Iterable[Found]) -> Iterator[Judged | Broken]:
        """Yield each call once its fate is known, and what nobody can understand in between."""
        for item in found:
            if isinstance(item, Broken):
                yield item
                continue
            call = item.call
            facts, number = facts_of(call), number_of(call)
            opinion = judge_facts(facts, number, self._triage.phone, nobody=not number)
            one = seen_of(f"call|{call.key}", number, facts, opinion.reasons)
            now = int(call.ended_at.timestamp()) if one is None else one.ended
            for payload, known, others in self._pass.feed(one, (call, opinion), now):
                yield self._judged(payload, known, others)
        for payload, known, others in self._pass.settle(None):
            yield self._judged(payload, known, others)

    def _judged(
        self, payload: tuple[Call, Opinion], one: Seen | None, others: list[Seen]
    ) -> Judged:
        call, opinion = payload
        reasons = opinion.reasons
        returned, count = False, 0
        if one is not None:
            reasons = reconsidered(one, reasons, others, self._triage.phone)
            returned = repaired_by(one, others) is not None
            count = tries(one, others, self._triage.phone) if one.failed else 0
        return Judged(
            call=call,
            lane=opinion.lane,
            reasons=reasons,
            returned=returned,
            tries=count,
        )


def plain_deadline(one: Seen, limits: PhoneLimits) -> int:
    """Give when it is too late to make a call good, where opening hours are not known."""
    minutes = limits.voicemail_minutes if one.message else limits.callback_minutes
    return one.ended + minutes * 60


def describe_call(
    judged: Judged, limits: PhoneLimits, zone: ZoneInfo, names: Names
) -> dict[str, Value]:
    """Give all that is known of a call; null is what the logs cannot show."""
    call = judged.call
    outcome = call.outcome
    abandoned = call.from_outside and outcome is Outcome.ABANDONED
    short = abandoned and call.wait_s is not None and call.wait_s < limits.short_abandon_seconds
    return {
        "type": "call",
        "caller": call.caller_e164 or ("anonymous" if call.anonymous else call.caller),
        "caller_as_logged": call.caller,
        "did": call.dialled,
        "direction": call.direction.value,
        "start": _time(call.started_at),
        "end": _time(call.ended_at),
        "answered": call.answered,
        "answered_at": _time(call.answered_at) if call.answered_at else None,
        "outcome": outcome.value,
        "abandoned": abandoned,
        "short_abandon": short,
        "wait_s": call.wait_s,
        "talk_s": call.talk_s,
        "transfers": transfers_of(call),
        "transfer_kinds": [transfer.kind.value for transfer in call.transfers],
        "same_recording_max": call.same_recording_max,
        "hold_s_max": call.hold_s_max,
        "parked": any(hold.parked for hold in call.holds),
        "voicemail_left": _message(call),
        "voicemail_returned": judged.returned if _message(call) is not False else None,
        "ended_by": call.ended_by.value or None,
        "missed": call.from_outside and outcome in _MISSED,
        "after_hours": call.closed_notice,
        "internal": call.direction is Direction.INTERNAL,
        "outbound": call.direction is Direction.OUTBOUND,
        "anonymous": call.anonymous,
        "truncated": call.truncated,
        "tries": judged.tries,
        "queues": [
            {"queue": stay.queue, "wait_s": stay.wait_s, "end": stay.end.value}
            for stay in call.queues
        ],
        "staff": list(call.staff),
        "failures": [*judged.failures],
        "lane": judged.lane.value,
        "severity": max((reason.severity for reason in judged.reasons), default=0),
        "linked_ids": list(call.linked_ids),
        "timeline": [*told(call, zone, names)],
    }


def _message(call: Call) -> bool | None:
    """Say whether a message was left; None when the logs cannot tell."""
    if call.outcome is Outcome.VOICEMAIL_UNCLEAR:
        return None
    return call.outcome is Outcome.VOICEMAIL


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
