"""The account's own form: which fields there are, what they take and what they demand; pure.

Every account has its own custom fields, choices and demands, and an admin changes them at
any time. So nothing of this is assumed: it is read from `/ticket_fields`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from connector.domain.ticket import TicketStatus
from connector.helpdesks.freshdesk.settings import AccountSettings, Default
from connector.helpdesks.freshdesk.tables import ATTRIBUTE, STATUS, Json
from connector.helpdesks.freshdesk.words import sendable

MAX_TEXT_CHARS: Final = 255
"""A single-line field takes no more; a longer value is cut."""

TEXTS: Final = frozenset({"custom_text", "custom_paragraph"})

ALWAYS_FILLED: Final = frozenset(
    {"requester", "subject", "description", "status", "priority", "source"}
)
"""Demands of the form that every ticket of ours meets."""

Value: TypeAlias = str | int | float | bool
"""What a custom field takes."""

_CHOICE_KEY = re.compile(r"\[([^\[\]]+)\]\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field of the form."""

    id: int
    name: str
    """The API's name; what an admin renames is the label."""
    label: str
    type: str
    required: bool
    """Agents, and so we, have to fill it in every ticket."""
    required_to_close: bool
    """It has to be filled in a ticket that is resolved or closed."""
    choices: Any = None
    """As the API prints them: a list, an object by label or by number, or nested."""
    shown: bool = False
    """Requesters see it in the portal."""

    @property
    def custom(self) -> bool:
        """True for a field that the account added."""
        return self.name.startswith("cf_")

    @property
    def attribute(self) -> str:
        """Its name in a ticket."""
        return self.name if self.custom else ATTRIBUTE.get(self.name, self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """The choices as people see them."""
        if isinstance(self.choices, Mapping | list):
            return tuple(str(label) for label in self.choices)
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All fields of the account, and where ours are among them."""

    fields: tuple[FormField, ...]
    settings: AccountSettings

    @classmethod
    def read(cls, settings: AccountSettings, answer: Sequence[Json]) -> Form:
        """Make it from what `/ticket_fields` answers."""
        return cls(fields=tuple(_field(one) for one in answer), settings=settings)

    def named(self, name: str) -> FormField | None:
        """Give a field by its name in the form or in a ticket, or by a name with a suffix.

        The product makes the name from the label and may append a number to it.
        """
        exact = [one for one in self.fields if name in {one.name, one.attribute}]
        if exact:
            return exact[0]
        suffixed = re.compile(rf"{re.escape(name)}_\d+")
        found = [one for one in self.fields if one.custom and suffixed.fullmatch(one.name)]
        return min(found, key=lambda one: one.id, default=None)

    @property
    def key(self) -> FormField | None:
        """The field that holds our key; None when the form has none that could."""
        found = self.named(self.settings.key_field)
        return found if found is not None and found.type in TEXTS else None

    def of(self, ours: str) -> FormField | None:
        """Give the field in which a field of ours is kept, if the form has one."""
        name = self.settings.fields.get(ours, f"cf_amends_{ours}")
        return self.named(name) if name else None

    def ours(self, theirs: str) -> str:
        """Give our name for one of theirs."""
        for ours, name in self.settings.fields.items():
            found = self.named(name) if name else None
            if found is not None and found.name == theirs:
                return ours
        plain = theirs.removeprefix("cf_amends_").removeprefix("cf_")
        kept = re.sub(r"_\d{3,}$", "", plain)
        return kept if self.of(kept) is self.named(theirs) else plain

    def status_of(self, number: int) -> TicketStatus:
        """Give a status in our words; one that nobody explained counts as open."""
        field = self.named("status")
        words = (
            field.choices.get(str(number)) if field and isinstance(field.choices, dict) else None
        )
        labels = words if isinstance(words, list) else [words]
        for label in labels:
            if isinstance(label, str) and label in self.settings.statuses:
                return self.settings.statuses[label]
        return STATUS.get(number, TicketStatus.OPEN)

    def number(self, field: str, wanted: int | str) -> int | None:
        """Give the number of a group, source or product by its label, or its own number."""
        found = self.named(field)
        choices = found.choices if found is not None else None
        if not isinstance(choices, Mapping):
            return wanted if isinstance(wanted, int) else None
        number = choices.get(str(wanted), int(wanted) if str(wanted).isdecimal() else None)
        return number if isinstance(number, int) and number in choices.values() else None

    def fill(self, ticket: Json, *, closing: bool = False) -> Json:
        """Give defaults for what the form demands and the ticket lacks, as it is written."""
        filled: Json = {}
        for field in self._demanded(ticket, closing=closing):
            default = self.default(field)
            if default is not None:
                put(filled, field, default)
        return filled

    def unfilled(self, *, closing: bool = False) -> tuple[FormField, ...]:
        """Name the demands that a new ticket of ours would not meet."""
        made: Json = {"custom_fields": {}}
        if self.settings.group:
            made["group_id"] = 1
        if self.settings.type:
            made["type"] = self.settings.type
        if self.key is not None:
            put(made, self.key, "key")
        demanded = self._demanded(made, closing=closing)
        return tuple(field for field in demanded if self.default(field) is None)

    def defaults(self) -> Json:
        """Give all configured defaults that the form has a field for, as they are written."""
        filled: Json = {}
        for name in self.settings.defaults:
            field = self.named(name)
            default = self.default(field) if field is not None else None
            if field is not None and default is not None:
                put(filled, field, default)
            elif field is None and not name.startswith("cf_"):
                filled[name] = self.settings.defaults[name]  # email_config_id and the like
        return filled

    def default(self, field: FormField) -> Value | None:
        """Give the configured default of a field as it takes it; None: there is none."""
        names = (field.name, field.attribute, re.sub(r"_\d{3,}$", "", field.name))
        found = next((one for one in names if one in self.settings.defaults), None)
        if found is None:
            return None
        value: Default = self.settings.defaults[found]
        if field.name in {"group", "product", "agent"} and isinstance(value, int | str):
            return self.number(field.name, value)
        return encode(field, str(value)) if field.custom and isinstance(value, str) else value

    def _demanded(self, ticket: Json, *, closing: bool) -> Iterator[FormField]:
        for field in self.fields:
            wanted = field.required or (closing and field.required_to_close)
            if wanted and field.name not in ALWAYS_FILLED and held(ticket, field) in {None, ""}:
                yield field


def put(ticket: Json, field: FormField, value: Value) -> None:
    """Set a field in a ticket as it is written."""
    if field.custom:
        ticket.setdefault("custom_fields", {})[field.name] = value
    else:
        ticket[field.attribute] = value


def held(ticket: Json, field: FormField) -> Any:
    """Give what a ticket holds in a field."""
    if field.custom:
        return (ticket.get("custom_fields") or {}).get(field.name)
    return ticket.get(field.attribute)


def encode(field: FormField, value: str) -> Value | None:
    """Give a value as the field takes it; None when it takes none like it."""
    text = sendable(value).strip()
    if field.type == "custom_text":
        return text if len(text) <= MAX_TEXT_CHARS else text[: MAX_TEXT_CHARS - 3] + "..."
    if field.type == "custom_paragraph":
        return text
    if field.type == "custom_checkbox":
        return text.lower() in {"true", "yes", "1"}
    if field.type == "custom_date":
        return _date(text)
    if field.type in {"custom_number", "custom_decimal"}:
        return _number(field.type, text)
    return next((one for one in field.labels if text in {one, choice_key(one)}), None)


def decode(raw: Any) -> str:
    """Give what a field holds as text; choices by what stands in their brackets."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return choice_key(raw) if isinstance(raw, str) else str(raw)


def choice(value: str, label: str) -> str:
    """Give the words of a choice, which hold our value where it differs: `Rude [visit.rude]`."""
    return value if label == value else f"{label} [{value}]"


def choice_key(words: str) -> str:
    """Give the value that the words of a choice stand for."""
    found = _CHOICE_KEY.search(words)
    return found[1] if found else words


def same(field: FormField, sent: Any, read: Any) -> bool:
    """Say whether what came back is what was sent; a decimal comes back as a text."""
    if field.type == "custom_decimal" and sent is not None and read is not None:
        return float(sent) == float(read)
    if isinstance(sent, str) and isinstance(read, str):
        return sent.split() == read.split()
    return bool(sent == read) or (sent in {None, "", False} and read in {None, "", False})


def _date(text: str) -> str | None:
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def _number(kind: str, text: str) -> int | float | None:
    try:
        return int(text) if kind == "custom_number" else float(text)
    except ValueError:
        return None


def _field(one: Json) -> FormField:
    return FormField(
        id=one["id"],
        name=one["name"],
        label=one.get("label") or one["name"],
        type=one.get("type") or "",
        required=bool(one.get("required_for_agents")),
        required_to_close=bool(one.get("required_for_closure")),
        choices=one.get("choices"),
        shown=bool(one.get("displayed_to_customers")),
    )
