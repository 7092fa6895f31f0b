"""Ours to theirs: what a change takes, decided at once and frozen; pure.

Numbers of fields, group, brand and form are the account's: they are put in when a body is
sent (`wire`), always in the same way, so that a repeated create sends the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from connector.domain.plain import one_line
from connector.domain.signal import Attachment, Contact
from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.helpdesks.zendesk.names import Known
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import MARK, PRIORITY, STATUS_SENT, Json, when
from connector.helpdesks.zendesk.words import MAX_HTML_BYTES, as_html, fit, sendable, subject

MAX_FILE_NAME: Final = 100
"""A longer file name is cut."""
MAX_PERSON_NAME: Final = 100
"""A longer name of a person is cut; it is in the text too."""

REST_NAME: Final = "whole-text.txt"

CUT_TICKET: Final = (
    "(Cut here: {rest} more characters do not fit into a comment and were left out. "
    "The whole stands in amends, see the number of the case.)"
)
CUT_NOTE: Final = f"(Cut here: {{rest}} more characters do not fit; see the file {REST_NAME}.)"
CUT_NOTE_LOST: Final = "(Cut here: {rest} more characters do not fit and were left out.)"

PHONE_ONLY: Final = (
    "(This person has left a telephone number only: {phone}. The ticket is in the name of "
    "amends, so an answer from it reaches nobody: please call.)"
)
SUSPENDED: Final = (
    "(The user of this person, {email}, cannot be the requester here: it is suspended or not "
    "accepted. The ticket is in the name of amends, so an answer from it does not reach them.)"
)
FOLLOW_UP: Final = (
    "(Further news about ticket #{number}, which is closed for good. "
    "They stand in the internal notes below.)"
)

MEDIA_TYPES: Final[Mapping[str, str]] = {
    "txt": "text/plain",
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "eml": "message/rfc822",
}
"""By ending; all else goes as bytes that no browser opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A create as it is sent."""

    body: Json
    lacking: tuple[str, ...]
    """What could not be put in, because the account has no such field, option or record."""


def ticket_body(settings: AccountSettings, ticket: OpenTicket) -> Json:
    """Give what opens a ticket, and the comment for the case that its requester is refused."""
    person = ticket.requester
    head = PHONE_ONLY.format(phone=person.phone) if person.phone and not person.email else ""
    comment, rest = fit(_below(head, ticket.text), CUT_TICKET)
    told: Json = {
        "subject": subject(ticket.subject, settings.max_subject),
        "comment": _private(comment),
        "priority": PRIORITY[ticket.severity],
        "external_id": ticket.key,
        "metadata": {MARK: ticket.key},
    }
    if ticket.tags:
        told["tags"] = sorted(ticket.tags)
    fields = {name: sendable(value) for name, value in ticket.fields.items() if value.strip()}
    if ticket.due_at is not None:
        # the product keeps a due time for tasks only, and a complaint is no task
        fields.setdefault("contact_due", when(ticket.due_at))
    body: Json = {"ticket": told, "fields": fields, "cut": len(rest)}
    if person.email:
        told["requester"] = {"name": _name(person), "email": person.email}
        said = SUSPENDED.format(email=person.email)
        body["instead"] = _private(fit(_below(said, ticket.text), CUT_TICKET)[0])
    return body


def note_body(settings: AccountSettings, note: AddNote) -> Json:
    """Give what makes a note: its words and the files that go with it.

    What does not fit into a comment goes as a file.
    """
    files, remarks = plan_files(settings, note.attachments)
    tail = as_html("\n\n" + "\n".join(remarks)) if remarks else ""
    room = MAX_HTML_BYTES - len(tail.encode())
    cut = CUT_NOTE if settings.max_attachment_bytes else CUT_NOTE_LOST
    words, rest = fit(note.text, cut, room=room)
    whole = sendable(note.text) if rest and settings.max_attachment_bytes else ""
    return {
        "html": words + tail,
        "whole": whole,
        "cut": len(rest) if not whole else 0,
        "files": [
            {"name": name, "sha256": note.attachments[place].sha256, "place": place}
            for name, place in files
        ],
    }


def update_body(change: UpdateTicket) -> Json:
    """Give what an update wants to be so."""
    fields = {name: sendable(value) for name, value in change.fields.items()}
    if change.due_at is not None:
        fields.setdefault("contact_due", when(change.due_at))
    return {
        "priority": PRIORITY[change.severity] if change.severity is not None else "",
        "status": STATUS_SENT[change.status.value] if change.status is not None else "",
        "fields": fields,
        "add_tags": sorted(change.add_tags),
        "remove_tags": sorted(set(change.remove_tags) - set(change.add_tags)),
        **({"assignee": change.assignee} if change.assignee else {}),
    }


def wire(body: Json, known: Known, *, instead: bool = False) -> Wire:
    """Put the account's numbers in; `instead` of the person, we are the requester."""
    ticket: Json = dict(body["ticket"])
    if instead:
        ticket.pop("requester", None)
        ticket["comment"] = body["instead"]
    custom, lacking = custom_fields(body["fields"], known)
    if custom:
        ticket["custom_fields"] = custom
    for name, number in (
        ("group_id", known.group),
        ("brand_id", known.brand),
        ("ticket_form_id", known.form),
    ):
        if number is not None:
            ticket[name] = number
    unknown = [
        name.removeprefix("field:")
        for name in known.lacking
        if not name.startswith("field:") or name.removeprefix("field:") in body["fields"]
    ]
    return Wire(body={"ticket": ticket}, lacking=tuple(dict.fromkeys([*unknown, *lacking])))


def custom_fields(fields: Mapping[str, str], known: Known) -> tuple[list[Json], list[str]]:
    """Give our fields by number, and the names of those whose option the account lacks."""
    custom: list[Json] = []
    lacking: list[str] = []
    for name, value in sorted(fields.items()):
        field = known.fields.get(name)
        if field is None:
            continue
        sent = field.sent(value) if value.strip() else None
        if sent is None and value.strip():
            lacking.append(name)
        else:
            custom.append({"id": field.id, "value": sent})
    return custom, lacking


def followup_body(closed: Json, known: Known) -> Json:
    """Give what opens the follow-up of a closed ticket; always the same for the same ticket.

    Tags are not sent: then the product takes those of the closed ticket.
    """
    own = {one.id for one in known.fields.values()}
    told: Json = {
        "via_followup_source_id": closed["id"],
        "subject": closed.get("subject") or "(no subject)",
        "comment": _private(as_html(FOLLOW_UP.format(number=closed["id"]))),
        "priority": closed.get("priority") or PRIORITY[2],
        "external_id": followup_key(closed),
        "metadata": {MARK: followup_key(closed)},
        "custom_fields": [
            {"id": one["id"], "value": one["value"]}
            for one in closed.get("custom_fields") or ()
            if one["id"] in own and one.get("value") not in {None, ""}
        ],
    }
    for name in ("group_id", "brand_id", "ticket_form_id"):
        if closed.get(name) is not None:
            told[name] = closed[name]
    if closed.get("requester_id") is not None:
        told["requester_id"] = closed["requester_id"]
    return {"ticket": told}


def followup_key(closed: Json) -> str:
    """Give the key of the one follow-up of a closed ticket."""
    return f"amends-followup-{closed['id']}"


def plan_files(
    settings: AccountSettings, attachments: Sequence[Attachment]
) -> tuple[list[tuple[str, int]], list[str]]:
    """Decide how each attachment goes: name and place of those sent, a remark on the others."""
    sent: list[tuple[str, int]] = []
    remarks: list[str] = []
    for place, attachment in enumerate(attachments):
        if attachment.withheld or not attachment.content:
            remarks.append(f"Not attached: {attachment.name} ({attachment.withheld or 'empty'})")
        elif len(attachment.content) > settings.max_attachment_bytes:
            remarks.append(f"Not attached: {attachment.name} (too large for this helpdesk)")
        else:
            name = safe_name(attachment.name, {name for name, _ in sent} | {REST_NAME})
            sent.append((name, place))
            if name != attachment.name:
                remarks.append(f"Attached as {name}: {attachment.name}")
    return sent, remarks


def safe_name(name: str, taken: set[str]) -> str:
    """Give a file name without signs that act, not taken in this note."""
    base = re.sub(r"[^\w.() -]", "_", PurePosixPath(name.replace("\\", "/")).name).strip(" .")
    stem, dot, ending = (base or "attachment").rpartition(".")
    if not dot or not stem:
        stem, ending = base or "attachment", ""
    ending = f".{ending[:10]}" if ending else ""
    stem = stem[: MAX_FILE_NAME - len(ending) - 4]
    number = 1
    while (unique := f"{stem}{f'-{number}' if number > 1 else ''}{ending}") in taken:
        number += 1
    return unique


def media_type(name: str) -> str:
    """Give the type under which a file is sent."""
    return MEDIA_TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def _private(html: str) -> Json:
    return {"html_body": html, "public": False}


def _below(head: str, text: str) -> str:
    return f"{head}\n\n{text}" if head else text


def _name(person: Contact) -> str:
    return subject(one_line(person.name, MAX_PERSON_NAME) or person.email, MAX_PERSON_NAME)
