"""Theirs to ours: snapshots, and whether what was sent reads back; pure, but for names."""

from __future__ import annotations

from connector.domain.ticket import Snapshot, TicketRef
from connector.helpdesks.request_tracker.api import Api, Queue
from connector.helpdesks.request_tracker.fields import number_of, ours_of, values_of
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import (
    NOBODY,
    Json,
    moment,
    severity_of,
    status_of,
)


def requester_of(api: Api, ticket: Json) -> str:
    """Give the address of the first requestor: mostly the user's name is the address."""
    for one in ticket["Requestor"]:
        name = str(one["id"])
        return name if "@" in name else str(api.person(name).get("EmailAddress") or name)
    return ""


def key_of(settings: InstanceSettings, queue: Queue, ticket: Json) -> str:
    """Give our key on a ticket; empty when it carries none."""
    return "".join(values_of(ticket, number_of(settings, queue, "key"))[:1])


def tags_of(settings: InstanceSettings, queue: Queue, ticket: Json) -> list[str]:
    """Give the tags of a ticket, in the product's order."""
    return values_of(ticket, number_of(settings, queue, "tags"))


def due_differs(wanted: str, ticket: Json) -> bool:
    """Say whether a due time that is wanted is not the one that stands there."""
    return bool(wanted) and moment(wanted) != moment(ticket.get("Due"))


def snapshot_of(
    settings: InstanceSettings, ref: TicketRef, ticket: Json, text: str, requester: str
) -> Snapshot:
    """Put a ticket into our words; custom fields of others come by their own names."""
    fields = {
        ours_of(settings, field["name"]): ", ".join(str(value) for value in field["values"])
        for field in ticket["CustomFields"]
        if field.get("values")
    }
    tags: Json = next((f for f in ticket["CustomFields"] if f["name"] == settings.tags_field), {})
    owner = str(ticket["Owner"]["id"])
    return Snapshot(
        ref=ref,
        key=fields.pop("key", ""),
        status=status_of(settings, ticket["Status"]),
        subject=ticket.get("Subject") or "",
        text=text,
        severity=severity_of(settings, int(ticket["Priority"])),
        tags=frozenset(str(tag) for tag in tags.get("values") or ()),
        fields={name: value for name, value in sorted(fields.items()) if name != "tags"},
        due_at=moment(ticket.get("Due")),
        assignee="" if owner == NOBODY else owner,
        requester_email=requester,
        version=str(ticket.get("_etag") or ""),
    )


def missing_of(
    api: Api, queue: Queue, body: Json, ticket: Json, values: dict[str, str]
) -> list[str]:
    """Name what was sent to open a ticket and does not read back, in our words.

    `values` are the fields by number, as they were sent.
    """
    settings, create = api.settings, body["create"]
    same = {
        "key": key_of(settings, queue, ticket) == body["key"],
        "subject": ticket.get("Subject") == create["Subject"],
        "severity": int(ticket["Priority"]) == create["Priority"],
        "tags": set(tags_of(settings, queue, ticket)) >= set(body["tags"]),
        "due_at": moment(body["due"]) == moment(ticket.get("Due")),
        "sla": not body["sla"] or ticket.get("SLA") == body["sla"],
        "requester": requester_of(api, ticket).lower() == body["requestor"].lower(),
    }
    wrong = [name for name, value in values.items() if values_of(ticket, name) != [value]]
    names = [ours_of(settings, queue.fields[int(number)]) for number in wrong]
    return sorted({*names, *(name for name, well in same.items() if not well)})
