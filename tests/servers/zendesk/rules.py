"""Conditions, triggers and the clocks of SLA policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from servers.zendesk.model import PRIORITIES, WORKING, Audit, Ticket, stamp

if TYPE_CHECKING:
    from servers.zendesk.account import Account

METRICS: Final = {
    "first_reply_time": "reply_time",
    "next_reply_time": "reply_time",
    "total_resolution_time": "resolution_time",
}
"""What the policy's metric is called in metric events, where it differs."""

DEFAULT_TRIGGERS: Final = (
    {
        "title": "Notify requester and CCs of received request",
        "all": [
            {"field": "update_type", "operator": "is", "value": "Create"},
            {"field": "status", "operator": "is_not", "value": "solved"},
            {"field": "ticket_is_public", "operator": "is", "value": "public"},
        ],
        "actions": [
            {
                "field": "notification_user",
                "value": ["requester_and_ccs", "[Request received] {{ticket.title}}", "..."],
            }
        ],
    },
    {
        "title": "Notify requester and CCs of comment update",
        "all": [
            {"field": "update_type", "operator": "is", "value": "Change"},
            {"field": "comment_is_public", "operator": "is", "value": "true"},
        ],
        "actions": [
            {
                "field": "notification_user",
                "value": ["requester_and_ccs", "[{{ticket.account}}] Re: {{ticket.title}}", "..."],
            }
        ],
    },
)


def holds(rule: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Say whether all of `all` and, if there are any, one of `any` hold."""
    every, some = rule.get("all") or [], rule.get("any") or []
    return all(_holds(one, facts) for one in every) and (
        not some or any(_holds(one, facts) for one in some)
    )


def facts_of(
    ticket: Ticket, audit: Audit | None = None, *, created: bool = False
) -> dict[str, Any]:
    """What conditions may ask of a ticket."""
    said = [event for event in audit.events if event["type"] == "Comment"] if audit else []
    facts = {
        **{name: getattr(ticket, name) for name in ("status", "type", "priority", "group_id")},
        **{name: getattr(ticket, name) for name in ("assignee_id", "requester_id", "brand_id")},
        "organization_id": ticket.organization_id,
        "ticket_form_id": ticket.ticket_form_id,
        "current_tags": ticket.tags,
        "update_type": "Create" if created else "Change",
        "ticket_is_public": "public" if ticket.is_public else "private",
        "comment_is_public": str(bool(said and said[-1]["public"])).lower() if said else None,
        "via_id": 5,
    }
    return facts | {f"custom_fields_{key}": value for key, value in ticket.custom_fields.items()}


def _holds(one: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    name = one["field"]
    if name == "status" and one["value"] == "":
        return False
    value, wanted = facts.get(name), one.get("value")
    operator = one["operator"]
    if name == "current_tags":
        tags = wanted if isinstance(wanted, list) else str(wanted or "").split()
        found = bool(set(tags) & set(facts.get(name) or []))
        return found if operator == "includes" else not found
    if operator in {"present", "not_present"}:
        return (value not in (None, "", [])) == (operator == "present")
    if operator in {"less_than", "greater_than"}:
        return _compared(name, operator, value, wanted)
    options = wanted if isinstance(wanted, list) else [wanted]
    same = str(value or "").lower() in {str(each or "").lower() for each in options}
    return same if operator in {"is", "value", "includes"} else not same


def _compared(name: str, operator: str, value: Any, wanted: Any) -> bool:
    order = {"status": WORKING, "priority": ("", *PRIORITIES)}.get(name, ())
    try:
        left, right = order.index(value or ""), order.index(wanted)
    except ValueError:
        return False
    return left < right if operator == "less_than" else left > right


def run(account: Account, ticket: Ticket, audit: Audit, *, created: bool) -> None:
    """Fire the triggers, each at most once."""
    for trigger in account.shelves["triggers"].ordered():
        facts = facts_of(ticket, audit, created=created)
        if trigger["active"] and holds(trigger, facts):
            for action in trigger["actions"]:
                _act(account, ticket, audit, trigger, action)


def _act(
    account: Account,
    ticket: Ticket,
    audit: Audit,
    trigger: Mapping[str, Any],
    action: Mapping[str, Any],
) -> None:
    name, value = action["field"], action["value"]
    if name == "notification_user":
        _notify(account, ticket, audit, trigger, value)
        return
    before = {"tags": sorted(ticket.tags)} if name.endswith("tags") else {}
    doing: dict[str, Callable[[list[str]], list[str]]] = {
        "set_tags": lambda tags: tags,
        "current_tags": lambda tags: [*ticket.tags, *(t for t in tags if t not in ticket.tags)],
        "remove_tags": lambda tags: [t for t in ticket.tags if t not in tags],
    }
    if name in doing:
        ticket.tags = doing[name](str(value).split())
        after: Any = sorted(ticket.tags)
        name, previous = "tags", before["tags"]
    elif name in {"status", "priority", "type", "group_id", "assignee_id"}:
        previous, after = getattr(ticket, name), int(value) if name.endswith("_id") else value
        setattr(ticket, name, after)
    else:
        return
    if previous != after:
        audit.events.append(
            {"id": account.new_id(), "type": "Change", "field_name": name, "value": after}
            | {"previous_value": previous, "via": _by(trigger)}
        )


def _by(trigger: Mapping[str, Any]) -> dict[str, Any]:
    origin = {"id": trigger["id"], "title": trigger["title"], "deleted": False}
    return {"channel": "rule", "source": {"from": origin, "to": {}, "rel": "trigger"}}


def _notify(
    account: Account, ticket: Ticket, audit: Audit, trigger: Mapping[str, Any], value: Any
) -> None:
    whom, subject, _ = [*value, "", ""][:3] if isinstance(value, list) else [value, "", ""]
    ids = {"requester_id": ticket.requester_id, "requester_and_ccs": ticket.requester_id}
    ids["assignee_id"] = ticket.assignee_id or 0
    person = account.users.get(ids.get(whom, 0) or (int(whom) if str(whom).isdigit() else 0))
    if person is None or not person.email or person.suspended:
        return
    comment = next((e for e in reversed(audit.events) if e["type"] == "Comment"), None)
    subject = subject.replace("{{ticket.title}}", ticket.subject)
    text = comment["plain_body"] if comment and comment["public"] else ""
    account.mail(person.email, subject, trigger["title"], text, ticket.id)
    audit.events.append(
        {"id": account.new_id(), "type": "Notification", "subject": subject, "body": text}
        | {"recipients": [person.id], "via": _by(trigger)}
    )


# SLA


def policy_of(account: Account, ticket: Ticket) -> dict[str, Any] | None:
    """The first policy by position whose filter holds."""
    facts = facts_of(ticket)
    for policy in account.shelves["sla_policies"].ordered():
        if holds(policy["filter"] or {}, facts):
            return policy
    return None


def start_clocks(account: Account, ticket: Ticket) -> None:
    """Write the metric events of a new ticket; without a priority there is no target."""
    policy = policy_of(account, ticket)
    for metric in ("reply_time", "resolution_time", "requester_wait_time"):
        _metric(account, ticket, metric, "activate")
    for target in (policy or {}).get("policy_metrics") or []:
        metric = METRICS.get(target["metric"], target["metric"])
        if (
            policy
            and target["priority"] == ticket.priority
            and target["metric"] != "next_reply_time"
        ):
            sla = {
                "target": target["target"],
                "target_in_seconds": target["target_in_seconds"],
                "business_hours": target["business_hours"],
                "policy": {key: policy[key] for key in ("id", "title", "description")},
            }
            _metric(account, ticket, metric, "apply_sla", sla=sla)
            due = account.now() + timedelta(seconds=target["target_in_seconds"])
            _metric(account, ticket, metric, "breach", at=due)


def stop_clocks(account: Account, ticket: Ticket, audit: Audit) -> None:
    """An agent's public comment fulfils the reply, solving the resolution."""
    said = [event for event in audit.events if event["type"] == "Comment" and event["public"]]
    if any(account.users[event["author_id"]].is_agent for event in said):
        _fulfil(account, ticket, "reply_time")
    if ticket.status in {"solved", "closed"}:
        for metric in ("resolution_time", "requester_wait_time"):
            _fulfil(account, ticket, metric)


def _fulfil(account: Account, ticket: Ticket, metric: str) -> None:
    own = [
        event
        for event in account.metric_events
        if (event["ticket_id"], event["metric"]) == (ticket.id, metric)
    ]
    if any(event["type"] == "fulfill" for event in own):
        return
    now = stamp(account.now()) or ""
    for event in own:
        if event["type"] == "breach" and event["time"] > now:
            account.metric_events.remove(event)
    _metric(account, ticket, metric, "fulfill")


def _metric(
    account: Account,
    ticket: Ticket,
    metric: str,
    kind: str,
    *,
    at: datetime | None = None,
    **more: Any,
) -> None:
    account.metric_events.append(
        {"id": account.new_id(), "ticket_id": ticket.id, "metric": metric, "instance_id": 1}
        | {"type": kind, "time": stamp(at or account.now()), **more}
        | ({"deleted": False} if kind == "breach" else {})
    )
