"""Changes of what is ours on a ticket: only what differs, only if nobody was faster.

Tags are added and taken away by their own addresses, which leave foreign ones alone also
when somebody changes them in the same second; fields, priority and status go in one request
that the product refuses when the ticket is no longer as it was read.
"""

from __future__ import annotations

from typing import Final

from connector.domain.errors import Conflict, PartiallyApplied, Rejected
from connector.domain.ticket import TicketRef
from connector.helpdesks.zendesk.api import Api, warned
from connector.helpdesks.zendesk.bodies import custom_fields
from connector.helpdesks.zendesk.names import Known, Names
from connector.helpdesks.zendesk.notes import ROUNDS, audits_of, gone_on
from connector.helpdesks.zendesk.reading import ignored, priority_is_ours, same_value
from connector.helpdesks.zendesk.tables import CLOSED, MARK, SEVERITY, STATUS, Json

ASSIGN: Final = "assignee_email"
"""By which the product takes an agent; what it shows is a number."""


def apply(api: Api, names: Names, ref: TicketRef, body: Json, key: str) -> tuple[Json, list[str]]:
    """Bring about what an update wants; give the ticket as it is then, and what was ignored.

    Raises Gone for a ticket that is away (with where to go on), Conflict after several rounds.
    """
    for number in range(ROUNDS):
        ticket = api.ticket(ref.id)
        if ticket["status"] == CLOSED and body["status"] != CLOSED:
            return _closed(api, names, ref, ticket, body)
        try:
            return _round(api, names, ref, ticket, body, key)
        except Conflict:
            if number == ROUNDS - 1:
                raise
        except Rejected:
            if body["status"] == CLOSED or api.ticket(ref.id)["status"] != CLOSED:
                raise
    raise Conflict(api.edge, "the ticket changes all the time")


def _round(
    api: Api, names: Names, ref: TicketRef, ticket: Json, body: Json, key: str
) -> tuple[Json, list[str]]:
    known, missing = names.known(), list[str]()
    for method, tags in (
        ("PUT", [tag for tag in body["add_tags"] if tag not in ticket["tags"]]),
        ("DELETE", [tag for tag in body["remove_tags"] if tag in ticket["tags"]]),
    ):
        if tags:
            api.tag(method, ref.id, tags, ticket["updated_at"])
            ticket = api.ticket(ref.id)
    patch, lacking = _patch(api, ticket, body, known)
    missing += lacking
    if patch:
        sent = {
            **patch,
            "metadata": {MARK: key},
            "safe_update": True,
            "updated_stamp": ticket["updated_at"],
        }
        try:
            written, answer = api.change(ref.id, sent)
        except Rejected:
            if set(patch) != {ASSIGN}:
                raise
            return ticket, [*missing, "assignee"]
        lost = ignored(patch, written["ticket"], written.get("audit"), known)
        missing += [*lost, *warned(answer)]
        if missing:
            names.forget()
        ticket = {**written["ticket"], "people": ticket["people"]}
    if not set(body["add_tags"]) <= set(ticket["tags"]) or set(body["remove_tags"]) & set(
        ticket["tags"]
    ):
        missing.append("tags")
    return ticket, missing


def _patch(api: Api, ticket: Json, body: Json, known: Known) -> tuple[Json, list[str]]:
    """Give only what differs, so that repeating an update changes nothing."""
    patch: Json = {}
    differs = body["priority"] and body["priority"] != ticket.get("priority")
    # what an agent, or a rule of the practice, has set since is left as it is
    if differs and priority_is_ours(api.audits(str(ticket["id"])), int(api.me()["id"])):
        patch["priority"] = body["priority"]
    status = body["status"]
    if status and STATUS.get(ticket["status"]) is not STATUS[status]:
        patch["status"] = status
    # frozen by an earlier version: no such key
    if body.get("assignee") and not ticket.get("assignee_id"):
        patch[ASSIGN] = body["assignee"]
    wanted, lacking = custom_fields(body["fields"], known)
    shown = {one["id"]: one.get("value") for one in ticket.get("custom_fields") or ()}
    custom = [one for one in wanted if not same_value(one["value"], shown.get(one["id"]))]
    if custom:
        patch["custom_fields"] = custom
    return patch, lacking


def _closed(
    api: Api, names: Names, ref: TicketRef, ticket: Json, body: Json
) -> tuple[Json, list[str]]:
    """Deal with a ticket that is closed for good.

    What people have to know of (a reopening, a higher severity) goes on in its follow-up;
    what only keeps our own tags and fields up to date is not worth a new ticket.
    """
    higher = SEVERITY.get(body["priority"], 0) > SEVERITY.get(ticket.get("priority") or "", 0)
    if body["status"] or higher:
        raise gone_on(api, names, ticket, audits_of(api, ref, ticket))
    problem = "the ticket is closed for good, so nothing of the update was applied"
    raise PartiallyApplied(api.edge, problem, ref=ref, missing=["closed_for_good"])
