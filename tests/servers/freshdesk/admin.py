"""What admins arrange: ticket fields, groups, agents, SLA policies."""

from __future__ import annotations

import re
from typing import Any, Final

from servers.freshdesk import sla
from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer, page_of
from servers.freshdesk.fields import CUSTOM_TYPES, Field
from servers.freshdesk.records import stamp
from servers.freshdesk.refusals import Refusal, flat, invalid, missing, one_of, wrong
from servers.freshdesk.table import ROUTES
from servers.weather import Answer

FIELD_FLAGS: Final = (
    "required_for_agents",
    "required_for_closure",
    "required_for_customers",
    "customers_can_edit",
    "displayed_to_customers",
)
FIELD_DATA: Final = {
    "label": str,
    "label_for_customers": str,
    "type": str,
    "choices": list,
    "position": int,
    **dict.fromkeys(FIELD_FLAGS, bool),
}
GROUP_DATA: Final = {"name": str, "description": str, "agent_ids": [int]}
POLICY_DATA: Final = {
    "name": str,
    "description": str,
    "active": bool,
    "applicable_to": dict,
    "sla_target": dict,
    "escalation": dict,
}
NOT_ADMIN: Final = "You are not authorized to perform this action."


def only_admins(call: Call) -> None:
    if not call.agent.admin:
        raise flat(403, "access_denied", NOT_ADMIN)


@ROUTES.on("GET", "/ticket_fields")
def fields(account: Account, call: Call) -> Answer:
    call.allow("type", "page", "per_page")
    rows = [
        one.shown(account.choices_of(one))
        for one in account.form.live()
        if call.query.get("type", one.type) == one.type
    ]
    return answer(200, rows)


@ROUTES.on("GET", "/admin/ticket_fields")
def admin_fields(account: Account, call: Call) -> Answer:
    only_admins(call)
    call.allow("include", "page", "per_page")
    return answer(200, [shown_to_admins(one, account) for one in account.form.live()])


@ROUTES.on("GET", "/admin/ticket_fields/{id}")
def admin_field(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    only_admins(call)
    return answer(200, shown_to_admins(_field(account, id), account))


def shown_to_admins(one: Field, account: Account) -> dict[str, Any]:
    """Show a field; choices are objects here, unlike in /ticket_fields."""
    shown = one.shown(None) | {"archived": one.archived, "has_section": False}
    if one.is_custom and one.choices:
        shown["choices"] = [
            {"id": one.id + number, "position": number, "value": value}
            for number, value in enumerate(one.choices, 1)
        ]
    elif (choices := account.choices_of(one)) is not None:
        shown["choices"] = choices
    return shown


@ROUTES.on("POST", "/admin/ticket_fields")
def add_field(account: Account, call: Call) -> Answer:
    only_admins(call)
    data = call.take(FIELD_DATA)
    faults = [
        missing(name) for name in ("label", "label_for_customers", "type") if not data.get(name)
    ]
    if data.get("type") and data["type"] not in CUSTOM_TYPES:
        faults.append(one_of("type", CUSTOM_TYPES))
    if data.get("type") == "custom_dropdown" and not data.get("choices"):
        faults.append(missing("choices"))
    if any(one.label == data.get("label") for one in account.form.live()):
        faults.append(wrong("label", "It should be a unique value", "duplicate_value"))
    if faults:
        raise invalid(*faults)
    one = account.add_field(
        new_name(account, data["label"]),
        data["label"],
        data["type"],
        label_for_customers=data["label_for_customers"],
        choices=_choices(data),
        **{flag: bool(data.get(flag)) for flag in FIELD_FLAGS},
    )
    return answer(201, shown_to_admins(one, account))


def new_name(account: Account, label: str) -> str:
    """Make `cf_amends_key` of «Amends key», or `cf_amends_key_297457` where names collide."""
    name = "cf_" + re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    taken = {one.name for one in account.form.fields}
    if account.knobs.renames_fields or name in taken:
        return f"{name}_{297_457 + len(taken)}"
    return name


def _choices(data: dict[str, Any]) -> list[str] | None:
    choices = data.get("choices")
    if not choices:
        return None
    return [str(one.get("value") if isinstance(one, dict) else one) for one in choices]


def _field(account: Account, field_id: int) -> Field:
    found = next((one for one in account.form.live() if one.id == field_id), None)
    if found is None:
        raise Refusal(status=404)
    return found


@ROUTES.on("PUT", "/admin/ticket_fields/{id}")
def change_field(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    only_admins(call)
    one = _field(account, id)
    data = call.take({name: shape for name, shape in FIELD_DATA.items() if name != "type"})
    faults = [missing(name) for name, value in data.items() if value is None]
    if faults:
        raise invalid(*faults)
    for name, value in data.items():
        setattr(one, name, _choices(call.data) if name == "choices" else value)
    one.updated_at = account.now
    return answer(200, shown_to_admins(one, account))


@ROUTES.on("DELETE", "/admin/ticket_fields/{id}")
def remove_field(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    only_admins(call)
    one = _field(account, id)
    if not one.is_custom:
        raise invalid(wrong("id", "A default field cannot be deleted"))
    one.archived = True
    for ticket in account.tickets.values():
        ticket.custom_fields.pop(one.name, None)
    return answer(204)


@ROUTES.on("GET", "/groups")
def groups(account: Account, call: Call) -> Answer:
    page, link = page_of(call, [shown_group(account, id_) for id_ in account.groups])
    return answer(200, page, link)


@ROUTES.on("GET", "/groups/{id}")
def group(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    if id not in account.groups:
        raise Refusal(status=404)
    members = [agent.id for agent in account.agents.values() if id in agent.group_ids]
    return answer(200, shown_group(account, id) | {"agent_ids": members})


@ROUTES.on("POST", "/groups")
def add_group(account: Account, call: Call) -> Answer:
    only_admins(call)
    name = call.take(GROUP_DATA).get("name")
    if not name:
        raise invalid(missing("name"))
    if any(one["name"] == name for one in account.groups.values()):
        raise invalid(wrong("name", "It should be a unique value", "duplicate_value"), status=409)
    id_ = next(account.ids)
    account.groups[id_] = {
        "name": name,
        "description": call.data.get("description"),
        "created_at": account.now,
    }
    return answer(201, shown_group(account, id_))


@ROUTES.on("DELETE", "/groups/{id}")
def remove_group(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    only_admins(call)
    if account.groups.pop(id, None) is None:
        raise Refusal(status=404)
    for ticket in account.tickets.values():
        if ticket.group_id == id:
            ticket.group_id = None
    return answer(204)


def shown_group(account: Account, id_: int) -> dict[str, Any]:
    one = account.groups[id_]
    at = stamp(one.get("created_at", account.now))
    return {
        "id": id_,
        "name": one["name"],
        "description": one.get("description"),
        "escalate_to": None,
        "unassigned_for": None,
        "business_hour_id": None,
        "group_type": "support_agent_group",
        "created_at": at,
        "updated_at": at,
    }


@ROUTES.on("GET", "/agents")
def agents(account: Account, call: Call) -> Answer:
    call.allow("email", "mobile", "phone", "state", "page", "per_page")
    rows = [
        one.shown()
        for one in account.agents.values()
        if call.query.get("email", one.email) == one.email
    ]
    page, link = page_of(call, rows)
    return answer(200, page, link)


@ROUTES.on("GET", "/agents/me")
def me(account: Account, call: Call) -> Answer:
    del account
    return answer(200, call.agent.shown())


@ROUTES.on("GET", "/agents/{id}")
def agent(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    if id not in account.agents:
        raise Refusal(status=404)
    return answer(200, account.agents[id].shown())


@ROUTES.on("GET", "/sla_policies")
def policies(account: Account, call: Call) -> Answer:
    only_admins(call)
    return answer(200, [one.shown() for one in sorted(account.policies, key=_position)])


def _position(one: sla.Policy) -> int:
    return one.position


@ROUTES.on("POST", "/sla_policies")
def add_policy(account: Account, call: Call) -> Answer:
    only_admins(call)
    call.take(POLICY_DATA)
    faults = sla.faults_of(call.data, whole=True)
    if faults:
        raise invalid(*faults)
    one = sla.Policy(
        id=next(account.ids),
        name=call.data["name"],
        description=call.data.get("description"),
        position=len(account.policies),
        targets=call.data["sla_target"],
        applicable_to=call.data["applicable_to"],
        escalation=call.data.get("escalation") or {},
        created_at=account.now,
        updated_at=account.now,
    )
    account.policies.append(one)
    account.policies.sort(key=_position)
    return answer(201, one.shown())


@ROUTES.on("PUT", "/sla_policies/{id}")
def change_policy(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    only_admins(call)
    one = next((one for one in account.policies if one.id == id), None)
    if one is None:
        raise Refusal(status=404)
    call.take(POLICY_DATA)
    faults = sla.faults_of(call.data, whole=False)
    if one.is_default and call.data.get("active", True) is not True:
        faults.append(wrong("active", "The default policy cannot be deactivated"))
    faults += [missing(name) for name, value in call.data.items() if value is None]
    if faults:
        raise invalid(*faults)
    for name, value in call.data.items():
        setattr(one, "targets" if name == "sla_target" else name, value)
    one.updated_at = account.now
    return answer(200, one.shown())
