"""Canned responses, time entries, surveys, exports, automation rules, roles."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

from servers.freshdesk.account import Account
from servers.freshdesk.admin import only_admins
from servers.freshdesk.calls import Call, answer, page_of
from servers.freshdesk.records import stamp
from servers.freshdesk.refusals import (
    Refusal,
    flat,
    invalid,
    missing,
    one_of,
    wrong,
)
from servers.freshdesk.rules import moment
from servers.freshdesk.table import ROUTES
from servers.freshdesk.text import body_text
from servers.weather import Answer

ALL, PERSONAL, GROUPS = 0, 1, 2
CANNED_DATA: Final = {
    "title": str,
    "content_html": str,
    "folder_id": int,
    "visibility": int,
    "group_ids": [int],
}
RULE_DATA: Final = {
    "name": str,
    "active": bool,
    "description": str,
    "performer": dict,
    "events": [dict],
    "conditions": [dict],
    "actions": [dict],
}
ENTRY_DATA: Final = {
    "agent_id": int,
    "billable": bool,
    "executed_at": str,
    "note": str,
    "start_time": str,
    "time_spent": str,
    "timer_running": bool,
}

# canned responses


@ROUTES.on("GET", "/canned_response_folders")
def folders(account: Account, call: Call) -> Answer:
    del call
    return answer(200, [_folder(account, id_) for id_ in account.folders])


@ROUTES.on("POST", "/canned_response_folders")
@ROUTES.on("POST", "/canned_response_folder")
def add_folder(account: Account, call: Call) -> Answer:
    """Make a folder; the reference names the path in two ways."""
    call.take({"name": str})
    if not call.data.get("name"):
        raise invalid(missing("name"))
    id_ = next(account.ids)
    account.folders[id_] = {"name": call.data["name"], "personal": False}
    return answer(201, _folder(account, id_))


@ROUTES.on("GET", "/canned_response_folders/{id}")
def folder(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    inside = [_short(account, one) for one in _inside(account, id)]
    return answer(200, _folder(account, id) | {"canned_responses": inside})


@ROUTES.on("GET", "/canned_response_folders/{id}/responses")
def folder_responses(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    page, link = page_of(call, [_canned(account, one) for one in _inside(account, id)])
    return answer(200, page, link)


def _inside(account: Account, folder_id: int) -> list[int]:
    if folder_id not in account.folders:
        raise Refusal(status=404)
    return [id_ for id_, one in account.canned.items() if one["folder_id"] == folder_id]


def _folder(account: Account, id_: int) -> dict[str, Any]:
    one = account.folders[id_]
    return {
        "id": id_,
        "name": one["name"],
        "personal": one["personal"],
        "responses_count": len(_inside(account, id_)),
    }


@ROUTES.on("POST", "/canned_responses")
def add_canned(account: Account, call: Call) -> Answer:
    values = _canned_values(account, call)
    faults = [
        missing(name) for name in CANNED_DATA if name != "group_ids" and values.get(name) is None
    ]
    if values.get("visibility") == GROUPS and not values.get("group_ids"):
        faults.append(missing("group_ids"))
    if faults:
        raise invalid(*faults)
    id_ = next(account.ids)
    account.canned[id_] = {**values, "created_at": account.now, "updated_at": account.now}
    return answer(201, _canned(account, id_))


@ROUTES.on("GET", "/canned_responses/{id}")
def canned(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    if id not in account.canned:
        raise Refusal(status=404)
    return answer(200, _canned(account, id))


@ROUTES.on("PUT", "/canned_responses/{id}")
def change_canned(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    if id not in account.canned:
        raise Refusal(status=404)
    account.canned[id] |= {**_canned_values(account, call), "updated_at": account.now}
    return answer(200, _canned(account, id))


def _canned_values(account: Account, call: Call) -> dict[str, Any]:
    values = {name: value for name, value in call.take(CANNED_DATA).items() if value is not None}
    if values.get("visibility") not in {None, ALL, PERSONAL, GROUPS}:
        raise invalid(one_of("visibility", (ALL, PERSONAL, GROUPS)))
    if values.get("folder_id") is not None and values["folder_id"] not in account.folders:
        raise invalid(wrong("folder_id", "There is no folder matching the given folder_id"))
    return values


def _short(account: Account, id_: int) -> dict[str, Any]:
    return {"id": id_, "title": account.canned[id_]["title"]}


def _canned(account: Account, id_: int) -> dict[str, Any]:
    one = account.canned[id_]
    return {
        "id": id_,
        "title": one["title"],
        "folder_id": one["folder_id"],
        "content": body_text(one["content_html"]),
        "content_html": one["content_html"],
        "visibility": one["visibility"],
        "group_ids": one.get("group_ids") or [],
        "attachments": [],
        "created_at": stamp(one["created_at"]),
        "updated_at": stamp(one["updated_at"]),
    }


# time entries


@ROUTES.on("GET", "/time_entries")
def time_entries(account: Account, call: Call) -> Answer:
    page, link = page_of(call, list(account.time_entries.values()))
    return answer(200, page, link)


@ROUTES.on("GET", "/tickets/{id}/time_entries")
def time_entries_of(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    rows = [one for one in account.time_entries.values() if one["ticket_id"] == ticket.id]
    page, link = page_of(call, rows)
    return answer(200, page, link)


@ROUTES.on("POST", "/tickets/{id}/time_entries")
def add_time_entry(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    call.take(ENTRY_DATA)
    spent = call.data.get("time_spent")
    if spent is not None and not re.fullmatch(r"\d\d:[0-5]\d", spent):
        raise invalid(wrong("time_spent", "It should be in the 'hh:mm' format"))
    id_ = next(account.ids)
    running = bool(call.data.get("timer_running", spent is None))
    at = stamp(account.now)
    account.time_entries[id_] = {
        "id": id_,
        "billable": call.data.get("billable", True),
        "note": call.data.get("note"),
        "timer_running": running,
        "agent_id": call.data.get("agent_id", call.agent.id),
        "ticket_id": ticket.id,
        "company_id": ticket.company_id,
        "time_spent": spent or "00:00",
        "executed_at": call.data.get("executed_at", at),
        "start_time": at,
        "created_at": at,
        "updated_at": at,
    }
    account.touched(ticket, call.agent.id)
    return answer(201, account.time_entries[id_])


@ROUTES.on("DELETE", "/time_entries/{id}")
def remove_time_entry(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    if account.time_entries.pop(id, None) is None:
        raise Refusal(status=404)
    return answer(204)


# surveys


@ROUTES.on("GET", "/surveys/satisfaction_ratings")
def ratings(account: Account, call: Call) -> Answer:
    call.allow("created_since", "user_id", "page", "per_page")
    since = call.query.get("created_since")
    at = moment(since) if since else datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    if at is None:
        raise invalid(wrong("created_since", "It should be in the 'ISO8601' format"))
    rows = [_rating(one) for one in account.ratings if one["created_at"] >= at]
    page, link = page_of(call, rows)
    return answer(200, page, link)


@ROUTES.on("GET", "/tickets/{id}/satisfaction_ratings")
def ratings_of(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    rows = [_rating(one) for one in account.ratings if one["ticket_id"] == ticket.id]
    page, link = page_of(call, rows)
    return answer(200, page, link)


def _rating(one: dict[str, Any]) -> dict[str, Any]:
    at = stamp(one["created_at"])
    return {**one, "created_at": at, "updated_at": at}


# exports


@ROUTES.on("GET", "/export/ticket_activities")
def activities(account: Account, call: Call) -> Answer:
    """Give the address of a day's activities: 404 until the export of that day is ready."""
    only_admins(call)
    if "activity_export" not in account.knobs.account_features:
        raise flat(
            403, "require_feature", "The activity export feature is not supported in your plan"
        )
    call.allow("created_at")
    day = call.query.get("created_at", (account.now - timedelta(days=1)).strftime("%Y-%m-%d"))
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise invalid(wrong("created_at", "It should be in the 'yyyy-mm-dd' format"))
    asked = account.exports.setdefault(day, account.now)
    ready = asked + timedelta(seconds=account.knobs.export_delay_s)
    if account.now < ready or account.now.strftime("%Y-%m-%d") <= day:
        raise Refusal(status=404)
    return answer(200, {"export": {"url": f"{call.url}/exports/{day}.json"}})


def exported(account: Account, day: str) -> dict[str, Any]:
    """Give the file of a day; the same activity may stand there twice."""
    rows = [one.shown() for one in account.activities if one.at.strftime("%Y-%m-%d") == day]
    repeated = rows[-1:] if rows else []
    return {
        "metadata": {"product": "freshdesk", "date": day, "count": len(rows)},
        "activities_data": rows + repeated,
    }


@ROUTES.on("POST", "/account/export")
def export_account(account: Account, call: Call) -> Answer:
    only_admins(call)
    id_ = str(next(account.ids))
    account.exports[id_] = account.now
    return answer(202, {"job_id": id_, "href": f"{call.url}/api/v2/jobs/{id_}"})


@ROUTES.on("GET", "/jobs/{id}")
def job(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    begun = account.exports.get(str(id))
    if begun is None:
        raise Refusal(status=404)
    done = account.now >= begun + timedelta(seconds=account.knobs.export_delay_s)
    status = "COMPLETED" if done else "IN PROGRESS"
    return answer(200, {"id": str(id), "status": status, "download_url": None})


# the account


@ROUTES.on("GET", "/account")
def about(account: Account, call: Call) -> Answer:
    del account
    only_admins(call)
    return answer(
        200,
        {
            "account_id": 1_234_567,
            "account_name": "Harbor Family Clinic",
            "account_domain": "harbor.freshdesk.com",
            "tier_type": "Pro",
            "timezone": "Eastern Time (US & Canada)",
        },
    )


# automation rules


@ROUTES.on("GET", "/automations/{kind}/rules")
def rules(account: Account, call: Call, kind: int) -> Answer:
    only_admins(call)
    if kind not in account.rules:
        raise Refusal(status=404)
    page, link = page_of(call, account.rules[kind])
    return answer(200, page, link)


@ROUTES.on("POST", "/automations/{kind}/rules")
def add_rule(account: Account, call: Call, kind: int) -> Answer:
    only_admins(call)
    if kind not in account.rules:
        raise Refusal(status=404)
    call.take(RULE_DATA)
    faults = [missing(name) for name in ("name", "actions") if not call.data.get(name)]
    if faults:
        raise invalid(*faults)
    rule = {"id": next(account.ids), "active": True, **call.data}
    rule |= {"position": len(account.rules[kind]) + 1, "created_at": stamp(account.now)}
    account.rules[kind].append(rule)
    return answer(201, rule)


@ROUTES.on("GET", "/roles")
def roles(account: Account, call: Call) -> Answer:
    del account, call
    at = "2021-04-09T13:23:58Z"
    return answer(
        200,
        [
            {
                "id": id_,
                "name": name,
                "description": name,
                "default": True,
                "created_at": at,
                "updated_at": at,
            }
            for id_, name in ((80000198826, "Account Administrator"), (80000198827, "Agent"))
        ],
    )
