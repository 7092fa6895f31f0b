"""Stored signal to assessment to case to outbox, in one commit per batch.

1. Choose the oldest waiting items and count the attempt before one of them is even loaded,
   so that an item that kills the process three times is set apart as unreadable.
2. Judge each one (pure, outside any transaction).
3. In one commit: join or found a case, freeze what is owed to the helpdesk, end the item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy.engine import Row

from connector import crash
from connector.domain.assessment import Assessment, Lane
from connector.domain.case import Case, CaseState, Clocks
from connector.domain.errors import StateError
from connector.domain.signal import Signal, Unreadable
from connector.domain.taxonomy import group_of
from connector.domain.ticket import Change
from connector.pipeline import (
    apart,
    called_back,
    callroom,
    joining,
    mailroom,
    onrecord,
    outreach,
    raising,
    repeats,
    returned,
    revision,
    storm,
)
from connector.pipeline.acquaintance import Acquaintance
from connector.pipeline.choosing import choose_batch
from connector.pipeline.owing import link, owe
from connector.pipeline.rules import Rules
from connector.recovery import failed_contact, plan, policy, public_reply, routing, sites
from connector.recovery.severity import final_severity
from connector.store import calls, cases, codec, keys, mails, rounds, signals
from connector.store.signals import End, Stored
from connector.store.store import Store, Tx
from connector.triage.assess import assess
from connector.triage.lexicon import lexicon

log = structlog.get_logger()

BATCH = 100
MAX_ATTEMPTS = 5
"""An item with which casework began so often without an end is set apart: often enough that
kills from outside do not single out an innocent one, seldom enough to end a crash loop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stored item with its assessment; None for what nobody could read."""

    stored: Stored
    assessment: Assessment | None
    problem: str = ""
    """Code of what went wrong while judging."""


class Casework:
    """Works off what is waiting; used by one thread."""

    def __init__(self, store: Store, rules: Rules) -> None:
        """Take the store and the rules in force."""
        self._store = store
        self.rules = rules
        lexicon(rules.triage)  # read now: the first item should not have to wait for it
        self._judged: list[Judged] = []

    def step(self) -> int:
        """Work off one batch; gives how many items came to an end.

        Raises StateFull when the disk refused; the decisions are kept and concluded by the
        next step, so that a full disk does not count as a fault of the items.
        """
        if not self._judged:
            self._judged = self._judge_next()
        count = len(self._judged)
        if count:
            self._conclude()
            crash.point("casework.committed")
        return count

    def _judge_next(self) -> list[Judged]:
        with self._store.read() as connection:
            numbers = choose_batch(signals.waiting(connection, BATCH, self._store.clock()))
        if not numbers:
            return []
        self._store.write(lambda tx: signals.begin(tx, numbers))
        with self._store.read() as connection:
            batch = signals.load(connection, numbers)
            limit = self.rules.pipeline.mails_per_hour
            noted = mailroom.look(connection, self._store.secret, batch, limit)
        judged = [self._judge(mailroom.as_spoken(stored, noted), noted) for stored in batch]
        crash.point("casework.decided")
        return judged

    def _judge(self, stored: Stored, noted: mailroom.Noted) -> Judged:
        item = stored.item
        if isinstance(item, Unreadable):
            return Judged(stored=stored, assessment=None, problem="unreadable")
        if stored.attempts > MAX_ATTEMPTS:
            return Judged(stored=stored, assessment=None, problem="interrupted_too_often")
        opinion = assess(item, self.rules.triage)
        return Judged(stored=stored, assessment=mailroom.considered(opinion, stored, noted))

    def _conclude(self) -> None:
        """Commit the batch; when one of it cannot be concluded, the others still are."""
        batch = self._judged
        if len(batch) > 1 and self._together(batch):
            self._judged = []
            return
        while self._judged:
            self._alone(self._judged[0])
            self._judged = self._judged[1:]

    def _together(self, batch: Sequence[Judged]) -> bool:
        try:
            self._store.write(lambda tx: conclude(tx, batch, self.rules))
        except StateError:
            raise
        except Exception:  # noqa: BLE001 - found out and told one by one
            return False
        return True

    def _alone(self, one: Judged) -> None:
        try:
            self._store.write(lambda tx: conclude(tx, [one], self.rules))
        except StateError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad item must not stop those behind it
            self._give_up(one, error)

    def _give_up(self, judged: Judged, error: Exception) -> None:
        """A fault of ours: try again later, and in the end show it to a human."""
        log.error("casework_failed", signal=judged.stored.seed, exc_type=type(error).__name__)
        if judged.stored.attempts < MAX_ATTEMPTS:
            return
        lost = Judged(stored=judged.stored, assessment=None, problem="cannot_be_concluded")
        self._store.write(lambda tx: conclude(tx, [lost], self.rules))


def conclude(tx: Tx, batch: Sequence[Judged], rules: Rules) -> None:
    """End items within a transaction, in their order."""
    heard = [
        one.stored.item
        for one in batch
        if one.assessment is not None
        and one.assessment.lane in {Lane.TICKET, Lane.REVIEW}  # others meet nobody
        and isinstance(one.stored.item, Signal)
    ]
    met = Acquaintance(tx, heard, storm.WINDOW, rules.ticket_mark)
    copies = mails.earlier(tx.connection, [one.stored.id for one in batch])
    changes = revision.earlier(tx.connection, [one.stored for one in batch])
    ended: dict[bytes, tuple[Stored, End]] = {}
    for judged in batch:
        callroom.remember(tx, judged.stored, judged.assessment)
    for judged in batch:
        ruling = callroom.rule(tx, judged.stored, judged.assessment, rules)
        if ruling.later is not None:
            continue  # its fate is open: it waits
        one = replace(judged, assessment=ruling.assessment)
        first = copies.get(one.stored.id)
        case_id = first.case_id if first else None
        if first and first.id in ended:
            case_id = ended[first.id][1].case_id
        if first and case_id:
            signals.sighted(tx, first.id, one.stored.item)
        before = revision.case_row(tx, one.stored, changes, ended)
        if ruling.group is not None and before is None:
            end = _to_group(tx, one, rules, met, ruling)
        else:
            end = _end(tx, one, rules, met, case_id, before)
        ended[one.stored.id] = (one.stored, end)
    signals.finish(tx, list(ended.values()))


def _to_group(
    tx: Tx, judged: Judged, rules: Rules, met: Acquaintance, ruling: callroom.Ruling
) -> End:
    """End a call in the case that it shares with others; the first one founds it."""
    stored, assessment, signal = judged.stored, judged.assessment, judged.stored.item
    if assessment is None or ruling.group is None or not isinstance(signal, Signal):
        raise TypeError  # a ruling with a group is about a judged call
    assessment_id, proof = tx.put("assessment", codec.assessment_bytes(assessment))
    onrecord.assessed(tx, stored, assessment, assessment_id, proof, rules.version)
    lane, severity = assessment.lane.value, assessment.severity
    end = End(outcome="joined", lane=lane, severity=severity, assessment_id=assessment_id)
    told = callroom.about_many(signal, ruling, include_contact=rules.recovery.include_contact)
    heard = plan.Heard(
        signal=told, assessment=assessment, detected_at=stored.detected_at, seed=stored.seed
    )
    known = calls.group_case(tx.connection, ruling.group)
    row = cases.get(tx.connection, known) if known is not None else None
    if row is not None and cases.case_of(row).state is not CaseState.CLOSED:
        case = _join(tx, stored, heard, cases.case_of(row), ruling.why, rules)
        return replace(end, case_id=case.id)
    case, outcome = _open(tx, stored, heard, rules, met)
    calls.set_group(tx, ruling.group, case.id)
    return replace(end, outcome=outcome, case_id=case.id)


def _end(
    tx: Tx,
    judged: Judged,
    rules: Rules,
    met: Acquaintance,
    copied: str | None,
    changed: Row[Any] | None,
) -> End:
    """End one item; `copied` is the case of the same mail in another mailbox.

    `changed` is the case of the answer that this one replaces.
    """
    stored, assessment = judged.stored, judged.assessment
    if assessment is None or not isinstance(stored.item, Signal):
        tx.record("signal.unreadable", signal=stored.seed, problem=judged.problem)
        return End(outcome="unreadable", problem_code=judged.problem)
    assessment_id, proof = tx.put("assessment", codec.assessment_bytes(assessment))
    onrecord.assessed(tx, stored, assessment, assessment_id, proof, rules.version)
    end = End(
        outcome={Lane.COUNT: "counted", Lane.PARK: "parked"}.get(assessment.lane, ""),
        lane=assessment.lane.value,
        severity=assessment.severity,
        assessment_id=assessment_id,
    )
    heard = plan.Heard(
        signal=stored.item, assessment=assessment, detected_at=stored.detected_at, seed=stored.seed
    )
    if end.outcome == "parked":
        found = returned.find(tx, stored.item, rules.practice.own_addresses, rules.ticket_mark)
        if found is not None and copied is None:
            return _contact_failed(tx, stored, heard, found, rules, end)
        end = replace(end, problem_code=mailroom.parked_as(assessment))
    if copied is not None and (row := cases.get(tx.connection, copied)) is not None:
        onrecord.copied(tx, stored, cases.case_of(row))
        return replace(end, outcome="joined", case_id=copied, problem_code=None)
    if changed is not None:
        belongs, reopens = revision.reopening(tx, changed, heard)
        if belongs:
            case = _change(tx, stored, heard, cases.case_of(changed), reopens, rules)
            met.changed(case.id, case.tenant, ())
            return replace(end, outcome="joined", case_id=case.id)
    if end.outcome:
        called_back.tell(tx, stored, rules, rules.prepare)
        return end
    return _to_case(tx, stored, heard, rules, met, end)


def _change(
    tx: Tx,
    stored: Stored,
    heard: plan.Heard,
    before: Case,
    reopens: Change | None,
    rules: Rules,
) -> Case:
    """Tell on a case that the person changed the answer; a ticket is opened again first."""
    if reopens is not None:
        owe(tx, stored, [reopens], rules.prepare, held=False)
    case = _join(tx, stored, heard, before, revision.kind(heard.signal), rules)
    done = revision.corrected(tx, case, stored, heard)
    owe(tx, stored, done, rules.prepare, held=case.state is CaseState.HELD)
    return case


def _contact_failed(
    tx: Tx, stored: Stored, heard: plan.Heard, found: returned.Found, rules: Rules, end: End
) -> End:
    """Tell on a case that a mail to its person came back; its ticket is opened again first."""
    reopens = returned.reopening(tx, found.row)
    case = returned.put_on_record(tx, found, heard)
    rules = rules.at(case.site)
    note = failed_contact.note(case, heard, rules.practice, rules.recovery)
    if reopens is not None:
        tx.record("ticket.reopened", case_id=case.id, why="contact_failed", complaints=0)
    changes: list[Change] = [reopens, note] if reopens is not None else [note]
    owe(tx, stored, changes, rules.prepare, held=case.state is CaseState.HELD)
    return replace(end, outcome="joined", case_id=case.id)


def _to_case(
    tx: Tx, stored: Stored, heard: plan.Heard, rules: Rules, met: Acquaintance, end: End
) -> End:
    signal, categories = heard.signal, heard.assessment.categories
    shared = rules.pipeline.shared_contacts
    choice = joining.choose(met.known(signal), signal, categories, group_of(categories), shared)
    if choice.join is not None:
        case, outcome = _join(tx, stored, heard, choice.join, choice.why, rules), "joined"
    else:
        case, outcome = _open(tx, stored, heard, rules, met)
    contacts = joining.contact_keys(tx.secret, signal)
    cases.add_contacts(tx, signal.tenant, case.id, contacts)
    met.learn(signal, case, shared)
    met.changed(case.id, signal.tenant, (one.key for one in contacts))
    link(tx, case, choice.links, stored.seed, rules.prepare)
    return replace(end, outcome=outcome, case_id=case.id)


def _open(
    tx: Tx, stored: Stored, heard: plan.Heard, rules: Rules, met: Acquaintance
) -> tuple[Case, str]:
    signal, assessment = heard.signal, heard.assessment
    site = sites.choose(signal, rules.sites)
    rules = rules.at(site)
    second_look = assessment.lane is Lane.REVIEW
    shared = rules.pipeline.shared_contacts
    own = joining.person_key(tx.secret, signal, assessment.categories, shared)
    person = met.person(signal, group_of(assessment.categories)) or own
    again = None if second_look else repeats.find(tx, signal.tenant, person, assessment)
    assessment = repeats.considered(assessment, again)
    severity = 1 if second_look else final_severity(assessment, repeated=again is not None)
    clocks: Clocks | None = None
    if not second_look:
        clocks = policy.clocks(
            severity, stored.detected_at, signal.event_time, rules.recovery, rules.practice.zone
        )
    limit = rules.pipeline.storm_cases_per_hour
    held = storm.holds(met, signal.tenant, signal.source, severity, limit)
    case = Case(
        id=keys.case_id(tx.secret, stored.seed),
        tenant=signal.tenant,
        group=group_of(assessment.categories),
        state=CaseState.HELD if held else CaseState.OPEN,
        severity=severity,
        categories=assessment.categories,
        second_look=second_look,
        opened_at=tx.now,
        event_time=signal.event_time,
        clocks=clocks,
        ticket_id="",
        ticket_url="",
        site=site,
        conflict=routing.about_manager(signal, assessment.categories, rules.recovery),
    )
    kind, channel = "second_look" if second_look else "case", signal.channel.value
    origin = cases.Origin(source=signal.source, channel=channel, person=person, kind=kind)
    # asked before the case is stored: what waits to be written together is not written for it
    spoken, here = outreach.earlier(tx, case, person, rules), (rules.practice, rules.recovery)
    cases.insert(tx, case, origin)
    met.count(signal.tenant, signal.source)
    onrecord.opened(tx, stored, case, held=held)
    marks, book = again.tags if again is not None else (), rules.shelf.book()
    opening = plan.opening(case, heard, *here, marks, book, spoken)
    draft = public_reply.notes(case, heard, *here, book)
    owe(tx, stored, (*opening, *draft), rules.prepare, held=held)
    if again is not None:
        repeats.tell(tx, case, again, stored.seed, rules.prepare)
    if held and met.first("storm", case.tenant, signal.source):
        storm.tell(tx, case, signal.source, rules)
    return case, "held" if held else "opened"


def _join(tx: Tx, stored: Stored, heard: plan.Heard, before: Case, why: str, rules: Rules) -> Case:
    rules = rules.at(before.site)
    after = before
    if before.state is not CaseState.CLOSED:
        after = raising.raised(tx.now, before, heard, rules.recovery, rules.practice.zone)
    changed = after != before
    if changed:
        kind = "second_look" if after.second_look else "case"
        cases.raise_to(tx, after, kind=kind)
    after = apart.keep(tx, heard, after, rules)
    begins = before.second_look and not after.second_look
    if begins:
        rounds.begin(tx, after.id, tx.now)
    tx.record(
        "signal.joined",
        case_id=after.id,
        signal=stored.seed,
        why=why,
        severity_before=before.severity,
        severity=after.severity,
        promoted=begins,
    )
    if after.state is CaseState.HELD and after.severity >= storm.CRITICAL:
        after = storm.let_go(tx, after)
    changes = plan.joining(
        after,
        heard,
        raised_from=before.severity if changed else None,
        changed=why if why in revision.KINDS else "",
        begins=begins,
        practice=rules.practice,
        settings=rules.recovery,
        book=rules.shelf.book(),
    )
    if after.conflict and not before.conflict:
        changes = (*changes, *plan.kept_apart(after, stored.seed, rules.recovery))
    owe(tx, stored, changes, rules.prepare, held=after.state is CaseState.HELD)
    return after
