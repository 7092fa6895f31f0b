"""How tickets are made and changed: every rule that stands between a request and a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from servers.zendesk import render, rules
from servers.zendesk.account import CUSTOM_STATUSES, Account
from servers.zendesk.errors import invalid, outdated, refusal
from servers.zendesk.model import PRIORITIES, TYPES, WORKING, Audit, Ticket, User, stamp
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
PLAIN: Final = ("subject", "priority", "type", "status", "group_id", "assignee_id")
MORE: Final = ("external_id", "organization_id", "problem_id", "recipient", "brand_id")
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
    _check_words(data)
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
    _assign(account, ticket, data)
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
    _check_words(data)
    if data.get("status") == "solved" and writer.via["channel"] != "rule":
        _check_required(account, ticket, data)
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
    _assign(account, ticket, data)
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
    _assign(account, ticket, {"tags": tags})
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


def _check_words(data: dict[str, Any]) -> None:
    for name, words in (("priority", PRIORITIES), ("type", TYPES), ("status", WORKING[:-1])):
        value = data.get(name)
        if value not in (None, "") and value not in words:
            raise invalid(name, f"{name.capitalize()}: {value} is not included in the list")
    for name in ("group_id", "assignee_id"):
        value = data.get(name)
        if value is not None and not isinstance(value, int):
            raise invalid(name, f"{name}: is invalid", "InvalidValue")


def _assign(account: Account, ticket: Ticket, data: dict[str, Any]) -> None:
    """Take over what the request says, each property by its own rule."""
    for name in (*PLAIN, *MORE, "ticket_form_id"):
        if name in data:
            _check_reference(account, ticket, name, data[name])
            value = data[name]
            setattr(ticket, name, str(value) if name == "external_id" and value else value)
    if "raw_subject" in data and "subject" not in data:
        ticket.subject = data["raw_subject"]
    if data.get("assignee_email") and (user := account.user_by_email(data["assignee_email"])):
        ticket.assignee_id = user.id
    if ticket.assignee_id and not ticket.group_id:
        ticket.group_id = account.users[ticket.assignee_id].group_id
    if "due_at" in data and ticket.type == "task":
        ticket.due_at = _due(data["due_at"])
    if ticket.type != "task":
        ticket.due_at = None
    for name in ("collaborator_ids", "email_cc_ids", "follower_ids"):
        if isinstance(data.get(name), list):
            setattr(ticket, name, data[name])
    _assign_tags_and_fields(account, ticket, data)


def _check_required(account: Account, ticket: Ticket, data: dict[str, Any]) -> None:
    """Fields that are required for solving."""
    sent = {one.get("id"): one.get("value") for one in data.get("custom_fields") or []}
    for key, record in account.shelves["ticket_fields"].records.items():
        value = sent.get(key, ticket.custom_fields.get(key))
        if record["removable"] and record["required"] and not value:
            raise invalid(
                "base",
                f"{record['title']}: is required when solving a ticket",
                ticket_field_id=key,
                ticket_field_type=f"Field{record['type'].capitalize()}",
            )


def _check_reference(account: Account, ticket: Ticket, name: str, value: Any) -> None:
    shelves = {"group_id": "groups", "brand_id": "brands", "ticket_form_id": "ticket_forms"}
    if value is None:
        return
    if name in shelves and value not in account.shelves[shelves[name]].records:
        raise invalid(name.removesuffix("_id"), f"{name.removesuffix('_id')}: is invalid")
    if name == "assignee_id":
        user = account.users.get(value)
        if user is None or not user.is_agent:
            raise invalid("assignee", "Assignee: is invalid", "InvalidValue")
    if name == "organization_id" and value != account.users[ticket.requester_id].organization_id:
        raise invalid("organization", "Organization: is not one of the requester's")


def _due(value: Any) -> str | None:
    if not value:
        return None
    try:
        return stamp(datetime.fromisoformat(str(value)))
    except ValueError:
        raise invalid("due_at", "Due at: is invalid", "InvalidValue") from None


def _assign_tags_and_fields(account: Account, ticket: Ticket, data: dict[str, Any]) -> None:
    """Tags and dropdowns hold each other: an option is a tag, and a tag may be an option."""
    fields = account.shelves["ticket_fields"].records
    known = {key: record for key, record in fields.items() if record["removable"]}
    sent: dict[int, Any] = {}
    for one in data.get("custom_fields") or []:
        if isinstance(one, dict) and one.get("id") in known:
            sent[one["id"]] = one.get("value")
    if "tags" in data:
        tags = clean_tags(data["tags"])
        for key, record in known.items():
            if key not in sent and _tags_of(record):
                ticket.custom_fields[key] = _value_from_tags(record, tags)
        ticket.tags = tags
    for key, value in sent.items():
        record = known[key]
        ticket.tags = [tag for tag in ticket.tags if tag not in _tags_of(record)]
        ticket.custom_fields[key] = _field_value(record, value)
        ticket.tags += _tags_for(record, ticket.custom_fields[key])


def clean_tags(tags: Any) -> list[str]:
    words = tags.split() if isinstance(tags, str) else [str(one) for one in tags or []]
    clean = [word.strip().lower().replace(" ", "_") for one in words for word in one.split(",")]
    return list(dict.fromkeys(word for word in clean if word))


def _tags_of(record: dict[str, Any]) -> set[str]:
    options = {one["value"] for one in record.get("custom_field_options") or []}
    return options | ({record["tag"]} if record.get("tag") else set())


def _value_from_tags(record: dict[str, Any], tags: list[str]) -> Any:
    found = [tag for tag in tags if tag in _tags_of(record)]
    if record["type"] == "checkbox":
        return bool(found)
    if record["type"] == "multiselect":
        return found or None
    return found[0] if found else None


def _tags_for(record: dict[str, Any], value: Any) -> list[str]:
    if record["type"] == "checkbox":
        return [record["tag"]] if value and record.get("tag") else []
    if record["type"] == "tagger":
        return [value] if value else []
    return list(value or []) if record["type"] == "multiselect" else []


def _field_value(record: dict[str, Any], value: Any) -> Any:
    """What is kept of a value; an unknown option is dropped, a bad date is refused."""
    kind, known = record["type"], _tags_of(record)
    if kind == "checkbox":
        return value in (True, "true", "1", 1)
    if value in (None, ""):
        return None
    if kind == "tagger":
        return value if value in known else None
    if kind == "multiselect":
        chosen = value if isinstance(value, list) else [value]
        return [one for one in chosen if one in known] or None
    try:
        return _PARSED.get(kind, str)(str(value))
    except ValueError:
        raise invalid(
            "base", f"{record['title']}: is invalid", "InvalidValue", ticket_field_id=record["id"]
        ) from None


_PARSED: Final[dict[str, Callable[[str], str]]] = {
    "date": lambda text: date.fromisoformat(text[:10]).isoformat(),
    "integer": lambda text: str(int(text)),
    "decimal": lambda text: str(float(text)),
}


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
