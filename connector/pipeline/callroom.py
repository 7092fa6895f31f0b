"""What stands around a call when it is judged: the other calls of its number, and of its line.

A call that reached nobody waits in the store until its fate is known: somebody speaks with the
caller (then nothing is owed), or the time for that is over, or it is the third try of the day.
Callers whose failure they share with many others, and those beyond what a practice can work off
on one day, come together in one ticket with the numbers to call back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from connector.domain.assessment import Assessment, Lane
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Contact, Signal
from connector.recovery import sites
from connector.recovery.hours import due
from connector.recovery.settings import RecoverySettings
from connector.recovery.sites import SiteSettings
from connector.store import calls
from connector.store.calls import Kept
from connector.store.keys import keyed
from connector.store.signals import Stored
from connector.store.store import Tx
from connector.triage.assess import considered_again, superseded
from connector.triage.callers import (
    Seen,
    reconsidered,
    seen,
    tries_today,
    window_s,
)
from connector.triage.calls import repairable
from connector.triage.settings import PhoneLimits, TriageSettings

LOOK_AGAIN_S: Final = 5
"""Where the source is still being read, casework looks again after so long."""
_HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is to be done with a call; anything else is left as it was judged."""

    assessment: Assessment | None
    later: datetime | None = None
    """Not yet: look again then."""
    group: bytes | None = None
    """What the caller has in common with others: they share a case."""
    about: str = ""
    """In words, for that case."""
    why: str = ""
    """pattern | day | withheld: the code of that."""


class CallRules(Protocol):
    """What decides about calls, among all that decides."""

    @property
    def practice(self) -> Practice:
        """The practice."""
        ...

    @property
    def triage(self) -> TriageSettings:
        """Limits of calls among them."""
        ...

    @property
    def recovery(self) -> RecoverySettings:
        """Opening hours among them."""
        ...

    @property
    def sites(self) -> Mapping[str, SiteSettings]:
        """Places of the practice, each with hours and a manager of its own."""
        ...

    def at(self, site: str) -> CallRules:
        """Give the rules as they are at a site."""
        ...


def remember(tx: Tx, stored: Stored, assessment: Assessment | None) -> None:
    """Remember whether a call failed, before one of its batch is decided."""
    item = stored.item
    if assessment is None or not isinstance(item, Signal) or item.channel is not Channel.PHONE:
        return
    one = seen(item, assessment.reasons)
    if one is not None:
        failed = one.failed and assessment.lane is Lane.TICKET
        calls.judged(tx, stored.id, failed=failed)


def rule(tx: Tx, stored: Stored, assessment: Assessment | None, rules: CallRules) -> Ruling:
    """Decide with all that is stored; the same store and time give the same ruling."""
    signal = stored.item
    if assessment is None or not isinstance(signal, Signal) or signal.channel is not Channel.PHONE:
        return Ruling(assessment=assessment)
    one = seen(signal, assessment.reasons)
    if assessment.lane is not Lane.TICKET:
        if one is not None:
            calls.judged(tx, stored.id, failed=False)
        return Ruling(assessment=assessment)
    return (
        _nameless(tx, signal, assessment, rules)
        if one is None
        else _named(tx, stored, one, assessment, rules)
    )


def _named(tx: Tx, stored: Stored, one: Seen, assessment: Assessment, rules: CallRules) -> Ruling:
    signal = stored.item
    if not isinstance(signal, Signal):
        raise TypeError  # whoever has a number is a call
    limits, tenant = rules.triage.phone, stored.item.tenant
    if not calls.is_remembered(tx.connection, stored.id):
        return Ruling(assessment=superseded(assessment))
    number = calls.number_key(tx.secret, tenant, one.number)
    site = sites.choose(signal, rules.sites)
    until = deadline_of(one.ended, one.message, rules.at(site))
    others = _others(tx, stored, one, number, until, limits)
    reasons = reconsidered(one, assessment.reasons, others, limits)
    known = considered_again(assessment, reasons)
    if not one.failed or known.lane is Lane.COUNT:
        return Ruling(assessment=known)
    if tries_today(one, others, rules.practice.zone) >= limits.tries_a_day:
        if number is not None:
            calls.wake(tx, tenant, number)
        return Ruling(assessment=known)
    wait = _not_yet(tx, stored, until)
    if wait is not None:
        calls.defer(tx, stored.id, wait)
        return Ruling(assessment=assessment, later=wait)
    return _together(tx, signal, one, known, until, rules)


def deadline_of(ended: int, message: bool, rules: CallRules) -> datetime:  # noqa: FBT001 - a pair of the store
    """Give when it is too late to make a call good, in opening hours."""
    limits, zone = rules.triage.phone, rules.practice.zone
    minutes = limits.voicemail_minutes if message else limits.callback_minutes
    at = datetime.fromtimestamp(ended, UTC)
    return due(at, minutes, rules.recovery.hours.week, zone) or at + timedelta(minutes=minutes)


def _not_yet(tx: Tx, stored: Stored, until: datetime) -> datetime | None:
    """Say when to look again; None when all is known that could make the call good."""
    if until > tx.now:
        return until
    item = stored.item
    beyond = calls.read_beyond(
        tx.connection, item.tenant, item.source, stored.detected_at, int(until.timestamp())
    )
    return None if beyond else tx.now + timedelta(seconds=LOOK_AGAIN_S)


def _others(
    tx: Tx, stored: Stored, one: Seen, number: bytes | None, until: datetime, limits: PhoneLimits
) -> list[Seen]:
    """Give the other calls of a number; a conversation after the time for it makes nothing good.

    So an old log, read at once, gives the tickets that it would have given while it was written.
    """
    if number is None:
        return []
    since, last = one.started - window_s(limits), int(until.timestamp())
    found = calls.of_number(tx.connection, stored.item.tenant, number, since)
    return [
        _seen(kept, one.number)
        for kept in found
        if kept.id != stored.id and not (kept.reached and kept.started > last)
    ]


def _seen(kept: Kept, number: str) -> Seen:
    return Seen(
        key=kept.id.hex(),
        number=number,
        started=kept.started,
        ended=kept.ended,
        outbound=kept.outbound,
        reached=kept.reached,
        failed=kept.failed,
        message=kept.message,
        line="",
    )


def _nameless(tx: Tx, signal: Signal, assessment: Assessment, rules: CallRules) -> Ruling:
    """Put callers whom nobody can call back into one case a day and line."""
    line, start = signal.facts.get("line"), signal.facts.get("call_start")
    if not repairable(assessment.reasons) or type(start) is not int:
        return Ruling(assessment=assessment)
    day = datetime.fromtimestamp(start, UTC).astimezone(rules.practice.zone).date().isoformat()
    key = keyed(tx.secret, "withheld", signal.tenant, str(line), day)
    about = f"Callers without a number who reached nobody on line {line or '?'}, {day}"
    return Ruling(assessment=assessment, group=key, about=about, why="withheld")


def _together(
    tx: Tx,
    signal: Signal,
    one: Seen,
    assessment: Assessment,
    until: datetime,
    rules: CallRules,
) -> Ruling:
    """Put a caller together with others of the same hour, or with those beyond the day's budget."""
    limits, zone = rules.triage.phone, rules.practice.zone
    began = datetime.fromtimestamp(one.started, UTC).astimezone(zone)
    hour = began.replace(minute=0, second=0, microsecond=0)
    line = calls.line_key(tx.secret, signal.tenant, one.line)
    if (
        line is not None
        and len(_unreached(tx, signal.tenant, line, hour, until)) >= limits.pattern_calls
    ):
        key = keyed(tx.secret, "pattern", signal.tenant, one.line, hour.astimezone(UTC).isoformat())
        about = (
            f"Many callers reached nobody on line {one.line}, "
            f"{hour:%Y-%m-%d %H:%M} to {(hour + timedelta(hours=1)):%H:%M}"
        )
        return Ruling(assessment=assessment, group=key, about=about, why="pattern")
    day = tx.now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    same = _same_manager(signal, assessment, rules)
    opened = calls.opened_since(tx.connection, signal.tenant, same, day.astimezone(UTC))
    if assessment.severity == 1 and opened >= limits.tickets_a_day:
        key = keyed(tx.secret, "phone-day", signal.tenant, day.date().isoformat(), *same[:1])
        about = f"Further callers who reached nobody, {day:%Y-%m-%d}"
        return Ruling(assessment=assessment, group=key, about=about, why="day")
    return Ruling(assessment=assessment)


def _same_manager(signal: Signal, assessment: Assessment, rules: CallRules) -> tuple[str, ...]:
    """Name the sites that share the day's budget: those of one manager."""
    category = assessment.categories[0] if assessment.categories else ""
    site = sites.choose(signal, rules.sites)
    return sites.under_one_manager(site, category, rules.recovery, rules.sites)


def _unreached(tx: Tx, tenant: str, line: bytes, hour: datetime, until: datetime) -> set[bytes]:
    """Give the numbers that reached nobody on a line in that hour, and nobody spoke with since.

    What happened after `until`, when it was time to decide, counts nothing.
    """
    since = int(hour.timestamp())
    failed = calls.failed_on_line(tx.connection, tenant, line, since, since + _HOUR_S)
    at = int(until.timestamp())
    last = {one.number: one.ended for one in failed if one.number is not None and one.ended <= at}
    reached = calls.last_reached(tx.connection, tenant, list(last), at)
    return {number for number, ended in last.items() if reached.get(number, 0) <= ended}


def about_many(signal: Signal, ruling: Ruling, *, include_contact: bool) -> Signal:
    """Give the signal that opens a case about many callers: it is nobody's in particular."""
    return replace(
        signal,
        contact=Contact(),
        subject=ruling.about,
        text="\n".join([ruling.about, *line_of(signal, include_contact=include_contact)]),
    )


def line_of(signal: Signal, *, include_contact: bool) -> list[str]:
    """Tell one caller of many in a line or two: the number to call back, and what happened."""
    phone = signal.contact.phone
    number = phone if include_contact and phone else "number not shown" if phone else "no number"
    return [f"To call back: {number}", *signal.text.split("\n")]
