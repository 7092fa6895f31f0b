"""What a round of a case asks for now: rungs, tags, pages, and when to look again; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.case import Case, Clocks
from connector.domain.practice import Practice
from connector.domain.ticket import AddNote, Change, UpdateTicket
from connector.recovery import news, tags
from connector.recovery.contexts import local, owner_of
from connector.recovery.holds import Hold, follow, resumed
from connector.recovery.hours import Week, open_minutes
from connector.recovery.ladder import (
    CRITICAL,
    RUNGS,
    Climb,
    Clock,
    Rung,
    Running,
    climb,
    next_at,
    unacknowledged,
)
from connector.recovery.marks import primary, rfc3339
from connector.recovery.policy import ceilings
from connector.recovery.render import Value, render
from connector.recovery.routing import taker
from connector.recovery.settings import RecoverySettings

FAR: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""Nothing more is to be looked at by the clock."""


class Shown(StrEnum):
    """What the ticket's tags say of the first contact."""

    RUNNING = "running"
    MET = "met"
    LATE = "late"
    ENDED = "ended"
    """Nothing: the case ended before it was due, and nobody spoke with the person."""


class Why(StrEnum):
    """Why somebody is told outside the helpdesk."""

    CRITICAL = "critical"
    """A case of severity 4 was opened, or became one."""
    SILENCE = "silence"
    """Nobody acted on a case of severity 4."""
    CONTACT = "contact_beyond"
    """Twice the time for the first contact has passed."""
    RESOLUTION = "resolution_beyond"
    """Twice the time for all four steps has passed."""


SLA_TAGS: Final[Mapping[Shown, str]] = {
    Shown.RUNNING: tags.SLA_RUNNING,
    Shown.MET: tags.SLA_MET,
    Shown.LATE: tags.SLA_LATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A round of a case as it stands."""

    case: Case
    clocks: Clocks
    number: int
    started_at: datetime
    contact_at: datetime | None
    """When a human spoke with the person in this round."""
    acted_at: datetime | None
    """When a human did anything on the ticket in this round."""
    contact_fired: int
    resolution_fired: int
    silence_told: bool
    shown: Shown
    critical_told: bool = False
    recovered: bool
    """All four steps have their evidence."""
    hold: Hold = field(default_factory=Hold)
    """How its clocks rested."""
    hold_stated_at: datetime | None = None
    """Since when the ticket says that they rest; None: it does not."""
    spoken_at: datetime | None = None
    """When a human spoke with the person last; None: in this round nobody did."""
    update_fired: int = 0
    """How far the reminders to tell the person how it stands went, in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be done about a round, and how it stands afterwards."""

    after: Round
    climbs: Sequence[tuple[Clock, Climb]]
    pages: Sequence[Why]
    next_at: datetime


def standing(round_: Round, now: datetime) -> Shown:
    """Say what the tags have to tell of the first contact."""
    due = round_.clocks.contact_due
    if round_.contact_at is not None:
        return Shown.MET if round_.contact_at <= due else Shown.LATE
    return Shown.RUNNING if now < due else Shown.LATE


def running(round_: Round) -> Running | None:
    """Give the clock that runs: first contact, then resolution; None when all is done."""
    if round_.contact_at is None:
        return Running(
            clock=Clock.CONTACT,
            started_at=round_.started_at,
            due_at=round_.clocks.contact_due,
            fired=round_.contact_fired,
            rested=round_.hold.spent,
            rested_minutes=round_.hold.minutes,
        )
    if round_.recovered:
        return None
    return Running(
        clock=Clock.RESOLUTION,
        started_at=round_.started_at,
        due_at=round_.clocks.resolution_due,
        fired=round_.resolution_fired,
        rested=round_.hold.spent,
        rested_minutes=round_.hold.minutes,
    )


def ask(round_: Round, now: datetime, settings: RecoverySettings, zone: ZoneInfo) -> Asked:
    """Decide what a round asks for now."""
    week = settings.hours.week
    round_ = _held(round_, now, settings, zone)
    rests_until = round_.hold.ends_at
    if rests_until is not None:
        if round_.contact_at is not None:  # the steps rest; that somebody called is said now
            round_ = replace(round_, shown=standing(round_, now))
        return Asked(after=round_, climbs=(), pages=(), next_at=rests_until)
    pages: list[Why] = []
    if round_.case.severity >= CRITICAL and not round_.critical_told:
        pages.append(Why.CRITICAL)
        round_ = replace(round_, critical_told=True)
    after, found = _climbed(round_, now, week, zone)
    if found is not None and found[1].rung == Rung.BEYOND:
        pages.append(Why.CONTACT if found[0] is Clock.CONTACT else Why.RESOLUTION)
    silent_at = unacknowledged(
        after.case.severity, after.started_at, after.acted_at, settings.escalation.silence_minutes
    )
    if silent_at is not None and not after.silence_told and silent_at <= now:
        pages.append(Why.SILENCE)
        after = replace(after, silence_told=True)
    after = replace(after, shown=standing(after, now))
    spoken = None if after.recovered else after.spoken_at
    told, then = news.rung(after.case.severity, spoken, now, settings, zone)
    after = replace(after, update_fired=told)
    looks = [_next_rung(after, week, zone), then or FAR]
    if silent_at is not None and not after.silence_told:
        looks.append(silent_at)
    return Asked(
        after=after,
        climbs=(found,) if found is not None else (),
        pages=tuple(pages),
        next_at=min(looks),
    )


def _held(round_: Round, now: datetime, settings: RecoverySettings, zone: ZoneInfo) -> Round:
    """Let a hold begin or end; when it ends, what was left of the clocks is left again."""
    before, after = (
        round_.hold,
        follow(round_.hold, round_.hold_stated_at, round_.case.severity, now),
    )
    if before.since is None or after.since is not None:
        return replace(round_, hold=after)
    until, week = before.since + (after.spent - before.spent), settings.hours.week
    after = replace(after, minutes=before.minutes + open_minutes(before.since, until, week, zone))
    latest = ceilings(round_.case.severity, round_.started_at + after.spent, settings)
    clocks = resumed(round_.clocks, latest, before.since, until, week, zone)
    return replace(round_, hold=after, clocks=clocks, case=replace(round_.case, clocks=clocks))


def _climbed(
    round_: Round, now: datetime, week: Week, zone: ZoneInfo
) -> tuple[Round, tuple[Clock, Climb] | None]:
    clock = running(round_)
    found = climb(clock, now, week, zone) if clock is not None else None
    if clock is None or found is None:
        return round_, None
    if clock.clock is Clock.CONTACT:
        return replace(round_, contact_fired=int(found.rung)), (clock.clock, found)
    return replace(round_, resolution_fired=int(found.rung)), (clock.clock, found)


def _next_rung(round_: Round, week: Week, zone: ZoneInfo) -> datetime:
    clock = running(round_)
    return (next_at(clock, week, zone) if clock is not None else None) or FAR


def note_key(round_: Round, clock: Clock, rung: Rung) -> str:
    """Name the note of a rung."""
    return f"{round_.case.id}.{round_.number}.{clock}.{int(rung)}"


def below(round_: Round, asked: Asked) -> Mapping[str, Rung]:
    """Name the notes that a climb makes needless where they are still on their way."""
    return {
        note_key(round_, clock, rung): rung
        for clock, found in asked.climbs
        for rung in RUNGS
        if rung < found.rung and rung not in found.passed_over
    }


def changes(
    before: Round,
    asked: Asked,
    practice: Practice,
    settings: RecoverySettings,
    overtaken: Sequence[Rung] = (),
) -> tuple[Change, ...]:
    """Give what is owed to the ticket for what a round asked for.

    `overtaken` are rungs whose notes never left, because the helpdesk was away: the note of
    the highest one names them.
    """
    case, after = asked.after.case, asked.after
    notes: list[Change] = [
        _note(after, clock, found, practice, settings, overtaken)
        for clock, found in asked.climbs
        if found.rung >= Rung.LATE or case.severity >= settings.escalation.from_severity
    ]
    late = any(clock is Clock.CONTACT and found.rung >= Rung.LATE for clock, found in asked.climbs)
    raised = settings.escalation.raise_priority and late and before.contact_fired < Rung.LATE
    moved = after.clocks != before.clocks
    notes += _assigned(before, asked, settings)
    steps = (before.update_fired, after.update_fired)
    if steps[0] != steps[1]:
        spoken = after.spoken_at or after.started_at
        notes += news.changes(case, after.number, spoken, steps, practice, settings)
    if after.shown is before.shown and not raised and not moved:
        return tuple(notes)
    spent = f".h{int(after.hold.spent.total_seconds())}" if moved else ""
    update = UpdateTicket(
        key=f"{case.id}.{after.number}.{after.shown}{'.up' if raised else ''}{spent}",
        case_id=case.id,
        fields=due_fields(after.clocks) if moved else {},
        due_at=after.clocks.contact_due if moved else None,
        severity=min(case.severity + 1, CRITICAL) if raised else None,
        add_tags=_sla_tags(after.shown) if before.shown is not after.shown else (),
        remove_tags=_sla_tags(before.shown) if before.shown is not after.shown else (),
    )
    return (*notes, update)


def _assigned(before: Round, asked: Asked, settings: RecoverySettings) -> Sequence[UpdateTicket]:
    """Give a ticket that nobody has to the manager, once for each clock; alone in its change.

    An account that the helpdesk does not know must not keep tags and due times from it.
    """
    limit = settings.escalation.assign_at
    whom = taker(asked.after.case, settings)
    fired = {Clock.CONTACT: before.contact_fired, Clock.RESOLUTION: before.resolution_fired}
    if not limit or not whom.login:
        return []
    return [
        UpdateTicket(
            key=f"{asked.after.case.id}.{asked.after.number}.{clock}.assign",
            case_id=asked.after.case.id,
            assignee=whom.login,
        )
        for clock, found in asked.climbs
        if found.rung >= limit > fired[clock]
    ]


def _sla_tags(shown: Shown) -> tuple[str, ...]:
    return (SLA_TAGS[shown],) if shown in SLA_TAGS else ()


def at_the_end(round_: Round, ended_at: datetime) -> Shown:
    """Say what the tags have to tell of the first contact once people ended the case."""
    if round_.contact_at is None and round_.shown is Shown.RUNNING:
        past = round_.hold.since is None and ended_at >= round_.clocks.contact_due
        return Shown.LATE if past else Shown.ENDED
    return standing(round_, ended_at)


def ended(round_: Round, shown: Shown) -> tuple[Change, ...]:
    """Give what is owed to the ticket of a case that ended, so that its tags tell the truth."""
    waited = (tags.UPDATE_DUE,) if round_.update_fired else ()
    if shown is round_.shown and not waited:
        return ()
    same = shown is round_.shown
    update = UpdateTicket(
        key=f"{round_.case.id}.{round_.number}.{shown}.end",
        case_id=round_.case.id,
        add_tags=() if same else _sla_tags(shown),
        remove_tags=(*(() if same else _sla_tags(round_.shown)), *waited),
    )
    return (update,)


def _note(
    round_: Round,
    clock: Clock,
    found: Climb,
    practice: Practice,
    settings: RecoverySettings,
    overtaken: Sequence[Rung],
) -> AddNote:
    due = round_.clocks.contact_due if clock is Clock.CONTACT else round_.clocks.resolution_due
    whom, limit = taker(round_.case, settings), settings.escalation.assign_at
    context: dict[str, Value] = {
        "rung": int(found.rung),
        "contact": clock is Clock.CONTACT,
        "due": local(due, practice),
        "passed_over": sorted({int(rung) for rung in (*overtaken, *found.passed_over)}),
        "manager": whom.name,
        "kept_from": whom.kept_from,
        "assigned": bool(limit and whom.login and found.rung >= limit),
        "owner": whom.name if whom.kept_from else owner_of(primary(round_.case), settings),
        "case": round_.case.id,
        "severity": round_.case.severity,
    }
    return AddNote(
        key=note_key(round_, clock, found.rung),
        case_id=round_.case.id,
        text=render("escalated", context),
    )


def reopened(case: Case, number: int, practice: Practice) -> tuple[Change, ...]:
    """Give what is owed to the ticket of a case whose clocks begin anew."""
    if case.clocks is None:
        return ()
    context: dict[str, Value] = {
        "contact_due": local(case.clocks.contact_due, practice),
        "resolution_due": local(case.clocks.resolution_due, practice),
        "case": case.id,
        "round": number,
    }
    seed = f"{case.id}.{number}.anew"
    return (
        AddNote(key=f"{seed}.note", case_id=case.id, text=render("anew", context)),
        UpdateTicket(
            key=f"{seed}.update",
            case_id=case.id,
            add_tags=(tags.SLA_RUNNING,),
            remove_tags=(tags.SLA_MET, tags.SLA_LATE, tags.UPDATE_DUE, tags.INCOMPLETE),
            fields=due_fields(case.clocks),
            due_at=case.clocks.contact_due,
        ),
    )


def due_fields(clocks: Clocks) -> dict[str, str]:
    """Give the fields that say by when things are due."""
    return {
        "contact_due": rfc3339(clocks.contact_due),
        "resolution_due": rfc3339(clocks.resolution_due),
    }
