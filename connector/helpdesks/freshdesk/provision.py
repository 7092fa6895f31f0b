"""Set an account up: fields and the service-level policy by API, views by hand.

Fields are found by their API name, which the product makes of the first label and keeps for
good: so a field is made with a label that gives `cf_amends_<ours>`, and then gets the title
that agents read. Cut in between, the next plan shows the title as a change.

The product chooses a service-level policy by group, type or source, never by tag, and has
targets for each priority. As priority is severity here, the wanted policies of the four
severities become one policy for our group or type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from connector.domain.blueprint import (
    Action,
    Blueprint,
    FieldType,
    PlannedStep,
    WantedField,
    WantedSla,
    WantedView,
)
from connector.domain.errors import Gone, Rejected
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.form import MAX_TEXT_CHARS, choice
from connector.helpdesks.freshdesk.tables import Json
from connector.helpdesks.freshdesk.tags import theirs
from connector.recovery.tags import SEVERITIES

FIELD, VIEW, SLA = "field", "view", "sla"

POLICY: Final = "Recovery (amends)"
"""Name of our policy."""

MIN_TARGET_S: Final = 960
"""The product wants multiples of 60 above 900."""

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


def plan(account: Account, wanted: Blueprint, *, remove: bool) -> list[PlannedStep]:
    """Give what there is to do for each field, the policy and each view."""
    there = account.admin_fields()
    policies = account.policies()
    steps = [_field_step(account, one, there, remove=remove) for one in wanted.fields]
    slas = _sla_steps(account, wanted.slas, policies, remove=remove)
    views = [_view_step(one, remove=remove) for one in wanted.views]
    return [*(one for one in steps if one is not None), *slas, *views]


def carry_out(account: Account, step: PlannedStep, wanted: Blueprint) -> None:
    """Do one step; looks before it writes, so that repeating it is harmless."""
    if step.action not in {Action.CREATE, Action.CHANGE, Action.REMOVE}:
        raise Rejected(account.edge, "this step is one for people", fields=[step.name])
    if step.kind == SLA:
        _set_policy(account, step, wanted.slas)
        return
    field = next((one for one in wanted.fields if one.name == step.name), None)
    if step.kind != FIELD or field is None:
        raise Rejected(account.edge, "cannot do this step; plan again", fields=[step.name])
    _set_field(account, step, field)
    account.form(fresh=True)


# fields


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


def _field_step(
    account: Account, field: WantedField, there: Sequence[Json], *, remove: bool
) -> PlannedStep | None:
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


def _set_field(account: Account, step: PlannedStep, field: WantedField) -> None:
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


# service levels


def _sla_steps(
    account: Account, slas: Sequence[WantedSla], there: Sequence[Json], *, remove: bool
) -> list[PlannedStep]:
    """Give a step for each wanted policy: they stand in one of theirs, a priority each."""
    found = next((one for one in there if one["name"] == POLICY), None)
    if remove:
        words = f'Admin, SLA Policies: delete "{POLICY}". The API cannot.'
        return [_sla_step(Action.MANUAL, slas[0], manual=words)] if found and slas else []
    where = _where(account)
    return [_one_sla(one, where, found, slas) for one in slas]


def _one_sla(
    sla: WantedSla, where: Json, found: Json | None, slas: Sequence[WantedSla]
) -> PlannedStep:
    if sla.tag not in SEVERITIES:
        words = f'Tags choose no policy here: there is no way to measure "{sla.tag}" apart.'
        return _sla_step(Action.MANUAL, sla, manual=words)
    if not where:
        words = (
            "The product chooses a policy by group, type or source, not by tag. Set group (best) "
            "or type in the configuration of the helpdesk, then plan again."
        )
        return _sla_step(Action.MANUAL, sla, manual=words)
    priority = f"priority_{SEVERITIES.index(sla.tag) + 1}"
    target = _policy(slas, where)["sla_target"][priority]
    if found is None:
        changes = (*_told(priority, target, {}), "in one policy, which has to stand first")
        return _sla_step(Action.CREATE, sla, changes)
    changes = tuple(_told(priority, target, (found.get("sla_target") or {}).get(priority) or {}))
    if (found.get("applicable_to") or {}) != where:
        changes = (*changes, f"applies to {_plain(where)}")
    action = Action.CHANGE if changes else Action.KEEP
    return _sla_step(action, sla, changes, id_=str(found["id"]))


def _sla_step(
    action: Action,
    sla: WantedSla,
    changes: tuple[str, ...] = (),
    *,
    id_: str = "",
    manual: str = "",
) -> PlannedStep:
    return PlannedStep(
        action=action,
        kind=SLA,
        name=sla.name,
        title=f"{POLICY}: {sla.title}",
        changes=changes,
        manual=manual,
        id=id_,
    )


def _where(account: Account) -> Json:
    """Give to which tickets the policy applies: those of our group, else of our type."""
    settings = account.settings
    if settings.group:
        number = account.form().number("group", settings.group)
        return {"group_ids": [number]} if number is not None else {}
    return {"ticket_types": [settings.type]} if settings.type else {}


def _policy(slas: Sequence[WantedSla], where: Json) -> Json:
    """Make one policy of the four: each priority has the targets of its severity."""
    targets: Json = {}
    for severity, tag in enumerate(SEVERITIES, 1):
        own = next((one for one in slas if one.tag == tag), slas[-1])
        target = next((one for one in own.targets if one.severity == severity), own.targets[0])
        targets[f"priority_{severity}"] = {
            "respond_within": max(MIN_TARGET_S, target.contact_minutes * 60),
            "resolve_within": max(MIN_TARGET_S, target.resolution_minutes * 60),
            "business_hours": own.business_hours,
            "escalation_enabled": True,
        }
    return {
        "name": POLICY,
        "description": "Made by amends: first contact and all four steps of a recovery.",
        "applicable_to": where,
        "sla_target": targets,
    }


def _told(priority: str, wanted: Json, there: Json) -> Iterator[str]:
    for key, words in (("respond_within", "first response"), ("resolve_within", "resolution")):
        before, after = there.get(key), wanted[key]
        if before != after:
            was = f"{before // 60} -> " if isinstance(before, int) else ""
            yield f"priority {priority[-1]}: {words} {was}{after // 60} minutes"
    hours = wanted["business_hours"]
    if there and there.get("business_hours") != hours:
        yield f"priority {priority[-1]}: {'business' if hours else 'calendar'} hours"


def _plain(where: Json) -> str:
    return "; ".join(f"{name}: {', '.join(map(str, ids))}" for name, ids in where.items())


def _set_policy(account: Account, step: PlannedStep, slas: Sequence[WantedSla]) -> None:
    where = _where(account)
    if step.action is Action.REMOVE or not where or not slas:
        raise Rejected(account.edge, "cannot do this step; plan again", fields=[step.name])
    policy = _policy(slas, where)
    found = next((one for one in account.policies() if one["name"] == POLICY), None)
    if found is None:
        account.set_up("POST", "/sla_policies", policy)
        return
    standing = {name: found.get(name) for name in ("applicable_to", "sla_target")}
    if standing != {name: policy[name] for name in standing}:
        account.set_up("PUT", f"/sla_policies/{found['id']}", policy)


# views


def _view_step(view: WantedView, *, remove: bool) -> PlannedStep:
    words = f'Tickets: open the view "{view.title}", delete it.' if remove else _by_hand(view)
    return PlannedStep(
        action=Action.MANUAL, kind=VIEW, name=view.name, title=view.title, manual=words
    )


def _by_hand(view: WantedView) -> str:
    """Say each click: the product has no API for views, and no condition `none of these tags`."""
    some = ", ".join(map(theirs, view.tags))
    lines = [
        "1. Tickets, filter icon on the right: Status is All Unresolved; Created is Any time.",
        f"2. Tags, include any of: {some}.",
        "3. Apply, then Save as:",
        f'   name "{view.title}", visible to all agents.',
    ]
    if view.without_tags:
        none = ", ".join(map(theirs, view.without_tags))
        lines.insert(2, f"   Where your plan lets you exclude tags, exclude: {none}.")
    return "\n".join(lines)
