"""Set up a queue: custom fields are made over the API, by whoever may administer them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict

from connector.domain.blueprint import Action, Blueprint, PlannedStep
from connector.domain.errors import AuthenticationFailed, Rejected
from connector.helpdesks.request_tracker.api import Api, Queue
from connector.helpdesks.request_tracker.tables import Json
from connector.helpdesks.request_tracker.wanted import (
    FIELD,
    Wanted,
    lacks,
    marked_as,
    sla,
    view,
    wanted_fields,
)

LOOKUP: Final = "RT::Queue-RT::Ticket"
DETAILS: Final = "Name,Description,Type,MaxValues,UniqueValues,Disabled"

_GOES: Final = "what stands in it is hidden; RT disables the field, an admin can enable it again"


class _Detail(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    Name: str | None = None
    Description: str | None = None


def plan(api: Api, wanted: Blueprint, *, remove: bool) -> list[PlannedStep]:
    """Compare; an account that may not see the details of fields goes by their names."""
    queue, details = api.queue(fresh=True), _details(api)
    fields = wanted_fields(api.settings, wanted)
    if remove:
        return [step for field in fields for step in _removal(field, queue, details)]
    return [
        *(_step(api, field, queue, details) for field in fields),
        *(view(api.settings, one) for one in wanted.views),
        *(sla(api.settings, one.name, one.title) for one in wanted.slas),
    ]


def carry_out(api: Api, step: PlannedStep, wanted: Blueprint) -> None:
    """Make, complete or disable one custom field."""
    fields = {one.name: one for one in wanted_fields(api.settings, wanted)}
    field = fields.get(step.name)
    if step.kind != FIELD or field is None or step.action in {Action.KEEP, Action.MANUAL}:
        problem = "has no API for this; do it by hand"
        raise Rejected(api.edge, problem, fields=[step.name])
    queue, details = api.queue(), _details(api)
    detail = _found(field, queue, details)
    api.forget()
    if step.action is Action.REMOVE:
        if detail and marked_as(detail) == field.name and not _disabled(detail):
            _allowed(api, "DELETE", f"/customfield/{detail['id']}")
        return
    if detail is None:
        made = _allowed(api, "POST", "/customfield", _new(field, queue))
        detail = {"id": made["id"]} if isinstance(made, dict) else {}
    elif _disabled(detail):
        _allowed(api, "PUT", f"/customfield/{detail['id']}", {"Disabled": 0})
    _fill(api, field, detail)


def _new(field: Wanted, queue: Queue) -> Json:
    return {
        "Name": field.title,
        "Type": field.composite,
        "LookupType": LOOKUP,
        "Queue": queue.id,  # applies it to the queue
        "Description": field.description,
        "UniqueValues": int(field.unique),
    }


def _fill(api: Api, field: Wanted, detail: Json) -> None:
    """Add the values that a field lacks, and make it unique where it has to be."""
    at = f"/customfield/{detail['id']}"
    if field.unique and str(detail.get("UniqueValues", "1")) != "1":
        _allowed(api, "PUT", at, {"UniqueValues": 1})
    there = _values(api, detail) if field.values and "Name" in detail else []
    for order, (name, label) in enumerate(field.values.items(), 1):
        if name not in there:
            value = {"Name": name, "Description": label, "SortOrder": order}
            _allowed(api, "POST", f"{at}/value", value)


def _allowed(api: Api, method: str, path: str, body: Json | None = None) -> Json | list[Json]:
    try:
        done: Json | list[Json] = api.admin(method, path, body)
    except AuthenticationFailed as error:
        problem = (
            "refuses to set up custom fields: run this once with the token of a user who has "
            "AdminCustomField and AssignCustomFields (or do it by hand in Admin, Custom Fields)"
        )
        raise AuthenticationFailed(api.edge, problem) from error
    return done


def _step(api: Api, field: Wanted, queue: Queue, details: Sequence[Json]) -> PlannedStep:
    if not field.title:
        line = f'for a field of its own set fields.{field.name} = "..."'
        return _planned(Action.KEEP, field, "left out", changes=(line,))
    detail = _found(field, queue, details)
    if detail is None or _disabled(detail):
        lines = tuple(f'value "{name}" ({label})' for name, label in field.values.items())
        told = (f"{field.composite}, applied to {api.settings.queue}", *lines)
        return _planned(Action.CREATE, field, field.title, changes=told)
    at, name = str(detail["id"]), str(detail.get("Name") or field.title)
    if int(at) not in queue.fields:
        manual = f'Admin, Custom Fields, "{name}", Applies to: tick {api.settings.queue}, submit.'
        return _planned(Action.MANUAL, field, name, at=at, manual=manual)
    known = detail if "Type" in detail else {}
    values = _values(api, detail) if known and field.values else []
    lines_to_add, manual = lacks(field, known, values)
    if manual:
        return _planned(Action.MANUAL, field, name, at=at, manual=manual)
    if lines_to_add:
        return _planned(Action.CHANGE, field, name, at=at, changes=tuple(lines_to_add))
    renamed = () if name == field.title else (f'set fields.{field.name} = "{name}"',)
    return _planned(Action.KEEP, field, name, at=at, changes=renamed)


def _removal(field: Wanted, queue: Queue, details: Sequence[Json]) -> Iterator[PlannedStep]:
    detail = _found(field, queue, details)
    if detail is None or _disabled(detail) or marked_as(detail) != field.name:
        return  # made by somebody else, who may need it
    name, at = str(detail.get("Name") or ""), str(detail["id"])
    yield _planned(Action.REMOVE, field, name, at=at, changes=(_GOES,))


def _found(field: Wanted, queue: Queue, details: Sequence[Json]) -> Json | None:
    """Find a field by our mark, then by its name in the queue; disabled ones last."""
    marked = [one for one in details if marked_as(one) == field.name]
    by_number = {int(one["id"]): one for one in details}
    named = [
        by_number.get(number, {"id": number, "Name": name})
        for number, name in queue.fields.items()
        if name == field.title
    ]
    here = [one for one in marked if int(one["id"]) in queue.fields]
    every = [*here, *named, *marked]
    return next((one for one in every if not _disabled(one)), next(iter(every), None))


def _disabled(detail: Json) -> bool:
    return str(detail.get("Disabled", "0")) == "1"


def _details(api: Api) -> list[Json]:
    query = json.dumps([{"field": "LookupType", "value": LOOKUP}])
    params = {"query": query, "fields": DETAILS, "find_disabled_rows": "1", "orderby": "id"}
    return list(api.pages("/customfields", params, _Detail))


def _values(api: Api, detail: Json) -> list[str]:
    told = api.admin("GET", f"/customfield/{detail['id']}")
    return [str(value) for value in (told.get("Values") if isinstance(told, dict) else None) or ()]


def _planned(
    action: Action,
    field: Wanted,
    title: str,
    *,
    at: str = "",
    changes: tuple[str, ...] = (),
    manual: str = "",
) -> PlannedStep:
    return PlannedStep(
        action=action,
        kind=FIELD,
        name=field.name,
        title=title,
        id=at,
        changes=changes,
        manual=manual,
    )
