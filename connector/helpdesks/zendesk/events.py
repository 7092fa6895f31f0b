"""Audits to events: everything that happened to a ticket, oldest first; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from connector.domain.ticket import TicketEvent
from connector.helpdesks.zendesk.names import Known
from connector.helpdesks.zendesk.reading import mark_of, said
from connector.helpdesks.zendesk.tables import STATUS, SYSTEM, Json

MAX_VALUE: Final = 500
"""A longer value of a field is cut in the record of its change."""

_OURS: Final[Mapping[str, str]] = {
    "priority": "severity",
    "external_id": "key",
    "requester_id": "requester",
    "assignee_id": "assignee",
}
_QUIET: Final = frozenset({"custom_status_id"})
"""What only repeats another change."""


def events_of(audits: Sequence[Json], known: Known) -> Iterator[TicketEvent]:
    """Put audits into our words. The making of the ticket is one event, with its first words."""
    names = {str(field.id): name for name, field in known.fields.items()}
    for place, audit in enumerate(audits):
        if place == 0:
            yield _created(audit, names)
        else:
            yield from _later(audit, names)


def _created(audit: Json, names: Mapping[str, str]) -> TicketEvent:
    words, data = "", dict[str, str]()
    for event in audit["events"]:
        if event["type"] == "Comment":
            words = said(event)
            data |= _files(event)
        elif event["type"] == "Create" and event.get("field_name"):
            name = _name(str(event["field_name"]), names)
            data[name] = _shown(event.get("value"))
    return _event(audit, audit["id"], "created", words, {**data, **_mark(audit)})


def _later(audit: Json, names: Mapping[str, str]) -> Iterable[TicketEvent]:
    """Give one event for each thing that an audit tells; the first carries our key."""
    told = [event for event in audit["events"] if event.get("field_name") not in _QUIET]
    mark = _mark(audit)
    for event in told:
        kind, words, data = _thing(event, names)
        if kind == "public_reply" and _is_patient(audit):
            kind = "patient_reply"
        yield _event(audit, event["id"], kind, words, {**data, **mark})
        mark = {}


def _thing(event: Json, names: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    kind = event["type"]
    if kind == "Comment":
        words, files = said(event), _files(event)
        if files and not words.strip():
            return "attachment", words, files
        return ("public_reply" if event.get("public") else "note"), words, files
    if kind in {"Create", "Change"} and event.get("field_name"):
        return _changed(str(event["field_name"]), event, names)
    return "other", "", {"what": kind[:60]}


def _changed(field: str, event: Json, names: Mapping[str, str]) -> tuple[str, str, dict[str, str]]:
    before, after = event.get("previous_value"), event.get("value")
    if field == "status":
        return "status", "", {"from": _status(before), "to": _status(after)}
    data = {"field": _name(field, names), "from": _shown(before), "to": _shown(after)}
    return "field", "", data


def _event(audit: Json, number: int, kind: str, words: str, data: Mapping[str, str]) -> TicketEvent:
    at = datetime.fromisoformat(audit["created_at"]).astimezone(UTC)
    return TicketEvent(
        id=str(number), at=at, actor=_actor(audit), kind=kind, text=words, data=dict(data)
    )


def _actor(audit: Json) -> str:
    number = audit["author_id"]
    if number == SYSTEM:
        return ""
    return str((audit.get("author") or {}).get("name") or number)


def _is_patient(audit: Json) -> bool:
    """Say whether somebody outside the practice wrote: the product calls their words public."""
    return bool((audit.get("author") or {}).get("role") == "end-user")


def _mark(audit: Json) -> dict[str, str]:
    key = mark_of(audit)
    return {"note_key": key} if key else {}


def _files(event: Json) -> dict[str, str]:
    files = [str(file["file_name"]) for file in event.get("attachments") or ()]
    return {"files": ", ".join(files)} if files else {}


def _name(field: str, names: Mapping[str, str]) -> str:
    return _OURS.get(field) or names.get(field.removeprefix("custom_fields_")) or field[:60]


def _status(value: Any) -> str:
    status = STATUS.get(str(value or ""))
    return status.value if status else str(value or "")[:60]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))[:MAX_VALUE]
    return "" if value is None else str(value)[:MAX_VALUE]
