"""What is wanted as records of the product, and how a record differs from it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from connector.domain.blueprint import FieldType, WantedField, WantedSla, WantedView
from connector.helpdesks.zendesk.tables import PRIORITY, Json, field_mark, option_tag

TYPES: Final[Mapping[FieldType, str]] = {
    FieldType.TEXT: "text",
    FieldType.CHOICE: "tagger",
    FieldType.CHECKBOX: "checkbox",
    FieldType.DATE: "date",
}

AS_GOOD: Final[Mapping[str, frozenset[str]]] = {
    "text": frozenset({"text", "textarea"}),
    "tagger": frozenset({"tagger", "multiselect"}),
}
"""Types that do what the wanted one does; the product never changes the type of a field."""

FIRST_REPLY: Final = "first_reply_time"
RESOLUTION: Final = "total_resolution_time"
METRICS: Final[Mapping[str, str]] = {FIRST_REPLY: "first reply", RESOLUTION: "resolution"}

COLUMNS: Final = ("status", "priority", "subject", "requester", "created", "updated", "assignee")


def field_record(wanted: WantedField) -> Json:
    """Give the ticket field that is to be made; patients never see it."""
    record: Json = {
        "type": TYPES[wanted.type],
        "title": wanted.title,
        "agent_description": f"{wanted.description} {field_mark(wanted.name)}".strip(),
        "active": True,
        "required": False,
        "visible_in_portal": False,
        "editable_in_portal": False,
    }
    if wanted.type is FieldType.CHOICE:
        record["custom_field_options"] = _options(wanted)
    return record


def field_change(wanted: WantedField, record: Json) -> tuple[Json, list[str]]:
    """Give what has to be changed about a field, and the lines that tell of it.

    Titles, descriptions and options of others stay: an option that is not sent along would
    be taken away, and its value from every ticket.
    """
    change: Json = {}
    lines: list[str] = []
    if record.get("active") is False:
        change["active"] = True
        lines.append("switch on again")
    if wanted.type is FieldType.CHOICE:
        there = list(record.get("custom_field_options") or ())
        known = {option.get("value") for option in there}
        more = [option for option in _options(wanted) if option["value"] not in known]
        if more:
            kept = [
                {key: option[key] for key in ("id", "name", "value") if key in option}
                for option in there
            ]
            change["custom_field_options"] = [*kept, *more]
            lines += [f'+ option "{option["name"]}"' for option in more]
    return change, lines


def fits(wanted: WantedField, record: Json) -> bool:
    """Tell whether a field's type does what is wanted."""
    kind = TYPES[wanted.type]
    return record.get("type") in AS_GOOD.get(kind, frozenset({kind}))


def _options(wanted: WantedField) -> list[Json]:
    return [
        {"name": label, "value": option_tag(wanted.name, value)}
        for value, label in wanted.choices.items()
    ]


def view_record(wanted: WantedView) -> Json:
    """Give the view that is to be made; conditions stand at the top level."""
    return {
        "title": wanted.title,
        "description": field_mark(wanted.name),
        "active": True,
        "all": _conditions(wanted),
        "any": [],
        "output": {
            "columns": list(COLUMNS),
            "sort_by": "created",
            "sort_order": "asc",
        },
    }


def view_change(wanted: WantedView, record: Json) -> tuple[Json, list[str]]:
    """Give what has to be changed about a view; its columns and title are people's."""
    change: Json = {}
    lines: list[str] = []
    if record.get("active") is False:
        change["active"] = True
        lines.append("switch on again")
    shown = record.get("conditions") or {}
    if _plain(shown.get("all")) != _plain(_conditions(wanted)) or shown.get("any"):
        change |= {"all": _conditions(wanted), "any": []}
        lines.append(f"conditions: {_told(_conditions(wanted))}")
    return change, lines


def _conditions(wanted: WantedView) -> list[Json]:
    found = [
        _condition("status", "less_than", "solved"),
        _condition("current_tags", "includes", " ".join(wanted.tags)),
    ]
    if wanted.without_tags:
        found.append(_condition("current_tags", "not_includes", " ".join(wanted.without_tags)))
    return found


def _condition(field: str, operator: str, value: str) -> Json:
    return {"field": field, "operator": operator, "value": value}


def policy_record(wanted: WantedSla) -> Json:
    """Give the service-level policy that is to be made; targets are in minutes."""
    return {
        "title": wanted.title,
        "description": field_mark(wanted.name),
        "filter": {"all": [_condition("current_tags", "includes", wanted.tag)], "any": []},
        "policy_metrics": _metrics(wanted),
    }


def policy_change(wanted: WantedSla, record: Json) -> tuple[Json, list[str]]:
    """Give what has to be changed about a policy: whom it measures and its targets."""
    change: Json = {}
    lines: list[str] = []
    whom = {"all": [_condition("current_tags", "includes", wanted.tag)], "any": []}
    shown = record.get("filter") or {}
    if _plain(shown.get("all")) != _plain(whom["all"]) or shown.get("any"):
        change["filter"] = whom
        lines.append(f"measures: {_told(whom['all'])}")
    moved = list(_moved(_metrics(wanted), record.get("policy_metrics") or ()))
    if moved:
        change["policy_metrics"] = _metrics(wanted)
        lines += moved
    return change, lines


def _metrics(wanted: WantedSla) -> list[Json]:
    return [
        {
            "priority": PRIORITY[target.severity],
            "metric": metric,
            "target": minutes,
            "business_hours": wanted.business_hours,
        }
        for target in wanted.targets
        for metric, minutes in (
            (FIRST_REPLY, target.contact_minutes),
            (RESOLUTION, target.resolution_minutes),
        )
    ]


def _moved(wanted: Sequence[Json], shown: Sequence[Json]) -> Iterator[str]:
    there = {(one.get("priority"), one.get("metric")): _target(one) for one in shown}
    for one in wanted:
        before = there.pop((one["priority"], one["metric"]), "none")
        if before != _target(one):
            what = f"{METRICS[one['metric']]} of {one['priority']}"
            yield f"target {what}: {before} -> {_target(one)}"
    for priority, metric in sorted(there, key=str):
        yield f"- target {METRICS.get(str(metric), metric)} of {priority}"


def _target(one: Json) -> str:
    hours = "business minutes" if one.get("business_hours") else "minutes"
    return f"{one.get('target')} {hours}"


def _plain(conditions: Any) -> list[tuple[str, str, str]]:
    """Give conditions in one form: the product prints lists and texts for the same thing."""
    found = []
    for one in conditions or ():
        value = one.get("value")
        text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        found.append((str(one.get("field")), str(one.get("operator")), " ".join(text.split())))
    return sorted(found)


def _told(conditions: Sequence[Json]) -> str:
    return "; ".join(f"{one['field']} {one['operator']} {one['value']}" for one in conditions)
