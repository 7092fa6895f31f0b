"""What is ours on a ticket, brought to what is wanted, one step at a time.

Each round reads the ticket, decides the next step, and writes it under `If-Match`: whoever was
faster makes it a Conflict, and the round begins anew. The product answers 200 to what it
ignores: a step that is still to be done after it was done was ignored.

Resolving mails the requestors. So they are taken out first, and put back afterwards; when that
was cut, the history tells whom we took out.
"""

from __future__ import annotations

from typing import Final

from connector.domain.errors import Conflict
from connector.domain.ticket import TicketRef, TicketStatus
from connector.helpdesks.request_tracker import reading
from connector.helpdesks.request_tracker.api import Api, Queue
from connector.helpdesks.request_tracker.fields import number_of, ours_of, placed, values_of
from connector.helpdesks.request_tracker.levels import known_levels
from connector.helpdesks.request_tracker.tables import NOBODY, Json, merge_tags, status_of

ROUNDS: Final = 9
"""Four steps at most (out, change, due, in again), and as many that somebody spoils."""


def apply(api: Api, ref: TicketRef, body: Json) -> tuple[Json, list[str]]:
    """Do what differs until nothing does; gives the ticket, and what was ignored."""
    queue = api.queue()
    values, ignored = placed(api.settings, queue, body["fields"])
    if body["sla"] and body["sla"] not in (known_levels(api) or {body["sla"]}):
        body = {**body, "sla": ""}
        ignored.append("sla")
    done: list[Json] = []
    for number in range(ROUNDS):
        ticket = api.ticket(ref.id)
        if body["sla"] and not body["due"] and ticket.get("SLA") != body["sla"]:
            body = {**body, "due": _plain(ticket.get("Due"))}  # a new level would move it
        step = next_step(api, queue, body, values, ticket)
        if step in done:
            ignored += _names(api, queue, step)
            break
        if not step:
            break
        try:
            api.change(ticket, step)
        except Conflict:
            if number == ROUNDS - 1:
                raise
            continue
        done.append(step)
    return ticket, sorted(set(ignored))


def next_step(api: Api, queue: Queue, body: Json, values: dict[str, str], ticket: Json) -> Json:
    """Decide what to write next; empty when all is as wanted."""
    settings = api.settings
    patch: Json = {}
    if body["priority"] is not None and int(ticket["Priority"]) != body["priority"]:
        patch["Priority"] = body["priority"]
    # frozen by an earlier version: no such key
    if body.get("assignee") and str(ticket["Owner"]["id"]) == NOBODY:
        patch["Owner"] = body["assignee"]
    if fields := _fields(api, queue, body, values, ticket):
        patch["CustomFields"] = fields
    if body["sla"] and ticket.get("SLA") != body["sla"]:
        patch["SLA"] = body["sla"]  # moves the due date: that is the next step
    elif reading.due_differs(body["due"], ticket):
        patch["Due"] = body["due"]
    if body["status"] and status_of(settings, ticket["Status"]).value != body["meaning"]:
        if _would_mail(api, body, ticket):
            return {"Requestor": []}
        patch["Status"] = body["status"]
    if not patch and not ticket["Requestor"] and (taken := _taken_out(api, ticket)):
        return {"Requestor": taken}
    return patch


def _fields(
    api: Api, queue: Queue, body: Json, values: dict[str, str], ticket: Json
) -> dict[str, object]:
    patch: dict[str, object] = {
        number: value or None
        for number, value in values.items()
        if values_of(ticket, number) != ([value] if value else [])
    }
    tags = number_of(api.settings, queue, "tags")
    if tags is not None and (body["add_tags"] or body["remove_tags"]):
        standing = values_of(ticket, tags)
        wanted = merge_tags(standing, body["add_tags"], body["remove_tags"])
        if set(wanted) != set(standing):
            patch[str(tags)] = wanted
    return patch


def _would_mail(api: Api, body: Json, ticket: Json) -> bool:
    resolves = body["meaning"] == TicketStatus.RESOLVED.value
    return resolves and bool(ticket["Requestor"]) and not api.settings.quiet_queue


def _taken_out(api: Api, ticket: Json) -> list[str]:
    """Tell whom we took out as requestors and did not put back, by their numbers."""
    query = f"ObjectType = 'RT::Ticket' AND ObjectId = {ticket['id']} AND Field = 'Requestor'"
    us = str(ticket["Creator"]["id"])
    out: list[str] = []
    for one in api.transactions(query).items:
        if one["Type"] == "AddWatcher":
            out = []
        elif one["Type"] == "DelWatcher" and str(one["Creator"]["id"]) == us:
            out.append(str(one["OldValue"]))
    return out


def _plain(due: str | None) -> str:
    return "" if not due or due.startswith("1970") else due.replace("T", " ").rstrip("Z")


def _names(api: Api, queue: Queue, step: Json) -> list[str]:
    known = {
        "Priority": "severity",
        "Due": "due_at",
        "SLA": "sla",
        "Status": "status",
        "Owner": "assignee",
    }
    names = [known[name] for name in step if name in known]
    names += ["requester"] if "Requestor" in step else []
    fields = step.get("CustomFields", {})
    return names + [ours_of(api.settings, queue.fields[int(number)]) for number in fields]
