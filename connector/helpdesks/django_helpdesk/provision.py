"""What a site should have, compared with what it has; pure.

The API tells its custom fields (OPTIONS) but cannot make them: a person does, in the admin
page, in the words given here. Saved searches have no API either, but an address of the
ticket list does the same and needs no set-up. Service levels do not exist: the due date
of each ticket is its first contact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from connector.domain.blueprint import (
    Action,
    Blueprint,
    FieldType,
    PlannedStep,
    WantedField,
    WantedView,
)
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.tables import OPEN, REOPENED, field_name

NATIVE: Final[Mapping[str, str]] = {"severity": "Priority"}
"""Ours that the product keeps in a place of its own."""

MAX_LABEL: Final = 30
"""The product's limit of a field's label."""

TAGS_CHARS: Final = 1_000
TEXT_CHARS: Final = 200
"""Longest value where the blueprint does not say."""

_TYPES: Final[Mapping[FieldType, tuple[str, str]]] = {
    FieldType.TEXT: ("string", "Character (single line)"),
    FieldType.CHOICE: ("choice", "List"),
    FieldType.CHECKBOX: ("boolean", "Boolean (checkbox yes/no)"),
    FieldType.DATE: ("date", "Date"),
}
"""The API's word and the admin page's."""


def steps(
    settings: SiteSettings, wanted: Blueprint, takes: Mapping[str, Any], *, remove: bool
) -> list[PlannedStep]:
    """Compare a blueprint with what the API takes for a ticket (`OPTIONS`, POST)."""
    fields = [_tags_field(), *wanted.fields]
    if remove:
        return [step for field in fields for step in _removal(settings, field, takes)]
    return [
        *(_field(settings, field, takes) for field in fields),
        *(_view(settings, view) for view in wanted.views),
        *(_due_date(sla.name) for sla in wanted.slas),
    ]


def _tags_field() -> WantedField:
    """Give the one field that this product needs in addition: it has no tags."""
    return WantedField(
        name="tags",
        title="Recovery: tags",
        type=FieldType.TEXT,
        description="Tags between commas; ours begin with amends.",
        max_chars=TAGS_CHARS,
    )


def _slug(settings: SiteSettings, field: WantedField) -> str:
    """Give the name of the custom field that holds it; empty where none does."""
    if field.name == "key":
        return settings.key_field
    if field.name == "tags":
        return settings.tags_field
    named = field_name(settings, field.name).removeprefix("custom_")
    if not named and field.filled_by == "agents" and field.name not in settings.fields:
        return f"amends_{field.name}"
    return named


def _field(settings: SiteSettings, field: WantedField, takes: Mapping[str, Any]) -> PlannedStep:
    slug = _slug(settings, field)
    if not slug:
        place = NATIVE.get(field.name, "in the first follow-up")
        line = f'for a field of its own set fields.{field.name} = "amends_{field.name}"'
        return _step(Action.KEEP, field, place, changes=(line,))
    found = takes.get(f"custom_{slug}")
    if not isinstance(found, Mapping):
        return _step(Action.MANUAL, field, field.title, manual=_adding(field, slug))
    title = str(found.get("label") or slug)
    lacks = _lacks(field, found)
    if not lacks:
        return _step(Action.KEEP, field, title, at=slug)
    manual = f'Admin page, Custom fields, "{slug}":\n{lacks[1]} Then save.'
    return _step(Action.MANUAL, field, title, at=slug, changes=(lacks[0],), manual=manual)


def _adding(field: WantedField, slug: str) -> str:
    fits = len(field.title) <= MAX_LABEL
    label = field.title if fits else field.title.partition(": ")[2][:MAX_LABEL]
    lines = [
        "Admin page, Custom fields, Add custom field:",
        f"Field Name: {slug}",
        f"Label: {label}",
        f"Help Text: {field.description}",
        f"Data Type: {_TYPES[_kept_as(field)][1]}",
    ]
    if _kept_as(field) is FieldType.TEXT:
        lines.append(f"Maximum Length (characters): {_chars(field)}")
    if _kept_as(field) is FieldType.CHOICE:
        lines.append("Add empty first choice to List?: tick")
        lines.append("List Values, one a line: " + ", ".join(field.choices))
    return "\n".join([*lines, "Required?: leave empty", "Staff Only?: tick. Then save."])


def _lacks(field: WantedField, found: Mapping[str, Any]) -> tuple[str, str] | None:
    """Tell how a field that is there differs, and what to do; None when it serves."""
    kind, words = _TYPES[_kept_as(field)]
    if found.get("type") != kind:
        return f"type {found.get('type')} -> {kind}", f"set Data Type to {words}."
    limit = found.get("max_length")
    if kind == "string" and limit is not None and int(limit) < field.max_chars:
        longer = f"length {limit} -> {field.max_chars}"
        return longer, f"set Maximum Length (characters) to {_chars(field)}."
    if kind == "choice":
        there = {str(one.get("value")) for one in found.get("choices", ())}
        missing = [value for value in field.choices if value not in there]
        if missing:
            told = ", ".join(missing)
            return f"+ {told}", f"add to List Values, one a line: {told}."
    if found.get("required"):
        return "required -> optional", "take the tick from Required?."
    return None


def _kept_as(field: WantedField) -> FieldType:
    """Give the type that is wanted here: what amends fills is text, which takes every value."""
    return FieldType.TEXT if field.filled_by == "amends" else field.type


def _chars(field: WantedField) -> int:
    return max(field.max_chars, TEXT_CHARS)


def _view(settings: SiteSettings, view: WantedView) -> PlannedStep:
    """A saved search is private to its maker and has no API: the address does the same."""
    query = [
        *(("status", str(status)) for status in (OPEN, REOPENED)),
        ("q", " OR ".join(view.tags)),
        ("sort", "due_date"),
    ]
    lines = [f"bookmark {settings.url}/tickets/?{urlencode(query)}"]
    if view.without_tags:
        lines.append(f"(it cannot leave out {', '.join(view.without_tags)})")
    return PlannedStep(
        action=Action.KEEP, kind="view", name=view.name, title=view.title, changes=tuple(lines)
    )


def _due_date(name: str) -> PlannedStep:
    return PlannedStep(
        action=Action.KEEP,
        kind="sla",
        name=name,
        title="Due Date",
        changes=("the product has no service levels; amends sets the due date of each ticket",),
    )


def _removal(
    settings: SiteSettings, field: WantedField, takes: Mapping[str, Any]
) -> Iterator[PlannedStep]:
    slug = _slug(settings, field)
    found = takes.get(f"custom_{slug}")
    if not isinstance(found, Mapping) or not slug.startswith("amends"):
        return  # a field of another name may be somebody else's as well
    manual = (
        f'Admin page, Custom fields: tick "{slug}", choose "Delete selected Custom fields". '
        "What stands in it on all tickets goes with it."
    )
    title = str(found.get("label") or slug)
    yield _step(Action.MANUAL, field, title, at=slug, manual=manual)


def _step(
    action: Action,
    field: WantedField,
    title: str,
    *,
    at: str = "",
    changes: tuple[str, ...] = (),
    manual: str = "",
) -> PlannedStep:
    return PlannedStep(
        action=action,
        kind="field",
        name=field.name,
        title=title,
        id=at,
        changes=changes,
        manual=manual,
    )
