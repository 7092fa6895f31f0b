"""The second computation: what docs/recovery.md promises, as plainly as a clerk would keep it.

It is fed with what happened at the borders, in order: complaints heard, tickets opened, looks at
tickets, words and closes of agents, ticks of time. It shares no code with `connector.recovery`
or the pipeline; tables are copied from the documents by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaign.month.files import File, Truth
from campaign.month.times import Times
from campaign.month.world import Heard

FLOOR = {
    "visit.wait": 1,
    "billing.money": 1,
    "people.courtesy": 2,
    "comm.no_follow_up": 2,
    "info.wrong": 2,
    "privacy.confidentiality": 3,
    "recovery.failed": 3,
    "clinical.safety": 4,
}
APART = {"privacy.confidentiality": "confidential", "clinical.safety": "safety"}
READ = timedelta(seconds=60)
WEIGHTY, HIGH, HIGHEST = 2, 3, 4
SIGNAL_NOTE = 37
"""So long is the key of a note about a further complaint."""


class Book(Times):
    """All files, and the truth about all tickets."""

    # what is heard

    def hear(self, heard: Heard) -> None:
        """Join an open case of the person in the same matter, or begin one."""
        group = next((APART[one] for one in heard.categories if one in APART), "service")
        theirs = [one for one in self.files if one.founder.person == heard.person]
        for file in theirs:
            if file.open and file.group == group:
                self._join(file, heard)
                return
        again, failed = (False, False) if heard.review else self._before(theirs, heard)
        categories = heard.categories + (("recovery.failed",) if failed else ())
        file = File(
            founder=heard,
            group=group,
            severity=1 if heard.review else _severity(heard.severity, categories, 0, again=again),
            categories=categories,
            second_look=heard.review,
            opened=heard.at,
        )
        if not heard.review:
            self._promise(file, heard.at)
        late = heard.happened_at is not None and heard.at - heard.happened_at > timedelta(hours=1)
        file.tags |= {"amends_late_detected"} if late else set()
        file.tags |= {"amends_repeat"} if again else set()
        file.tags |= {"amends_recovery_failed"} if failed else set()
        file.tags |= {"amends_second_look"} if heard.review else {"amends_sla_running"}
        file.priority = file.severity
        self.files.append(file)

    def _before(self, theirs: list[File], heard: Heard) -> tuple[bool, bool]:
        """Say whether the person was let down so before, and whether that had been put right."""
        said_nothing = {"judged_wrong", "ticket_deleted"}
        closed = [one for one in theirs if not one.open and not one.second_look]
        closed = [one for one in closed if one.reason not in said_nothing and one.closed]
        for file in sorted(closed, key=lambda one: one.closed or heard.at, reverse=True):
            if (set(file.categories) & set(heard.categories)) - {"recovery.failed"}:
                last = file.rounds[-1] if file.rounds else None
                whole = last is not None and last.lacking == ()
                return True, whole and file.reason == "ticket_closed"
        return False, False

    def _join(self, file: File, heard: Heard) -> None:
        file.joined.append(None)
        if heard.review:
            return
        severity = _severity(heard.severity, heard.categories, file.severity, again=False)
        added = [one for one in heard.categories if one not in file.categories]
        if severity == file.severity and not added and not file.second_look:
            return
        first, rest = (
            (heard.categories, file.categories)
            if file.second_look
            else (file.categories, tuple(added))
        )
        file.categories = first + tuple(one for one in rest if one not in first)
        raised, promoted = severity != file.severity, file.second_look
        file.severity = severity
        before = (file.contact_due, file.resolution_due)
        self._promise(file, heard.at)
        if promoted:
            file.second_look = False
            self._tag(file, {"amends_sla_running"}, {"amends_second_look"})
        elif before[0] and before[1] and file.contact_due and file.resolution_due:
            file.contact_due = min(before[0], file.contact_due)
            file.resolution_due = min(before[1], file.resolution_due)
        if raised:
            self._prioritise(file, severity)

    # what is seen in the helpdesk

    def opened(self, case_id: str, ticket: str, email: str, group: str) -> None:
        """Take note of the ticket of a case: a person has one open case in each group."""
        for file in self.files:
            mine = file.founder.email == email and not file.id
            if mine and file.group == group:
                file.id, file.ticket = case_id, ticket
                file.tickets.append(ticket)
                self.by_id[case_id] = file
                self.truth[ticket] = Truth(priority=file.priority)
                return
        raise AssertionError(f"nobody expected the ticket {ticket} of {case_id}")

    def noted(self, key: str, case_id: str, at: datetime) -> None:
        """Take note that a note of ours stands on the ticket."""
        if key in self.delivered:
            return
        self.delivered.add(key)
        file = self.by_id.get(case_id)
        if file is not None and len(key) == SIGNAL_NOTE and key.endswith(".note"):
            file.joined[file.joined.index(None)] = at

    def reopened_by_us(self, case_id: str) -> None:
        """Take note that our own reopening of a ticket took effect."""
        file = self.by_id[case_id]
        file.reopening = False
        truth = self.truth[file.ticket]
        truth.ended_at, truth.wrong = None, False

    def led_on(self, case_id: str, into: str) -> None:
        """Take note that a change found its ticket merged into another."""
        self._follow(self.by_id[case_id], into)

    def _follow(self, file: File, into: str) -> None:
        if into in file.tickets:
            return
        file.ticket, file.guest = into, True
        file.tickets.append(into)

    def look(self, ticket: str, at: datetime) -> None:
        """Amends looked at a ticket: what people did there is known from now on."""
        truth = self.truth[ticket]
        self.known[ticket] = list(truth.words)
        self.tried[ticket] = list(truth.tries)
        for file in [one for one in self.files if one.ticket == ticket]:
            if truth.into:
                self._follow(file, truth.into)
            elif truth.gone:
                self._close(file, f"ticket_{truth.gone}", at)
            else:
                self._fields(file, truth, at)
                self._state(file, truth, at)
            file.looked = at

    def _fields(self, file: File, truth: Truth, at: datetime) -> None:
        shown = {name: value for name, value in truth.fields.items() if value}
        for name in {*file.evidence, *shown}:
            before = file.evidence.get(name, ("", at))[0]
            if name not in shown:
                del file.evidence[name]
            elif shown[name] != before:
                file.evidence[name] = (shown[name], at)
                if (name, shown[name]) == ("first_contact", "attempted"):
                    file.tries.append((at, "phone"))
        last = file.rounds[-1] if file.rounds else None
        if last is not None and last.lacking:
            last.lacking = self._lacking(file, last)
            if not last.lacking:
                self._tag(file, set(), {"amends_recovery_incomplete"})

    def _state(self, file: File, truth: Truth, at: datetime) -> None:
        ended = truth.wrong or truth.ended_at is not None
        if not file.open:
            if not ended and file.reason in {"judged_wrong", "ticket_closed"}:
                self._reopen(file)
            return
        if ended:
            if file.reopening:
                return
            if self._unread(file, truth):
                file.reopening = True
                return
            self._close(file, "judged_wrong" if truth.wrong else "ticket_closed", at)
        elif file.second_look and truth.right:
            file.second_look = False
            file.severity = _severity(
                file.founder.severity, file.founder.categories, 0, again=False
            )
            self._promise(file, at)
            self._tag(file, {"amends_sla_running"}, {"amends_second_look"})
            self._prioritise(file, file.severity)

    def _unread(self, file: File, truth: Truth) -> bool:
        for stood in file.joined:
            if stood is None:
                return True
            if file.looked is not None and stood < file.looked:
                continue
            if truth.ended_at is None or stood + READ > truth.ended_at:
                return True
        return False

    def _close(self, file: File, reason: str, at: datetime) -> None:
        if not file.open:
            return
        file.open, file.reason, file.closed = False, reason, at
        if file.round is not None:
            file.round.why, file.round.ended = reason, at

    def _reopen(self, file: File) -> None:
        same = [
            one
            for one in self.files
            if one.open and one.founder.person == file.founder.person and one.group == file.group
        ]
        if not same:
            file.open, file.closed, file.reason = True, None, ""


def _severity(said: int, categories: tuple[str, ...], current: int, *, again: bool) -> int:
    floors = [FLOOR[one] for one in categories]
    base = max(said, *floors)
    if sum(floor >= WEIGHTY for floor in floors) > 1 and base < HIGH:
        base += 1
    return max(current, min(base + int(again), HIGHEST))
