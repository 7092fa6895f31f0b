"""A helpdesk in memory whose weather a test commands, on the test's own clock.

It does what real products do badly: takes a ticket and loses the answer, takes it long
after it hung up, refuses to search. It never recognises a repetition by itself: a second
create with one key is a second ticket, which is what the tests look for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.domain.errors import (
    AuthenticationFailed,
    Conflict,
    Gone,
    NotSent,
    OutcomeUnknown,
    PartiallyApplied,
    RateLimited,
    Rejected,
    Unavailable,
)
from connector.domain.ticket import (
    AddNote,
    Change,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    TicketStatus,
    UpdateTicket,
)
from connector.helpdesks.base import Capabilities, Changed, Problem
from connector.store import codec


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing after this runs."""


@dataclass(slots=True)
class Ticket:
    id: str
    key: str
    case_id: str
    status: TicketStatus = TicketStatus.OPEN
    severity: int = 0
    tags: set[str] = field(default_factory=set)
    notes: list[tuple[str, str]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    """Keys of everything that took effect, in order."""
    merged_into: str = ""
    moved: str = "merged"
    """Why it is not here any more: merged, or closed for good with a ticket that follows it."""
    deleted: bool = False
    events: list[TicketEvent] = field(default_factory=list)
    wrote: dict[str, int | bool] = field(default_factory=dict)
    """What we wrote last: `severity`, and for each tag whether it was to be there."""


STRONG = Capabilities(find="strong", tags="set", history="events", mail_on_create=False)


class Desk:
    """Follows `Helpdesk`; `weather` gives the weather of the next call by its name."""

    name = "desk"

    def __init__(self, clock: Callable[[], datetime], capabilities: Capabilities = STRONG) -> None:
        self.capabilities = capabilities
        self.tickets: dict[str, Ticket] = {}
        self.calls: list[str] = []
        self.forecast: dict[str, list[str]] = {}
        """Weather of the coming calls, by operation (`open`, `note`, `find` ...) or `any`."""
        self.climate: dict[str, str] = {}
        """Weather when there is no forecast."""
        self.late_by = timedelta(seconds=60)
        self.keys_known: dict[str, str] = {}
        self.sent: dict[str, bytes] = {}
        """The bytes with which each key was sent first."""
        self.altered: list[str] = []
        """Keys that came again with other bytes; real products refuse that."""
        self._clock = clock
        self._late: list[tuple[datetime, Callable[[], object]]] = []
        self.touches: list[tuple[datetime, str]] = []
        """When which ticket changed."""

    # what a test asks

    def with_key(self, key: str) -> list[Ticket]:
        self.catch_up()
        return [ticket for ticket in self.tickets.values() if ticket.key == key]

    def of_case(self, case_id: str) -> list[Ticket]:
        self.catch_up()
        return [ticket for ticket in self.tickets.values() if ticket.case_id == case_id]

    def copies(self) -> list[str]:
        """Keys of tickets and notes that are there more than once, deleted ones aside."""
        self.catch_up()
        there = [ticket for ticket in self.tickets.values() if not ticket.deleted]
        keys = Counter(ticket.key for ticket in there)
        keys.update(key for ticket in there for key, _ in ticket.notes)
        return [key for key, count in keys.items() if count > 1]

    # what people do

    def happens(self, ticket: Ticket, kind: str, *, actor: str = "kim", **data: str) -> None:
        ticket.events.append(
            TicketEvent(
                id=f"{ticket.id}-{len(ticket.events) + 1}",
                at=self._clock(),
                actor=actor,
                kind=kind,
                data=data,
            )
        )
        self.touched(ticket)

    def touched(self, ticket: Ticket) -> None:
        self.touches.append((self._clock(), ticket.id))

    def sets_status(self, ticket: Ticket, status: TicketStatus) -> None:
        ticket.status = status
        self.happens(ticket, "status", to=status.value)

    def catch_up(self) -> None:
        """Apply what was accepted and takes effect late."""
        now = self._clock()
        due = [act for at, act in self._late if at <= now]
        self._late = [(at, act) for at, act in self._late if at > now]
        for act in due:
            act()

    def storm(self, *weathers: str, on: str = "any") -> None:
        self.forecast.setdefault(on, []).extend(weathers)

    # the interface

    def check(self) -> list[Problem]:
        return []

    def prepare(self, change: Change) -> bytes:
        return codec.change_bytes(change)

    def find(self, key: str, since: datetime) -> list[TicketRef]:
        del since
        self._meet("find", lambda: None)
        return [TicketRef(id=ticket.id) for ticket in self.with_key(key) if not ticket.deleted]

    def open(self, ticket: OpenTicket) -> TicketRef:
        if self.capabilities.native_idempotency_s and ticket.key in self.keys_known:
            self._meet("open", lambda: None)
            return TicketRef(id=self.keys_known[ticket.key])
        self._arrives(ticket)
        made = self._meet("open", lambda: self._create(ticket))
        assert isinstance(made, Ticket)
        return TicketRef(id=made.id, url=f"https://desk.example/{made.id}")

    def update(self, ref: TicketRef, change: UpdateTicket) -> Snapshot:
        ticket = self._there(ref)
        self._arrives(change)
        self._meet("update", lambda: self._update(ticket, change))
        return self._shown(ticket)

    def note(self, ref: TicketRef, note: AddNote) -> None:
        ticket = self._there(ref)
        if any(key == note.key for key, _ in ticket.notes):
            self._meet("look", lambda: None)
            return
        self._arrives(note)
        self._meet("note", lambda: self._add(ticket, note))

    def snapshot(self, ref: TicketRef) -> Snapshot:
        ticket = self._there(ref)
        self._meet("snapshot", lambda: None)
        return self._shown(ticket)

    def history(self, ref: TicketRef) -> Iterator[TicketEvent]:
        self.catch_up()
        ticket = self.tickets.get(ref.id)
        if ticket is None or ticket.deleted:
            raise Gone(self.name, "the ticket is deleted", kind="deleted")
        self._meet("history", lambda: None)
        return iter(tuple(ticket.events))

    def close(self) -> None:
        pass

    # what happens inside

    def _arrives(self, change: Change) -> None:
        if self.sent.setdefault(change.key, change.body) != change.body:
            self.altered.append(change.key)

    def _create(self, wanted: OpenTicket) -> Ticket:
        ticket = Ticket(
            id=str(len(self.tickets) + 1),
            key=wanted.key,
            case_id=wanted.case_id,
            severity=wanted.severity,
            tags=set(wanted.tags),
            changes=[wanted.key],
        )
        ticket.wrote = {"severity": wanted.severity, **dict.fromkeys(wanted.tags, True)}
        self.happens(ticket, "created", actor="amends")
        self.tickets[ticket.id] = ticket
        self.keys_known[ticket.key] = ticket.id
        return ticket

    def _update(self, ticket: Ticket, change: UpdateTicket) -> None:
        ticket.changes.append(change.key)
        ticket.tags = (ticket.tags | set(change.add_tags)) - set(change.remove_tags)
        ticket.severity = change.severity or ticket.severity
        ticket.wrote |= dict.fromkeys(change.add_tags, True)
        ticket.wrote |= dict.fromkeys(change.remove_tags, False)
        ticket.wrote |= {"severity": change.severity} if change.severity else {}
        self.happens(ticket, "field", actor="amends", note_key=change.key)
        if change.status:
            ticket.status = change.status
            self.happens(ticket, "status", actor="amends", to=change.status.value)

    def _add(self, ticket: Ticket, note: AddNote) -> None:
        ticket.notes.append((note.key, note.text))
        self.happens(ticket, "note", actor="amends", note_key=note.key)
        ticket.changes.append(note.key)

    def _there(self, ref: TicketRef) -> Ticket:
        self.catch_up()
        ticket = self.tickets.get(ref.id)
        if ticket is None or ticket.deleted:
            raise Gone(self.name, "the ticket is deleted", kind="deleted")
        if ticket.merged_into:
            raise Gone(self.name, "moved", kind=ticket.moved, merged_into=ticket.merged_into)
        return ticket

    def _shown(self, ticket: Ticket) -> Snapshot:
        return Snapshot(
            ref=TicketRef(id=ticket.id),
            key=ticket.key,
            status=ticket.status,
            subject="",
            text="",
            severity=ticket.severity,
            tags=frozenset(ticket.tags),
            fields={},
            due_at=None,
            assignee="",
            requester_email="",
        )

    def _meet(self, call: str, act: Callable[[], object]) -> object:
        self.catch_up()
        self.calls.append(call)
        weather = self._weather(call)
        match weather:
            case "fine":
                return act()
            case "mute":  # it works, the answer is lost
                act()
                raise OutcomeUnknown(self.name, "the answer was lost")
            case "late":  # it will work, long after the line was cut
                self._late.append((self._clock() + self.late_by, act))
                raise OutcomeUnknown(self.name, "timed out")
            case "lost":  # it never worked
                raise OutcomeUnknown(self.name, "timed out")
            case "killed_before":
                raise Killed
            case "killed_after":
                act()
                raise Killed
            case "partial":
                made = act()
                ref = TicketRef(id=made.id) if isinstance(made, Ticket) else TicketRef(id="1")
                raise PartiallyApplied(self.name, "ignored", ref=ref, missing=("category",))
            case "limited":
                raise RateLimited(self.name, "429", retry_after_s=120)
            case _:
                raise FAULTS[weather](self.name, weather)

    def _weather(self, call: str) -> str:
        for name in (call, "any"):
            if self.forecast.get(name):
                return self.forecast[name].pop(0)
        return self.climate.get(call) or self.climate.get("any") or "fine"


class FeedingDesk(Desk):
    """A desk that tells which tickets changed, three at a time."""

    def changed_since(self, cursor: str, since: datetime) -> Changed:
        self._meet("changed", lambda: None)
        begin = (place for place, (at, _) in enumerate(self.touches) if at >= since)
        start = int(cursor) if cursor else next(begin, len(self.touches))
        end = min(start + 3, len(self.touches))
        refs = tuple(TicketRef(id=number) for _, number in self.touches[start:end])
        return Changed(refs=refs, cursor=str(end), more=end < len(self.touches))


FAULTS = {
    "down": NotSent,
    "unavailable": Unavailable,
    "unauthorised": AuthenticationFailed,
    "rejected": Rejected,
    "conflict": Conflict,
    "unknown": OutcomeUnknown,
}
