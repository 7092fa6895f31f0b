"""What a queue should have, in the product's words; pure.

A custom field that was made for us carries our name for it in its description, so that it is
found again under whatever name people give it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from connector.domain.blueprint import (
    Action,
    Blueprint,
    FieldType,
    PlannedStep,
    WantedField,
    WantedView,
)
from connector.helpdesks.request_tracker.fields import name_of
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.helpdesks.request_tracker.tables import Json, quoted

FIELD: Final = "field"
YES: Final = "yes"
"""The one choice of a field that is a tick."""

MAX_DESCRIPTION: Final = 255
MAX_LINE: Final = 255
"""Longer texts go into a field of several lines."""

_MARK: Final = re.compile(r"\(amends:([a-z_]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A custom field as the product makes it."""

    name: str
    """Ours."""
    title: str
    """Theirs; empty where the configuration leaves it out."""
    type: str
    """Freeform, Text, Select or Date."""
    several: bool
    unique: bool
    description: str
    values: Mapping[str, str]
    """Choices and their labels."""

    @property
    def composite(self) -> str:
        """The type as it is made."""
        return self.type + ("Multiple" if self.several else "Single")


def wanted_fields(settings: InstanceSettings, blueprint: Blueprint) -> list[Wanted]:
    """Give all custom fields; tags are one more, since the product has none of its own."""
    tags = WantedField(
        name="tags",
        title=settings.tags_field,
        type=FieldType.TEXT,
        description="Tags; ours begin with amends, all others stay.",
    )
    return [_wanted(settings, field) for field in (tags, *blueprint.fields)]


def _wanted(settings: InstanceSettings, field: WantedField) -> Wanted:
    kept = FieldType.TEXT if field.filled_by == "amends" else field.type
    return Wanted(
        name=field.name,
        title=name_of(settings, field.name)
        if field.name not in settings.fields
        else settings.fields[field.name],
        type={
            FieldType.TEXT: "Text" if field.max_chars > MAX_LINE else "Freeform",
            FieldType.CHOICE: "Select",
            FieldType.CHECKBOX: "Select",
            FieldType.DATE: "Date",
        }[kept],
        several=field.name == "tags",
        unique=field.name == "key",
        description=f"{field.description} (amends:{field.name})".strip()[-MAX_DESCRIPTION:],
        values={
            FieldType.CHOICE: field.choices,
            FieldType.CHECKBOX: {YES: "Yes"},
        }.get(kept, {}),
    )


def marked_as(detail: Json) -> str:
    """Give our name for a custom field that was made for us; empty for all others."""
    found = _MARK.search(str(detail.get("Description") or ""))
    return found[1] if found else ""


def lacks(field: Wanted, detail: Json, values: list[str]) -> tuple[list[str], str]:
    """Tell what a field lacks that can be added, and what only a person can change."""
    if not detail:
        return [], ""
    several = str(detail.get("MaxValues")) != "1"
    kind = str(detail.get("Type"))
    if kind != field.type or several != field.several:
        told = f"{kind}{'Multiple' if several else 'Single'} -> {field.composite}"
        return [], f'Admin, Custom Fields, "{detail.get("Name")}": change its type ({told}).'
    lines = [
        f'+ value "{name}" ({label})' for name, label in field.values.items() if name not in values
    ]
    if field.unique and str(detail.get("UniqueValues")) != "1":
        lines.append("unique values: no -> yes")
    return lines, ""


def view(settings: InstanceSettings, wanted: WantedView) -> PlannedStep:
    """Give a search as an address: saved searches have no API that writes."""
    field = f"'CF.{{{settings.tags_field}}}'"
    any_of = " OR ".join(f"{field} = {quoted(tag)}" for tag in wanted.tags)
    none_of = "".join(f" AND {field} != {quoted(tag)}" for tag in wanted.without_tags)
    query = f"Queue = {quoted(settings.queue)} AND Status = '__Active__' AND ( {any_of} ){none_of}"
    where = urlencode({"Query": query, "OrderBy": "Due", "Order": "ASC"})
    lines = (f"bookmark {settings.url}/Search/Results.html?{where}",)
    return PlannedStep(
        action=Action.KEEP, kind="view", name=wanted.name, title=wanted.title, changes=lines
    )


def sla(settings: InstanceSettings, name: str, title: str) -> PlannedStep:
    """Say where service levels stand: in the product's configuration file, which has no API."""
    level = settings.sla.get(int(name.rpartition("_")[2] or 0), "")
    told = f"level {level} of RT's configuration" if level else "no level is set by amends"
    line = f"amends sets the due date of each ticket itself; {told}"
    return PlannedStep(action=Action.KEEP, kind="sla", name=name, title=title, changes=(line,))
