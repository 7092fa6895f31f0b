"""Audits to events: everything that happened to a ticket, oldest first; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

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


People: TypeAlias = Mapping[int, Json]
"""Users by number, as far as they are known."""


def authors(audits: Sequence[Json]) -> set[int]:
    """Give the numbers of all who did or wrote something; the product itself has none."""
    found = {audit["author_id"] for audit in audits}
    found |= {_writer(audit, event) for audit in audits for event in audit["events"]}
    return found - {SYSTEM}


def events_of(
    audits: Sequence[Json], known: Known, people: People = MappingProxyType({}), me: int = 0
) -> Iterator[TicketEvent]:
    """Put audits into our words. The making of the ticket is one event, with its first words.

    A comment of somebody outside the practice is a `patient_reply`, whatever the product
    calls it. What we ourselves (`me`) did over the API without a mark, as with tags, is told
    as `automatic`.
    """
    names = {str(field.id): name for name, field in known.fields.items()}
    everybody = {audit["author_id"]: audit["author"] for audit in audits if audit.get("author")}
    everybody |= people
    for place, audit in enumerate(audits):
        if place == 0:
            yield _created(audit, names, everybody)
        else:
            yield from _later(audit, names, everybody, me)


def _created(audit: Json, names: Mapping[str, str], people: People) -> TicketEvent:
    words, data = "", dict[str, str]()
    for event in audit["events"]:
        if event["type"] == "Comment":
            words = said(event)
            data |= _files(event)
        elif event["type"] == "Create" and event.get("field_name"):
            name = _name(str(event["field_name"]), names)
            data[name] = _shown(event.get("value"))
    told = {**data, **_mark(audit)}
    actor = _name_of(audit["author_id"], people)
    return TicketEvent(
        id=str(audit["id"]), at=_at(audit), actor=actor, kind="created", text=words, data=told
    )


def _later(audit: Json, names: Mapping[str, str], people: People, me: int) -> Iterable[TicketEvent]:
    """Give one event for each thing that an audit tells; the first carries our key."""
    told = [event for event in audit["events"] if event.get("field_name") not in _QUIET]
    mark = _mark(audit)
    by_us = {"automatic": "true"} if not mark and _by_us(audit, me) else {}
    for event in told:
        kind, words, data = _thing(event, names)
        writer = _writer(audit, event)
        if kind == "public_reply" and (people.get(writer) or {}).get("role") == "end-user":
            kind = "patient_reply"
        yield TicketEvent(
            id=str(event["id"]),
            at=_at(audit),
            actor=_name_of(writer, people),
            kind=kind,
            text=words,
            data={**data, **by_us, **mark},
        )
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
    data = {"name": _name(field, names), "from": _shown(before), "to": _shown(after)}
    return "field", "", data


def _by_us(audit: Json, me: int) -> bool:
    via = audit.get("via")
    return audit["author_id"] == me and isinstance(via, dict) and via.get("channel") == "api"


def _at(audit: Json) -> datetime:
    return datetime.fromisoformat(audit["created_at"]).astimezone(UTC)


def _writer(audit: Json, event: Json) -> int:
    """Give who did it: a comment may be written in the name of somebody else."""
    author = event.get("author_id") if event["type"] == "Comment" else None
    return author if isinstance(author, int) else int(audit["author_id"])


def _name_of(number: int, people: People) -> str:
    if number == SYSTEM:
        return ""
    return str((people.get(number) or {}).get("name") or number)


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
