"""Which numbers the account has for our fields and for the names in the settings.

Read at first use and kept; forgotten when the product shows that something is no longer
as it was, and asked for again at the next use.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from connector.domain.errors import AuthenticationFailed
from connector.helpdesks.zendesk.api import BASE, Api
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import Json, marked_as, option_tag, option_value

KEEP_S: Final = 3_600
"""How long what was read is believed; an admin's changes are seen after it."""

CHOICES: Final = frozenset({"tagger", "multiselect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketField:
    """A ticket field of the account that holds one of ours."""

    id: int
    name: str
    """Ours."""
    type: str
    """The product's word: text, tagger, checkbox, date ..."""
    options: frozenset[str] = frozenset()
    """Tags of its options."""

    def sent(self, value: str) -> object:
        """Give a value as the product takes it; None when it has no such option."""
        if self.type == "checkbox":
            return value.strip().lower() in {"true", "yes", "1"}
        if self.type == "date":
            return value.strip()[:10] or None
        if self.type == "tagger":
            return self._option(value)
        if self.type == "multiselect":
            found = [self._option(part) for part in value.split(",")]
            return [tag for tag in found if tag] or None
        return value

    def read(self, value: object) -> str:
        """Give what the product shows in our words; empty for nothing."""
        if isinstance(value, list):
            return ",".join(option_value(self.name, str(tag)) for tag in value)
        if isinstance(value, bool):
            return "true" if value else ""
        if value is None:
            return ""
        return option_value(self.name, str(value)) if self.type in CHOICES else str(value)

    def _option(self, value: str) -> str | None:
        for tag in (option_tag(self.name, value), value.strip().lower()):
            if tag in self.options:
                return tag
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was found in the account."""

    fields: Mapping[str, TicketField] = field(default_factory=dict)
    """By our name."""
    group: int | None = None
    brand: int | None = None
    form: int | None = None
    lacking: tuple[str, ...] = ()
    """What the settings name and the account has not: `group`, `field:category` ..."""

    @property
    def option_tags(self) -> frozenset[str]:
        """All tags that are options of our fields: the product lists them among a ticket's."""
        return frozenset(tag for one in self.fields.values() for tag in one.options)


class Names:
    """Finds and keeps the numbers; used by several threads."""

    def __init__(
        self,
        api: Api,
        settings: AccountSettings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read yet."""
        self._api = api
        self._settings = settings
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._known: Known | None = None
        self._until = 0.0

    def known(self) -> Known:
        """Give the numbers, read when they are not kept (one thread at a time)."""
        with self._lock:
            if self._known is None or self._monotonic() >= self._until:
                self._known = self._read()
                self._until = self._monotonic() + KEEP_S
            return self._known

    def forget(self) -> None:
        """Read again at the next use."""
        with self._lock:
            self._known = None

    def _read(self) -> Known:
        fields, lacking = fields_of(
            list(self._api.listed(f"{BASE}/ticket_fields", "ticket_fields")), self._settings
        )
        found: dict[str, int | None] = {}
        for what, plural in (("group", "groups"), ("brand", "brands"), ("form", "ticket_forms")):
            wanted: int | str = getattr(self._settings, what)
            found[what] = self._number(wanted, plural)
            if wanted and found[what] is None:
                lacking.append(what)
        return Known(fields=fields, lacking=tuple(lacking), **found)

    def _number(self, wanted: int | str, plural: str) -> int | None:
        if not wanted:
            return None
        if isinstance(wanted, int):
            return wanted
        try:
            records = list(self._api.listed(f"{BASE}/{plural}", plural))
        except AuthenticationFailed as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            return None  # the account's plan has no such thing, or we may not see it
        for record in records:
            names = (record.get("name"), record.get("raw_name"))
            if wanted in names and not record.get("deleted") and record.get("active") is not False:
                return int(record["id"])
        return None


def fields_of(
    records: list[Json], settings: AccountSettings
) -> tuple[dict[str, TicketField], list[str]]:
    """Find our fields among the account's: by number or title of the settings, else by mark."""
    found: dict[str, TicketField] = {}
    usable = [one for one in records if one.get("active") is not False and "id" in one]
    for record in usable:
        name = marked_as(record)
        if name and name not in settings.fields:
            found.setdefault(name, _field(name, record))
    lacking: list[str] = []
    for name, wanted in settings.fields.items():
        if wanted == "":
            continue
        for record in usable:
            if wanted in (record["id"], record.get("title"), record.get("raw_title")):
                found[name] = _field(name, record)
                break
        else:
            lacking.append(f"field:{name}")
    return found, lacking


def _field(name: str, record: Json) -> TicketField:
    options = record.get("custom_field_options") or ()
    return TicketField(
        id=int(record["id"]),
        name=name,
        type=str(record.get("type") or "text"),
        options=frozenset(str(one.get("value")) for one in options),
    )
