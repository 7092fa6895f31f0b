"""One case as a story: when, who, what and why, each line with the place of its proof.

The lines hold codes, figures and our own sentences, never a patient's words; those stand
with what was heard and sent. An action that is not known here is told by its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from connector.audit.entries import items as _list
from connector.audit.entries import plain, property_words
from connector.audit.entries import text as _text
from connector.audit.naming import category, span, who
from connector.audit.record import CaseRecord, Heard
from connector.audit.sayings import (
    CHANGES,
    CLOCKS,
    CLOSED,
    EVENTS,
    JOINED,
    MISSING,
    PAGES,
    REOPENED,
    spoken_with,
)
from connector.domain.ledger import LedgerEntry
from connector.domain.rules import meaning
from connector.domain.ticket import TicketEvent
from connector.recovery.evidence import MISSING as EVIDENCE
from connector.recovery.wording import local_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that happened."""

    at: datetime
    """UTC; for the helpdesk's events by the helpdesk's clock."""
    who: str
    what: str
    why: str
    """Reason in plain words, or empty."""
    proof: str
    """`daemon 12`: chain and entry; `helpdesk 77`: its own event."""
    action: str
    """Stable code."""
    minor: bool
    """True for steps on the way that readers may skip."""


Told: TypeAlias = tuple[str, str]
"""What and why."""

MINOR: Final = frozenset(
    {
        "change.owed",
        "change.intended",
        "change.deferred",
        "signal.stored",
        "ticket.observed",  # the event itself has a line of its own
    }
)
"""Steps that matter when something went wrong, not for the story."""


def timeline(record: CaseRecord) -> tuple[Line, ...]:
    """Tell a case in the order of time; the ledger's own order stands within each chain."""
    teller = _Teller(record)
    lines = [teller.line(entry) for entry in record.entries]
    events = sorted(record.history, key=lambda event: event.at)
    return tuple(_merge(lines, [_event(event) for event in events]))


def _merge(ledger: list[Line], events: list[Line]) -> Iterator[Line]:
    """Weave the helpdesk's events in by time, without changing the order of either."""
    waiting = iter(events)
    event = next(waiting, None)
    for line in ledger:
        while event is not None and event.at < line.at:
            yield event
            event = next(waiting, None)
        yield line
    while event is not None:
        yield event
        event = next(waiting, None)


def _event(event: TicketEvent) -> Line:
    told = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in sorted(event.data.items())
        if name != "note_key"  # ours, for machines
    ]
    return Line(
        at=event.at,
        who=event.actor or "the helpdesk itself",
        what=EVENTS.get(event.kind, f"Something else happened ({event.kind})"),
        why=", ".join(told),
        proof=f"helpdesk {event.id}",
        action=f"helpdesk.{event.kind}",
        minor=False,
    )


class _Teller:
    """Turns entries into lines; knows the record for what the entries only name."""

    def __init__(self, record: CaseRecord) -> None:
        self._zone: ZoneInfo = record.practice.zone
        self._case = record.case.id
        self._heard: Mapping[str, Heard] = {heard.id: heard for heard in record.heard}
        self._ops = {sent.key: sent.op for sent in record.sent}
        self._words = record.contents

    def line(self, entry: LedgerEntry) -> Line:
        tell = _SENTENCES.get(entry.action)
        what, why = tell(self, entry) if tell else _unknown(entry)
        return Line(
            at=entry.at,
            who=who(entry.actor),
            what=what,
            why=why or self._reason(entry),
            proof=f"{entry.chain_id} {entry.seq}",
            action=entry.action,
            minor=entry.action in MINOR,
        )

    def stored(self, entry: LedgerEntry) -> Told:
        heard = self._heard.get(_text(entry, "signal"))
        channel = heard.channel if heard and heard.channel else "message"
        late = ""
        if heard and heard.event_time is not None:
            late = f"it happened {span(entry.at - heard.event_time)} before"
        size = f"{_text(entry, 'bytes')} bytes"
        return f"Heard: {channel} from source {_text(entry, 'source')} ({size})", late

    def assessed(self, entry: LedgerEntry) -> Told:
        lanes = {
            "ticket": "a failure",
            "review": "unsure, a person should look",
            "park": "not a patient speaking",
            "count": "all is well",
        }
        kinds = "; ".join(category(str(key)) for key in _list(entry, "categories"))
        severity = f", severity {_text(entry, 'severity')}" if entry.body.get("severity") else ""
        lane = _text(entry, "lane")
        what = f"Judged: {lanes.get(lane, lane)}{severity}{f' ({kinds})' if kinds else ''}"
        rules = "; ".join(meaning(str(rule)) for rule in _list(entry, "rules"))
        return what, f"{rules} [configuration {_text(entry, 'config')}]"

    def unreadable(self, entry: LedgerEntry) -> Told:
        return "Could not be read; shown to people", _text(entry, "problem")

    def released_signal(self, entry: LedgerEntry) -> Told:
        return "Released from what was parked", self._reason(entry)

    def joined(self, entry: LedgerEntry) -> Told:
        before, now = _text(entry, "severity_before"), _text(entry, "severity")
        change = "" if before == now else f"; severity {before} became {now}"
        if entry.body.get("promoted") is True:
            change += "; the second look became a case"
        why = JOINED.get(_text(entry, "why"), _text(entry, "why"))
        return f"A further signal joined the case{change}", why

    def opened(self, entry: LedgerEntry) -> Told:
        what = "Second look opened" if entry.body.get("second_look") is True else "Case opened"
        held = ", held by the storm guard" if entry.body.get("held") is True else ""
        severity, group = _text(entry, "severity"), _text(entry, "group")
        return f"{what} with severity {severity}, group {group}{held}", ""

    def clocks(self, entry: LedgerEntry) -> Told:
        due = [self._time(_text(entry, name)) for name in ("contact_due", "resolution_due")]
        begun = {
            "clock.started": "Clocks started",
            "clock.resumed": "Clocks run on after a hold",
            "clock.started_anew": f"Clocks started anew (round {_text(entry, 'round')})",
            "case.promoted": f"Became a case with severity {_text(entry, 'severity')}",
        }[entry.action]
        return f"{begun}: first contact due {due[0]}; all done due {due[1]}", ""

    def late(self, entry: LedgerEntry) -> Told:
        if entry.action == "clock.update_due":
            return "It was time to tell the person how it stands", ""
        if entry.action == "clock.held":
            return "Clocks rest, for the reason that an agent stated on the ticket", ""
        if entry.action == "clock.contact_met":
            return "The first contact was made in time", ""
        return "First contact was due, and none had been seen", ""

    def acquainted(self, entry: LedgerEntry) -> Told:
        if entry.action == "person.parted":
            return "A mail address and a number are not one person's", self._reason(entry)
        return "A mail address and a number are known to be one person's", self._reason(entry)

    def pattern(self, entry: LedgerEntry) -> Told:
        count, what = entry.body.get("cases", 0), _text(entry, "category")
        if entry.action == "pattern.found":
            return f"{count} small failures of one kind ({what}) got a ticket in common", ""
        return f"{count} small failures of one kind ({what}) are told on it by now", ""

    def tried(self, entry: LedgerEntry) -> Told:
        at = self._time(_text(entry, "happened_at"))
        return f"Somebody tried to reach the person ({_text(entry, 'way')}), {at}", ""

    def apart(self, entry: LedgerEntry) -> Told:
        if entry.action == "case.kept_apart":
            return "It seems to be about the manager: somebody else is asked to see to it", ""
        return "It is not about the manager, an agent says", ""

    def escalated(self, entry: LedgerEntry) -> Told:
        clock = CLOCKS.get(_text(entry, "clock"), _text(entry, "clock"))
        over = ", ".join(f"{one} %" for one in _list(entry, "passed_over"))
        why = f"not told in their time: {over}" if over else ""
        due = self._time(_text(entry, "due"))
        return f"{_text(entry, 'percent')} % of the time for {clock} had passed at {due}", why

    def recovered(self, entry: LedgerEntry) -> Told:
        lacking = [EVIDENCE.get(str(name), str(name)) for name in _list(entry, "lacking")]
        if lacking:
            return "Closed without evidence of a recovery", f"missing: {'; '.join(lacking)}"
        return "Counts as recovered: all four steps have their evidence", ""

    def evidence(self, entry: LedgerEntry) -> Told:
        names = ", ".join(str(name).replace("_", " ") for name in _list(entry, "names"))
        return f"Agents filled in on ticket {_text(entry, 'ticket')}: {names}", ""

    def page(self, entry: LedgerEntry) -> Told:
        what = {
            "page.owed": "Somebody outside the helpdesk is to be told",
            "page.sent": "Somebody outside the helpdesk was told",
            "page.given_up": "Somebody outside the helpdesk could not be told",
            "page.withheld": "Nobody outside the helpdesk was told: enough for this day",
        }[entry.action]
        why = PAGES.get(_text(entry, "why"), _text(entry, "why"))
        return f"{what} (route {_text(entry, 'route')})", why

    def linked(self, entry: LedgerEntry) -> Told:
        other = _text(entry, "other")
        other = entry.case_id if other == self._case else other
        why = JOINED.get(_text(entry, "why"), _text(entry, "why"))
        undone = entry.action == "case.unlinked"
        return f"{'No longer linked' if undone else 'Linked'} with case {other}", why

    def closed(self, entry: LedgerEntry) -> Told:
        return "Case closed", CLOSED.get(_text(entry, "why"), _text(entry, "why"))

    def merged(self, entry: LedgerEntry) -> Told:
        old, new = _text(entry, "ticket"), _text(entry, "into")
        shared = ", ".join(map(str, _list(entry, "shared_with")))
        why = f"it is the ticket of case {shared} too" if shared else ""
        return f"Ticket {old} was merged into ticket {new}; the case follows", why

    def change(self, entry: LedgerEntry) -> Told:
        op = _text(entry, "op") or self._ops.get(_text(entry, "key"), "")
        name = {"open": "Ticket", "note": "Private note", "update": "Update of the ticket"}
        attempt = _text(entry, "attempt")
        what = CHANGES[entry.action].format(
            name.get(op, "Change"), attempt=attempt, ticket=_text(entry, "ticket")
        )
        if entry.body.get("held") is True:
            what += ", held by the storm guard"
        if entry.body.get("how") == "found":
            what += ", found there after a lost answer"
        if missing := _list(entry, "missing"):
            what += f"; the helpdesk ignored: {', '.join(map(str, missing))}"
        copies = entry.body.get("copies")
        if isinstance(copies, int) and copies > 1:
            what += f"; {copies} tickets carry its key"
        return what, _text(entry, "why")

    def released(self, entry: LedgerEntry) -> Told:
        critical = entry.body.get("why") == "critical"
        why = "a further complaint made it critical" if critical else _text(entry, "why")
        return "Released from the storm guard", why

    def reopened(self, entry: LedgerEntry) -> Told:
        why = REOPENED.get(_text(entry, "why"), REOPENED["complaints"])
        return "The ticket is to be opened again", why

    def contact_failed(self, entry: LedgerEntry) -> Told:
        code = _text(entry, "status")
        told = f" with code {code}" if code else ""
        return f"A mail to the patient came back{told}: a failed attempt of contact", ""

    def opened_again(self, entry: LedgerEntry) -> Told:
        before = CLOSED.get(_text(entry, "before"), _text(entry, "before"))
        return "Case open again", f"agents took back in the helpdesk: {before}"

    def observed(self, entry: LedgerEntry) -> Told:
        kind = EVENTS.get(_text(entry, "kind"), _text(entry, "kind")).lower()
        happened = self._time(_text(entry, "happened_at"))
        what = f"Seen in the helpdesk: {kind} ({happened} by its clock)"
        return what, f"event {_text(entry, 'event')} of ticket {_text(entry, 'ticket')}"

    def contact(self, entry: LedgerEntry) -> Told:
        how = "a call" if _text(entry, "kind") == "call" else "a reply to the patient"
        happened = self._time(_text(entry, "happened_at"))
        what = f"First contact by a human: {how}, {happened} by the helpdesk's clock"
        return what, f"event {_text(entry, 'event')} of ticket {_text(entry, 'ticket')}"

    def edited(self, entry: LedgerEntry) -> Told:
        name = property_words(_text(entry, "name"))
        if entry.action == "ticket.edit_undone":
            return f"An agent's change was taken back: {name}", ""
        return f"An agent changed what amends had written: {name}", "agents' edits win"

    def trimmed(self, entry: LedgerEntry) -> Told:
        names = ", ".join(property_words(str(name)) for name in _list(entry, "left_out"))
        return f"Left out of an update: {names}", "agents made that theirs, and their edits win"

    def history(self, entry: LedgerEntry) -> Told:
        ticket = _text(entry, "ticket")
        if entry.action == "ticket.history_whole":
            return f"The history of ticket {ticket} can be read as a whole again", ""
        why = MISSING.get(_text(entry, "why"), _text(entry, "why"))
        return f"The history of ticket {ticket} is not whole", why

    def erased(self, entry: LedgerEntry) -> Told:
        days = _text(entry, "older_than_days")
        return "Words erased, of this case too", f"kept {days} days after the end of the case"

    def exported(self, entry: LedgerEntry) -> Told:
        redacted = "without words" if entry.body.get("redaction") == "full" else "with all words"
        return f"Exported {redacted}", ""

    def _reason(self, entry: LedgerEntry) -> str:
        """Give the words of a person's reason, where they are kept."""
        for key in ("reason_id", "purpose_id"):
            number = entry.body.get(key)
            if isinstance(number, int) and number in self._words:
                body = self._words[number].body
                return body.decode("utf-8", "replace") if body is not None else "[not shown]"
        return ""

    def _time(self, text: str) -> str:
        try:
            return local_time(datetime.fromisoformat(text), self._zone)
        except (ValueError, OverflowError):
            return text


LINKS: Final = ("case.linked", "case.linked_by_person", "case.unlinked")
LATE: Final = ("clock.update_due", "clock.held", "clock.contact_due_passed", "clock.contact_met")
_SENTENCES: Final[Mapping[str, Callable[[_Teller, LedgerEntry], Told]]] = MappingProxyType(
    {
        "signal.stored": _Teller.stored,
        "signal.assessed": _Teller.assessed,
        "signal.unreadable": _Teller.unreadable,
        "signal.joined": _Teller.joined,
        "signal.released": _Teller.released_signal,
        "case.opened": _Teller.opened,
        "case.promoted": _Teller.clocks,
        "case.reached": lambda _, entry: spoken_with(entry),
        **dict.fromkeys(LINKS, _Teller.linked),
        **dict.fromkeys(("case.kept_apart", "case.kept_apart_no_more"), _Teller.apart),
        "case.released": _Teller.released,
        "case.closed": _Teller.closed,
        "case.reopened": _Teller.opened_again,
        "clock.started": _Teller.clocks,
        "clock.started_anew": _Teller.clocks,
        "clock.resumed": _Teller.clocks,
        **dict.fromkeys(LATE, _Teller.late),
        "clock.escalated": _Teller.escalated,
        "recovery.complete": _Teller.recovered,
        "recovery.incomplete": _Teller.recovered,
        "evidence.seen": _Teller.evidence,
        **dict.fromkeys(("page.owed", "page.sent", "page.given_up", "page.withheld"), _Teller.page),
        "ticket.merged": _Teller.merged,
        "ticket.reopened": _Teller.reopened,
        "ticket.observed": _Teller.observed,
        **dict.fromkeys(("ticket.edited", "ticket.edit_undone"), _Teller.edited),
        **dict.fromkeys(("ticket.history_incomplete", "ticket.history_whole"), _Teller.history),
        "contact.made": _Teller.contact,
        "contact.tried": _Teller.tried,
        **dict.fromkeys(("pattern.found", "pattern.grew"), _Teller.pattern),
        **dict.fromkeys(("person.acquainted", "person.parted"), _Teller.acquainted),
        "contact.failed": _Teller.contact_failed,
        "content.erased": _Teller.erased,
        "audit.exported": _Teller.exported,
        **dict.fromkeys(CHANGES, _Teller.change),
        "change.trimmed": _Teller.trimmed,
    }
)


def _unknown(entry: LedgerEntry) -> Told:
    what = entry.action.replace(".", " ").replace("_", " ").capitalize()
    fields = [
        f"{key}: {plain(value)}"
        for key, value in entry.body.items()
        if not key.endswith("_id") and f"{key}_id" not in entry.body
    ]
    return what, ", ".join(fields)
