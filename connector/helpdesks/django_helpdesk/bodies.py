"""Ours to theirs: the bodies of all requests that a change takes, decided at once; pure.

A prepared body is one canonical JSON object that holds them; `Desk` sends its parts
unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from connector.domain.signal import Attachment
from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.helpdesks.base import told
from connector.helpdesks.django_helpdesk.escape import escape, escape_title, sendable
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.tables import (
    NO_TAGS,
    NOTE_MARK,
    PRIORITY,
    TICKET_MARK,
    Json,
    field_name,
    join_tags,
    marked,
    when,
)

MAX_NAME: Final = 100
"""A longer file name is cut."""

OPENING_TITLE: Final = "For staff: what happened and what to do"
NOTE_TITLE: Final = "Note from amends"
UPDATE_TITLE: Final = "Changed by amends"

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "txt": "text/plain",
    "asc": "text/plain",
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "png": "image/png",
    "eml": "message/rfc822",
}
"""By the ending under which a file is sent, so that agents' browsers know what to do."""

COMING: Final = "A note from amends is being written; open the ticket to read it."


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment as it is sent."""

    name: str
    """Unique within its note, with an ending that the product accepts."""
    content: bytes

    @property
    def media_type(self) -> str:
        """What its ending stands for."""
        ending = self.name.rpartition(".")[2]
        return MEDIA_TYPES.get(ending, "application/octet-stream")


def ticket_body(settings: SiteSettings, ticket: OpenTicket) -> Json:
    """Give what opens a ticket: `create`, and `after`, which makes it safe to answer from.

    The description is shown to the patient on the public page as soon as the ticket has
    a submitter. So the words for agents stay in the follow-up that the product makes of
    them at creation, which is made private; the description gives way to a neutral one.
    """
    create: Json = {
        "queue": settings.queue,
        "title": escape_title(ticket.subject, settings.max_subject),
        "description": escape(marked(ticket.text, TICKET_MARK, ticket.key)),
        "priority": PRIORITY[ticket.severity],
        "submitter_email": "",  # with an address the product would mail the patient at once
        f"custom_{settings.key_field}": ticket.key,
    }
    if ticket.tags:
        create[f"custom_{settings.tags_field}"] = join_tags(ticket.tags)
    create |= _fields(settings, {name: value for name, value in ticket.fields.items() if value})
    if ticket.due_at is not None:
        create["due_date"] = when(ticket.due_at)
    after: Json = {"description": settings.public_description}
    if ticket.requester.email:
        after["submitter_email"] = ticket.requester.email
    opening = {"public": False, "title": OPENING_TITLE}
    return {"create": create, "opening": opening, "after": after}


def note_body(settings: SiteSettings, note: AddNote, title: str = NOTE_TITLE) -> Json:
    """Give what makes a note: the stub that claims its place, and the words that fill it.

    The stub alone is mailed to those who get mail about private follow-ups; the words
    are put in by a change of the follow-up, which mails nobody and renders no template.
    """
    files, remarks = plan_files(settings, note.attachments)
    text = "\n".join([sendable(note.text), *([""] if remarks else []), *remarks])
    return {
        "stub": escape(marked(COMING, NOTE_MARK, note.key)),
        "title": title,
        "comment": escape(marked(text, NOTE_MARK, note.key)),
        "files": [
            {"name": name, "sha256": note.attachments[place].sha256, "place": place}
            for name, place in files
        ],
    }


def update_body(settings: SiteSettings, change: UpdateTicket, due: str) -> Json:
    """Give what an update sets, and the note that tells of it (the product keeps no record).

    `due` is the due time in words, for the note.
    """
    lines = list(told(change, due)) or ["(nothing)"]
    note = AddNote(key=change.key, case_id=change.case_id, text="\n".join(lines))
    patch: Json = _fields(settings, change.fields)
    if change.severity is not None:
        patch["priority"] = PRIORITY[change.severity]
    if change.due_at is not None:
        patch["due_date"] = when(change.due_at)
    return {
        "patch": patch,
        "add_tags": sorted(change.add_tags),
        "remove_tags": sorted(change.remove_tags),
        "status": change.status.value if change.status else "",
        **({"assignee": change.assignee} if change.assignee else {}),
        "note": note_body(settings, note, UPDATE_TITLE),
    }


def _fields(settings: SiteSettings, fields: Mapping[str, str]) -> Json:
    named = {field_name(settings, ours): sendable(value) for ours, value in fields.items()}
    return {name: value.strip() or NO_TAGS for name, value in named.items() if name}


def plan_files(
    settings: SiteSettings, attachments: Sequence[Attachment]
) -> tuple[list[tuple[str, int]], list[str]]:
    """Decide how each attachment goes: name and place of those sent, a remark on the others.

    A type that the product refuses is sent as text: nothing opens it by mistake, and
    its bytes stay the same.
    """
    sent: list[tuple[str, int]] = []
    remarks: list[str] = []
    for place, attachment in enumerate(attachments):
        name = safe_name(attachment.name, {name for name, _ in sent}, settings.attachment_types)
        if attachment.withheld or not attachment.content:
            remarks.append(f"Not attached: {attachment.name} ({attachment.withheld or 'empty'})")
        elif len(attachment.content) > settings.max_attachment_bytes:
            remarks.append(f"Not attached: {attachment.name} (too large for this helpdesk)")
        else:
            sent.append((name, place))
            if name != attachment.name:
                remarks.append(f"Attached as {name}: {attachment.name}")
    return sent, remarks


def safe_name(name: str, taken: set[str], types: Sequence[str]) -> str:
    """Give a file name that the product accepts and that is not taken in this note."""
    base = re.sub(r"[^\w.() -]", "_", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    stem, dot, ending = (base or "attachment").rpartition(".")
    stem, ending = (stem, ending.lower()) if dot and stem else (base or "attachment", "")
    if f".{ending}" not in types:
        stem, ending = (f"{stem}.{ending}" if ending else stem), "txt"
    stem = stem[: MAX_NAME - len(ending) - 6]
    number = 1
    while (unique := f"{stem}{f'-{number}' if number > 1 else ''}.{ending}") in taken:
        number += 1
    return unique
