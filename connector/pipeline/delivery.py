"""Outbox to helpdesk, each change once; the only place that catches helpdesk errors.

1. Claim the first due change of some case, of a kind that our share of the helpdesk's limits
   has room for; its intent is on disk before a byte leaves.
2. If an earlier attempt may have worked, look for its effect first: found is done,
   surely absent is sent again, anything else leaves it in doubt.
3. Send the frozen bytes; write down what came of it.

Whatever ends the process in between, the change is found in `sending` at the next
start and is looked for before it is sent again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from connector import crash
from connector.domain.errors import (
    AuthenticationFailed,
    EdgeError,
    Gone,
    PartiallyApplied,
    StateError,
    StateFull,
)
from connector.domain.ticket import AddNote, OpenTicket, TicketRef
from connector.helpdesks.base import Finishes, Helpdesk, Paced
from connector.pipeline import circuit, edits, merging, pacing
from connector.pipeline.absence import Absence
from connector.pipeline.verdict import (
    PAUSE_CAP_S,
    Attempt,
    Effect,
    Verdict,
    backoff_s,
    judge,
)
from connector.store import cases, jobs, outbox, restoring
from connector.store.outbox import Owed
from connector.store.store import Store, Tx

log = structlog.get_logger()

IDEMPOTENCY_MARGIN_S = 600
"""A product's own key is not trusted in the last ten minutes of its life."""
FIND_MARGIN = timedelta(days=1)
"""`find` looks back this much further than the change is old, for clocks that disagree."""
LONGEST_WAIT = timedelta(seconds=2 * PAUSE_CAP_S)
"""Nothing is ever put off for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An attempt that worked."""

    ref: TicketRef
    how: str
    """sent | found."""
    missing: tuple[str, ...] = ()
    """Fields that the helpdesk ignored."""
    copies: int = 1
    """Tickets that carry the key; more than one is told to people."""


@dataclass(slots=True)
class Doubt:
    """Whether an earlier attempt may have worked; only an answer puts it to rest."""

    standing: bool


class Delivery:
    """Sends what is owed to one helpdesk; `step` may be called by several threads."""

    def __init__(
        self,
        store: Store,
        helpdesk: Helpdesk,
        *,
        settle_s: int,
        draw: Callable[[], float],
    ) -> None:
        """`settle_s` is how long a late effect may take; `draw` gives [0, 1) for jitter."""
        self._store = store
        self.helpdesk = helpdesk
        self._settle_s = settle_s
        self._draw = draw
        self.renew: Callable[[], Helpdesk | None] = lambda: None
        """Gives the helpdesk with fresh credentials if they changed on disk."""
        self._unwritten: deque[Callable[[Tx], None]] = deque()
        self._endings: dict[int, tuple[str, int]] = {}
        self._absence = Absence()
        with store.read() as connection:
            self.breaker = circuit.Breaker(jobs.circuit(connection, helpdesk.name))

    def recover(self) -> int:
        """Once, before the first step: what the last run was sending may have worked."""
        now = self._store.clock()
        due = now + timedelta(seconds=self._settle_s)

        def work(tx: Tx) -> int:
            outbox.calm(tx, now + LONGEST_WAIT)
            restoring.settle(tx.connection, due)
            return outbox.doubt_interrupted(tx, due)

        interrupted = self._store.write(work)
        self._store.refresh()
        recovery = self._store.recovery
        if recovery is not None and recovery.active:
            log.error("recovery_began", reason=recovery.why, count=recovery.epoch)
        return interrupted

    def step(self) -> bool:
        """Deliver one change if one is due and the helpdesk may be called; False when not.

        Raises StateFull when an outcome could not be written down; it is kept and written
        first by the next step. Should the process end before, the change is in doubt.
        """
        self._catch_up()
        now = self._store.clock()
        anything, kinds = pacing.may_go(self._store, self.helpdesk, now)
        if not anything or not self.breaker.allows(now):
            return False
        try:
            owed = self._store.write(lambda tx: outbox.claim(tx, kinds))
            if owed is not None:
                crash.point("delivery.claimed")
                self._deliver(owed)
                return True
        except BaseException:
            self.breaker.passed()
            raise
        self.breaker.passed()
        return False

    def idle_s(self, longest_s: float) -> float:
        """Say how long to sleep when `step` found nothing; at most `longest_s` seconds."""
        return pacing.idle_s(self._store, self.helpdesk, longest_s)

    def held_back_s(self) -> float:
        """Say for how long only our share holds back what is due; 0: it is something else."""
        closed = self.breaker.state.breaker == "closed"
        return pacing.held_back_s(self._store, self.helpdesk) if closed else 0.0

    def _deliver(self, owed: Owed) -> None:
        doubt = Doubt(owed.doubted)
        try:
            with pacing.turn(self.helpdesk, owed):
                done = self._look_for(owed, doubt) or self._send(owed)
        except PartiallyApplied as error:
            done = Done(ref=error.ref, how="sent", missing=error.missing)
        except Postponed as error:
            self._postpone(owed, error.due_at)
            return
        except LostClaim:
            self.breaker.passed()
            log.warning("claim_lost", case=owed.case_id, op=owed.op, attempt=owed.attempts)
            return
        except StateError:
            raise  # our own disk: it says nothing about the helpdesk, and nothing was sent
        except Gone as error:
            self._gone(owed, error, doubt)
            return
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, the change is kept
            self._failed(owed, error, doubt)
            return
        crash.point("delivery.sent")
        self._succeeded(owed, done)
        crash.point("delivery.committed")

    def _look_for(self, owed: Owed, doubt: Doubt) -> Done | None:
        """Look whether a doubted change took effect; None: it may be sent (again)."""
        if not doubt.standing:
            return None
        found = self._find(owed, doubt)
        if found:
            self._finish(owed, found[0])
            return Done(ref=found[0], how="found", copies=len(found))
        if not self._store.write(lambda tx: outbox.intend(tx, owed)):
            raise LostClaim
        return None

    def _postpone(self, owed: Owed, due_at: datetime) -> None:
        def work(tx: Tx) -> None:
            outbox.settle(tx, owed, "unknown", due_at=due_at)

        self.breaker.passed()
        self._settle(work)

    def _find(self, owed: Owed, doubt: Doubt) -> list[TicketRef]:
        """Ask the helpdesk for the ticket of a doubted create; its answer lifts the doubt."""
        if not isinstance(owed.change, OpenTicket):
            # notes and updates look for themselves before they write, on the ticket of today
            before = merging.found_before(self._store, self.helpdesk, owed)
            doubt.standing = False
            return before
        now, abilities = self._store.clock(), self.helpdesk.capabilities
        key_life = timedelta(seconds=abilities.native_idempotency_s - IDEMPOTENCY_MARGIN_S)
        # a negative age means that the clock was set back: nobody knows how old the key is
        if timedelta(0) <= now - owed.first_sent_at < key_life:
            return []  # the product recognises the repetition; the doubt stands until it answers
        if abilities.find == "none":
            raise CannotTell(owed.change.key)
        lag = timedelta(seconds=2 * abilities.find_lag_s)
        if abilities.find == "eventual" and now - owed.last_sent_at < lag:
            raise Postponed(owed.last_sent_at + lag)
        # after a restore it may have been sent before this row was made
        since = min(owed.created_at, owed.first_sent_at, now) - FIND_MARGIN
        found = self.helpdesk.find(owed.change.key, since)
        now = self._store.clock()  # the look itself may have taken long
        again = self._absence.doubtful_until(owed, found, now, abilities.find_again_s)
        if again is not None:
            raise Postponed(again)
        # absent: it may be sent again. Found: it stays in doubt until the ticket is complete,
        # because what goes wrong on the way there must never lead to a second ticket
        doubt.standing = bool(found)
        return found

    def _finish(self, owed: Owed, ref: TicketRef) -> None:
        """Complete a ticket whose opening was cut between two of its requests."""
        if isinstance(self.helpdesk, Finishes) and isinstance(owed.change, OpenTicket):
            self.helpdesk.finish(ref, owed.change)

    def _send(self, owed: Owed) -> Done:
        change = owed.change
        if isinstance(change, OpenTicket):
            return Done(ref=self.helpdesk.open(change), how="sent")
        if not owed.ticket_id:
            raise Gone(self.helpdesk.name, "the case has no ticket", kind="never_opened")
        ref = TicketRef(id=owed.ticket_id, url=owed.ticket_url)
        if isinstance(change, AddNote):
            self.helpdesk.note(ref, change)
        elif kept := edits.still_ours(self._store, change, self.helpdesk.prepare):
            self.helpdesk.update(ref, kept)
        else:
            return Done(ref=ref, how="left_to_agents")
        return Done(ref=ref, how="sent")

    def _succeeded(self, owed: Owed, done: Done) -> None:
        changed = self.breaker.worked()
        self._endings.pop(owed.id, None)

        def work(tx: Tx) -> None:
            outbox.settle(tx, owed, "done")
            if isinstance(owed.change, OpenTicket):
                cases.set_ticket(tx, owed.case_id, done.ref.id, done.ref.url)
            tx.record(
                "change.confirmed",
                case_id=owed.case_id,
                key=owed.change.key,
                op=owed.op,
                ticket=done.ref.id,
                how=done.how,
                attempts=owed.attempts,
                missing=list(done.missing),
                copies=done.copies,
            )
            if changed:
                jobs.set_circuit(tx, self.helpdesk.name, self.breaker.state)

        self._settle(work)
        log.info(
            "delivered",
            case=owed.case_id,
            op=owed.op,
            ticket=_number(done.ref.id),
            attempt=owed.attempts,
        )
        if done.missing:
            log.warning("partly_applied", case=owed.case_id, count=len(done.missing))
        if done.copies > 1:
            log.error("ticket_has_copies", case=owed.case_id, count=done.copies)

    def _failed(self, owed: Owed, error: Exception, doubt: Doubt) -> None:
        now = self._store.clock()
        verdict = self._verdict(owed, error, doubt, now)
        changed = self.breaker.failed(verdict, now)

        def work(tx: Tx) -> None:
            outbox.settle(
                tx,
                owed,
                verdict.state,
                due_at=verdict.due_at,
                error=verdict.problem or verdict.code,
            )
            tx.record(
                {"unknown": "change.doubted", "aside": "change.set_aside"}.get(
                    verdict.state, "change.deferred"
                ),
                case_id=owed.case_id,
                key=owed.change.key,
                why=verdict.code,
                attempt=owed.attempts,
            )
            if changed:
                jobs.set_circuit(tx, self.helpdesk.name, self.breaker.state)

        self._settle(work)
        log.warning(
            "not_delivered",
            case=owed.case_id,
            op=owed.op,
            error=verdict.code,
            state=verdict.state,
            attempt=owed.attempts,
            target=self.helpdesk.name,
        )

    def _verdict(self, owed: Owed, error: Exception, doubt: Doubt, now: datetime) -> Verdict:
        if isinstance(error, CannotTell):
            return Verdict(state="aside", due_at=now, code="cannot_tell", effect=Effect.FINE)
        attempt = Attempt(
            in_doubt=doubt.standing,
            attempts=owed.attempts,
            now=now,
            settle_s=self._settle_s,
            in_a_row=self._in_a_row(owed, error),
            paced=isinstance(self.helpdesk, Paced),
        )
        verdict = judge(error, attempt, self._draw)
        fresh = self.renew() if isinstance(error, AuthenticationFailed) else None
        if fresh is None:
            return verdict
        # others may still be speaking through the old one: it is not closed under them
        self.helpdesk = fresh
        return replace(verdict, due_at=now, effect=Effect.FINE)

    def _gone(self, owed: Owed, gone: Gone, doubt: Doubt) -> None:
        """Go on with the ticket into which an agent merged ours, if that is why it is gone."""
        if not merging.leads_on(owed, gone):
            self._failed(owed, gone, doubt)
            return
        try:
            stood = merging.stood_there(self.helpdesk, owed)
        except EdgeError as error:
            doubt.standing = True
            self._failed(owed, error, doubt)
            return
        if stood:
            self._succeeded(owed, Done(ref=TicketRef(id=gone.merged_into), how="found"))
            return
        # at once the first time, then slower: tickets merged in a circle must not spin
        wait_s = backoff_s(owed.attempts, self._draw) if owed.attempts > 1 else 0.0
        again = self._store.clock() + timedelta(seconds=wait_s)
        self.breaker.worked()
        self._settle(partial(merging.go_on, owed=owed, gone=gone, due_at=again))

    def _in_a_row(self, owed: Owed, error: Exception) -> int:
        """Count how often in a row this change ended in this way; forgotten by a restart."""
        code = type(error).__name__
        before, count = self._endings.get(owed.id, ("", 0))
        self._endings[owed.id] = (code, count + 1 if before == code else 1)
        return self._endings[owed.id][1]

    def _settle(self, work: Callable[[Tx], None]) -> None:
        """Write an outcome down; on a full disk it is kept, because it is known."""
        try:
            self._store.write(work)
        except StateFull:
            self._unwritten.append(work)
            raise

    def _catch_up(self) -> None:
        """Write down what a full disk refused; until then nothing new is begun."""
        while self._unwritten:
            try:
                work = self._unwritten.popleft()
            except IndexError:
                return  # another sender took it
            self._settle(work)


def _number(ticket_id: str) -> str | int:
    """Give a ticket's number as one: the log would take a long text of digits for a phone."""
    return int(ticket_id) if ticket_id.isdecimal() else ticket_id


class CannotTell(Exception):
    """The helpdesk cannot be asked whether a ticket exists: a person has to look."""


class LostClaim(Exception):
    """Somebody else has the change now: nothing may be sent."""


class Postponed(Exception):
    """What was written may not be visible yet; look again later."""

    def __init__(self, due_at: datetime) -> None:
        """Take the time from which looking makes sense."""
        super().__init__()
        self.due_at = due_at
