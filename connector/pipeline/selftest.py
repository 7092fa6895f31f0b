"""One marked ticket in the real helpdesk, put through everything that amends relies on.

The ticket says in its subject that it can be ignored, has a requester at a reserved address
where no mail arrives, and is closed at the end, whatever happened before. Nothing here
knows of cases: the daemon does not take it for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from connector.domain.conformance import POINTS
from connector.domain.errors import EdgeError, Gone, OutcomeUnknown, PartiallyApplied, Rejected
from connector.domain.ticket import (
    AddNote,
    OpenTicket,
    Snapshot,
    TicketEvent,
    TicketRef,
    TicketStatus,
    UpdateTicket,
)
from connector.helpdesks.base import Finishes, FollowsChanges, Helpdesk, Op
from connector.http.losing import losing_an_answer
from connector.pipeline import selftest_ticket as marked
from connector.pipeline.waiting import in_turn
from connector.recovery import tags

NOWHERE: Final = TicketRef(id="999999999999")
"""A ticket that no helpdesk has."""

MIN_PATIENCE_S: Final = 15
"""So long is looked for what should be there at once."""
LOOKS: Final = 10
"""So often within that time."""
MAX_PAGES: Final = 50
"""So many pages of a feed are read for one change."""
ESSENTIAL: Final = frozenset({1, 2, 8, 9})
"""Points without which patients get two tickets, none, or read what is for agents."""

UNTRIED: Final = {
    3: "a request that is lost changes nothing here; tried by the test suite",
    4: "would need a crash; tried by the test suite",
    5: "would leave several tickets; tried by the test suite",
    10: "no mailbox to look into; the requester's address takes no mail",
    15: "would use up the account's limit; tried by the test suite",
    16: "the helpdesk does not fail by request; tried by the test suite",
    19: "needs a second account; tried by the test suite",
    20: "tried by the test suite",
}
"""Why a point cannot be tried with one ticket in a live account."""

_Result = TypeVar("_Result")


class Outcome(StrEnum):
    """How a point went."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT = "cannot"
    """It could not be tried here, or the product has nothing of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One point and how it went."""

    point: int
    """Its number among `conformance.POINTS`; 0 for what is tried beside them."""
    what: str
    outcome: Outcome
    reason: str = ""


class _Cannot(Exception):
    """The product has nothing of the kind; the message says why in our words."""


class _Wrong(Exception):
    """It went otherwise than promised; the message says how in our words."""


@dataclass(slots=True, kw_only=True)
class SelfTest:
    """One run; `run` yields what was found, and the ticket is closed when it ends."""

    helpdesk: Helpdesk
    token: str
    """Makes this run's keys unique."""
    clock: Callable[[], datetime]
    pause: Callable[[float], object]
    """Lets so many seconds pass."""
    ref: TicketRef | None = None
    """Our ticket, as soon as it is known."""
    _began: datetime = field(init=False)
    _missing: Sequence[str] = ()
    _looked_s: float = 0.0

    def __post_init__(self) -> None:
        """Remember when it began."""
        self._began = self.clock()

    @property
    def key(self) -> str:
        """The key by which the ticket is found."""
        return marked.key(self.token, "open")

    def run(self) -> Iterator[Finding]:
        """Try everything; a point that fails does not keep the others from being tried."""
        try:
            yield self._try(17, self._check)
            yield self._try(2, self._lose_an_answer)
            if self.ref is not None:
                for point, attempt in self._points():
                    yield self._try(point, attempt)
                yield self._try(0, self._update, "an update, repeated: applied once")
                yield self._try(0, self._follow, "the feed of changes tells of the ticket")
            else:
                for point, _ in self._points():
                    yield _untried(point, "there is no ticket to try it with")
        finally:
            closing = self._try(0, self._close, "closed at the end") if self.ref else None
        if closing is not None:
            yield closing
        for point, reason in UNTRIED.items():
            yield _untried(point, reason)

    def _points(self) -> Sequence[tuple[int, Callable[[], str]]]:
        return (
            (1, self._find),
            (18, self._lag),
            (6, self._read_back),
            (8, self._note_twice),
            (9, self._private),
            (11, self._hostile),
            (12, self._attached),
            (7, self._tags),
            (13, self._history),
            (14, self._gone),
        )

    def _try(self, point: int, attempt: Callable[[], str], what: str = "") -> Finding:
        told, outcome = "", Outcome.PASSED
        try:
            told = attempt()
        except _Cannot as error:
            told, outcome = str(error), Outcome.CANNOT
        except _Wrong as error:
            told, outcome = str(error), Outcome.FAILED
        except EdgeError as error:
            told, outcome = f"{type(error).__name__}: {error.problem}", Outcome.FAILED
        return Finding(point=point, what=what or POINTS[point], outcome=outcome, reason=told)

    # --- one method for each point, in the order in which they are tried ------------------

    def _check(self) -> str:
        found = self._asked("find", self.helpdesk.check)
        fatal = [problem.what for problem in found if problem.fatal]
        if fatal:
            raise _Wrong("; ".join(fatal))
        return ""

    def _lose_an_answer(self) -> str:
        """Open the ticket; the answer that says so is lost on the way."""
        ticket = self._ticket()
        if self.helpdesk.capabilities.find == "none":
            self._open(ticket)
            raise _Cannot("the product cannot be searched by key: a person decides a doubt")
        with losing_an_answer() as loss:
            try:
                self._open(ticket)
            except OutcomeUnknown:
                doubt = True
            else:
                doubt = False
        if not doubt:
            if loss.happened:
                raise _Wrong("the answer was lost, and nobody was in doubt")
            raise _Cannot("this plugin does not speak through connector.http")
        found = self._await_found()
        if not found and not loss.happened:
            raise _Wrong(f"in doubt for another reason, and not found; look for {self.key}")
        if not found:  # the request that was cut made no ticket: now it may be sent again
            self._open(ticket)
            return "in doubt, not found, sent again"
        self.ref = found[0]
        if isinstance(self.helpdesk, Finishes):
            self._note_missing(lambda: self._finish(found[0], ticket))
        return "in doubt, found, adopted"

    def _find(self) -> str:
        found = self._await_found()
        if len(found) != 1:
            raise _Wrong(f"{len(found)} tickets carry the key")
        return ""

    def _lag(self) -> str:
        promised = self.helpdesk.capabilities.find_lag_s
        if self._looked_s > promised + MIN_PATIENCE_S:
            raise _Wrong(f"found only after {self._looked_s:.0f} s; promised are {promised} s")
        return f"found after {self._looked_s:.0f} s; promised are {promised} s"

    def _read_back(self) -> str:
        wanted, shown = self._ticket(), self._snapshot()
        pairs: dict[str, tuple[object, object]] = {
            "key": (wanted.key, shown.key),
            "subject": (wanted.subject, shown.subject),
            "text": (wanted.text, shown.text),
            "severity": (wanted.severity, shown.severity),
            "requester": (wanted.requester.email, shown.requester_email.lower()),
            "status": (TicketStatus.OPEN, shown.status),
        }
        if self.helpdesk.capabilities.tags != "none":
            pairs["tags"] = (set(wanted.tags), set(wanted.tags) & shown.tags)
        if self.helpdesk.capabilities.sla == "due_date":
            pairs["due_at"] = (wanted.due_at, shown.due_at)
        for name, value in wanted.fields.items():
            pairs[name] = (value, shown.fields.get(name))
        other = {name for name, (sent, read) in pairs.items() if sent != read}
        if lost := sorted(other | set(self._missing)):
            raise _Wrong(f"not as sent: {', '.join(lost)}; see amends provision")
        return ""

    def _note_twice(self) -> str:
        note = self._note()
        for _ in range(2):
            self._asked("note", partial(self.helpdesk.note, self._there(), note))
        found = self._noted()
        if len(found) != 1:
            raise _Wrong(f"{len(found)} notes carry the key")
        return ""

    def _private(self) -> str:
        kinds = {event.kind for event in self._noted()}
        if "public_reply" in kinds or not kinds:
            raise _Wrong("the note is told as a public reply" if kinds else "the note is not told")
        return "told as private; no mailbox to look into"

    def _hostile(self) -> str:
        if not any(marked.HOSTILE in event.text for event in self._noted()):
            raise _Wrong("what came back is not what was sent")
        return ""

    def _attached(self) -> str:
        if not self.helpdesk.capabilities.max_attachment_bytes:
            raise _Cannot("the product takes no attachments")
        stem = marked.FILE.name.partition(".")[0]
        events = self._events()
        if not any(stem in name for event in events for name in event.data.values()):
            raise _Wrong("the history tells of no such file")
        return "told by its name; bytes are compared by the test suite"

    def _tags(self) -> str:
        if self.helpdesk.capabilities.tags == "none":
            raise _Cannot("the product has no tags")
        self._change("tag", add_tags=(marked.FOREIGN_TAG,))
        shown = self._change("untag", remove_tags=(tags.LATE_DETECTED,)).tags
        if marked.FOREIGN_TAG not in shown:
            raise _Wrong("a tag of others was lost when ours changed")
        if tags.LATE_DETECTED in shown:
            raise _Wrong("a tag of ours could not be taken away")
        return "edits at the same instant are tried by the test suite"

    def _update(self) -> str:
        wanted = {"category": "visit.wait"}
        shown = [self._change("update", severity=2, fields=wanted) for _ in range(2)]
        if {one.severity for one in shown} != {2}:
            raise _Wrong("the severity did not follow")
        if any(one.fields.get("category") != wanted["category"] for one in shown):
            raise _Wrong("the category did not follow; see amends provision")
        return ""

    def _history(self) -> str:
        events = self._events()
        if events[:1] and events[0].kind != "created":
            raise _Wrong("it does not begin with the ticket's creation")
        if len({event.id for event in events}) != len(events):
            raise _Wrong("an event comes twice")
        if [event.at for event in events] != sorted(event.at for event in events):
            raise _Wrong("it is not in order of time")
        return f"{len(events)} events; many pages are tried by the test suite"

    def _follow(self) -> str:
        if not isinstance(self.helpdesk, FollowsChanges):
            raise _Cannot("the product tells no changes; tickets are looked at in turn")
        since = self._began - timedelta(minutes=1)
        for _ in self._looks():
            cursor = ""
            for _page in range(MAX_PAGES):
                page = self._asked("find", partial(self.helpdesk.changed_since, cursor, since))
                if any(ref.id == self._there().id for ref in page.refs):
                    return ""
                cursor = page.cursor
                if not page.more:
                    break
        raise _Wrong("the ticket was changed, and the feed does not tell of it")

    def _gone(self) -> str:
        try:
            self._asked("find", partial(self.helpdesk.snapshot, NOWHERE))
        except Gone:
            return "for a ticket that never was; the rest is tried by the test suite"
        raise _Wrong("a ticket that never was can be read")

    def _close(self) -> str:
        shown: Snapshot | None = None
        for status in (TicketStatus.CLOSED, TicketStatus.RESOLVED):
            try:
                shown = self._change(f"close-{status.value}", status=status)
            except (Rejected, PartiallyApplied):
                continue
            except Gone as gone:
                return f"it is {gone.kind}"
            if shown.status in {TicketStatus.CLOSED, TicketStatus.RESOLVED}:
                return ""
        raise _Wrong("it is still open: close it by hand")

    # --- what they share --------------------------------------------------------------------

    def _ticket(self) -> OpenTicket:
        ticket = marked.ticket(self.token, self._began)
        return replace(ticket, body=self.helpdesk.prepare(ticket))

    def _note(self) -> AddNote:
        files = bool(self.helpdesk.capabilities.max_attachment_bytes)
        note = marked.note(self.token, files=files)
        return replace(note, body=self.helpdesk.prepare(note))

    def _change(self, name: str, **what: object) -> Snapshot:
        key = marked.key(self.token, name)
        change = UpdateTicket(key=key, case_id=marked.CASE, **what)  # type: ignore[arg-type]  # its own fields, by name
        change = replace(change, body=self.helpdesk.prepare(change))
        return self._asked("update", partial(self.helpdesk.update, self._there(), change))

    def _open(self, ticket: OpenTicket) -> None:
        def opening() -> None:
            self.ref = self._asked("open", partial(self.helpdesk.open, ticket))

        self._note_missing(opening)

    def _finish(self, ref: TicketRef, ticket: OpenTicket) -> None:
        if isinstance(self.helpdesk, Finishes):
            self._asked("open", partial(self.helpdesk.finish, ref, ticket))

    def _note_missing(self, call: Callable[[], None]) -> None:
        """Keep in mind what the server ignored: it is told by the point about fields."""
        try:
            call()
        except PartiallyApplied as error:
            self.ref, self._missing = error.ref, error.missing

    def _asked(self, op: Op, call: Callable[[], _Result]) -> _Result:
        return in_turn(self.helpdesk, op, call, pause=self.pause)

    def _there(self) -> TicketRef:
        if self.ref is None:
            raise _Cannot("there is no ticket")
        return self.ref

    def _snapshot(self) -> Snapshot:
        return self._asked("find", partial(self.helpdesk.snapshot, self._there()))

    def _events(self) -> list[TicketEvent]:
        if self.helpdesk.capabilities.history == "none":
            raise _Cannot("the product tells no history")
        ref = self._there()
        return self._asked("find", lambda: list(self.helpdesk.history(ref)))

    def _noted(self) -> list[TicketEvent]:
        key = self._note().key
        return [event for event in self._events() if event.data.get("note_key") == key]

    def _await_found(self) -> list[TicketRef]:
        since = self._began - timedelta(minutes=10)  # their clock may be behind
        for passed in self._looks():
            if found := self._asked("find", partial(self.helpdesk.find, self.key, since)):
                self._looked_s = max(self._looked_s, passed)
                return found
        return []

    def _looks(self) -> Iterator[float]:
        """Look at once, then again and again until twice the promised lag has passed."""
        able = self.helpdesk.capabilities
        patience = max(2 * max(able.find_lag_s, able.find_again_s), MIN_PATIENCE_S)
        for look in range(LOOKS):
            yield look * patience / LOOKS
            self.pause(patience / LOOKS)


def _untried(point: int, reason: str) -> Finding:
    return Finding(point=point, what=POINTS[point], outcome=Outcome.CANNOT, reason=reason)
