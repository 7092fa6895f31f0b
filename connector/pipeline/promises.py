"""Promises over time: rounds begin, climb the ladder, end, and are examined for what they lack.

1. A case that is open and in no round (new, or opened again) begins one; from the second on its
   clocks begin anew.
2. Rounds that are due to be looked at: what the helpdesk told since is taken in, rungs of the
   ladder are climbed, the ticket's tags follow, and pages are owed to people outside it.
3. A round that ended is examined: closed without all four steps is said on the ticket.

Each round in a commit of its own, so that one that fails does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.engine import Connection, Row

from connector.domain.case import Clocks
from connector.domain.errors import StateError
from connector.domain.ticket import Change
from connector.paging.settings import PageRoute
from connector.pipeline import attempts, paging
from connector.pipeline.owing import freeze
from connector.pipeline.rules import Rules
from connector.recovery import attempts as trying
from connector.recovery import evidence, policy, promises
from connector.recovery import lacking as lacks
from connector.recovery.holds import Hold
from connector.recovery.ladder import Clock, Rung
from connector.recovery.overlays import evidence_names
from connector.recovery.promises import Asked, Round, Shown
from connector.store import cases, outbox, rounds
from connector.store.store import Store, Tx

log = structlog.get_logger()

BATCH = 100
AGAIN = timedelta(minutes=10)
"""A round that could not be looked at waits for so long."""
CLOSED_BY_PEOPLE = frozenset({"ticket_closed"})
"""Only a close by an agent means that the recovery is done; others say that it is none."""
ENDED_BY_PEOPLE = CLOSED_BY_PEOPLE | {"judged_wrong"}
"""After these the ticket is still there, and its tags can tell the truth."""


class Promises:
    """Looks at rounds; used by one thread."""

    def __init__(
        self, store: Store, rules: Callable[[], Rules], routes: Sequence[PageRoute] = ()
    ) -> None:
        """Take the store, who gives the rules in force, and the ways to people outside."""
        self._store = store
        self._rules = rules
        self._routes = routes

    def tick(self) -> int:
        """Do what time asks for; gives how many rounds changed."""
        with self._store.read() as connection:
            new = [row.id for row in rounds.unbegun(connection, BATCH)]
        for case_id in new:
            self._each(case_id, 0, self._begin)
        with self._store.read() as connection:
            due = rounds.due(connection, self._store.clock(), BATCH)
            ended = rounds.unjudged(connection, BATCH)
        count = sum(self._each(row.case_id, row.number, self._look) for row in due)
        return count + sum(self._each(row.case_id, row.number, self._examine) for row in ended)

    def _each(self, case_id: str, number: int, work: Callable[[Tx, str, int], bool]) -> bool:
        try:
            return self._store.write(lambda tx: work(tx, case_id, number))
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - one round must not stop those behind it
            self._put_off(case_id, number, error)
            return False

    def _put_off(self, case_id: str, number: int, error: Exception) -> None:
        """A fault of ours: the round is looked at again later."""
        log.error("promise_failed", case=case_id, exc_type=type(error).__name__)
        later = self._store.clock() + AGAIN
        if number:
            self._store.write(lambda tx: rounds.change(tx, case_id, number, {"next_at": later}))

    def _begin(self, tx: Tx, case_id: str, _: int) -> bool:
        row = cases.get(tx.connection, case_id)
        if row is None or row.state != "open" or row.contact_due is None:
            return False
        before = rounds.of_case(tx.connection, case_id)
        if before and before[-1].ended_at is None:
            return False
        number = rounds.begin(tx, case_id, tx.now if before else _begun(row))
        if before:
            self._anew(tx, row, number)
        elif row.due_noticed_at is not None:  # by a version without rounds
            late = {"contact_fired": int(Rung.LATE), "shown": Shown.LATE.value}
            rounds.change(tx, case_id, number, late)
        return True

    def _anew(self, tx: Tx, row: Row[Any], number: int) -> None:
        """Let the clocks of a reopened case run from now; those of before stay on record."""
        case = cases.case_of(row)
        rules = self._rules().at(case.site)
        clocks = policy.clocks(
            case.severity, tx.now, case.event_time, rules.recovery, rules.practice.zone
        )
        case = replace(case, clocks=clocks)
        cases.raise_to(tx, case, kind=row.kind)
        tx.record(
            "clock.started_anew",
            case_id=case.id,
            round=number,
            contact_due=clocks.contact_due.isoformat(),
            resolution_due=clocks.resolution_due.isoformat(),
        )
        self._owe(tx, row.tenant, promises.reopened(case, number, rules.practice))

    def _look(self, tx: Tx, case_id: str, number: int) -> bool:
        row = rounds.get(tx.connection, case_id, number)
        if row is None or row.ended_at is not None:
            return False
        rules = self._rules().at(row.site)
        if row.state != "open":  # held again, or closed by a way that does not end rounds
            rounds.change(tx, case_id, number, {"next_at": tx.now + AGAIN})
            return False
        before = round_of(tx.connection, row, rules)
        asked = promises.ask(before, tx.now, rules.recovery, rules.practice.zone)
        _record(tx, before, asked)
        below = promises.below(before, asked)
        late = [below[key] for key in outbox.overtake(tx, case_id, list(below))] if below else []
        owed = promises.changes(before, asked, rules.practice, rules.recovery, late)
        self._owe(tx, row.tenant, owed)
        self._page(tx, before, asked)
        after = asked.after
        if after.clocks != before.clocks:
            cases.set_due(tx, after.case)
        rounds.change(
            tx,
            case_id,
            number,
            {
                "acted_at": after.acted_at,
                "contact_at": after.contact_at,
                "contact_fired": after.contact_fired,
                "resolution_fired": after.resolution_fired,
                "silence_told_at": (row.silence_told_at or tx.now) if after.silence_told else None,
                "critical_told": int(after.critical_told),
                "update_fired": after.update_fired,
                "shown": after.shown.value,
                "held_since": after.hold.since,
                "held_s": int(after.hold.spent.total_seconds()),
                "held_m": after.hold.minutes,
                "next_at": max(asked.next_at, tx.now + timedelta(seconds=1)),
            },
        )
        news = after.update_fired != before.update_fired
        return bool(asked.climbs or after.shown != before.shown or asked.pages or news)

    def _examine(self, tx: Tx, case_id: str, number: int) -> bool:
        row = rounds.get(tx.connection, case_id, number)
        if row is None or row.lacking is not None or row.ended_at is None:
            return False
        rules = self._rules().at(row.site)
        round_ = round_of(tx.connection, row, rules)
        lacking: tuple[str, ...] = ()
        if row.why in CLOSED_BY_PEOPLE:
            seen = rounds.evidence_of(tx.connection, case_id)
            contacted = round_.contact_at is not None
            tried = _tried(tx.connection, row, seen, rules)
            required = evidence_names(rules.recovery.overlays)
            lacking = tuple(
                evidence.missing(
                    seen, row.severity, contacted=contacted, tried=tried, required=required
                )
            )
            action = "recovery.incomplete" if lacking else "recovery.complete"
            tx.record(action, case_id=case_id, round=number, lacking=list(lacking))
        if lacking:
            tries = attempts.of_round(tx.connection, case_id, row.started_at)
            told = trying.seen(tries, rules.practice.zone)
            self._owe(tx, row.tenant, lacks.incomplete(round_.case, number, lacking, told))
        shown = round_.shown
        if row.why in ENDED_BY_PEOPLE:
            shown = promises.at_the_end(round_, row.ended_at)
            self._owe(tx, row.tenant, promises.ended(round_, shown))
            if shown is Shown.MET and round_.shown is not Shown.MET:
                tx.record("clock.contact_met", case_id=case_id, round=number)
        values = {
            "lacking": ",".join(lacking),
            "contact_at": round_.contact_at,
            "shown": shown.value,
        }
        rounds.change(tx, case_id, number, values)
        return bool(lacking)

    def _page(self, tx: Tx, before: Round, asked: Asked) -> None:
        if not asked.pages or not self._routes:
            return
        rules = self._rules().at(before.case.site)
        open_now = paging.open_now(rules.recovery, rules.practice, tx.now)
        case, number = before.case, before.number
        paging.owe(tx, case, number, asked.pages, self._routes, open_now=open_now)

    def _owe(self, tx: Tx, tenant: str, owed: Iterable[Change]) -> None:
        freeze(tx, tenant, owed, self._rules().prepare)


def _tried(connection: Connection, row: Row[Any], seen: Mapping[str, str], rules: Rules) -> bool:
    """Say whether there were as many attempts as the stated end of a case takes."""
    code = seen.get(evidence.CONTACT, "")
    zone = rules.practice.zone
    return attempts.enough(connection, row.case_id, row.started_at, code, zone)


def round_of(connection: Connection, row: Row[Any], rules: Rules) -> Round:
    """Make the value from a round with its case, with what the helpdesk told by now."""
    since, required = row.started_at, evidence_names(rules.recovery.overlays)
    seen = rounds.evidence_of(connection, row.case_id)
    contact = row.contact_at or rounds.contact_since(connection, row.case_id, since)
    tried = _tried(connection, row, seen, rules)
    if contact is None and tried and seen.get(evidence.CONTACT, "") in evidence.STOPS:
        contact = rounds.stated_since(connection, row.case_id, evidence.CONTACT, since)
    spoken = max_of(contact, rounds.spoken_since(connection, row.case_id, since))
    clocks = Clocks(contact_due=row.contact_due, resolution_due=row.resolution_due)
    lacking = evidence.missing(
        seen, row.severity, contacted=contact is not None, tried=tried, required=required
    )
    return Round(
        case=cases.case_of(row),
        clocks=clocks,
        number=row.number,
        started_at=since,
        contact_at=contact,
        acted_at=row.acted_at or rounds.acted_since(connection, row.case_id, since),
        contact_fired=row.contact_fired,
        resolution_fired=row.resolution_fired,
        silence_told=row.silence_told_at is not None,
        shown=Shown(row.shown),
        recovered=not lacking,
        critical_told=bool(row.critical_told),
        # who cannot be reached, or does not want it, is not to be told how it stands
        spoken_at=None if seen.get(evidence.CONTACT, "") in evidence.END_STATES else spoken,
        update_fired=row.update_fired,
        hold=Hold(since=row.held_since, spent=timedelta(seconds=row.held_s), minutes=row.held_m),
        hold_stated_at=rounds.stated_since(connection, row.case_id, evidence.HOLD, since),
    )


def max_of(*times: datetime | None) -> datetime | None:
    """Give the latest of those that are known."""
    return max((one for one in times if one is not None), default=None)


def see(tx: Tx, row: Row[Any], fields: Mapping[str, str], rules: Rules) -> None:
    """Take in what agents filled in on the ticket of a case, also after its close."""
    changed = rounds.see(tx, row.id, evidence.read(fields))
    if not changed:
        return
    tx.record("evidence.seen", case_id=row.id, ticket=row.ticket_id or "", names=list(changed))
    rounds.wake(tx, row.id)
    found = rounds.evidence_of(tx.connection, row.id)
    if evidence.CONTACT in changed:
        attempts.fill(tx, row, found.get(evidence.CONTACT, ""))
    again(tx, row, found, rules, stated=evidence.CONTACT in changed)


def again(
    tx: Tx, row: Row[Any], found: Mapping[str, str], rules: Rules, *, stated: bool = False
) -> None:
    """Look again at what a case lacks; `stated`: an agent said just now how it came about."""
    last = next(reversed(rounds.of_case(tx.connection, row.id)), None)
    if last is None:
        return
    rules = rules.at(row.site)
    tried = _tried(tx.connection, last, found, rules)
    if stated and not tried and last.ended_at is None:
        tries = attempts.of_round(tx.connection, row.id, last.started_at)
        told = trying.seen(tries, rules.practice.zone)
        key = f"{row.id}.{last.number}.early.{row.next_seq}"
        freeze(tx, row.tenant, [lacks.too_early(cases.case_of(row), key, told)], rules.prepare)
    if not last.lacking:
        return
    contacted, required = last.contact_at is not None, evidence_names(rules.recovery.overlays)
    lacking = evidence.missing(
        found, row.severity, contacted=contacted, tried=tried, required=required
    )
    rounds.change(tx, row.id, last.number, {"lacking": ",".join(lacking)})
    if lacking:
        return
    tx.record("recovery.complete", case_id=row.id, round=last.number, lacking=[])
    done = lacks.completed(row.id, last.number, row.next_seq)
    freeze(tx, row.tenant, [done], rules.prepare)


def _record(tx: Tx, before: Round, asked: Asked) -> None:
    case_id = before.case.id
    for clock, found in asked.climbs:
        if clock is Clock.CONTACT and found.rung >= Rung.LATE > before.contact_fired:
            tx.record("clock.contact_due_passed", case_id=case_id, severity=before.case.severity)
        tx.record(
            "clock.escalated",
            case_id=case_id,
            round=before.number,
            clock=clock.value,
            percent=int(found.rung),
            due=found.at.isoformat(),
            passed_over=[int(rung) for rung in found.passed_over],
        )
    if asked.after.update_fired > before.update_fired:
        tx.record(
            "clock.update_due",
            case_id=case_id,
            round=before.number,
            percent=asked.after.update_fired,
        )
    held, rests = before.hold, asked.after.hold
    if held.since is None and rests.since is not None:
        tx.record("clock.held", case_id=case_id, round=before.number)
    elif held.since is not None and rests.since is None:
        tx.record(
            "clock.resumed",
            case_id=case_id,
            round=before.number,
            held_s=int((rests.spent - held.spent).total_seconds()),
            contact_due=asked.after.clocks.contact_due.isoformat(),
            resolution_due=asked.after.clocks.resolution_due.isoformat(),
        )
    if asked.after.shown is not before.shown and asked.after.shown is Shown.MET:
        tx.record("clock.contact_met", case_id=case_id, round=before.number)


def _begun(row: Row[Any]) -> datetime:
    """Say when the first round of a case began: with the case, its clocks run from then."""
    opened: datetime = row.opened_at
    return opened.astimezone(UTC)
