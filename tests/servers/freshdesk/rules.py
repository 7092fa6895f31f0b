"""What a create or an update of a ticket may say: the dynamic validation of the form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from servers.freshdesk import fields
from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call
from servers.freshdesk.people import Contact
from servers.freshdesk.records import CLOSED, RESOLVED, Ticket
from servers.freshdesk.refusals import (
    REQUESTER,
    Fault,
    invalid,
    mismatch,
    missing,
    one_of,
    too_long,
    wrong,
)

MAX_SUBJECT: Final = 255
MAX_TAG: Final = 32
MAX_CC: Final = 50

WHO: Final = ("requester_id", "email", "phone", "twitter_id", "facebook_id", "unique_external_id")
STRINGS: Final = frozenset({"name", "subject", "description", "type", *WHO[1:]})
NUMBERS: Final = frozenset(
    {
        "requester_id",
        "status",
        "priority",
        "source",
        "responder_id",
        "group_id",
        "product_id",
        "email_config_id",
        "company_id",
        "parent_id",
        "internal_agent_id",
        "internal_group_id",
    }
)
DATES: Final = frozenset({"due_by", "fr_due_by"})
LISTS: Final = frozenset({"tags", "cc_emails"})
ON_UPDATE: Final = STRINGS | NUMBERS | DATES | {"tags", "custom_fields", "attachments"}
ON_CREATE: Final = ON_UPDATE | {"cc_emails", "related_ticket_ids"}


def examined(account: Account, call: Call, ticket: Ticket | None) -> dict[str, Any]:
    """Give the values as they are stored; raises Refusal with every fault."""
    call.allow_data(ON_UPDATE if ticket else ON_CREATE)
    values = dict(call.data)
    faults = list(_shapes(values, call))
    if faults:
        raise invalid(*faults)
    custom = dict(values.get("custom_fields") or {})
    faults += fields.faults_of(custom, account.form, spelled=call.spelled)
    if "custom_fields" in values:
        values["custom_fields"] = custom
    faults += _meanings(account, values)
    faults += _dates(account, values)
    if ticket is None:
        faults += _requester(values)
    faults += _required(account, values, ticket)
    if faults:
        raise invalid(*faults)
    return values


def _shapes(values: dict[str, Any], call: Call) -> Iterator[Fault]:
    """Examine JSON types; a form's strings become numbers here."""
    for name, value in values.items():
        if value is None:
            continue
        if name in NUMBERS:
            if call.spelled and isinstance(value, str) and re.fullmatch(r"\d+", value):
                values[name] = int(value)
            elif isinstance(value, bool) or not isinstance(value, int):
                yield mismatch(name, value, "Integer")
        elif name in STRINGS | DATES and not isinstance(value, str):
            yield mismatch(name, value, "String")
        elif name in LISTS:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                yield mismatch(name, value, "Array")
        elif name == "custom_fields" and not isinstance(value, dict):
            yield mismatch(name, value, "key/value pair")


def _meanings(account: Account, values: dict[str, Any]) -> Iterator[Fault]:
    form = account.form
    choices: dict[str, list[Any]] = {
        "status": list(form.statuses),
        "priority": list(fields.PRIORITIES.values()),
        "source": list(form.sources.values()),
        "type": form.types,
    }
    for name, known in choices.items():
        emptied = name in values and values[name] is None and name != "type"
        if emptied or values.get(name) not in {None, *known}:
            yield one_of(name, known)
    known_ids: dict[str, tuple[str, Mapping[int, Any]]] = {
        "group_id": ("group", account.groups),
        "responder_id": ("agent", account.agents),
        "company_id": ("company", account.companies),
        "requester_id": ("contact", {**account.contacts, **account.agents}),
    }
    for name, (kind, known_of) in known_ids.items():
        if values.get(name) is not None and values[name] not in known_of:
            yield wrong(name, f"There is no {kind} matching the given {name}")
    who = account.contacts.get(values.get("requester_id") or 0)
    if isinstance(who, Contact) and who.state:
        yield wrong("requester_id", "The requester should not be blocked or deleted")
    yield from _lengths(values)


def _lengths(values: dict[str, Any]) -> Iterator[Fault]:
    if len(values.get("subject") or "") > MAX_SUBJECT:
        yield too_long("subject", len(values["subject"]), MAX_SUBJECT)
    for tag in values.get("tags") or []:
        if len(tag) > MAX_TAG:
            yield too_long("tags", len(tag), MAX_TAG)
        if "," in tag:
            yield wrong("tags", "It should not contain the special characters ','")
    if len(values.get("cc_emails") or []) > MAX_CC:
        yield wrong("cc_emails", f"It can have maximum of {MAX_CC} elements")
    email = values.get("email")
    if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", email):
        yield wrong("email", "It should be in the 'valid email address' format")


def _dates(account: Account, values: dict[str, Any]) -> Iterator[Fault]:
    """Examine the due dates; stored as times."""
    given = {name: values[name] for name in sorted(DATES) if values.get(name) is not None}
    for name, text in given.items():
        at = moment(text)
        if at is None:
            yield wrong(name, "It should be in the 'combined date and time ISO8601' format")
            return
        values[name] = given[name] = at
        if account.knobs.strict_due and at <= account.now:
            yield wrong(name, "It should be a value greater than the created_at")
    if not account.knobs.strict_due or not given:
        return
    if len(given) == 1:
        (absent,) = DATES - set(given)
        yield missing(absent, f"It should not be blank if {next(iter(given))} is given")
    elif given["fr_due_by"] > given["due_by"]:
        yield wrong("fr_due_by", "It should be a value less than due_by")


def moment(text: str) -> datetime | None:
    """Read a time, or a mere date."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _requester(values: dict[str, Any]) -> Iterator[Fault]:
    if not any(values.get(name) for name in WHO):
        yield missing("requester_id", REQUESTER)
    only_phone = values.get("phone") and not any(
        values.get(name) for name in WHO if name != "phone"
    )
    if only_phone and not values.get("name"):
        yield missing("name", "It should be filled if phone is given and email is not")


def _required(account: Account, values: dict[str, Any], ticket: Ticket | None) -> Iterator[Fault]:
    """What the form asks for, on create, on every update, and more so for closing."""
    status = values.get("status") or (ticket.status if ticket else 2)
    closing = status in {RESOLVED, CLOSED}
    for one in account.form.live():
        wanted = one.required_for_agents or (one.required_for_closure and closing)
        if not wanted or one.name in {"requester", "status", "priority", "source"}:
            continue
        if _blank(_after(account, one, values, ticket)):
            yield missing(one.attribute)


def _after(
    account: Account, one: fields.Field, values: dict[str, Any], ticket: Ticket | None
) -> Any:
    """Give what a field would hold afterwards."""
    if one.is_custom:
        now = ticket.custom_fields if ticket else {}
        return {**now, **values.get("custom_fields", {})}.get(one.name)
    if one.attribute in values:
        return values[one.attribute]
    if ticket:
        return getattr(ticket, one.attribute)
    if one.attribute == "company_id":  # a requester's company is the ticket's
        email = values.get("email")
        who = account.with_email(email) if email else None
        who = who or account.contacts.get(values.get("requester_id") or 0)
        return getattr(who, "company_id", None)
    return None


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
