"""Routes of tickets: create, show, change, tags, comments, audits, merge, delete."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from servers.weather import Answer
from servers.zendesk import finding, hand, jobs, render, values, writing
from servers.zendesk.call import Call, answer, empty, routes
from servers.zendesk.errors import Refusal, database_error, not_found, refusal
from servers.zendesk.model import Audit, Kept, Ticket
from servers.zendesk.pages import paged


def said(call: Call, ticket: Ticket, audit: Audit) -> dict[str, Any]:
    return {"ticket": render.ticket(ticket, call.base), "audit": render.audit(audit)}


@routes.on("POST", "/tickets")
def create(call: Call) -> Answer:
    call.user()
    keys = call.account.kept
    key = call.request.headers.get("idempotency-key")
    if not key:
        return _create(call)
    digest = hashlib.sha256(call.request.body).hexdigest()
    kept = keys.get(key)
    life = timedelta(seconds=call.account.knobs.idempotency_life_s)
    if kept and call.account.now() - kept.at < life:
        if kept.digest != digest:
            raise refusal(
                400,
                "IdempotentRequestError",
                "Request parameters don't match the given idempotency key",
            )
        return kept.answer.with_headers(("x-idempotency-lookup", "hit"))

    def keep(made: Answer) -> None:
        keys[key] = Kept(digest=digest, answer=made, at=call.account.now())

    try:
        made = _create(call, keep)
    except Refusal as refused:
        if call.account.knobs.keys_keep_errors:
            keep(refused.answer)
        raise
    keep(made)
    return made.with_headers(("x-idempotency-lookup", "miss"))


def _create(call: Call, keep: Any = None) -> Answer:
    data = call.wrapped("ticket")
    conflict = _conflict(call)
    if conflict and not conflict[1]:
        raise database_error(conflict[0])
    ticket, audit = writing.create(call.account, call.writer(), data)
    where = f"{call.base}/api/v2/tickets/{ticket.id}.json"
    made = answer(201, said(call, ticket, audit), ("Location", where))
    if conflict:
        if keep:
            keep(made)
        raise database_error(conflict[0])
    return made


def _conflict(call: Call) -> tuple[str, bool] | None:
    waiting = call.account.knobs.conflicts
    return waiting.pop(0) if waiting else None


@routes.on("GET", "/tickets/{ticket_id}")
def show(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.ticket(ticket_id)
    shown = {"ticket": render.ticket(ticket, call.base)}
    return answer(200, shown | finding.sideloads(call, [ticket]))


@routes.on("PUT", "/tickets/{ticket_id}")
def update(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.ticket(ticket_id)
    data = call.wrapped("ticket")
    conflict = _conflict(call)
    if conflict and not conflict[1]:
        raise database_error(conflict[0])
    ticket, audit = writing.update(call.account, call.writer(), ticket, data)
    if conflict:
        raise database_error(conflict[0])
    return answer(200, said(call, ticket, audit))


@routes.on("DELETE", "/tickets/{ticket_id}")
def delete(call: Call, ticket_id: int) -> Answer:
    call.user()
    hand.delete(call.account, call.account.ticket(ticket_id))
    return empty()


@routes.on("PUT", "/tickets/{ticket_id}/mark_as_spam")
def mark_as_spam(call: Call, ticket_id: int) -> Answer:
    call.user()
    hand.mark_as_spam(call.account, call.account.ticket(ticket_id))
    return answer(200, "")


# Tags


@routes.on("GET", "/tickets/{ticket_id}/tags")
def tags(call: Call, ticket_id: int) -> Answer:
    call.user()
    return answer(200, {"tags": sorted(call.account.ticket(ticket_id).tags)})


@routes.on("PUT", "/tickets/{ticket_id}/tags")
def add_tags(call: Call, ticket_id: int) -> Answer:
    return _tags(call, ticket_id, 200, lambda old, new: [*old, *(t for t in new if t not in old)])


@routes.on("POST", "/tickets/{ticket_id}/tags")
def set_tags(call: Call, ticket_id: int) -> Answer:
    return _tags(call, ticket_id, 201, lambda _old, new: new)


@routes.on("DELETE", "/tickets/{ticket_id}/tags")
def remove_tags(call: Call, ticket_id: int) -> Answer:
    _tags(call, ticket_id, 200, lambda old, new: [t for t in old if t not in new])
    return empty()


def _tags(call: Call, ticket_id: int, status: int, change: Any) -> Answer:
    writer = call.writer()
    ticket = call.account.ticket(ticket_id)
    body = call.body()
    writing.check_changeable(ticket)
    if "safe_update" in body:
        writing.check_stamp(ticket, body.get("updated_stamp"))
    named = values.clean_tags(body.get("tags"))
    writing.change_tags(call.account, writer, ticket, change(ticket.tags, named))
    return answer(status, {"tags": sorted(ticket.tags)})


# What was said and done


@routes.on("GET", "/tickets/{ticket_id}/comments")
def comments(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.ticket(ticket_id)
    shown = [
        render.comment(event, audit)
        for audit in ticket.audits
        for event in audit.events
        if event["type"] == "Comment"
    ]
    if call.params.get("sort_order", call.params.get("sort", "")).startswith(("desc", "-")):
        shown.reverse()
    return answer(200, paged(call, "comments", shown))


@routes.on("GET", "/tickets/{ticket_id}/audits")
def audits(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.ticket(ticket_id)
    shown = [render.audit(audit) for audit in ticket.audits]
    if call.params.get("sort", call.params.get("sort_order", "")).startswith(("desc", "-")):
        shown.reverse()
    if ticket.place == "archived":
        nowhere = {"next_page": None, "previous_page": None, "count": len(shown)}
        return answer(200, {"audits": shown} | nowhere)
    return answer(200, paged(call, "audits", shown))


@routes.on("GET", "/tickets/{ticket_id}/audits/{audit_id}")
def one_audit(call: Call, ticket_id: int, audit_id: int) -> Answer:
    call.user()
    for audit in call.account.ticket(ticket_id).audits:
        if audit.id == audit_id:
            return answer(200, {"audit": render.audit(audit)})
    raise not_found()


# Merged, deleted, brought back


@routes.on("POST", "/tickets/{ticket_id}/merge")
def merge(call: Call, ticket_id: int) -> Answer:
    call.user()
    target = call.account.ticket(ticket_id)
    body = call.body()
    sources = [call.account.ticket(one) for one in body.get("ids") or []]
    for source in sources:
        hand.merge(
            call.account,
            call.user(),
            source,
            target,
            source_says=body.get("source_comment"),
            target_says=body.get("target_comment"),
            public=bool(body.get("target_comment_is_public")),
        )
    return answer(200, jobs.started(call.account, "Merging tickets", {"success": True}))


@routes.on("GET", "/deleted_tickets")
def deleted(call: Call) -> Answer:
    call.user()
    gone = [
        {
            "id": ticket.id,
            "subject": ticket.subject,
            "actor": {"id": call.account.agent.id, "name": call.account.agent.name},
            "deleted_at": render.stamp(ticket.generated_at),
            "previous_state": ticket.restored_status,
        }
        for ticket in call.account.tickets.values()
        if ticket.place == "deleted"
    ]
    return answer(200, paged(call, "deleted_tickets", gone))


@routes.on("PUT", "/deleted_tickets/{ticket_id}/restore")
def restore(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.tickets.get(ticket_id)
    if ticket is None or ticket.place != "deleted":
        raise not_found()
    hand.restore(call.account, ticket)
    return answer(200, {})


@routes.on("DELETE", "/deleted_tickets/{ticket_id}")
def scrub(call: Call, ticket_id: int) -> Answer:
    call.user()
    ticket = call.account.tickets.get(ticket_id)
    if ticket is None or ticket.place != "deleted":
        raise not_found()
    hand.scrub(call.account, ticket)
    return answer(200, jobs.started(call.account, "Permanently deleting", {"success": True}))
