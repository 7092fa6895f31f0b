"""What one call alone cannot tell: the second pass, over all calls of one number.

A call that reached nobody is made good by a conversation soon afterwards, whoever called whom.
Somebody who tries again and again has a failure of their own, a voicemail is owed an answer, and
a number that calls without end is a machine. All of it is decided from a short memory of the
calls of one number, so the same calls always get the same answer, in whatever pieces they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from sys import intern
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.assessment import Reason
from connector.domain.call_facts import glance_of
from connector.domain.signal import Channel, Fact, Signal
from connector.triage.calls import repairable
from connector.triage.opinion import about, plain
from connector.triage.settings import PhoneLimits

DAY_S: Final = 86_400
HOUR_S: Final = 3_600
_UNREACHED: Final = "access.unreached"
_REPEATED: Final = 2


@dataclass(slots=True, kw_only=True, eq=False)
class Seen:
    """What is remembered of a call; times are epoch seconds.

    Not frozen: one is made for each call, in 0.7 us instead of 1.9.
    """

    key: str
    """The call's natural key."""
    number: str
    """The patient's number in E.164, whoever called whom."""
    started: int
    ended: int
    outbound: bool
    reached: bool
    """A person of the practice and whoever is at the number spoke with each other."""
    failed: bool
    """A failure that a call back makes good."""
    message: bool
    """The caller left a message, or may have."""
    line: str
    """What was dialled; empty for calls that the practice made."""


def seen(signal: Signal, reasons: Sequence[Reason]) -> Seen | None:
    """Give what is to be remembered of a judged call; None where there is no number or no time."""
    if signal.channel is not Channel.PHONE:
        return None
    return seen_of(signal.natural_key, signal.contact.phone, signal.facts, reasons)


def seen_of(
    key: str, number: str, facts: Mapping[str, Fact], reasons: Sequence[Reason]
) -> Seen | None:
    """Give the same by the facts of a call."""
    found = glance_of(facts) if number else None
    if found is None:
        return None
    outbound = found.outbound
    return Seen(
        key=key,
        number=number,
        started=found.started,
        ended=found.ended,
        outbound=outbound,
        reached=found.reached,
        failed=not outbound and repairable(reasons),
        message=found.message,
        line=intern(found.line),  # of thousands of calls, to a few lines
    )


def window_s(limits: PhoneLimits) -> int:
    """Give how long the calls of a number are remembered, at least."""
    return max(DAY_S, limits.repeat_hours * HOUR_S)


def repaired_by(one: Seen, others: Sequence[Seen]) -> Seen | None:
    """Give the conversation that made a failed call good: the first one after it began."""
    if not others:
        return None
    later = [
        other
        for other in others
        if other.reached and other.key != one.key and other.ended > one.ended
    ]
    return min(later, key=lambda other: other.ended, default=None)


def tries(one: Seen, others: Sequence[Seen], limits: PhoneLimits) -> int:
    """Count the calls of a number within the window up to this one, since it last got through."""
    if not others:
        return 1
    since = one.started - limits.repeat_hours * HOUR_S
    earlier = [
        other
        for other in others
        if not other.outbound and other.key != one.key and since <= other.started <= one.started
    ]
    through = max(
        (other.ended for other in others if other.reached and other.started <= one.started),
        default=0,
    )
    return 1 + sum(1 for other in earlier if other.failed and other.started >= through)


def tries_today(one: Seen, others: Sequence[Seen], zone: ZoneInfo) -> int:
    """Count the failed calls of a number on the same local day, this one included.

    Calls after this one count too: the third try tells of the first two.
    """
    day = _day(one.started, zone)
    return 1 + sum(
        1
        for other in others
        if other.failed and other.key != one.key and _day(other.started, zone) == day
    )


def _day(epoch: int, zone: ZoneInfo) -> int:
    return datetime.fromtimestamp(epoch, UTC).astimezone(zone).toordinal()


def is_machine(one: Seen, others: Sequence[Seen], limits: PhoneLimits) -> bool:
    """Say whether a number calls so often that nobody dials it by hand, and never speaks long."""
    if len(others) + 1 < limits.robocall_calls_per_hour:
        return False
    hour = [
        other
        for other in (*others, one)
        if not other.outbound and abs(other.started - one.started) <= HOUR_S
    ]
    keys = {other.key for other in hour}
    short = all(other.ended - other.started <= limits.robocall_seconds for other in hour)
    return len(keys) >= limits.robocall_calls_per_hour and short


def reconsidered(
    one: Seen, reasons: Sequence[Reason], others: Sequence[Seen], limits: PhoneLimits
) -> tuple[Reason, ...]:
    """Give the reasons of a call once all calls of its number in the window are known.

    Reasons that ask for nothing any more lose their severity; those of a number that tried
    again and again, or whose message nobody answered, are added.
    """
    if is_machine(one, others, limits):
        return (plain("phone.robocall"), *(_calm(reason) for reason in reasons))
    kept = tuple([_known(reason, one, others) for reason in reasons])
    if not one.failed:
        return kept
    if not others:
        return tuple([_unreturned(reason) for reason in kept])
    repair = repaired_by(one, others)
    if repair is not None:
        how = "called back" if repair.outbound else "called again"
        minutes = max(0, repair.started - one.ended) // 60
        told = plain("phone.repaired", f"{how} after {minutes} min")
        return (told, *(_calm(reason) for reason in kept))
    return (*(_unreturned(reason) for reason in kept), *_again(one, others, limits))


def _again(one: Seen, others: Sequence[Seen], limits: PhoneLimits) -> list[Reason]:
    if len(others) + 1 < limits.repeat_calls:
        return []
    count = tries(one, others, limits)
    if count < limits.repeat_calls:
        return []
    evidence = f"{count} calls within {limits.repeat_hours} h, nobody reached"
    return [about("phone.repeat_caller", _UNREACHED, evidence, severity=_REPEATED)]


def _calm(reason: Reason) -> Reason:
    return plain(reason.rule, reason.evidence)


def _known(reason: Reason, one: Seen, others: Sequence[Seen]) -> Reason:
    """Take back the lost prospect where the number has spoken with the practice before."""
    if reason.rule != "phone.lost_prospect":
        return reason
    before = any(other.reached and other.ended <= one.started for other in others)
    return _calm(reason) if before else reason


def _unreturned(reason: Reason) -> Reason:
    if reason.rule != "phone.voicemail":
        return reason
    return about("phone.voicemail_unreturned", _UNREACHED, reason.evidence)
