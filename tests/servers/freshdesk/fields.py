"""The ticket form: its fields, what they take, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from servers.freshdesk.records import stamp
from servers.freshdesk.refusals import Fault, Unfit, mismatch, one_of, too_long, wrong

MAX_TEXT: Final = 255
CUSTOM_TYPES: Final = (
    "custom_text",
    "custom_paragraph",
    "custom_number",
    "custom_decimal",
    "custom_checkbox",
    "custom_date",
    "custom_dropdown",
)

STATUSES: Final = {
    2: ("Open", "Being Processed"),
    3: ("Pending", "Awaiting your Reply"),
    4: ("Resolved", "This ticket has been Resolved"),
    5: ("Closed", "This ticket has been Closed"),
    6: ("Waiting on Customer", "Awaiting your Reply"),
    7: ("Waiting on Third Party", "Being Processed"),
}
SOURCES: Final = {
    "Email": 1,
    "Portal": 2,
    "Phone": 3,
    "Forum": 4,
    "Twitter": 5,
    "Facebook": 6,
    "Chat": 7,
    "MobiHelp": 8,
    "Feedback Widget": 9,
    "Outbound Email": 10,
    "Ecommerce": 11,
    "Bot": 12,
    "Whatsapp": 13,
    "Chat - Internal Task": 14,
}
PRIORITIES: Final = {"Low": 1, "Medium": 2, "High": 3, "Urgent": 4}
TYPES: Final = ("Question", "Incident", "Problem", "Feature Request", "Refund")

# name, label, type, required for agents
DEFAULTS: Final = (
    ("requester", "Search a requester", "default_requester", True),
    ("subject", "Subject", "default_subject", True),
    ("ticket_type", "Type", "default_ticket_type", False),
    ("source", "Source", "default_source", False),
    ("status", "Status", "default_status", True),
    ("priority", "Priority", "default_priority", True),
    ("group", "Group", "default_group", False),
    ("agent", "Agent", "default_agent", False),
    ("product", "Product", "default_product", False),
    ("description", "Description", "default_description", True),
    ("company", "Company", "default_company", False),
)

ATTRIBUTE: Final = {
    "ticket_type": "type",
    "group": "group_id",
    "agent": "responder_id",
    "company": "company_id",
    "product": "product_id",
}
"""A field of the form whose attribute of the ticket is called otherwise."""


@dataclass(kw_only=True)
class Field:
    """One field of the form."""

    id: int
    name: str
    label: str
    type: str
    position: int
    created_at: datetime
    updated_at: datetime
    required_for_agents: bool = False
    required_for_closure: bool = False
    required_for_customers: bool = False
    label_for_customers: str = ""
    customers_can_edit: bool = False
    displayed_to_customers: bool = False
    description: str | None = None
    choices: Any = None
    archived: bool = False

    @property
    def is_custom(self) -> bool:
        return self.type.startswith("custom_")

    @property
    def attribute(self) -> str:
        return ATTRIBUTE.get(self.name, self.name)

    def shown(self, choices: Any) -> dict[str, Any]:
        shown = {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "position": self.position,
            "required_for_closure": self.required_for_closure,
            "required_for_agents": self.required_for_agents,
            "type": self.type,
            "default": not self.is_custom,
            "customers_can_edit": self.customers_can_edit,
            "customers_can_filter": False,
            "label_for_customers": self.label_for_customers or self.label,
            "required_for_customers": self.required_for_customers,
            "displayed_to_customers": self.displayed_to_customers,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
        }
        return shown if choices is None else shown | {"choices": choices}


@dataclass(kw_only=True)
class Form:
    """All fields, with the choices that the account has."""

    fields: list[Field] = field(default_factory=list)
    statuses: dict[int, tuple[str, str]] = field(default_factory=lambda: dict(STATUSES))
    sources: dict[str, int] = field(default_factory=lambda: dict(SOURCES))
    types: list[str] = field(default_factory=lambda: list(TYPES))

    def named(self, name: str) -> Field | None:
        return next((one for one in self.live() if one.name == name), None)

    def live(self) -> list[Field]:
        return [one for one in self.fields if not one.archived]

    def custom(self) -> list[Field]:
        return [one for one in self.live() if one.is_custom]

    def blank(self) -> dict[str, Any]:
        return {one.name: None for one in self.custom()}


def value_of(one: Field, value: Any, *, spelled: bool) -> Any:
    """Give what is stored; raises Unfit.

    `spelled`: the request was multipart, in which everything is a string.
    """
    if value is None or (spelled and value == ""):
        return None
    return _TAKES[one.type](one, value, spelled)


def _text(one: Field, value: Any, _spelled: bool) -> str:
    if not isinstance(value, str):
        raise Unfit(mismatch(one.name, value, "String"))
    if one.type == "custom_text" and len(value) > MAX_TEXT:
        raise Unfit(too_long(one.name, len(value), MAX_TEXT))
    return value


def _number(one: Field, value: Any, spelled: bool) -> int:
    if spelled and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(mismatch(one.name, value, "Integer"))
    return value


def _decimal(one: Field, value: Any, _spelled: bool) -> str:
    """A decimal comes back as a string with a point: "1.0"."""
    try:
        number = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Unfit(mismatch(one.name, value, "Number"))
    text = format(number.normalize(), "f")
    return text if "." in text else f"{text}.0"


def _checkbox(one: Field, value: Any, spelled: bool) -> bool:
    if spelled and value in {"true", "false"}:
        return bool(value == "true")
    if not isinstance(value, bool):
        raise Unfit(mismatch(one.name, value, "Boolean"))
    return value


def _date(one: Field, value: Any, _spelled: bool) -> str:
    fault = wrong(one.name, "It should be in the 'yyyy-mm-dd' format")
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise Unfit(fault)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Unfit(fault) from None
    return value


def _choice(one: Field, value: Any, _spelled: bool) -> str:
    if value not in (one.choices or []):
        raise Unfit(one_of(one.name, one.choices or []))
    return str(value)


_TAKES: Final = {
    "custom_text": _text,
    "custom_paragraph": _text,
    "custom_number": _number,
    "custom_decimal": _decimal,
    "custom_checkbox": _checkbox,
    "custom_date": _date,
    "custom_dropdown": _choice,
}


def faults_of(values: dict[str, Any], form: Form, *, spelled: bool) -> Iterator[Fault]:
    """Examine custom fields, and replace each value by what is stored."""
    known = {one.name: one for one in form.custom()}
    for name, value in list(values.items()):
        if name not in known:
            yield Fault(
                field=f"custom_fields.{name}",
                message="Unexpected/invalid field in request",
                code="invalid_field",
            )
            continue
        try:
            values[name] = value_of(known[name], value, spelled=spelled)
        except Unfit as error:
            yield error.fault
