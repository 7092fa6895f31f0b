"""Routes for many tickets at once, and small readings that round an account off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from servers.weather import Answer
from servers.zendesk import jobs, render, values, writing
from servers.zendesk.call import Call, answer, routes
from servers.zendesk.errors import Refusal, invalid_attribute, refusal
from servers.zendesk.model import stamp
from servers.zendesk.pages import paged

MAX_MANY: Final = 100


def _many(items: list[Any]) -> list[Any]:
    if len(items) > MAX_MANY:
        raise refusal(
            400,
            "TooManyValues",
            "Parameter  cannot specify more than 100 values",
            max_count=MAX_MANY,
        )
    return items


@routes.on("POST", "/tickets/create_many")
def create_many(call: Call) -> Answer:
    """Create each by itself; results come in another order than the input."""
    writer = call.writer()
    results: list[dict[str, Any]] = []
    for index, data in enumerate(_many(call.body().get("tickets") or [])):
        try:
            ticket, _ = writing.create(call.account, writer, data)
        except Refusal as refused:
            results.append({"index": index, **refused.answer.json()})
        else:
            results.append({"index": index, "id": ticket.id, "account_id": 1})
    results.reverse()
    return answer(200, jobs.started(call.account, "Creating tickets", results, len(results)))


@routes.on("PUT", "/tickets/update_many")
def update_many(call: Call) -> Answer:
    """The same change for `ids`, or a batch in the body; knows additional_tags."""
    writer, body = call.writer(), call.body()
    ids = [int(one) for one in call.params.get("ids", "").split(",") if one.isdigit()]
    if ids:
        batch = [(one, dict(call.wrapped("ticket"))) for one in _many(ids)]
    else:
        batch = [(one.get("id"), dict(one)) for one in _many(body.get("tickets") or [])]
    results = [_updated(call, writer, ticket_id, data) for ticket_id, data in batch]
    return answer(200, jobs.started(call.account, "Updating tickets", results, len(results)))


def _updated(
    call: Call, writer: writing.Writer, ticket_id: int, data: dict[str, Any]
) -> dict[str, Any]:
    said = {"id": ticket_id, "action": "update"}
    try:
        ticket = call.account.ticket(ticket_id)
        added = values.clean_tags(data.pop("additional_tags", []))
        removed = values.clean_tags(data.pop("remove_tags", []))
        data.pop("id", None)
        if added or removed:
            tags = [*ticket.tags, *(one for one in added if one not in ticket.tags)]
            data["tags"] = [one for one in tags if one not in removed]
        writing.update(call.account, writer, ticket, data)
    except Refusal as refused:
        return said | {"status": "Failed", "success": False, **refused.answer.json()}
    return said | {"status": "Updated", "success": True}


@routes.on("GET", "/ticket_audits")
def all_audits(call: Call) -> Answer:
    """The audits of all tickets that are not archived, newest first; for admins."""
    call.admin()
    audits = [audit for ticket in call.account.listed(0) for audit in ticket.audits]
    audits.sort(key=lambda audit: audit.id, reverse=True)
    return answer(200, paged(call, "audits", [render.audit(audit) for audit in audits]))


def _counter(path: str, count: Callable[[Call, int], int]) -> None:
    @routes.on("GET", path)
    def counted(call: Call, ticket_id: int) -> Answer:
        call.user()
        value = count(call, ticket_id)
        return answer(200, {"count": {"value": value, "refreshed_at": stamp(call.account.now())}})


_counter("/tickets/{ticket_id}/audits/count", lambda c, i: len(c.account.ticket(i).audits))
_counter("/tickets/{ticket_id}/comments/count", lambda c, i: len(c.account.ticket(i).comments()))


@routes.on("GET", "/tickets/{ticket_id}/related")
def related(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.ticket(ticket_id)
    said = {
        "topic_id": None,
        "followup_source_ids": [],
        "from_archive": ticket.place == "archived",
        "incidents": 0,
        "url": f"{call.base}/api/v2/tickets/{ticket_id}/related.json",
    }
    return answer(200, said)


@routes.on("GET", "/account/settings")
def settings(call: Call) -> Answer:
    call.user()
    knobs = call.account.knobs
    said = {
        "user": {"agent_created_welcome_emails": knobs.welcomes, "tagging": True},
        "tickets": {
            "comments_public_by_default": True,
            "is_first_comment_private_enabled": True,
            "tagging": True,
            "status_hold": False,
        },
        "active_features": {"ticket_forms": knobs.has_forms, "ticket_tagging": True},
        "api": {"api_token_access": str(knobs.basic_allowed).lower()},
        "limits": {"attachment_size": 52_428_800},
        "brands": {"default_brand_id": call.account.brand_id},
    }
    return answer(200, {"settings": said})


@routes.on("GET", "/recipient_addresses")
def recipient_addresses(call: Call) -> Answer:
    call.user()
    subdomain = call.account.knobs.subdomain
    address = {
        "id": 1,
        "name": "Elm Street",
        "email": f"support@{subdomain}.zendesk.com",
        "default": True,
        "brand_id": call.account.brand_id,
        "forwarding_status": "unknown",
    }
    return answer(200, paged(call, "recipient_addresses", [address]))


@routes.on("GET", "/group_memberships")
def group_memberships(call: Call) -> Answer:
    call.user()
    members = [
        {
            "id": user.id + 1,
            "user_id": user.id,
            "group_id": user.group_id,
            "default": True,
            "created_at": stamp(user.created_at),
            "updated_at": stamp(user.updated_at),
            "url": f"{call.base}/api/v2/group_memberships/{user.id + 1}.json",
        }
        for user in call.account.users.values()
        if user.group_id is not None and not user.deleted
    ]
    return answer(200, paged(call, "group_memberships", members))


@routes.on("GET", "/business_hours/schedules")
def schedules(call: Call) -> Answer:
    call.user()
    return answer(200, paged(call, "schedules", call.account.schedules))


@routes.on("POST", "/business_hours/schedules")
def create_schedule(call: Call) -> Answer:
    call.admin()
    said = call.wrapped("schedule")
    if not said.get("name") or not said.get("time_zone"):
        raise invalid_attribute("You passed an invalid value for the schedule attribute.")
    now = stamp(call.account.now())
    made = {"id": call.account.new_id(), "created_at": now, "updated_at": now, "intervals": []}
    schedule = made | {"name": said["name"], "time_zone": said["time_zone"]}
    call.account.schedules.append(schedule)
    return answer(201, {"schedule": schedule})
