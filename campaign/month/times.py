"""The second computation's time: clocks, rungs, holds and ends, as docs/recovery.md has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaign.month.files import Climbed, File, Round, Truth
from campaign.month.minutes import Minutes, minutes
from campaign.month.world import PLACES

PROMISED = {
    4: (60, 60, 2, 7),
    3: (240, 1_440, 3, 7),
    2: (480, 4_320, 5, 14),
    1: (960, 5_760, 10, 30),
}
"""By severity: open minutes and ceiling in minutes of the first contact, business days and ceiling
in days of all four steps."""
SHARES = (50, 80, 100, 200)
HOLD_CEILING = timedelta(days=14)
SILENCE = timedelta(minutes=30)
HOLDS = {"waiting_for_patient", "later_date", "third_party", "legal_hold"}
STOPS = {"reached", "declined"}
"""`unable_to_reach` takes three attempts on two days by two ways."""
TRIES, DAYS, WAYS = 3, 2, 2
STEPS = ("step_apologize", "step_review", "step_fix", "step_document")
CRITICAL = 4
LATE, BEYOND = 100, 200
CAUSE_FROM = 2


class Times:
    """All files, and what time asks for each of them."""

    def __init__(self, first: datetime) -> None:
        """Begin on a day, which is the first minute of all opening hours."""
        self._first = first
        self.files: list[File] = []
        self.by_id: dict[str, File] = {}
        self.truth: dict[str, Truth] = {}
        self.known: dict[str, list[tuple[datetime, str]]] = {}
        """Words on each ticket that were there when it was last looked at."""
        self.tried: dict[str, list[tuple[datetime, str]]] = {}
        """Attempts on each ticket that were told there when it was last looked at."""
        self.pages: list[tuple[File, int, str, datetime, int]] = []
        """Case, round, reason, when it was asked for, and how grave; whatever the routes take."""
        self.delivered: set[str] = set()
        """Keys of notes that stand on their ticket."""

    def hours(self, file: File) -> Minutes:
        """The opening hours that count for a case."""
        return minutes(PLACES[file.founder.site], self._first)

    def _promise(self, file: File, at: datetime) -> None:
        """Let the clocks run from an instant."""
        hours, row = self.hours(file), PROMISED[file.severity]
        file.contact_due = min(hours.after(at, row[0]), at + timedelta(minutes=row[1]))
        file.resolution_due = min(hours.after(at, row[2] * 480), at + timedelta(days=row[3]))
        file.clocks_from = at

    def tick(self, now: datetime) -> None:
        """Do for every case what is due."""
        for file in self.files:
            if file.open and not file.second_look and file.round is None:
                self._begin(file, now)
        for file in self.files:
            if file.round is not None:
                self._run(file, file.round, now)
        for file in self.files:
            last = file.rounds[-1] if file.rounds else None
            if last is not None and last.ended is not None and last.lacking is None:
                self._examine(file, last)

    def _begin(self, file: File, now: datetime) -> None:
        if file.rounds:
            self._promise(file, now)
            three = {"amends_sla_contact_met", "amends_sla_contact_late"}
            self._tag(file, {"amends_sla_running"}, {*three, "amends_recovery_incomplete"})
        start = now if file.rounds else file.clocks_from or now
        file.rounds.append(Round(number=len(file.rounds) + 1, start=start))

    def _words(self, file: File, since: datetime) -> list[tuple[datetime, str]]:
        found = [one for ticket in file.tickets for one in self.known.get(ticket, ())]
        return sorted(one for one in found if one[0] >= since)

    def _learn(self, file: File, one: Round) -> None:
        """Take in what was seen of the people of the practice in this round."""
        words = self._words(file, one.start)
        filled = [at for _, at in file.evidence.values() if at >= one.start]
        if one.acted is None:
            one.acted = min([at for at, _ in words] + filled, default=None)
        if one.contact is None:
            spoke = [at for at, kind in words if kind in {"public_reply", "call"}]
            said, at = file.evidence.get("first_contact", ("", one.start))
            if not spoke and self._stops(file, one, said) and at >= one.start:
                spoke = [at]
            one.contact = min(spoke, default=None)

    def _stops(self, file: File, one: Round, said: str) -> bool:
        """Say whether what an agent says of the first contact stops its clock."""
        if said != "unable_to_reach":
            return said in STOPS
        told = [one for ticket in file.tickets for one in self.tried.get(ticket, ())]
        tries = [(at, way) for at, way in told + file.tries if at >= one.start]
        zone = ZoneInfo(PLACES[file.founder.site].zone)
        days = {at.astimezone(zone).date() for at, _ in tries}
        ways = {way for _, way in tries}
        return len(tries) >= TRIES and len(days) >= DAYS and len(ways) >= WAYS

    def _run(self, file: File, one: Round, now: datetime) -> None:
        self._learn(file, one)
        if file.severity == CRITICAL and not one.critical:
            one.critical = True
            self.pages.append((file, one.number, "critical", now, file.severity))
        self._rest(file, one, now)
        if one.held_since is None:
            self._climb(file, one, now)
        silent = one.acted is None and now >= one.start + SILENCE
        if file.severity == CRITICAL and silent and not one.silence:
            one.silence = True
            self.pages.append((file, one.number, "silence", now, file.severity))
        self._show(file, one, now)

    def _rest(self, file: File, one: Round, now: datetime) -> None:
        said, since = file.evidence.get("hold", ("", now))
        may = said in HOLDS and since >= one.start and file.severity < CRITICAL
        if one.held_since is None:
            if may and one.held < HOLD_CEILING:
                one.held_since = since
            return
        end = min(now, one.held_since + HOLD_CEILING - one.held)
        if may and end == now and one.held + (now - one.held_since) < HOLD_CEILING:
            return
        self._resume(file, one, one.held_since, end)

    def _resume(self, file: File, one: Round, since: datetime, end: datetime) -> None:
        """What was left of the opening hours is left again, within the ceiling."""
        hours, row, rested = self.hours(file), PROMISED[file.severity], end - since
        one.held_since, one.held = None, one.held + rested
        one.held_open += hours.between(since, end)
        dues = (_known(file.contact_due), _known(file.resolution_due))
        ceilings = (timedelta(minutes=row[1]), timedelta(days=row[3]))
        moved = []
        for due, ceiling in zip(dues, ceilings, strict=True):
            if due <= since:
                moved.append(due)
                continue
            left = hours.between(since, due)
            again = hours.after(end, left) if left else due + rested
            moved.append(min(again, max(one.start + ceiling + one.held, due + rested)))
        file.contact_due, file.resolution_due = moved

    def _rungs(self, file: File, one: Round, clock: str) -> list[tuple[int, datetime]]:
        """Give the same as `instants`, counted again only when something moved."""
        about = (file.contact_due, file.resolution_due, one.held, one.held_open)
        known = one.rungs.get(clock)
        if known is None or known[0] != about:
            known = one.rungs[clock] = (about, list(self.instants(file, one, clock)))
        return known[1]

    def instants(self, file: File, one: Round, clock: str) -> Iterator[tuple[int, datetime]]:
        """Give every rung with its instant: shares of the open minutes that the clock ran."""
        due = _known(file.contact_due if clock == "contact" else file.resolution_due)
        hours, start = self.hours(file), one.start
        ran = hours.between(start, due) - one.held_open
        for share in SHARES:
            if share == LATE:
                yield share, due
                continue
            calendar = start + one.held + (due - start - one.held) * share / LATE
            if ran < 1:
                yield share, calendar
                continue
            asked = -(-ran * share // LATE) + one.held_open
            yield share, min(hours.after(start, asked), due if share < LATE else calendar)

    def _climb(self, file: File, one: Round, now: datetime) -> None:
        clock = "contact" if one.contact is None else "resolution"
        if clock == "resolution" and not self._lacking(file, one):
            return
        due = [
            (share, at)
            for share, at in self._rungs(file, one, clock)
            if share > one.fired[clock] and at <= now
        ]
        if not due:
            return
        before = one.fired[clock]
        one.fired[clock], at = due[-1]
        below = tuple(share for share, _ in due[:-1])
        rung = Climbed(clock=clock, percent=due[-1][0], due=at, at=now, below=below)
        for earlier in one.climbed:
            key = f"{file.id}.{one.number}.{clock}.{earlier.percent}"
            earlier.overtaken |= earlier.clock == clock and key not in self.delivered
        one.climbed.append(rung)
        if clock == "contact" and rung.percent >= LATE > before:
            self._prioritise(file, min(file.severity + 1, CRITICAL))
        if rung.percent == BEYOND:
            why = "contact_beyond" if clock == "contact" else "resolution_beyond"
            self.pages.append((file, one.number, why, now, file.severity))

    def _show(self, file: File, one: Round, now: datetime) -> None:
        due = _known(file.contact_due)
        if one.contact is not None:
            shown = "met" if one.contact <= due else "late"
        elif one.held_since is not None:
            shown = one.shown
        else:
            shown = "running" if now < due else "late"
        self._turn(file, one, shown)

    def _turn(self, file: File, one: Round, shown: str) -> None:
        names = {
            "running": {"amends_sla_running"},
            "met": {"amends_sla_contact_met"},
            "late": {"amends_sla_contact_late"},
            "ended": set[str](),
        }
        if shown != one.shown:
            self._tag(file, names[shown], names[one.shown])
            one.shown = shown

    def _examine(self, file: File, one: Round) -> None:
        """A case that ended: what it lacks, and what became of the first contact."""
        self._learn(file, one)
        one.lacking = ()
        if one.why == "ticket_closed":
            one.lacking = self._lacking(file, one)
            if one.lacking:
                self._tag(file, {"amends_recovery_incomplete"}, set())
        due = _known(file.contact_due)
        if one.why not in {"ticket_closed", "judged_wrong"}:
            return
        if one.contact is not None:
            self._turn(file, one, "met" if one.contact <= due else "late")
        elif one.shown == "running":
            late = _known(one.ended) >= due and one.held_since is None
            self._turn(file, one, "late" if late else "ended")

    def _lacking(self, file: File, one: Round) -> tuple[str, ...]:
        shown = {name: value for name, (value, _) in file.evidence.items()}
        how = shown.get("first_contact", "")
        ended = how in {"declined", "unable_to_reach"} and self._stops(file, one, how)
        unmet = "tries" if how == "unable_to_reach" else "first_contact"
        lacks = [] if one.contact is not None or self._stops(file, one, how) else [unmet]
        lacks += [one for one in STEPS if one not in shown and not (ended and "apolog" in one)]
        if file.severity >= CAUSE_FROM:
            lacks += [] if "root_cause" in shown else ["root_cause"]
            lacks += [] if ended or "told_change" in shown else ["told_change"]
        return tuple(lacks)

    # what is written on the ticket

    def _tag(self, file: File, add: set[str], remove: set[str]) -> None:
        file.tags = (file.tags | add) - (set() if file.guest else remove)

    def _prioritise(self, file: File, severity: int) -> None:
        truth = self.truth.get(file.ticket)
        if file.guest or (truth is not None and truth.theirs):
            return
        file.priority = severity


def _known(at: datetime | None) -> datetime:
    """Give an instant that is there because clocks run."""
    if at is None:
        raise AssertionError
    return at
