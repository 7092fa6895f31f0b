"""How tickets are made and changed: every rule that stands between a request and a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from servers.zendesk import render, rules
from servers.zendesk.account import CUSTOM_STATUSES, Account
from servers.zendesk.errors import invalid, outdated, refusal
from servers.zendesk.model import Audit, Ticket, User, stamp
from servers.zendesk.values import MORE, PLAIN, assign, check_required, check_words
from servers.zendesk.words import taken

MAX_COMMENTS: Final = 5_000
COMMENT_KEYS: Final = frozenset({"body", "html_body", "public", "author_id", "uploads"})
CREATE_KEYS: Final = frozenset(
    [
        "subject",
        "raw_subject",
        "comment",
        "description",
        "requester",
        "requester_id",
        "submitter_id",
        "assignee_id",
        "assignee_email",
        "group_id",
        "organization_id",
        "external_id",
        "type",
        "priority",
        "status",
        "custom_status_id",
        "tags",
        "custom_fields",
        "due_at",
        "problem_id",
        "brand_id",
        "ticket_form_id",
        "collaborator_ids",
        "collaborators",
        "email_ccs",
        "email_cc_ids",
        "followers",
        "follower_ids",
        "sharing_agreement_ids",
        "metadata",
        "voice_comment",
        "attribute_value_ids",
        "recipient",
        "via",
        "via_id",
        "macro_ids",
        "via_followup_source_id",
    ]
)
UPDATE_KEYS: Final = CREATE_KEYS - {
    "submitter_id",
    "via",
    "macro_ids",
    "via_followup_source_id",
    "raw_subject",
    "collaborators",
    "follower_ids",
    "email_cc_ids",
} | {"macro_id", "safe_update", "updated_stamp", "additional_collaborators"}
WAITING: Final = frozenset({"pending", "hold", "solved"})
"""From these a word of the requester opens a ticket again."""
AUDITED: Final = (*PLAIN, *MORE, "ticket_form_id", "due_at", "requester_id")


@dataclass(kw_only=True)
class Writer:
    """Whoever writes, and what the request says beside the ticket."""

    actor: User
    system: dict[str, Any] = field(default_factory=dict)
    via: dict[str, Any] = field(default_factory=lambda: via("api"))
    unpermitted: list[str] = field(default_factory=list)
    """Keys that were dropped without an error; the answer's X-Zendesk-API-Warn."""


def via(channel: str) -> dict[str, Any]:
    return {"channel": channel, "source": {"from": {}, "to": {}, "rel": None}}


def permitted(data: dict[str, Any], keys: frozenset[str], writer: Writer) -> dict[str, Any]:
    """Keep what is known; remember the rest."""
    writer.unpermitted += [f"ticket.{key}" for key in data if key not in keys]
    kept = {key: value for key, value in data.items() if key in keys}
    comment = kept.get("comment")
    if isinstance(comment, str):
        comment = {"body": comment}
    if isinstance(comment, dict):
        writer.unpermitted += [f"comment.{key}" for key in comment if key not in COMMENT_KEYS]
        kept["comment"] = {key: comment[key] for key in comment if key in COMMENT_KEYS}
    return kept


def create(account: Account, writer: Writer, data: dict[str, Any]) -> tuple[Ticket, Audit]:
    """Make a ticket; raises 422."""
    data = permitted(data, CREATE_KEYS, writer)
    for name in account.knobs.drops:
        data.pop(name, None)
    source = _follow_up_source(account, data)
    comment = data.get("comment") or {"body": data.get("description")}
    if not (comment.get("body") or comment.get("html_body")):
        raise invalid("base", "Description: cannot be blank", "BlankValue")
    check_words(data)
    requester = account.requester_for(data, writer.actor)
    now = account.now()
    author = comment.get("author_id") or (None if source else data.get("submitter_id"))
    ticket = Ticket(
        id=account.new_ticket_id(),
        created_at=now,
        updated_at=now,
        generated_at=now,
        requester_id=requester.id,
        submitter_id=author or writer.actor.id,
        brand_id=account.brand_id,
        ticket_form_id=account.form_id,
        public_by_default=comment.get("public", True) is not False,
        via=writer.via,
        organization_id=requester.organization_id,
    )
    if source is not None:
        _follow(source, ticket, data)
    for record in account.shelves["ticket_fields"].records.values():
        if record["removable"]:
            ticket.custom_fields[record["id"]] = False if record["type"] == "checkbox" else None
    audit = account.begin_audit(ticket, ticket.submitter_id, _metadata(writer, data), writer.via)
    _add_comment(account, ticket, audit, comment)
    assign(account, ticket, data)
    if not ticket.subject:
        ticket.subject = ticket.description[:80]
    if ticket.status == "new" and ticket.assignee_id:
        ticket.status = "open"
    ticket.custom_status_id = CUSTOM_STATUSES.get(ticket.status)
    account.tickets[ticket.id] = ticket
    for name, value in _audited(ticket).items():
        if value not in (None, "", []):
            _event(account, audit, "Create", field_name=name, value=_told(value))
    rules.run(account, ticket, audit, created=True)
    rules.start_clocks(account, ticket)
    return ticket, audit


def update(
    account: Account, writer: Writer, ticket: Ticket, data: dict[str, Any]
) -> tuple[Ticket, Audit]:
    """Change a ticket; raises 409 and 422."""
    data = permitted(data, UPDATE_KEYS, writer)
    for name in ("description", *account.knobs.drops):
        data.pop(name, None)
    check_changeable(ticket)
    if "safe_update" in data:
        check_stamp(ticket, data.get("updated_stamp"))
    check_words(data)
    if data.get("status") == "solved" and writer.via["channel"] != "rule":
        check_required(account, ticket, data)
    comment = data.get("comment")
    if comment and len(ticket.comments()) >= MAX_COMMENTS:
        raise invalid("base", "Ticket has reached the maximum number of comments")
    before = _audited(ticket)
    author = (comment or {}).get("author_id") or writer.actor.id
    audit = account.begin_audit(ticket, author, _metadata(writer, data), writer.via)
    if comment and (comment.get("body") or comment.get("html_body") or comment.get("uploads")):
        _add_comment(account, ticket, audit, comment)
    if "requester_id" in data or "requester" in data:
        ticket.requester_id = account.requester_for(data, writer.actor).id
    elif comment and author == ticket.requester_id and ticket.status in WAITING:
        ticket.status = "open"
    assign(account, ticket, data)
    _after_change(account, ticket, audit, before)
    if audit.events:
        rules.run(account, ticket, audit, created=False)
        rules.stop_clocks(account, ticket, audit)
    return ticket, audit


def change_tags(account: Account, writer: Writer, ticket: Ticket, tags: list[str]) -> None:
    """Set the tags, as the tags endpoints do."""
    check_changeable(ticket)
    before = _audited(ticket)
    audit = account.begin_audit(ticket, writer.actor.id, _metadata(writer, {}), writer.via)
    assign(account, ticket, {"tags": tags})
    _after_change(account, ticket, audit, before)
    if audit.events:
        rules.run(account, ticket, audit, created=False)


def check_changeable(ticket: Ticket) -> None:
    if ticket.status == "closed":
        raise invalid("status", "Status closed prevents ticket update")


def check_stamp(ticket: Ticket, updated_stamp: Any) -> None:
    """Compare at a second's resolution; `safe_update` of any value asks for it."""
    if not isinstance(updated_stamp, str):
        raise refusal(400, "InvalidRequest", "updated_stamp is required with safe_update")
    try:
        told = datetime.fromisoformat(updated_stamp)
    except ValueError:
        raise outdated() from None
    if stamp(told) != stamp(ticket.updated_at):
        raise outdated()


def _after_change(account: Account, ticket: Ticket, audit: Audit, before: dict[str, Any]) -> None:
    if ticket.status == "new" and ticket.assignee_id:
        ticket.status = "open"
    ticket.custom_status_id = CUSTOM_STATUSES.get(ticket.status, ticket.custom_status_id)
    for name, value in _audited(ticket).items():
        if before.get(name) != value:
            previous = _told(before.get(name))
            _event(
                account,
                audit,
                "Change",
                field_name=name,
                value=_told(value),
                previous_value=previous,
            )
    if audit.events:
        account.touched(ticket)
    else:
        ticket.audits.remove(audit)


def _follow_up_source(account: Account, data: dict[str, Any]) -> Ticket | None:
    """The closed ticket that is followed up; any other source has no effect."""
    source = account.tickets.get(data.get("via_followup_source_id") or 0)
    return source if source and source.status == "closed" else None


def _follow(source: Ticket, ticket: Ticket, data: dict[str, Any]) -> None:
    origin = {"ticket_id": source.id, "subject": source.subject, "channel": "api"}
    ticket.via = {"channel": "api", "source": {"from": origin, "to": {}, "rel": "follow_up"}}
    source.followup_ids.append(ticket.id)
    if "tags" not in data:
        ticket.tags = list(source.tags)


def _metadata(writer: Writer, data: dict[str, Any]) -> dict[str, Any]:
    custom = data.get("metadata")
    return {"system": writer.system, "custom": custom if isinstance(custom, dict) else {}}


def _event(account: Account, audit: Audit, kind: str, **values: Any) -> None:
    audit.events.append({"id": account.new_id(), "type": kind, **values})


def _told(value: Any) -> Any:
    """Values stand in events as text, tags as a list."""
    if value is None or isinstance(value, list | str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _audited(ticket: Ticket) -> dict[str, Any]:
    values = {name: getattr(ticket, name) for name in AUDITED}
    values["tags"] = sorted(ticket.tags)
    return values | {str(key): value for key, value in ticket.custom_fields.items()}


def _add_comment(account: Account, ticket: Ticket, audit: Audit, comment: dict[str, Any]) -> None:
    values = {
        "ticket.id": str(ticket.id),
        "ticket.title": ticket.subject,
        "ticket.requester.name": account.users[ticket.requester_id].name,
        "ticket.requester.email": account.users[ticket.requester_id].email or "",
        "current_user.name": account.users[audit.author_id].name,
    }
    plain, markup = taken(
        body=comment.get("body"), html_body=comment.get("html_body"), value_of=values.get
    )
    tokens = comment.get("uploads") or []
    files = account.take_uploads([tokens] if isinstance(tokens, str) else tokens)
    public = comment.get("public")
    for one in files:
        account.attachments[one.id] = one
    _event(
        account,
        audit,
        "Comment",
        author_id=audit.author_id,
        body=plain,
        html_body=markup,
        plain_body=plain,
        public=ticket.public_by_default if public is None else public in (True, "true"),
        attachments=[render.attachment(one, account.base) for one in files],
        audit_id=audit.id,
    )
