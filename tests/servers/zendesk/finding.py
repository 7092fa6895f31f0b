"""Routes that find tickets: lists, search, views."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable
from typing import Any, Final

from servers.weather import Answer
from servers.zendesk import render, rules
from servers.zendesk.call import Call, answer, routes
from servers.zendesk.errors import refusal
from servers.zendesk.model import PRIORITIES, WORKING, Ticket, stamp
from servers.zendesk.pages import MAX_PAGE, paged

MAX_RESULTS: Final = 1_000
_TERM = re.compile(r"(-?)(\w+?)(<=|>=|:|<|>)(.*)", re.DOTALL)


def sideloads(call: Call, tickets: Iterable[Ticket]) -> dict[str, Any]:
    """What `include` asks for."""
    wanted = call.params.get("include", "").split(",")
    account = call.account
    more: dict[str, Any] = {}
    if "users" in wanted:
        ids = {one for t in tickets for one in (t.requester_id, t.submitter_id, t.assignee_id)}
        more["users"] = [render.user(account.users[one], call.base) for one in sorted(ids - {None})]
    if "groups" in wanted:
        shelf = account.shelves["groups"]
        more["groups"] = [shelf.shown(one) for one in shelf.ordered()]
    return more


def _page(call: Call, tickets: list[Ticket], name: str = "tickets") -> Answer:
    page = paged(call, name, tickets)
    shown = page[name]
    page[name] = [render.ticket(one, call.base) for one in shown]
    return answer(200, page | sideloads(call, shown))


@routes.on("GET", "/tickets")
def tickets(call: Call) -> Answer:
    call.user()
    found = list(call.account.listed(call.account.knobs.list_lag_s))
    if "external_id" in call.params:
        found = [one for one in found if one.external_id == call.params["external_id"]]
    keys: dict[str, Callable[[Ticket], Any]] = {
        "updated_at": lambda one: one.updated_at,
        "created_at": lambda one: one.created_at,
        "status": lambda one: WORKING.index(one.status),
        "subject": lambda one: one.subject,
    }
    order = call.params.get("sort", call.params.get("sort_by", "id"))
    backwards = order.startswith("-") or call.params.get("sort_order") == "desc"
    found.sort(key=keys.get(order.lstrip("-"), lambda one: one.id), reverse=backwards)
    return _page(call, found)


@routes.on("GET", "/tickets/show_many")
def show_many(call: Call) -> Answer:
    call.user()
    ids = [int(one) for one in call.params.get("ids", "").split(",") if one.isdigit()]
    if len(ids) > MAX_PAGE:
        raise refusal(
            400,
            "TooManyValues",
            "Parameter  cannot specify more than 100 values",
            max_count=MAX_PAGE,
        )
    known = call.account.tickets
    return _page(
        call,
        [known[one] for one in ids if one in known and known[one].place in {"live", "archived"}],
    )


@routes.on("GET", "/tickets/count")
def count(call: Call) -> Answer:
    call.user()
    value = len(list(call.account.listed(0)))
    return answer(200, {"count": {"value": value, "refreshed_at": stamp(call.account.now())}})


# Search


@routes.on("GET", "/search")
def search(call: Call) -> Answer:
    call.user()
    size = call.number("per_page", MAX_PAGE, MAX_PAGE)
    if call.number("page", 1, 10_000) * size > MAX_RESULTS:
        raise refusal(
            422,
            "invalid",
            "Invalid search: Requested response size was greater than Search Response Limits",
        )
    found = _found(call, call.params.get("query", ""))
    page = paged(call, "results", found[:MAX_RESULTS], facets=None)
    return answer(200, page | {"count": len(found)})


@routes.on("GET", "/search/count")
def search_count(call: Call) -> Answer:
    call.user()
    return answer(200, {"count": len(_found(call, call.params.get("query", "")))})


@routes.on("GET", "/search/export")
def search_export(call: Call) -> Answer:
    call.user()
    kind = call.params.get("filter[type]")
    if kind not in {"ticket", "user"}:
        raise refusal(400, "InvalidParameters", "filter[type] is required")
    found = _found(call, f"type:{kind} {call.params.get('query', '')}")
    request = call.request
    if "page[size]" not in call.params:
        object.__setattr__(request, "query", (*request.query, ("page[size]", "100")))
    return answer(200, paged(call, "results", found, facets=None))


def _found(call: Call, query: str) -> list[dict[str, Any]]:
    """The results of a query, newest first; what is too young for the index is missing."""
    try:
        words = shlex.split(query)
    except ValueError:
        words = query.split()
    kinds = [word.partition(":")[2] for word in words if word.startswith("type:")]
    words = [word for word in words if not word.startswith("type:")]
    results: list[dict[str, Any]] = []
    if not kinds or "ticket" in kinds:
        live = call.account.listed(call.account.knobs.search_lag_s)
        matching = [one for one in live if all(_matches(call, one, word) for word in words)]
        matching.sort(key=lambda one: one.created_at, reverse=True)
        results += [{**render.ticket(one, call.base), "result_type": "ticket"} for one in matching]
    if "user" in kinds:
        for user in call.account.users.values():
            told = " ".join(filter(None, [user.name, user.email, user.external_id])).lower()
            if all(word.partition(":")[2].lower() or word.lower() in told for word in words):
                results.append({**render.user(user, call.base), "result_type": "user"})
    return results


def _matches(call: Call, ticket: Ticket, word: str) -> bool:
    term = _TERM.fullmatch(word)
    if term is None:
        said = " ".join([ticket.subject, *(one["plain_body"] for one in ticket.comments())])
        return word.strip('"').lower() in said.lower()
    minus, name, operator, value = term.groups()
    return _term(call, ticket, name, operator, value.strip('"')) != bool(minus)


def _term(call: Call, ticket: Ticket, name: str, operator: str, value: str) -> bool:
    if name in {"created", "updated"}:
        at = stamp(ticket.created_at if name == "created" else ticket.updated_at) or ""
        return _ordered(at[: len(value)], operator, value)
    if name == "status":
        return _ordered(WORKING.index(ticket.status), operator, _index(WORKING, value))
    if name == "priority":
        own = _index(PRIORITIES, ticket.priority or "")
        return _ordered(own, operator, _index(PRIORITIES, value))
    if name == "requester":
        person = call.account.users[ticket.requester_id]
        return value.lower() in {str(person.email).lower(), person.name.lower(), str(person.id)}
    values: dict[str, Any] = {
        "external_id": [ticket.external_id],
        "tags": ticket.tags,
        "subject": [ticket.subject],
        "ticket_type": [ticket.type],
        "group": [str(ticket.group_id)],
        "assignee": ["none" if ticket.assignee_id is None else str(ticket.assignee_id)],
        "fieldvalue": [str(one) for one in ticket.custom_fields.values()],
    }
    if name.startswith("custom_field_"):
        values[name] = [ticket.custom_fields.get(int(name.removeprefix("custom_field_")))]
    return value in values.get(name, [])


def _index(words: tuple[str, ...], value: str) -> int:
    return words.index(value) if value in words else -1


def _ordered(left: Any, operator: str, right: Any) -> bool:
    return {
        ":": left == right,
        "<": left < right,
        ">": left > right,
        "<=": left <= right,
        ">=": left >= right,
    }[operator]


# Views


def _in_view(call: Call, view_id: int) -> list[Ticket]:
    view = call.account.shelves["views"].get(view_id)
    return [one for one in call.account.listed(0) if rules.holds(view, rules.facts_of(one))]


@routes.on("GET", "/views/{view_id}/tickets")
def tickets_of_view(call: Call, view_id: int) -> Answer:
    call.user()
    return _page(call, _in_view(call, view_id))


@routes.on("GET", "/views/{view_id}/execute")
def execute_view(call: Call, view_id: int) -> Answer:
    call.user()
    shelf = call.account.shelves["views"]
    rows = [
        {"ticket": render.ticket(one, call.base), "subject": one.subject}
        for one in _in_view(call, view_id)
    ]
    columns = shelf.shown(shelf.get(view_id))["execution"]["columns"]
    page = paged(call, "rows", rows, columns=columns, view=shelf.shown(shelf.get(view_id)))
    return answer(200, page)


@routes.on("GET", "/views/{view_id}/count")
def count_view(call: Call, view_id: int) -> Answer:
    call.user()
    value = len(_in_view(call, view_id))
    url = f"{call.base}/api/v2/views/{view_id}/count.json"
    said = {"view_id": view_id, "url": url, "value": value, "pretty": str(value), "fresh": True}
    return answer(200, {"view_count": said})
