"""Shelves of simple records that provisioning makes: one table of shapes, one way of working."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from servers.zendesk.errors import forbidden, invalid, not_found, refusal
from servers.zendesk.model import stamp

if TYPE_CHECKING:
    from servers.zendesk.account import Account

Record = dict[str, Any]
SYSTEM_FIELDS: Final = {
    "subject": "Subject",
    "description": "Description",
    "status": "Status",
    "tickettype": "Type",
    "priority": "Priority",
    "group": "Group",
    "assignee": "Assignee",
}
FIELD_TYPES: Final = frozenset(
    [
        "text",
        "textarea",
        "checkbox",
        "date",
        "integer",
        "decimal",
        "regexp",
        "partialcreditcard",
        "multiselect",
        "tagger",
        "lookup",
    ]
)
VIEW_NEEDS: Final = frozenset({"status", "type", "group_id", "assignee_id", "requester_id"})
SLA_METRICS: Final = frozenset(
    [
        "agent_work_time",
        "first_reply_time",
        "next_reply_time",
        "pausable_update_time",
        "periodic_update_time",
        "requester_wait_time",
        "total_resolution_time",
    ]
)
MAX_VIEW_COLUMNS: Final = 10


@dataclass(kw_only=True)
class Shelf:
    """All records of one kind."""

    account: Account
    plural: str
    """The key in lists, and with `folder` the path."""
    one: str
    """The key around one record."""
    folder: str = ""
    defaults: Record = field(default_factory=dict)
    """Every key that can be written, with what it is when nothing is said."""
    made: Record = field(default_factory=dict)
    """Keys that only the product writes."""
    check: Callable[[Shelf, Record, Record], None] | None = None
    """Called with the written keys and the whole record; raises a refusal."""
    has: Callable[[Account], bool] = lambda _account: True
    records: dict[int, Record] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/api/v2/{self.folder or self.plural}"

    def put(self, **values: Any) -> Record:
        """Add a record without checks."""
        now = stamp(self.account.now())
        record = {
            "id": self.account.new_id(),
            **_copied(self.defaults),
            **_copied(self.made),
            "created_at": now,
            "updated_at": now,
            **values,
        }
        if "position" in self.defaults and record.get("position") is None:
            places = [one["position"] for one in self.records.values()]
            record["position"] = max(places, default=0) + 1
        self.records[record["id"]] = record
        return record

    def guard(self) -> None:
        """Refuse all when the plan does not include this kind."""
        if self.has(self.account):
            return
        if self.account.knobs.no_slas_status == 404:
            raise not_found()
        raise forbidden()

    def create(self, values: Record) -> Record:
        draft = {**_copied(self.defaults), **values}
        if self.check:
            self.check(self, values, draft)
        return self.put(**values)

    def change(self, record_id: int, values: Record) -> Record:
        record = self.get(record_id)
        draft = {**record, **values}
        if self.check:
            self.check(self, values, draft)
        record.update(values, updated_at=stamp(self.account.now()))
        return record

    def get(self, record_id: int) -> Record:
        if record_id not in self.records:
            raise not_found()
        return self.records[record_id]

    def delete(self, record_id: int) -> None:
        if self.get(record_id).get("removable") is False:
            raise invalid("base", "System fields cannot be deleted", "InvalidValue")
        del self.records[record_id]

    def shown(self, record: Record) -> Record:
        """As the API shows it."""
        url = f"{self.account.base}{self.path}/{record['id']}.json"
        said = {"url": url, **record}
        for name in ("title", "description", "title_in_portal", "name", "display_name"):
            if f"raw_{name}" in self.made:
                said[f"raw_{name}"] = record.get(name)
        if "conditions" in self.made:
            said["conditions"] = {"all": said.pop("all", []), "any": said.pop("any", [])}
        if self.plural == "views":
            output = said.pop("output") or {}
            columns = output.get("columns", ["subject", "requester", "created", "updated"])
            said["execution"] = {
                "group_by": output.get("group_by"),
                "group_order": output.get("group_order", "desc"),
                "sort_by": output.get("sort_by"),
                "sort_order": output.get("sort_order", "desc"),
                "columns": [{"id": name, "title": str(name).capitalize()} for name in columns],
                "fields": [],
                "custom_fields": [],
            }
        return said

    def ordered(self) -> list[Record]:
        return sorted(self.records.values(), key=lambda one: (one.get("position") or 0, one["id"]))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value


def _titled(shelf: Shelf, _values: Record, draft: Record) -> None:
    key = "title" if "title" in shelf.defaults else "name"
    if not draft.get(key):
        raise invalid(key, f"{key.capitalize()}: cannot be blank", "BlankValue")


def _conditions(_shelf: Shelf, draft: Record) -> list[Record]:
    conditions = [*(draft.get("all") or []), *(draft.get("any") or [])]
    for one in conditions:
        if not isinstance(one, dict) or not {"field", "operator"} <= set(one):
            raise invalid("base", "Conditions: there is an invalid condition", "InvalidValue")
    return conditions


def _rule(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    if not _conditions(shelf, draft):
        raise invalid("base", "You must select at least one condition.", "InvalidValue")
    if not draft.get("actions"):
        raise invalid("base", "You must select at least one action.", "InvalidValue")


def _macro(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    for action in draft.get("actions") or []:
        if action.get("field") == "status" and action.get("value") in {"new", "closed"}:
            raise invalid("base", "Actions: a macro cannot set this status", "InvalidValue")
    if not draft.get("actions"):
        raise invalid("base", "You must select at least one action.", "InvalidValue")


def _view(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    _conditions(shelf, draft)
    if not VIEW_NEEDS & {one["field"].lower() for one in draft.get("all") or []}:
        raise invalid(
            "base",
            "Your view must check at least one of the following ticket properties in the ALL "
            "conditions section: Status, Type, Group, Assignee, Requester",
        )
    if len((draft.get("output") or {}).get("columns", [])) > MAX_VIEW_COLUMNS:
        raise invalid("base", "A view cannot have more than 10 columns")


def _policy(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    if not isinstance(draft.get("filter"), dict):
        raise invalid("filter", "Filter: cannot be blank", "BlankValue")
    _conditions(shelf, draft["filter"])
    for metric in draft.get("policy_metrics") or []:
        if metric.get("metric") not in SLA_METRICS:
            raise invalid("base", "Policy metrics: is invalid", "InvalidValue")
        if "target" not in metric and "target_in_seconds" in metric:
            metric["target"] = metric["target_in_seconds"] // 60
        metric.setdefault("target_in_seconds", metric.get("target", 0) * 60)
        metric.setdefault("business_hours", False)


def _field(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    if draft.get("type") not in FIELD_TYPES and draft.get("removable") is not False:
        raise invalid("type", "Type: is invalid", "InvalidValue")
    options = draft.get("custom_field_options") or []
    if draft["type"] in {"tagger", "multiselect"} and not options:
        raise invalid("base", "Custom field options: cannot be blank", "BlankValue")
    own = [option.get("value") for option in options] + [draft.get("tag")]
    others = {
        tag
        for record in shelf.records.values()
        if record["id"] != draft.get("id")
        for tag in [
            *(one["value"] for one in record.get("custom_field_options") or []),
            record.get("tag"),
        ]
    }
    if shared := {tag for tag in own if tag} & others:
        raise invalid(
            "custom_field_options",
            f"Custom field options: tag {min(shared)} is already used in another field",
            "DuplicateValue",
        )
    for option in options:
        option.setdefault("id", shelf.account.new_id())
        option.update(raw_name=option.get("name"), default=option.get("default", False))


def _form(shelf: Shelf, values: Record, draft: Record) -> None:
    _titled(shelf, values, draft)
    known = shelf.account.shelves["ticket_fields"].records
    if strange := [one for one in draft.get("ticket_field_ids") or [] if one not in known]:
        raise refusal(
            422,
            "RecordInvalid",
            "Record validation errors",
            details={"base": [{"description": f"Ticket fields: {strange[0]} is invalid"}]},
        )


RULE: Final[Record] = {
    "title": None,
    "active": True,
    "description": None,
    "position": None,
    "all": [],
    "any": [],
    "actions": [],
}
RAW_TITLE: Final[Record] = {"raw_title": None, "default": False}


NO_ACTIONS: Final = {key: value for key, value in RULE.items() if key != "actions"}
SHAPES: Final[dict[str, dict[str, Any]]] = {
    "triggers": {
        "defaults": RULE | {"category_id": None},
        "made": RAW_TITLE | {"conditions": None},
        "check": _rule,
    },
    "automations": {
        "defaults": RULE,
        "made": RAW_TITLE | {"conditions": None},
        "check": _rule,
    },
    "macros": {
        "defaults": {key: RULE[key] for key in RULE if key not in {"all", "any"}}
        | {"restriction": None, "attachments": None},
        "made": RAW_TITLE,
        "check": _macro,
    },
    "views": {
        "defaults": NO_ACTIONS | {"output": None, "restriction": None},
        "made": RAW_TITLE | {"conditions": None},
        "check": _view,
    },
    "sla_policies": {
        "folder": "slas/policies",
        "defaults": dict.fromkeys(("title", "description", "position", "filter"))
        | {"policy_metrics": []},
        "check": _policy,
        "has": lambda account: account.knobs.has_slas,
    },
    "ticket_fields": {
        "defaults": dict.fromkeys(("type", "title", "tag", "regexp_for_validation"))
        | dict.fromkeys(("description", "agent_description", "title_in_portal"), "")
        | dict.fromkeys(("required", "required_in_portal"), False)
        | dict.fromkeys(("visible_in_portal", "editable_in_portal"), False)
        | {"active": True, "position": None, "custom_field_options": None}
        | dict.fromkeys(("relationship_target_type", "relationship_filter")),
        "made": dict.fromkeys(("raw_title", "raw_description", "raw_title_in_portal"))
        | {"collapsed_for_agents": False, "removable": True, "key": None},
        "check": _field,
    },
    "ticket_forms": {
        "defaults": {"name": None, "display_name": None, "position": None}
        | dict.fromkeys(("end_user_visible", "active", "in_all_brands"), True)
        | {"default": False}
        | {key: [] for key in ("ticket_field_ids", "restricted_brand_ids")}
        | {key: [] for key in ("agent_conditions", "end_user_conditions")},
        "made": dict.fromkeys(("raw_name", "raw_display_name")),
        "check": _form,
        "has": lambda account: account.knobs.has_forms,
    },
    "groups": {
        "defaults": {"name": None, "description": "", "is_public": True, "default": False},
        "made": {"deleted": False},
        "check": _titled,
    },
    "brands": {
        "defaults": {"name": None, "subdomain": None, "active": True, "default": False}
        | {"signature_template": "", "host_mapping": None, "ticket_form_ids": []},
        "made": {"has_help_center": False, "help_center_state": "disabled", "logo": None}
        | {"brand_url": "", "is_deleted": False},
        "check": _titled,
    },
}
"""What each shelf is made with, by its name in the API."""


def shelves(account: Account) -> dict[str, Shelf]:
    """All shelves, empty."""
    singular = {"sla_policies": "sla_policy"}
    return {
        plural: Shelf(
            account=account, plural=plural, one=singular.get(plural, plural[:-1]), **shape
        )
        for plural, shape in SHAPES.items()
    }
