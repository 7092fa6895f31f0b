"""Ours to theirs, in two steps: what is frozen in the outbox, and what the form makes of it; pure.

A prepared body is one canonical JSON object. It holds everything that was decided; only the
account's own names and numbers (custom fields, groups) are put in when it is sent, because
they are not known before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connector.domain.errors import Unavailable
from connector.domain.signal import Contact
from connector.domain.ticket import AddNote, OpenTicket, UpdateTicket
from connector.helpdesks.base import told
from connector.helpdesks.freshdesk import files, tags, words
from connector.helpdesks.freshdesk.form import Form, encode, held, put, same
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.helpdesks.freshdesk.tables import OPEN, PRIORITY, STATUS_ID, Json

MAX_NAME: Final = 255
"""Longest name of a contact."""

KEY: Final = "key"


def ticket_body(settings: AccountSettings, ticket: OpenTicket) -> Json:
    """Give what opens a ticket: `create`, the `opening` note, and `who` is put in after that.

    Whoever is the requester reads subject and description. So the words for agents are in the
    note alone, which is private, and stands there before the patient is the requester.
    """
    create: Json = {
        "subject": words.title(ticket.subject, settings.max_subject),
        "description": words.escape(settings.public_description),
        "priority": PRIORITY[ticket.severity],
        "status": OPEN,
        "tags": [tags.theirs(tag) for tag in dict.fromkeys(ticket.tags)],
    }
    fields = {name: words.sendable(value) for name, value in ticket.fields.items() if value}
    who = requester(ticket.requester) if settings.patients_as_contacts else {}
    opening = {
        "words": words.escape(ticket.text),
        "mark": words.mark(ticket.key, words.TICKET),
        "kind": words.TICKET,
        "files": [],
    }
    return {"create": create, "opening": opening, "fields": fields, KEY: ticket.key, "who": who}


def requester(contact: Contact) -> Json:
    """Give how a patient becomes the requester; empty for somebody who cannot be reached.

    The product demands a name with a number: without one it is made of the last two digits,
    because contacts are seen by more people than tickets are.
    """
    name = words.sendable(contact.name).strip()[:MAX_NAME]
    if contact.email:
        return {"email": contact.email} | ({"name": name} if name else {})
    if contact.phone:
        masked = f"Caller ending in {contact.phone[-2:]}"
        return {"phone": contact.phone, "name": name or masked, "named": bool(name)}
    return {}


def note_body(settings: AccountSettings, note: AddNote) -> Json:
    """Give what makes a note: the words, the line by which it is recognised, the files."""
    sent, remarks = files.plan(settings, note.attachments)
    text = "\n".join([note.text.rstrip(), *([""] if remarks else []), *remarks])
    return {
        "words": words.escape(text),
        "mark": words.mark(note.key),
        "kind": words.NOTE,
        "files": [
            {"name": name, "sha256": note.attachments[place].sha256, "place": place}
            for name, place in sent
        ],
    }


def update_body(settings: AccountSettings, change: UpdateTicket, due: str) -> Json:
    """Give what an update sets, and the note that tells of it (the API keeps no record).

    `due` is the due time in words, for the note: the product's own due dates belong to its
    service-level policies.
    """
    lines = ["Changed by amends:", *told(change, due)]
    note = AddNote(key=change.key, case_id=change.case_id, text="\n".join(lines))
    return {
        "priority": PRIORITY[change.severity] if change.severity is not None else 0,
        "fields": {name: words.sendable(value) for name, value in change.fields.items()},
        "add_tags": sorted(map(tags.theirs, change.add_tags)),
        "remove_tags": sorted(map(tags.theirs, change.remove_tags)),
        "status": change.status.value if change.status else "",
        **({"assignee": change.assignee} if change.assignee else {}),
        "note": note_body(settings, note),
    }


def assemble(form: Form, body: Json) -> tuple[Json, tuple[str, ...]]:
    """Make the request that creates a ticket; also name fields whose value the form does not take.

    Raises Unavailable while the account lacks what the settings name: the work is kept until
    the admin has mended one of them.
    """
    settings = form.settings
    create: Json = {
        **form.defaults(),
        **body["create"],
        "unique_external_id": settings.service_contact,
        "name": settings.service_name,
    }
    create |= {name: value for name, value in _place(form).items() if value}
    create["custom_fields"] = dict(create.get("custom_fields") or {})
    unfit = tuple(set_fields(form, body["fields"], create))
    if form.key is None:
        problem = (
            f"has no text field {settings.key_field} in its form; `amends check` says how to add it"
        )
        raise Unavailable(settings.name, problem)
    put(create, form.key, body[KEY])
    return create, unfit


def set_fields(form: Form, fields: Json, ticket: Json) -> Iterable[str]:
    """Set our fields where the form has them; names those whose value it does not take."""
    for ours, value in fields.items():
        field = form.of(ours)
        if field is None:
            continue
        encoded = encode(field, value) if value else ""
        if encoded is None:
            yield ours
        elif encoded == "":
            ticket.setdefault("custom_fields", {})[field.name] = None
        else:
            put(ticket, field, encoded)


def _place(form: Form) -> Json:
    settings = form.settings
    placed: Json = {"type": settings.type}
    for attribute, name, wanted in (
        ("group_id", "group", settings.group),
        ("source", "source", settings.source),
    ):
        if not wanted:
            continue
        placed[attribute] = form.number(name, wanted)
        if placed[attribute] is None:
            problem = f"has no {name} as configured; see {name} in the configuration"
            raise Unavailable(settings.name, problem)
    return placed


def patch(form: Form, body: Json, ticket: Json) -> Json:
    """Give only what differs, so that repeating an update changes nothing."""
    wanted: Json = {}
    if body["priority"] and body["priority"] != ticket["priority"]:
        wanted["priority"] = body["priority"]
    merged = tags.union(tags.on(ticket), body["add_tags"], body["remove_tags"])
    if merged != list(tags.on(ticket)):
        wanted["tags"] = merged
    if body.get("responder") and not ticket.get("responder_id"):
        wanted["responder_id"] = body["responder"]
    status = body["status"]
    if status and form.status_of(ticket["status"]).value != status:
        wanted["status"] = STATUS_ID[status]
    set_fields_that_differ(form, body["fields"], ticket, wanted)
    if wanted:
        closing = status in {"resolved", "closed"}
        filled = form.fill({**ticket, **_merged(ticket, wanted)}, closing=closing)
        custom = {**filled.pop("custom_fields", {}), **wanted.get("custom_fields", {})}
        wanted |= filled
        if custom:
            wanted["custom_fields"] = custom
    return wanted


def set_fields_that_differ(form: Form, fields: Json, ticket: Json, wanted: Json) -> None:
    """Set our fields that do not read as they should."""
    meant: Json = {}
    list(set_fields(form, fields, meant))
    for name, value in meant.get("custom_fields", {}).items():
        field = form.named(name)
        if field is not None and not same(field, value, held(ticket, field)):
            wanted.setdefault("custom_fields", {})[name] = value


def unfit(form: Form, fields: Json) -> tuple[str, ...]:
    """Name fields whose value the form does not take."""
    return tuple(set_fields(form, fields, {}))


def _merged(ticket: Json, wanted: Json) -> Json:
    custom = {**(ticket.get("custom_fields") or {}), **wanted.get("custom_fields", {})}
    return {**wanted, "custom_fields": custom}
