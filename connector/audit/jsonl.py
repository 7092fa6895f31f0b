"""A case as JSON lines: the authoritative form of an export, checkable without amends.

The first line tells about the case, then come signals, changes, links, the helpdesk's own
events, contents (with salt, so that their commitments can be recomputed), the entries of
the ledger in full, and a last line with the number of lines and the hash of all before it.
The same record gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.audit.record import CaseRecord, Heard, Sent, Words
from connector.domain.assessment import Assessment
from connector.domain.ledger import LedgerEntry, timestamp
from connector.domain.rules import meaning
from connector.domain.signal import Attachment, Contact, Signal
from connector.domain.ticket import AddNote, Change, OpenTicket, TicketEvent

FORMAT = 1
"""Version of these lines."""


def jsonl(record: CaseRecord, *, purpose: str) -> bytes:
    """Print a record as JSON lines in ASCII."""
    lines = [_print(line) for line in _lines(record, purpose)]
    digest = hashlib.sha256(b"".join(lines)).hexdigest()
    return b"".join([*lines, _print({"type": "end", "lines": len(lines), "sha256": digest})])


def _lines(record: CaseRecord, purpose: str) -> Iterator[dict[str, Any]]:
    yield _case(record, purpose)
    for heard in record.heard:
        yield _heard(heard, withheld=record.withheld)
    for sent in record.sent:
        yield _sent(sent, withheld=record.withheld)
    for other, why in record.links:
        yield {"type": "link", "case": other, "why": why}
    for event in record.history:
        yield _event(event)
    for words in record.contents.values():
        yield _words(words, withheld=record.withheld)
    for entry in record.entries:
        yield _entry(entry)


def _case(record: CaseRecord, purpose: str) -> dict[str, Any]:
    case = record.case
    return {
        "type": "case",
        "format": FORMAT,
        "practice": {
            "tenant": record.practice.tenant,
            "name": record.practice.name,
            "zone": record.practice.zone.key,
        },
        "instance": record.instance,
        "redaction": "full" if record.withheld else "none",
        "purpose": purpose,
        "faults": list(record.faults),
        "case": case.id,
        "kind": case.kind,
        "group": case.group,
        "state": case.state,
        "severity": case.severity,
        "categories": list(case.categories),
        "source": case.source,
        "channel": case.channel,
        "opened_at": _time(case.opened_at),
        "event_time": _time(case.event_time),
        "contact_due": _time(case.contact_due),
        "resolution_due": _time(case.resolution_due),
        "closed_at": _time(case.closed_at),
        "close_reason": case.close_reason,
        "ticket": case.ticket_id,
        "ticket_url": case.ticket_url,
    }


def _heard(heard: Heard, *, withheld: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "type": "signal",
        "signal": heard.id,
        "source": heard.source,
        "channel": heard.channel,
        "event_time": _time(heard.event_time),
        "detected_at": _time(heard.detected_at),
        "outcome": heard.outcome,
        "lane": heard.lane,
        "severity": heard.severity,
        "problem_code": heard.problem_code,
        "contents": {
            "parsed": heard.parsed_id,
            "raw": heard.raw_id,
            "assessment": heard.assessment_id,
            "files": list(heard.file_ids),
        },
        "also_found_at": list(heard.locators),
        "assessment": _assessment(heard.assessment) if heard.assessment else None,
    }
    item = heard.item
    if item is None:
        return line | {"words": "erased"}
    line["locator"] = item.locator
    if not isinstance(item, Signal):
        return line | {"problem": item.problem}
    return line | {
        "natural_key": item.natural_key,
        "contact": _contact(item.contact),
        "subject": item.subject,
        "text": item.text,
        "reply_text": item.reply_text,
        "facts": {
            name: list(fact) if isinstance(fact, tuple) else fact
            for name, fact in item.facts.items()
        },
        "attachments": _files(item.attachments, heard.file_ids, withheld=withheld),
    }


def _assessment(assessment: Assessment) -> dict[str, Any]:
    return {
        "lane": assessment.lane.value,
        "severity": assessment.severity,
        "categories": list(assessment.categories),
        "score_permille": assessment.score_permille,
        "model": assessment.model,
        "reasons": [
            {
                "rule": reason.rule,
                "meaning": meaning(reason.rule),
                "category": reason.category,
                "severity": reason.severity,
                "evidence": reason.evidence,
            }
            for reason in assessment.reasons
        ],
    }


def _sent(sent: Sent, *, withheld: bool) -> dict[str, Any]:
    line = {
        "type": "change",
        "change": sent.id,
        "turn": sent.seq,
        "key": sent.key,
        "op": sent.op,
        "state": sent.state,
        "created_at": _time(sent.created_at),
        "first_sent_at": _time(sent.first_sent_at),
        "last_sent_at": _time(sent.last_sent_at),
        "done_at": _time(sent.done_at),
        "attempts": sent.attempts,
        "error": sent.error,
        "contents": {
            "change": sent.change_id,
            "body": sent.body_id,
            "files": list(sent.file_ids),
        },
    }
    if sent.change is None:
        return line | {"words": "erased"}
    return line | _change(sent.change, sent.file_ids, withheld=withheld)


def _change(change: Change, file_ids: Sequence[int | None], *, withheld: bool) -> dict[str, Any]:
    if isinstance(change, AddNote):
        files = _files(change.attachments, file_ids, withheld=withheld)
        return {"text": change.text, "attachments": files}
    shared = {
        "severity": change.severity,
        "fields": dict(change.fields),
        "due_at": _time(change.due_at),
    }
    if isinstance(change, OpenTicket):
        return shared | {
            "subject": change.subject,
            "text": change.text,
            "requester": _contact(change.requester),
            "tags": list(change.tags),
        }
    return shared | {
        "add_tags": list(change.add_tags),
        "remove_tags": list(change.remove_tags),
        "status": change.status.value if change.status else None,
    }


def _event(event: TicketEvent) -> dict[str, Any]:
    return {
        "type": "helpdesk_event",
        "event": event.id,
        "at": _time(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "text": event.text,
        "data": dict(event.data),
    }


def _words(words: Words, *, withheld: bool) -> dict[str, Any]:
    line = {
        "type": "content",
        "content": words.id,
        "kind": words.kind,
        "state": words.state,
        "commitment": words.commitment,
        "entry": list(words.entry) if words.entry else None,
    }
    if withheld:
        return line | {"withheld": True}
    return line | {"salt": _hex(words.salt), "body_base64": _base64(words.body)}


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    """Give an entry so that anybody can recompute its hash (see docs/audit.md)."""
    return {
        "type": "entry",
        "chain": entry.chain_id,
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "case": entry.case_id,
        "body": dict(entry.body),
        "prev": entry.prev.hex(),
        "hash": entry.hash.hex(),
    }


def _files(
    files: Sequence[Attachment], file_ids: Sequence[int | None], *, withheld: bool
) -> list[dict[str, Any]]:
    """Describe files; the hash of a redacted one stays away, because it could be recognised."""
    ids = [*file_ids, *([None] * len(files))]
    return [
        {
            "name": file.name,
            "media_type": file.media_type,
            "withheld": file.withheld,
            "content": ids[place],
            "bytes": None if withheld else len(file.content),
            "sha256": None if withheld or not file.content else file.sha256,
        }
        for place, file in enumerate(files)
    ]


def _contact(contact: Contact) -> dict[str, str]:
    return {"name": contact.name, "email": contact.email, "phone": contact.phone}


def _time(at: datetime | None) -> str | None:
    return None if at is None else timestamp(at)


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode("ascii")


def _print(line: Mapping[str, Any]) -> bytes:
    text = json.dumps(_sound(line), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode("ascii") + b"\n"


def _sound(value: Any) -> Any:
    """Replace halves of surrogate pairs, which no strict reader accepts; the base64 is exact."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_sound(key): _sound(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_sound(inner) for inner in value]
    return value
