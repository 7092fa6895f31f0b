"""The values of a ticket: what is taken over, what is refused, what tags and fields do together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from servers.zendesk.account import Account
from servers.zendesk.errors import invalid
from servers.zendesk.model import PRIORITIES, TYPES, WORKING, Ticket, stamp

PLAIN: Final = ("subject", "priority", "type", "status", "group_id", "assignee_id")
MORE: Final = ("external_id", "organization_id", "problem_id", "recipient", "brand_id")


def check_words(data: dict[str, Any]) -> None:
    for name, words in (("priority", PRIORITIES), ("type", TYPES), ("status", WORKING[:-1])):
        value = data.get(name)
        if value not in (None, "") and value not in words:
            raise invalid(name, f"{name.capitalize()}: {value} is not included in the list")
    for name in ("group_id", "assignee_id"):
        value = data.get(name)
        if value is not None and not isinstance(value, int):
            raise invalid(name, f"{name}: is invalid", "InvalidValue")


def assign(account: Account, ticket: Ticket, data: dict[str, Any]) -> None:
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


def check_required(account: Account, ticket: Ticket, data: dict[str, Any]) -> None:
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
