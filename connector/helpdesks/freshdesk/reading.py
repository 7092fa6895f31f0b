"""Theirs to ours: snapshots, events, where a ticket went, what does not read back; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from connector.domain.errors import Gone
from connector.domain.ticket import Snapshot, TicketEvent, TicketRef
from connector.helpdesks.freshdesk import tags, words
from connector.helpdesks.freshdesk.form import Form, decode, same
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.helpdesks.freshdesk.tables import (
    CLOSED,
    NOTE_SOURCE,
    SEVERITY,
    SOURCES,
    Json,
    moment,
)

_MERGED: Final = re.compile(
    r"\s*This ticket is closed and merged into ticket #?(\d{1,18})\.?\s*", re.IGNORECASE
)
"""The whole of the note that a merge leaves. An agent's own words that mention another ticket
must not be taken for it: the next complaint would be told to another patient's ticket."""

_MERGED_HERE: Final = re.compile(
    r"\s*Ticket (?:with ID |ID )?#?\d{1,18}\b.{0,1000}? (?:is|was) merged into this ticket\b",
    re.IGNORECASE | re.DOTALL,
)
"""How the note begins that a merge leaves on the other ticket, for the requester to see or not:
the product's words, by which nobody has spoken with the patient."""

_STEPS: Final[Mapping[str, str]] = {
    "first_responded_at": "answered",
    "resolved_at": "resolved",
    "closed_at": "closed",
    "reopened_at": "open",
}
"""What the statistics tell, in the words of an event."""


def gone(settings: AccountSettings, ticket: Json) -> Gone | None:
    """Say why nothing can be done on a ticket that can still be read; None: something can."""
    if ticket.get("deleted"):
        return Gone(settings.name, "the ticket is deleted", kind="deleted")
    if ticket.get("spam"):
        return Gone(settings.name, "the ticket is marked as spam", kind="spam")
    if ticket.get("archived"):
        return Gone(settings.name, "the ticket is archived", kind="archived")
    return None


def merged_into(ticket: Json, talk: Iterable[Json]) -> str:
    """Give the ticket into which a closed one was merged; empty when it was not."""
    if ticket["status"] != CLOSED:
        return ""
    found = ""
    for one in talk:
        said = _MERGED.fullmatch(words.plain(one["body"])) if is_note(one) else None
        if said and said[1] != str(ticket["id"]):
            found = said[1]
    return found


def is_note(conversation: Json) -> bool:
    """Say whether a conversation was written as a note by somebody inside."""
    return conversation.get("source") in {None, NOTE_SOURCE} and not conversation.get("incoming")


def key_of(conversation: Json, kind: str) -> str:
    """Give the key of the note of ours that a conversation is; empty when it is none."""
    if not is_note(conversation) or f"[amends {kind} " not in (conversation["body"] or ""):
        return ""
    return words.unmarked(words.plain(conversation["body"]), kind)[1]


def opening(talk: Iterable[Json]) -> Json | None:
    """Give the first note that holds a ticket's own words; reads no further than that."""
    return next((one for one in talk if key_of(one, words.TICKET)), None)


def text_of(ticket: Json, first: Json | None) -> str:
    """Give the words for agents; where somebody else opened the ticket, its description."""
    if first is None:
        return words.plain(ticket["description"])
    return words.unmarked(words.plain(first["body"]), words.TICKET)[0]


def neutral(description: str, ticket: Json, talk: Iterable[Json]) -> bool:
    """Say whether a ticket shows nothing to its requester but our `description` (as HTML).

    The answer to a create may leave the description out; then it is as it was sent.
    """
    shown = words.plain(ticket.get("description") or description)
    ours_alone = words.folded(shown) == words.folded(words.plain(description))
    return ours_alone and all(one["private"] for one in talk)


def requester_email(settings: AccountSettings, ticket: Json) -> str:
    """Give the patient's address; the service contact has none."""
    who = ticket.get("requester") or {}
    return "" if is_service(settings, who) else who.get("email") or ""


def is_service(settings: AccountSettings, who: Json) -> bool:
    """Say whether a requester is the contact for whom tickets are opened."""
    reachable = who.get("email") or who.get("phone") or who.get("mobile")
    return not reachable and who.get("name") == settings.service_name


def still_nobodys(made: Json, read: Json) -> tuple[str, ...]:
    """Name the requester when a ticket still has the one with which it was made."""
    return ("requester",) if read["requester_id"] == made["requester_id"] else ()


def snapshot_of(form: Form, ref: TicketRef, ticket: Json, talk: Iterable[Json]) -> Snapshot:
    """Put a ticket into our words; of its conversations only the first of ours is looked for."""
    key = form.key.name if form.key is not None else form.settings.key_field
    custom = dict(ticket.get("custom_fields") or {})
    fields = {
        form.ours(name): decode(value)
        for name, value in sorted(custom.items())
        if name != key and value not in {None, ""}
    }
    return Snapshot(
        ref=ref,
        key=str(custom.get(key) or ""),
        status=form.status_of(ticket["status"]),
        subject=words.title_of(ticket["subject"]),
        text=text_of(ticket, opening(talk)),
        severity=SEVERITY.get(ticket["priority"], 0),
        tags=frozenset(tags.ours(tag) for tag in tags.on(ticket)),
        fields=fields,
        due_at=moment(ticket.get("fr_due_by")),
        assignee=str(ticket.get("responder_id") or ""),
        requester_email=requester_email(form.settings, ticket),
        version=ticket["updated_at"],
    )


def missing_of(form: Form, sent: Json, ticket: Json) -> tuple[str, ...]:
    """Name what was sent and does not read back, in our words.

    White space counts alike: the product tidies HTML up.
    """
    wrong: list[str] = []
    if words.title_of(sent["subject"]).split() != words.title_of(ticket["subject"]).split():
        wrong.append("subject")
    if words.folded(words.plain(sent["description"])) != words.folded(
        words.plain(ticket["description"])
    ):
        wrong.append("description")
    if sent["priority"] != ticket["priority"]:
        wrong.append("severity")
    if not set(sent["tags"]) <= set(tags.on(ticket)):
        wrong.append("tags")
    there = ticket.get("custom_fields") or {}
    for name, value in sent["custom_fields"].items():
        field = form.named(name)
        if field is None or not same(field, value, there.get(name)):
            wrong.append("key" if form.key and name == form.key.name else form.ours(name))
    return tuple(sorted(wrong))


def ours(form: Form, name: str) -> str:
    """Give our name for an attribute of a ticket."""
    known = {"priority": "severity", "responder_id": "assignee"}
    return known.get(name) or form.ours(name)


def events_of(
    ticket: Json,
    talk: Sequence[Json],
    stats: Mapping[str, str | None],
    ratings: Sequence[Json],
) -> list[TicketEvent]:
    """Put everything that the product tells of a ticket into our words, oldest first.

    The note with the ticket's own words is told as the text with which it was created.
    """
    first = opening(talk)
    made = TicketEvent(
        id=f"ticket-{ticket['id']}",
        at=_at(ticket["created_at"]),
        actor=str(ticket["requester_id"]),
        kind="created",
        text=text_of(ticket, first),
        data=dict([*_files(ticket), *_shown(ticket, first)]),
    )
    later = [
        *(_conversation(one) for one in talk if one is not first),
        *_steps(ticket, stats),
        *(_rating(one) for one in ratings),
    ]
    later.sort(key=lambda event: (event.at, event.id))
    # times are whole seconds, and an import may be older than its ticket: creation is the first
    begin = min([made.at, *(event.at for event in later)])
    return [made if made.at <= begin else _moved(made, begin), *later]


def _moved(made: TicketEvent, at: datetime) -> TicketEvent:
    return TicketEvent(
        id=made.id,
        at=at,
        actor=made.actor,
        kind=made.kind,
        text=made.text,
        data={**made.data, "created_at": made.at.isoformat()},
    )


def _shown(ticket: Json, first: Json | None) -> Iterator[tuple[str, str]]:
    """Tell what the requester reads, and whether the words for agents were changed or shown."""
    if first is None:
        return
    yield "shown", words.plain(ticket["description"])
    if first.get("last_edited_at"):
        yield "edited_at", str(first["last_edited_at"])
    if not first["private"]:
        yield "public", "true"


def _conversation(one: Json) -> TicketEvent:
    text, key = words.unmarked(words.plain(one["body"])) if is_note(one) else ("", "")
    data: dict[str, str] = dict(_files(one))
    if key:
        data["note_key"] = key
    if one.get("last_edited_at"):
        data["edited_at"] = str(one["last_edited_at"])
    source = one.get("source")
    data["source"] = SOURCES.get(source, str(source)) if source is not None else "note"
    if one.get("incoming"):
        data["from"] = "requester"
    said = words.plain(one["body"]) if is_note(one) else ""
    if _MERGED.fullmatch(said) or _MERGED_HERE.match(said):
        data["automatic"] = "true"
    return TicketEvent(
        id=f"{one['id']:020}",
        at=_at(one["created_at"]),
        actor=str(one.get("user_id") or ""),
        kind=_kind(one),
        text=text if is_note(one) else words.plain(one["body"]),
        data=data,
    )


def _kind(one: Json) -> str:
    if one["private"]:
        return "note"
    return "patient_reply" if one.get("incoming") else "public_reply"


def _steps(ticket: Json, stats: Mapping[str, str | None]) -> Iterator[TicketEvent]:
    """Tell the last time of each step; the product keeps no earlier ones."""
    for name, to in _STEPS.items():
        at = moment(stats.get(name))
        if at is not None:
            kind = "other" if name == "first_responded_at" else "status"
            yield TicketEvent(
                # with its time, or a second close would pass for the first
                id=f"{ticket['id']}-{name}-{int(at.timestamp())}",
                at=at,
                actor="",
                kind=kind,
                data={"to": to},
            )


def _rating(one: Json) -> TicketEvent:
    given = {f"rating.{name}": str(value) for name, value in (one.get("ratings") or {}).items()}
    return TicketEvent(
        id=f"rating-{one['id']}",
        at=_at(one["created_at"]),
        actor=str(one.get("user_id") or ""),
        kind="other",
        text=words.plain(one.get("feedback")),
        data={"source": "satisfaction", **given},
    )


def _files(one: Json) -> Iterator[tuple[str, str]]:
    if names := [str(file.get("name") or "") for file in one.get("attachments") or ()]:
        yield "files", ", ".join(names)


def _at(text: str) -> datetime:
    return moment(text) or datetime.min.replace(tzinfo=UTC)
