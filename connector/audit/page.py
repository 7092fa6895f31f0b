"""The page of a case: one file, no script, nothing from elsewhere, made to be read and printed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from connector.audit.naming import category, span
from connector.audit.record import CaseRecord, Heard, Sent, Words
from connector.audit.timeline import Line, timeline
from connector.domain.plain import printable
from connector.domain.rules import meaning
from connector.domain.signal import Attachment, Contact, Signal, Unreadable
from connector.domain.ticket import AddNote, Change, OpenTicket
from connector.recovery.wording import local_day

MAX_SHOWN_CHARS: Final = 20_000
"""A longer text is cut on the page; the JSON lines have all of it."""

_CHANNELS: Final = {
    "mail": "Mail",
    "phone": "Phone call",
    "survey": "Survey answer",
    "review": "Public review",
}
_OPS: Final = {"open": "Ticket", "note": "Private note", "update": "Update of the ticket"}
_STATES: Final = {
    "ready": "waits to be sent",
    "sending": "is being sent",
    "unknown": "in doubt: the answer was lost",
    "held": "held by the storm guard",
    "aside": "set aside for a person",
    "done": "in the helpdesk",
    "dropped": "given up",
}
_KINDS: Final = {"case": "Case", "second_look": "Second look", "notice": "Notice for staff"}
_PROOFS: Final = {
    "intact": "as committed",
    "altered": "ALTERED",
    "erased": "erased, on record",
    "gone": "GONE without a record",
    "uncommitted": "no commitment",
}


def page(record: CaseRecord, *, purpose: str) -> bytes:
    """Print a record as one HTML page in UTF-8."""
    clock = Times(record.practice.zone)
    text = _template().render(
        practice=record.practice.name,
        zone=record.practice.zone.key,
        purpose=purpose,
        withheld=record.withheld,
        faults=record.faults,
        case=_case(record, clock),
        account=_account(record),
        clocks=_clocks(record, clock),
        heard=[_heard(heard, record, clock) for heard in record.heard],
        sent=[_sent(sent, record, clock) for sent in record.sent],
        links=record.links,
        lines=[_line(line, clock) for line in timeline(record)],
        history=_history(record, clock),
        asked_helpdesk=bool(record.history),
        proofs_of=[_proof(words) for words in record.contents.values() if words.commitment],
        entries=record.entries,
        instance=record.instance,
    )
    return text.encode("utf-8", "replace")


class Times:
    """Prints instants in the practice's zone, with UTC beside."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Take the practice's zone."""
        self._zone = zone

    def __call__(self, at: datetime | None) -> dict[str, str] | None:
        """Give `local` and `utc`; None for no time."""
        if at is None:
            return None
        local = at.astimezone(self._zone)
        return {
            "local": f"{local_day(local.date())}, {local:%H:%M:%S} {local.tzname()}",
            "day": local_day(local.date()),
            "clock": f"{local:%H:%M:%S}",
            "zone": local.tzname() or "",
            "utc": f"{at:%Y-%m-%d %H:%M:%S} UTC",
        }


def _case(record: CaseRecord, clock: Times) -> dict[str, Any]:
    case = record.case
    return {
        "id": case.id,
        "kind": _KINDS.get(case.kind, case.kind),
        "state": case.state,
        "group": case.group,
        "severity": case.severity,
        "categories": [{"key": key, "words": category(key)} for key in case.categories],
        "channel": _CHANNELS.get(case.channel, case.channel),
        "source": case.source,
        "happened": clock(case.event_time),
        "opened": clock(case.opened_at),
        "closed": clock(case.closed_at),
        "close_reason": case.close_reason.replace("_", " "),
        "ticket": case.ticket_id,
        # a helpdesk's answer becomes a link only where it cannot be anything but a page
        "url": case.ticket_url if case.ticket_url.startswith(("https://", "http://")) else "",
    }


def _account(record: CaseRecord) -> str:
    """Sum the record up in one sentence."""
    arrived = sum(sent.state == "done" for sent in record.sent)
    committed = [words for words in record.contents.values() if words.commitment]
    hold = sum(words.state == "intact" for words in committed)
    return (
        f"heard {len(record.heard)} times; {arrived} of {len(record.sent)} changes are in the "
        f"helpdesk; {hold} of {len(committed)} commitments are met by the words kept here; "
        f"{len(record.entries)} ledger entries"
    )


def _clocks(record: CaseRecord, clock: Times) -> list[dict[str, Any]]:
    case = record.case
    promoted = next((e.at for e in record.entries if e.action == "case.promoted"), None)
    begun = promoted or min((heard.detected_at for heard in record.heard), default=case.opened_at)
    missed = next((e.at for e in record.entries if e.action == "clock.contact_due_passed"), None)
    found = []
    for name, due, noticed in (
        ("First contact by a person", case.contact_due, missed),
        ("All four steps done", case.resolution_due, None),
    ):
        if due is None:
            continue
        state, late = "no passing is on record", False
        if noticed is not None:
            state, late = f"passed without contact seen; noticed {span(noticed - due)} after", True
        elif case.closed_at is not None:
            late = case.closed_at > due
            side = "after" if late else "before"
            state = f"case closed {span(case.closed_at - due)} {side}"
        found.append(
            {
                "name": name,
                "due": clock(due),
                "span": f"{span(due - begun)} from {'promotion' if promoted else 'noticing'}",
                "state": state,
                "late": late,
            }
        )
    return found


def _heard(heard: Heard, record: CaseRecord, clock: Times) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": heard.id,
        "channel": _CHANNELS.get(heard.channel, heard.channel or "Item"),
        "source": heard.source,
        "happened": clock(heard.event_time),
        "detected": clock(heard.detected_at),
        "outcome": heard.outcome,
        "proofs": _proofs(record, heard.raw_id, heard.assessment_id),
        "erased": heard.item is None,
        "reasons": [
            {
                "meaning": meaning(reason.rule),
                "rule": reason.rule,
                "category": category(reason.category) if reason.category else "",
                "severity": reason.severity or "",
                "evidence": printable(reason.evidence),
            }
            for reason in (heard.assessment.reasons if heard.assessment else ())
        ],
        "model": heard.assessment.model if heard.assessment else "",
        "score": heard.assessment.score_permille if heard.assessment else None,
        "rows": [],
        "text": "",
        "files": [],
    }
    item = heard.item
    if isinstance(item, Unreadable):
        shown["rows"] = [("Problem", item.problem), ("Found at", printable(item.locator))]
    elif isinstance(item, Signal):
        shown["rows"] = _rows(item, heard.locators)
        shown["text"] = _text(item.text)
        shown["files"] = [_file(file) for file in item.attachments]
    return shown


def _rows(signal: Signal, locators: Sequence[str]) -> list[tuple[str, str]]:
    facts = ", ".join(f"{name} = {_plain(fact)}" for name, fact in sorted(signal.facts.items()))
    rows = [
        ("From", _contact(signal.contact)),
        ("Subject", printable(signal.subject)),
        ("Found at", printable("; ".join((signal.locator, *locators)))),
        ("Findings", printable(facts)),
    ]
    return [(name, value) for name, value in rows if value]


def _sent(sent: Sent, record: CaseRecord, clock: Times) -> dict[str, Any]:
    return {
        "what": _OPS.get(sent.op, sent.op),
        "turn": sent.seq,
        "state": _STATES.get(sent.state, sent.state),
        "done": sent.state == "done",
        "written": clock(sent.created_at),
        "arrived": clock(sent.done_at),
        "attempts": sent.attempts,
        "error": sent.error,
        "erased": sent.change is None,
        "proofs": _proofs(record, sent.change_id, sent.body_id),
        **_change(sent.change, clock),
    }


def _change(change: Change | None, clock: Times) -> dict[str, Any]:
    shown: dict[str, Any] = {"rows": [], "text": "", "files": []}
    if change is None:
        return shown
    if isinstance(change, AddNote):
        return shown | {"text": _text(change.text), "files": [_file(f) for f in change.attachments]}
    due = clock(change.due_at)
    fields = ", ".join(f"{name} = {value}" for name, value in sorted(change.fields.items()))
    rows = [
        ("Severity", str(change.severity or "")),
        ("First contact due", f"{due['local']} ({due['utc']})" if due else ""),
        ("Fields", printable(fields)),
    ]
    if isinstance(change, OpenTicket):
        rows = [
            ("Subject", printable(change.subject)),
            ("Requester", _contact(change.requester)),
            *rows,
            ("Tags", ", ".join(change.tags)),
        ]
        shown["text"] = _text(change.text)
    else:
        rows += [
            ("Tags added", ", ".join(change.add_tags)),
            ("Tags removed", ", ".join(change.remove_tags)),
            ("Status", change.status.value if change.status else ""),
        ]
    return shown | {"rows": [(name, value) for name, value in rows if value]}


def _history(record: CaseRecord, clock: Times) -> list[dict[str, Any]]:
    """Show the words of the helpdesk's events; those that are as we sent them only by number."""
    if record.withheld:
        return []
    ours = {
        sent.change.text.strip(): sent.seq
        for sent in record.sent
        if isinstance(sent.change, OpenTicket | AddNote)
    }
    return [
        {
            "at": clock(event.at),
            "actor": event.actor,
            "kind": event.kind,
            "turn": ours.get(event.text.strip()),
            "text": _text(event.text),
        }
        for event in record.history
        if event.text
    ]


def _line(line: Line, clock: Times) -> dict[str, Any]:
    return {
        "at": clock(line.at),
        "who": printable(line.who),
        "what": printable(line.what),
        "why": printable(line.why),
        "proof": line.proof,
        "minor": line.minor,
        "helpdesk": line.action.startswith("helpdesk."),
    }


def _proofs(record: CaseRecord, *content_ids: int | None) -> list[dict[str, Any]]:
    found = (record.contents.get(number) for number in content_ids if number is not None)
    return [_proof(words) for words in found if words and words.commitment]


def _proof(words: Words) -> dict[str, Any]:
    return {
        "kind": words.kind,
        "id": words.id,
        "commitment": words.commitment,
        "entry": f"{words.entry[0]} {words.entry[1]}" if words.entry else "",
        "state": _PROOFS.get(words.state, words.state),
        "bad": words.state in {"altered", "gone"},
    }


def _file(file: Attachment) -> dict[str, str]:
    size = file.withheld or f"{len(file.content)} bytes"
    digest = file.sha256 if file.content else ""
    return {"name": printable(file.name), "size": size, "sha256": digest}


def _contact(contact: Contact) -> str:
    return printable(", ".join(p for p in (contact.name, contact.email, contact.phone) if p))


def _text(text: str) -> str:
    shown = printable(text).strip()
    if len(shown) <= MAX_SHOWN_CHARS:
        return shown
    return f"{shown[:MAX_SHOWN_CHARS]}\n[... cut here; the JSON lines have all of it]"


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _source(name: str) -> str:
    return files("connector.audit").joinpath(name).read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    return environment.get_template("case.html.j2")
