"""Incremental exports: what changed since, for admins."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from servers.weather import Answer
from servers.zendesk import render
from servers.zendesk.call import Call, answer, routes
from servers.zendesk.errors import refusal
from servers.zendesk.model import Ticket, stamp

MAX_PAGE: Final = 1_000
YOUNGEST = timedelta(seconds=60)
"""What is younger is not returned, and a start_time that is younger is refused."""


@routes.on("GET", "/incremental/tickets/cursor")
def by_cursor(call: Call) -> Answer:
    call.admin()
    size = call.number("per_page", MAX_PAGE, MAX_PAGE)
    text = call.params.get("cursor")
    after = _position(text) if text else (_start(call), 0)
    waiting = [one for one in _exported(call) if _key(one) > after]
    page = waiting[:size]
    end = _key(page[-1]) if page else after
    if call.account.knobs.repeats and text:
        page = [one for one in _exported(call) if _key(one) == after] + page
    cursor = _cursor(end)
    path = f"{call.base}/api/v2/incremental/tickets/cursor.json"
    return answer(
        200,
        {
            "tickets": [render.ticket(one, call.base, generated=True) for one in page],
            "after_url": f"{path}?{urlencode({'cursor': cursor})}",
            "before_url": None,
            "after_cursor": cursor,
            "before_cursor": None,
            "end_of_stream": len(waiting) <= size,
        },
    )


@routes.on("GET", "/incremental/tickets")
def by_time(call: Call) -> Answer:
    call.admin()
    size = call.number("per_page", MAX_PAGE, MAX_PAGE)
    start = _start(call)
    waiting = [one for one in _exported(call) if int(one.generated_at.timestamp()) >= start]
    page = waiting[:size]
    end = int(page[-1].generated_at.timestamp()) if page else start
    return answer(
        200,
        {
            "tickets": [render.ticket(one, call.base, generated=True) for one in page],
            **_times(call, "tickets", end, len(page)),
            "end_of_stream": len(waiting) <= size,
        },
    )


@routes.on("GET", "/incremental/ticket_events")
def ticket_events(call: Call) -> Answer:
    call.admin()
    start, horizon = _start(call), call.account.now() - YOUNGEST
    audits = [
        audit
        for ticket in call.account.tickets.values()
        for audit in ticket.audits
        if start <= int(audit.created_at.timestamp()) and audit.created_at <= horizon
    ]
    audits.sort(key=lambda audit: (audit.created_at, audit.id))
    page = audits[:MAX_PAGE]
    shown = [
        {
            "id": audit.id,
            "ticket_id": audit.ticket_id,
            "timestamp": int(audit.created_at.timestamp()),
            "created_at": stamp(audit.created_at),
            "updater_id": audit.author_id,
            "via": "Web service",
            "system": audit.metadata["system"],
            "metadata": audit.metadata["custom"],
            "event_type": "Audit",
            "child_events": [
                {**event, "event_type": event["type"], "via": "Web service"}
                for event in audit.events
            ],
        }
        for audit in page
    ]
    end = shown[-1]["timestamp"] if shown else start
    return answer(
        200,
        {
            "ticket_events": shown,
            **_times(call, "ticket_events", end, len(page)),
            "end_of_stream": len(audits) <= MAX_PAGE,
        },
    )


@routes.on("GET", "/incremental/ticket_metric_events")
def metric_events(call: Call) -> Answer:
    call.admin()
    start = stamp(datetime.fromtimestamp(_start(call), UTC)) or ""
    now = stamp(call.account.now()) or ""
    found = [one for one in call.account.metric_events if start <= one["time"] <= now]
    found.sort(key=lambda one: (one["time"], one["id"]))
    page = found[:MAX_PAGE]
    end = int(datetime.fromisoformat(page[-1]["time"]).timestamp()) if page else _start(call)
    return answer(
        200,
        {
            "ticket_metric_events": page,
            **_times(call, "ticket_metric_events", end, len(page)),
            "end_of_stream": len(found) <= MAX_PAGE,
        },
    )


def _exported(call: Call) -> list[Ticket]:
    """All tickets, deleted ones too, but none of the newest minute; oldest change first."""
    horizon = call.account.now() - YOUNGEST
    old = [one for one in call.account.tickets.values() if one.generated_at <= horizon]
    return sorted(old, key=_key)


def _key(ticket: Ticket) -> tuple[int, int]:
    return int(ticket.generated_at.timestamp()), ticket.id


def _start(call: Call) -> int:
    text = call.params.get("start_time", "")
    if not text.isdigit():
        raise refusal(400, "InvalidParameters", "start_time is required")
    if int(text) > (call.account.now() - YOUNGEST).timestamp():
        raise refusal(
            422,
            "StartTimeTooRecent",
            "Too recent start_time. Use a start_time older than 60 seconds",
        )
    return int(text)


def _times(call: Call, name: str, end: int, count: int) -> dict[str, Any]:
    path = f"{call.base}/api/v2/incremental/{name}.json"
    return {"next_page": f"{path}?start_time={end}", "end_time": end, "count": count}


def _cursor(at: tuple[int, int]) -> str:
    return base64.b64encode(f"{at[0]}.0||{at[1]}".encode()).decode()


def _position(text: str) -> tuple[int, int]:
    try:
        seconds, _, last = base64.b64decode(text, validate=True).decode().partition(".0||")
        return int(seconds), int(last)
    except ValueError:
        raise refusal(422, "InvalidCursor", "cursor is invalid") from None
