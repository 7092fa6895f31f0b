"""Values to bytes and back, for the content table; files travel apart, by position."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.ledger import timestamp
from connector.domain.signal import Attachment, Channel, Contact, Item, Signal, Unreadable
from connector.domain.ticket import AddNote, Change, OpenTicket, TicketStatus, UpdateTicket

_PRINTER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
"""One for all: `json.dumps` would make a new one for each of many small values."""


def item_bytes(item: Item) -> bytes:
    """Print a signal or unreadable item without its originals (raw, attachment contents)."""
    if isinstance(item, Unreadable):
        return _dump(
            {
                "tenant": item.tenant,
                "source": item.source,
                "locator": item.locator,
                "problem": item.problem,
            }
        )
    return _dump(
        {
            "tenant": item.tenant,
            "source": item.source,
            "natural_key": item.natural_key,
            "locator": item.locator,
            "channel": item.channel.value,
            "event_time": _time(item.event_time),
            "contact": _contact(item.contact),
            "subject": item.subject,
            "text": item.text,
            "reply_text": item.reply_text,
            "facts": {key: list(v) if isinstance(v, tuple) else v for key, v in item.facts.items()},
            "attachments": [_file(attachment) for attachment in item.attachments],
        }
    )


def signal_from(body: bytes, raw: bytes, files: list[bytes]) -> Signal:
    """Rebuild a signal; erased files come back empty and withheld."""
    data = json.loads(body)
    return Signal(
        tenant=data["tenant"],
        source=data["source"],
        natural_key=data["natural_key"],
        locator=data["locator"],
        channel=Channel(data["channel"]),
        event_time=_moment(data["event_time"]),
        contact=Contact(**data["contact"]),
        subject=data["subject"],
        text=data["text"],
        reply_text=data["reply_text"],
        facts={
            key: tuple(value) if isinstance(value, list) else value
            for key, value in data["facts"].items()
        },
        attachments=_files(data["attachments"], files),
        raw=raw,
    )


def unreadable_from(body: bytes, raw: bytes) -> Unreadable:
    """Rebuild an unreadable item."""
    return Unreadable(**json.loads(body), raw=raw)


def locator_of(body: bytes) -> str:
    """Read only where an item was found first."""
    return str(json.loads(body)["locator"])


def assessment_bytes(assessment: Assessment) -> bytes:
    """Print an assessment with its evidence."""
    return _dump(
        {
            "lane": assessment.lane.value,
            "severity": assessment.severity,
            "categories": list(assessment.categories),
            "score_permille": assessment.score_permille,
            "model": assessment.model,
            "reasons": [
                {
                    "rule": reason.rule,
                    "category": reason.category,
                    "severity": reason.severity,
                    "evidence": reason.evidence,
                }
                for reason in assessment.reasons
            ],
        }
    )


def assessment_from(body: bytes) -> Assessment:
    """Rebuild an assessment."""
    data = json.loads(body)
    return Assessment(
        lane=Lane(data["lane"]),
        severity=data["severity"],
        categories=tuple(data["categories"]),
        reasons=tuple(Reason(**reason) for reason in data["reasons"]),
        score_permille=data["score_permille"],
        model=data["model"],
    )


def change_bytes(change: Change) -> bytes:
    """Print a change without its frozen body and file contents."""
    data: dict[str, Any] = {"key": change.key, "case_id": change.case_id}
    if isinstance(change, AddNote):
        files = [_file(attachment) for attachment in change.attachments]
        data |= {"op": "note", "text": change.text, "attachments": files}
    elif isinstance(change, OpenTicket):
        data |= {
            "op": "open",
            "subject": change.subject,
            "text": change.text,
            "requester": _contact(change.requester),
            "severity": change.severity,
            "tags": list(change.tags),
            "fields": dict(change.fields),
            "due_at": _time(change.due_at),
        }
    else:
        data |= {
            "op": "update",
            "severity": change.severity,
            "add_tags": list(change.add_tags),
            "remove_tags": list(change.remove_tags),
            "fields": dict(change.fields),
            "due_at": _time(change.due_at),
            "status": change.status.value if change.status else None,
        } | ({"assignee": change.assignee} if change.assignee else {})
    return _dump(data)


def change_from(data_bytes: bytes, frozen: bytes, files: list[bytes]) -> Change:
    """Rebuild a change with its frozen body."""
    data = json.loads(data_bytes)
    op = data.pop("op")
    if op == "note":
        attachments = _files(data.pop("attachments"), files)
        return AddNote(**data, attachments=attachments, body=frozen)
    data["due_at"] = _moment(data["due_at"])
    if op == "open":
        data["requester"] = Contact(**data["requester"])
        data["tags"] = tuple(data["tags"])
        return OpenTicket(**data, body=frozen)
    data["add_tags"], data["remove_tags"] = tuple(data["add_tags"]), tuple(data["remove_tags"])
    data["status"] = TicketStatus(data["status"]) if data["status"] else None
    return UpdateTicket(**data, body=frozen)


def op_of(change: Change) -> str:
    """The short name under which the outbox keeps a change."""
    if isinstance(change, OpenTicket):
        return "open"
    return "note" if isinstance(change, AddNote) else "update"


def _contact(contact: Contact) -> dict[str, str]:
    return {"name": contact.name, "email": contact.email, "phone": contact.phone}


def _file(attachment: Attachment) -> dict[str, str]:
    return {
        "name": attachment.name,
        "media_type": attachment.media_type,
        "withheld": attachment.withheld,
    }


def _files(described: list[dict[str, str]], contents: list[bytes]) -> tuple[Attachment, ...]:
    files = []
    for position, entry in enumerate(described):
        there = position < len(contents)
        withheld = entry["withheld"] or ("" if there else "erased")
        files.append(
            Attachment(
                name=entry["name"],
                media_type=entry["media_type"],
                content=contents[position] if there else b"",
                withheld=withheld,
            )
        )
    return tuple(files)


def _dump(data: dict[str, Any]) -> bytes:
    # surrogatepass: a parser may let half a character through; storing must never fail on it
    return _PRINTER.encode(data).encode("utf-8", "surrogatepass")


def _time(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
