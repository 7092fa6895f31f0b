"""Theirs to ours: snapshots, events, and whether what was sent reads back; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from connector.domain.ticket import Snapshot, TicketEvent, TicketRef, TicketStatus
from connector.helpdesks.django_helpdesk.escape import JOINER, unescape, unescape_title
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.tables import (
    CLOSED,
    NO_TAGS,
    NOTE_MARK,
    REOPENED,
    RESOLVED,
    SEVERITY,
    STATUS,
    TICKET_MARK,
    Json,
    canonical,
    field_name,
    split_tags,
    unmarked,
)


def status_patch(wanted: str, ticket: Json) -> Json:
    """Give what brings a ticket into the wanted status; nothing where it already is there."""
    if not wanted or status_of(ticket).value == wanted:
        return {}
    now = ticket["status"]
    at_work = now if STATUS.get(now, TicketStatus.OPEN) is TicketStatus.OPEN else REOPENED
    return {
        "open": {"status": at_work, "on_hold": False},
        "pending": {"status": at_work, "on_hold": True},
        "resolved": {"status": RESOLVED},
        "closed": {"status": CLOSED},
    }[wanted]


def status_of(ticket: Json) -> TicketStatus:
    """Read status and hold together."""
    status = STATUS.get(ticket["status"], TicketStatus.OPEN)
    if status is TicketStatus.OPEN and ticket.get("on_hold"):
        return TicketStatus.PENDING
    return status


def opening(ticket: Json) -> Json | None:
    """Give the follow-up that the product made when the ticket was created.

    It is the first; its title is in the site's language. One that was deleted leaves
    another in its place, which then tells of a later time.
    """
    followups = sorted(ticket["followup_set"], key=lambda followup: int(followup["id"]))
    first: Json | None = followups[0] if followups else None
    return first if first and not note_key(first) else None


def note_key(followup: Json) -> str:
    """Give the key of the note that a follow-up is; empty when it is none of ours."""
    return unmarked(unescape(followup.get("comment") or "").rstrip(), NOTE_MARK)[1]


def opening_key(followup: Json) -> str:
    """Give the key of the ticket that a follow-up opened; empty when it is none of ours."""
    return unmarked(unescape(followup.get("comment") or "").rstrip(), TICKET_MARK)[1]


def text_of(settings: SiteSettings, ticket: Json) -> str:
    """Give the words for agents, wherever they stand."""
    description = ticket["description"] or ""
    first = opening(ticket)
    words = (first["comment"] or "") if first is not None else ""
    hidden = description.strip() == settings.public_description.strip()
    shown = words if hidden and words.startswith(JOINER) else description
    return unmarked(unescape(shown), TICKET_MARK)[0]


def moment(text: str | None) -> datetime | None:
    """Read a time of the API, in UTC; a site without time zones is taken to run in UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def version_of(ticket: Json) -> str:
    """Give a fingerprint of everything shown: the product has no version of its own."""
    return hashlib.sha256(canonical(ticket)).hexdigest()[:16]


def snapshot_of(
    settings: SiteSettings, ref: TicketRef, ticket: Json, names: Mapping[int, str]
) -> Snapshot:
    """Put a ticket into our words; `names` are the users by number."""
    fields = {
        name.removeprefix("custom_"): value
        for name, value in ticket.items()
        if name.startswith("custom_") and value not in {None, "", NO_TAGS}
    }
    own = {field_name(settings, ours): ours for ours in (*settings.known_fields, *settings.fields)}
    owner = ticket.get("assigned_to")
    return Snapshot(
        ref=ref,
        key=str(fields.pop(settings.key_field, "")),
        status=status_of(ticket),
        subject=unescape_title(ticket["title"]),
        text=text_of(settings, ticket),
        severity=SEVERITY.get(ticket["priority"], 0),
        tags=frozenset(split_tags(fields.pop(settings.tags_field, ""))),
        fields={
            own.get(f"custom_{name}", name.removeprefix("amends_")): str(value)
            for name, value in sorted(fields.items())
        },
        due_at=moment(ticket.get("due_date")),
        assignee=names.get(owner, str(owner)) if owner else "",
        requester_email=ticket.get("submitter_email") or "",
        version=version_of(ticket),
    )


def events_of(followup: Json, ticket: Json, names: Mapping[int, str]) -> Iterable[TicketEvent]:
    """Put a follow-up into our words: words and a change of status are two events."""
    user = followup.get("user")
    words = unescape(followup.get("comment") or "")
    text = unmarked(unmarked(words, TICKET_MARK)[0], NOTE_MARK)[0]
    at = moment(followup["date"]) or datetime.min.replace(tzinfo=UTC)
    actor = names.get(user, str(user)) if user else ""
    data = dict(_findings(followup, ticket))
    changed = followup.get("new_status")
    if text or data.get("files") or not changed:
        kind = _kind(followup, ticket, text, data)
        yield TicketEvent(
            id=str(followup["id"]), at=at, actor=actor, kind=kind, text=text, data=data
        )
    if changed:
        status = STATUS.get(changed, TicketStatus.OPEN).value
        yield TicketEvent(
            id=f"{followup['id']}-status", at=at, actor=actor, kind="status", data={"to": status}
        )


def _kind(followup: Json, ticket: Json, text: str, data: Mapping[str, str]) -> str:
    first = opening(ticket)
    if first is not None and first["id"] == followup["id"]:
        return "created"
    if not text and data.get("files"):
        return "attachment"
    if not text:
        return "field"  # an assignment, for example: the product tells it in the title only
    return "public_reply" if followup.get("public") else "note"


def _findings(followup: Json, ticket: Json) -> Iterable[tuple[str, str]]:
    if key := note_key(followup):
        yield "note_key", key
    if followup.get("title") not in {None, "", ticket["title"]}:
        yield "title", unescape_title(str(followup["title"]))
    if files := [str(file["filename"]) for file in followup.get("followupattachment_set", ())]:
        yield "files", ", ".join(files)
    if mailed := followup.get("email_recipients"):
        yield "mailed", str(len(mailed))


def ours(settings: SiteSettings, name: str) -> str:
    """Give our name for one of theirs."""
    return {
        "title": "subject",
        "priority": "severity",
        "due_date": "due_at",
        "submitter_email": "requester",
        "assigned_to": "assignee",
        f"custom_{settings.key_field}": "key",
        f"custom_{settings.tags_field}": "tags",
    }.get(name, name.removeprefix("custom_"))


def missing_of(settings: SiteSettings, sent: Json, ticket: Json) -> tuple[str, ...]:
    """Name what was sent and does not read back, in our words."""
    wrong = [name for name, value in sent.items() if not _same(name, value, ticket.get(name))]
    return tuple(sorted(ours(settings, name) for name in wrong))


def _same(name: str, sent: object, read: object) -> bool:
    if name == "due_date":
        return moment(str(sent)) == moment(str(read) if read else None)
    if name == "queue":
        return isinstance(sent, str) or sent == read  # a title was turned into its number
    if isinstance(sent, str) and (read is None or isinstance(read, str)):
        return sent.strip() == (read or "").strip()
    return sent == read
