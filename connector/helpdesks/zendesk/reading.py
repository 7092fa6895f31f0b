"""Theirs to ours: snapshots, and whether what was sent reads back; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connector.domain.ticket import Snapshot, TicketRef, TicketStatus
from connector.helpdesks.zendesk.names import Known
from connector.helpdesks.zendesk.tables import MARK, OPTION, SEVERITY, STAFF, STATUS, Json, moment
from connector.helpdesks.zendesk.words import as_text, letters, plain_subject, text_of_html


def snapshot_of(ref: TicketRef, ticket: Json, known: Known) -> Snapshot:
    """Put a ticket into our words."""
    people: Mapping[int, Json] = ticket.get("people") or {}
    shown = {one["id"]: one.get("value") for one in ticket.get("custom_fields") or ()}
    fields = {name: field.read(shown.get(field.id)) for name, field in sorted(known.fields.items())}
    assignee = ticket.get("assignee_id")
    return Snapshot(
        ref=ref,
        key=str(ticket.get("external_id") or ""),
        status=STATUS.get(ticket["status"], TicketStatus.OPEN),
        subject=plain_subject(ticket.get("subject") or ""),
        text=as_text(ticket.get("description") or ""),
        severity=SEVERITY.get(ticket.get("priority") or "", 0),
        tags=own_tags(ticket, known),
        fields={name: value for name, value in fields.items() if value},
        due_at=moment(ticket.get("due_at")),
        assignee=_name(people, assignee) if assignee else "",
        requester_email=_address(ticket, people),
        version=str(ticket["updated_at"]),
    )


def own_tags(ticket: Json, known: Known) -> frozenset[str]:
    """Give the tags without those that only mirror the options of our fields."""
    options = known.option_tags
    return frozenset(
        tag for tag in ticket["tags"] if tag not in options and not tag.startswith(OPTION)
    )


def _name(people: Mapping[int, Json], number: int) -> str:
    return str((people.get(number) or {}).get("name") or number)


def _address(ticket: Json, people: Mapping[int, Json]) -> str:
    """Give the requester's address; none when the ticket is in our own name."""
    number = ticket.get("requester_id")
    person = people.get(number) or {} if number is not None else {}
    if number == ticket.get("submitter_id") and person.get("role") in STAFF:
        return ""
    return str(person.get("email") or "")


def ignored(sent: Json, ticket: Json, audit: Json | None, known: Known) -> tuple[str, ...]:
    """Name what was sent and does not read back, in our words.

    `sent` is the ticket of a create or change; what it does not hold is not looked at.
    """
    return tuple(dict.fromkeys(_ignored(sent, ticket, audit or {}, known)))


def _ignored(sent: Json, ticket: Json, audit: Json, known: Known) -> Iterator[str]:
    if "subject" in sent and letters(sent["subject"]) != letters(ticket.get("subject") or ""):
        yield "subject"
    for theirs, ours in (("priority", "severity"), ("status", "status"), ("external_id", "key")):
        if theirs in sent and sent[theirs] != ticket.get(theirs):
            yield ours
    if not set(sent.get("tags") or ()) <= set(ticket["tags"]):
        yield "tags"
    for theirs in ("group_id", "brand_id", "ticket_form_id", "assignee_email"):
        shown = theirs.replace("_email", "_id")
        if theirs in sent and ticket.get(shown) is None:
            yield shown.removesuffix("_id").removeprefix("ticket_")
    if "requester" in sent and ticket.get("requester_id") == audit.get("author_id"):
        yield "requester"
    yield from _ignored_fields(sent.get("custom_fields") or (), ticket, known)
    if "comment" in sent:
        yield from _ignored_comment(sent["comment"], audit)
    if "metadata" in sent and audit and mark_of(audit) != sent["metadata"][MARK]:
        yield "mark"


def _ignored_fields(sent: Sequence[Json], ticket: Json, known: Known) -> Iterator[str]:
    shown = {one["id"]: one.get("value") for one in ticket.get("custom_fields") or ()}
    names = {field.id: name for name, field in known.fields.items()}
    for one in sent:
        if not same_value(one["value"], shown.get(one["id"])):
            yield names.get(one["id"], "field")


def _ignored_comment(sent: Json, audit: Json) -> Iterator[str]:
    comment = comment_of(audit)
    if comment is None:
        yield "text"
        return
    wanted = letters(text_of_html(sent["html_body"]))
    if wanted not in {letters(form) for form in _forms(comment)}:
        yield "text"
    if comment.get("public") is not False:
        yield "private"
    missing = sent.get("files", 0) - len(comment.get("attachments") or ())
    if missing > 0:
        yield "attachments"


def comment_of(audit: Json) -> Json | None:
    """Give the comment that an audit holds; None when it holds none."""
    return next((event for event in audit.get("events") or () if event["type"] == "Comment"), None)


def _forms(comment: Json) -> Iterator[str]:
    """Give the words in each form in which the product shows them: it is enough if one is ours."""
    yield text_of_html(str(comment.get("html_body") or ""))
    yield as_text(str(comment.get("plain_body") or ""))
    yield as_text(str(comment.get("body") or ""))


def said(comment: Json) -> str:
    """Give the words of a comment."""
    if comment.get("html_body"):
        return text_of_html(comment["html_body"])
    return as_text(str(comment.get("plain_body") or comment.get("body") or ""))


def mark_of(audit: Json) -> str:
    """Give the key of ours that an audit carries; empty when it carries none."""
    custom = (audit.get("metadata") or {}).get("custom")
    return str(custom.get(MARK) or "") if isinstance(custom, dict) else ""


def carries(audits: Sequence[Json], key: str) -> bool:
    """Tell whether one of the audits was made by the change of this key; newest first."""
    return any(mark_of(audit) == key for audit in reversed(audits))


def priority_is_ours(audits: Sequence[Json], me: int) -> bool:
    """Tell whether nobody else has set the priority since we did."""
    for audit in reversed(audits):
        for event in audit["events"]:
            if event["type"] in {"Create", "Change"} and event.get("field_name") == "priority":
                return bool(audit["author_id"] == me)
    return True


def same_value(sent: Any, shown: Any) -> bool:
    """Tell whether a field shows what was sent; white space does not matter."""
    if isinstance(sent, list):
        return isinstance(shown, list) and sorted(map(str, sent)) == sorted(map(str, shown))
    if sent in (None, "", False):
        return shown in (None, "", False, [])
    return letters(str(sent)) == letters("" if shown is None else str(shown))
