"""Routes by which an account is set up: one set of handlers for all shelves."""

from __future__ import annotations

from typing import Any

from servers.weather import Answer
from servers.zendesk.call import Call, answer, empty, routes
from servers.zendesk.errors import invalid_attribute
from servers.zendesk.pages import paged
from servers.zendesk.records import Shelf

OPEN_TO_AGENTS = frozenset({"macros", "views"})
"""What an agent may write too; the rest is for admins."""


def _shelf(call: Call, plural: str, *, write: bool = False) -> Shelf:
    if write and plural not in OPEN_TO_AGENTS:
        call.admin()
    else:
        call.user()
    shelf = call.account.shelves[plural]
    shelf.guard()
    return shelf


def _values(call: Call, shelf: Shelf) -> dict[str, Any]:
    values = call.wrapped(shelf.one)
    if shelf.plural == "triggers" and isinstance(values.get("conditions"), dict):
        values = values | values.pop("conditions")
    call.unpermitted += [f"{shelf.one}.{key}" for key in values if key not in shelf.defaults]
    kept = {key: value for key, value in values.items() if key in shelf.defaults}
    for key, default in shelf.defaults.items():
        if isinstance(default, list) and not isinstance(kept.get(key, []), list):
            raise invalid_attribute(f"You passed an invalid value for the {key} attribute.")
    return kept


def _register(plural: str, folder: str) -> None:
    path = f"/{folder}"

    @routes.on("GET", path)
    def many(call: Call) -> Answer:
        shelf = _shelf(call, plural)
        found = shelf.ordered()
        if (active := call.params.get("active")) is not None:
            found = [one for one in found if one.get("active", True) == (active == "true")]
        return answer(200, paged(call, plural, [shelf.shown(one) for one in found]))

    @routes.on("POST", path)
    def create(call: Call) -> Answer:
        shelf = _shelf(call, plural, write=True)
        record = shelf.create(_values(call, shelf))
        shown = shelf.shown(record)
        return answer(201, {shelf.one: shown}, ("Location", shown["url"]))

    @routes.on("GET", path + "/{record_id}")
    def one(call: Call, record_id: int) -> Answer:
        shelf = _shelf(call, plural)
        return answer(200, {shelf.one: shelf.shown(shelf.get(record_id))})

    @routes.on("PUT", path + "/{record_id}")
    def change(call: Call, record_id: int) -> Answer:
        shelf = _shelf(call, plural, write=True)
        shelf.get(record_id)
        record = shelf.change(record_id, _values(call, shelf))
        return answer(200, {shelf.one: shelf.shown(record)})

    @routes.on("DELETE", path + "/{record_id}")
    def delete(call: Call, record_id: int) -> Answer:
        _shelf(call, plural, write=True).delete(record_id)
        return empty()


for _plural, _folder in {
    **dict.fromkeys(("triggers", "automations", "macros", "views"), ""),
    "sla_policies": "slas/policies",
    **dict.fromkeys(("ticket_fields", "ticket_forms", "groups", "brands"), ""),
}.items():
    _register(_plural, _folder or _plural)


@routes.on("GET", "/ticket_fields/{field_id}/options")
def options(call: Call, field_id: int) -> Answer:
    record = _shelf(call, "ticket_fields").get(field_id)
    return answer(
        200, paged(call, "custom_field_options", record.get("custom_field_options") or [])
    )


@routes.on("PUT", "/slas/policies/reorder")
def reorder(call: Call) -> Answer:
    shelf = _shelf(call, "sla_policies", write=True)
    for place, record_id in enumerate(call.body().get("sla_policy_ids") or [], start=1):
        shelf.get(record_id)["position"] = place
    return answer(200, "")
