"""The custom fields of tickets, as they are wanted and as they are there.

Fields are found by their API name, which the product makes of the first label and keeps for
good: so a field is made with a label that gives `cf_amends_<ours>`, and then gets the title
that agents read. Cut in between, the next plan shows the title as a change. Once it is
there, the title is people's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connector.domain.blueprint import Action, FieldType, PlannedStep, WantedField
from connector.domain.errors import Gone
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.form import MAX_TEXT_CHARS, choice
from connector.helpdesks.freshdesk.tables import Json

FIELD: Final = "field"

_TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "custom_text",
    FieldType.CHOICE: "custom_dropdown",
    FieldType.CHECKBOX: "custom_checkbox",
    FieldType.DATE: "custom_date",
}
_WORDS: Final[Mapping[str, str]] = {
    "custom_text": "Single-line text",
    "custom_paragraph": "Multi-line text",
    "custom_dropdown": "Dropdown",
    "custom_checkbox": "Checkbox",
    "custom_date": "Date",
}


def _name(account: Account, field: WantedField) -> str:
    """Give the API name under which a field is kept; empty: nowhere, or in one of theirs."""
    settings = account.settings
    if field.name == "key":
        return settings.key_field
    return "" if field.name in settings.fields else f"cf_amends_{field.name}"


def _found(name: str, there: Sequence[Json]) -> Json | None:
    exact = [one for one in there if one["name"] == name]
    if exact:
        return exact[0]
    prefix = f"{name}_"
    suffixed = [
        one
        for one in there
        if one["name"].startswith(prefix) and one["name"].removeprefix(prefix).isdecimal()
    ]
    return min(suffixed, key=lambda one: int(one["id"]), default=None)


def _type(field: WantedField) -> str:
    long = field.type is FieldType.TEXT and field.max_chars > MAX_TEXT_CHARS
    return "custom_paragraph" if long else _TYPES[field.type]


def step_of(
    account: Account, field: WantedField, there: Sequence[Json], *, remove: bool
) -> PlannedStep | None:
    """Compare a field; None: nothing is wanted (or to be removed) in this account."""
    name = _name(account, field)
    if not name:
        return None  # the settings keep it in a field of the practice's own, or leave it out
    found = _found(name, there)
    if remove:
        return _removal(field, found) if found is not None else None
    if found is None:
        changes = (f"+ {_WORDS[_type(field)].lower()} {name}", *_options(field, ()))
        return _step(Action.CREATE, field, changes=changes)
    if not _takes(field, found):
        return _step(
            Action.MANUAL,
            field,
            id_=found["id"],
            manual=f"The field {found['name']} has the type {found.get('type')}, which no API can "
            f"change. Under Admin, Ticket Fields: delete it, then plan again; what agents wrote "
            f"into it is lost. Or keep another field and name it in fields.{field.name}.",
        )
    changes = tuple(_differences(account, field, found))
    return _step(Action.CHANGE if changes else Action.KEEP, field, changes, id_=found["id"])


def _takes(field: WantedField, found: Json) -> bool:
    texts = {"custom_text", "custom_paragraph"}
    return found.get("type") == _type(field) or (
        field.type is FieldType.TEXT and found.get("type") in texts
    )


def _differences(account: Account, field: WantedField, found: Json) -> Iterator[str]:
    if found.get("label") == _first_label(account, field):
        yield f'title "{found.get("label")}" -> "{field.title}"'
    if field.type is FieldType.CHOICE:
        yield from _options(field, _values(account, found))


def _values(account: Account, found: Json) -> list[str]:
    """Give the choices of a field; in the list of fields they may be left out."""
    return [one["value"] for one in _choices(account, found)]


def _choices(account: Account, found: Json) -> list[Json]:
    choices = found.get("choices")
    if not isinstance(choices, list):
        choices = account.admin_field(found["id"]).get("choices") or []
    return [one if isinstance(one, dict) else {"value": str(one)} for one in choices]


def _options(field: WantedField, there: Sequence[str]) -> Iterator[str]:
    for words in _wanted_choices(field):
        if words not in there:
            yield f'+ option "{words}"'


def _wanted_choices(field: WantedField) -> list[str]:
    return [choice(value, label) for value, label in field.choices.items()]


def _removal(field: WantedField, found: Json) -> PlannedStep:
    lost = f"- {found['name']}, and what stands in it on every ticket"
    return _step(Action.REMOVE, field, (lost,), id_=found["id"])


def _step(
    action: Action,
    field: WantedField,
    changes: tuple[str, ...] = (),
    *,
    id_: int | str = "",
    manual: str = "",
) -> PlannedStep:
    return PlannedStep(
        action=action,
        kind=FIELD,
        name=field.name,
        title=field.title,
        changes=changes,
        manual=manual,
        id=str(id_),
    )


def set_up(account: Account, step: PlannedStep, field: WantedField) -> None:
    """Bring a field into being, complete or remove it; looks first."""
    found = _found(_name(account, field), account.admin_fields())
    if step.action is Action.REMOVE:
        if found is not None:
            _gone_is_fine(account, f"/admin/ticket_fields/{found['id']}")
        return
    if found is None:
        found = account.set_up("POST", "/admin/ticket_fields", _new(account, field))
    patch: Json = {}
    if found.get("label") == _first_label(account, field):  # any other title is people's
        patch["label"] = field.title
    if field.type is FieldType.CHOICE:
        standing = _choices(account, found)
        missing = [
            words
            for words in _wanted_choices(field)
            if words not in {one["value"] for one in standing}
        ]
        if missing:
            patch["choices"] = _numbered([*standing, *({"value": words} for words in missing)])
    if patch:
        account.set_up("PUT", f"/admin/ticket_fields/{found['id']}", patch)


def _first_label(account: Account, field: WantedField) -> str:
    """Give the label of which the product makes the API name."""
    return _name(account, field).removeprefix("cf_").replace("_", " ").capitalize()


def _new(account: Account, field: WantedField) -> Json:
    """Give a new field: for agents only, never demanded, named so that the API name is ours."""
    body: Json = {
        "label": _first_label(account, field),
        "label_for_customers": field.title,
        "type": _type(field),
        "required_for_agents": False,
        "required_for_closure": False,
        "required_for_customers": False,
        "customers_can_edit": False,
        "displayed_to_customers": False,
    }
    if field.type is FieldType.CHOICE:
        body["choices"] = _numbered([{"value": words} for words in _wanted_choices(field)])
    return body


def _numbered(choices: Sequence[Json]) -> list[Json]:
    return [{**one, "position": number} for number, one in enumerate(choices, 1)]


def _gone_is_fine(account: Account, path: str) -> None:
    try:
        account.set_up("DELETE", path)
    except Gone:
        return
