"""Ours to theirs: what a change sets, decided at once; pure.

A prepared body is one canonical JSON object in our names; the custom fields' numbers are put
in when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.helpdesks.base import told
from connector.helpdesks.request_tracker import files
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import (
    NOTE_MARK,
    TICKET_MARK,
    Json,
    field_value,
    marked,
    sendable,
    status_for,
    subject_of,
    when,
)

PLAIN = "text/plain"
"""Shown as it is: nothing in it is rendered."""


def ticket_body(settings: InstanceSettings, ticket: OpenTicket) -> Json:
    """Give what opens a ticket: the ticket itself, then what makes it safe to answer from.

    The first message is shown to the patient in the self-service, a comment is not.
    """
    email = ticket.requester.email
    return {
        "key": ticket.key,
        "create": {
            "Subject": subject_of(ticket.subject, settings.max_subject),
            "Content": settings.public_text,
            "ContentType": PLAIN,
            "Priority": settings.priorities.get(ticket.severity, 0),
            **({"Requestor": email} if email and settings.quiet_queue else {}),
        },
        "sla": settings.sla.get(ticket.severity, ""),
        "fields": _fields(ticket.fields),
        "tags": list(ticket.tags),
        "due": when(ticket.due_at) if ticket.due_at else "",
        "requestor": email,
        "comment": {"mark": marked(TICKET_MARK, ticket.key), "text": sendable(ticket.text)},
    }


def note_body(settings: InstanceSettings, note: AddNote) -> Json:
    """Give what makes a note."""
    planned, remarks = files.plan(settings, note.attachments)
    text = "\n".join([sendable(note.text), *([""] if remarks else []), *remarks])
    return {"mark": marked(NOTE_MARK, note.key), "text": text, "files": planned}


def update_body(settings: InstanceSettings, change: UpdateTicket, due: str) -> Json:
    """Give what an update sets, and the comment that tells of it once.

    `due` is the due time in words, for the comment.
    """
    lines = list(told(change, due)) or ["(nothing)"]
    text = "\n".join(["Changed by amends:", *lines])
    severity = change.severity
    return {
        "priority": settings.priorities.get(severity) if severity is not None else None,
        "sla": settings.sla.get(severity, "") if severity is not None else "",
        "fields": _fields(change.fields),
        "add_tags": sorted(change.add_tags),
        "remove_tags": sorted(change.remove_tags),
        "due": when(change.due_at) if change.due_at else "",
        "status": status_for(settings, change.status) if change.status else "",
        "meaning": change.status.value if change.status else "",
        **({"assignee": change.assignee} if change.assignee else {}),
        "note": {"mark": marked(NOTE_MARK, change.key), "text": sendable(text), "files": []},
    }


def _fields(fields: Mapping[str, str]) -> Json:
    return {name: field_value(value) for name, value in sorted(fields.items())}
