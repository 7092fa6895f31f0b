"""What stands on a ticket beside its first text: notes, replies, what the patient wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer, page_of
from servers.freshdesk.records import NOTE, REPLY, Conversation, Ticket
from servers.freshdesk.refusals import Refusal, invalid, mismatch, missing, not_allowed, wrong
from servers.freshdesk.table import ROUTES
from servers.weather import Answer

ON_NOTE: Final = {
    "body": str,
    "private": object,
    "notify_emails": [str],
    "incoming": object,
    "user_id": object,
    "attachments": list,
}
SUPPORT: Final = "support@harbor.freshdesk.com"
ON_REPLY: Final = {
    "body": str,
    "from_email": str,
    "user_id": object,
    "cc_emails": [str],
    "bcc_emails": [str],
    "attachments": list,
}
"""`object`: examined later, because a form has strings there."""


@ROUTES.on("GET", "/tickets/{id}/conversations")
def index(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    call.allow("page", "per_page")
    page, link = page_of(call, account.ticket(id).conversations)
    return answer(200, [one.shown() for one in page], link)


@ROUTES.on("POST", "/tickets/{id}/notes")
def note(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = _writable(account, call, id, ON_NOTE)
    private = _flag(call, "private", default=True)
    told = call.data.get("notify_emails") or []
    one = account.converse(
        ticket,
        call.data["body"],
        _user(account, call),
        private=private,
        source=NOTE,
        incoming=_flag(call, "incoming", default=False),
        to_emails=told,
        attachments=account.attach(call.files),
    )
    account.touched(ticket, one.user_id, note={"id": one.id, "type": 4})
    for address in told:
        account.mail(address, f"Note added - {ticket.subject}", one.body, "reply")
    if not private and account.knobs.notifies_requester:
        address = account.address_of(ticket.requester_id)
        account.mail(address, f"Re: {ticket.subject}", one.body, "automation")
    return answer(201, one.shown(), [("Location", f"{call.url}/api/v2/tickets/{id}")])


@ROUTES.on("POST", "/tickets/{id}/reply")
def reply(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = _writable(account, call, id, ON_REPLY)
    one = answer_patient(
        account,
        ticket,
        call.data["body"],
        _user(account, call),
        attachments=account.attach(call.files),
        cc_emails=list(call.data.get("cc_emails") or []),
        bcc_emails=list(call.data.get("bcc_emails") or []),
    )
    for address in [*(one.cc_emails or []), *(one.bcc_emails or [])]:
        account.mail(address, f"Re: {ticket.subject}", one.body, "reply")
    return answer(201, one.shown())


def answer_patient(
    account: Account, ticket: Ticket, body: str, who: int, **more: Any
) -> Conversation:
    """Send a public reply."""
    address = account.address_of(ticket.requester_id)
    one = account.converse(
        ticket,
        body,
        who,
        private=False,
        source=REPLY,
        to_emails=[address] if address else [],
        from_email=SUPPORT,
        support_email=SUPPORT,
        **more,
    )
    ticket.stats["agent_responded_at"] = account.now
    ticket.stats["first_responded_at"] = ticket.stats.get("first_responded_at") or account.now
    account.mail(address, f"Re: {ticket.subject}", body, "reply")
    account.touched(ticket, who, note={"id": one.id, "type": 1})
    return one


@ROUTES.on("PUT", "/conversations/{id}")
def edit(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket, one = account.conversation(id)
    if one.source != NOTE or ticket.key_of_state:
        raise not_allowed("PUT")
    call.take({"body": str, "attachments": list})
    if not call.data.get("body") and not call.files:
        raise invalid(missing("body"))
    account.weigh(ticket, call.files)
    one.body = account.html(call.data.get("body") or one.body)
    one.attachments += account.attach(call.files)
    one.updated_at = one.last_edited_at = account.now
    one.last_edited_user_id = call.agent.id
    account.touched(ticket, call.agent.id, note={"id": one.id, "type": 4})
    return answer(200, one.shown())


@ROUTES.on("DELETE", "/conversations/{id}")
def remove(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket, one = account.conversation(id)
    if one.source != NOTE:
        raise not_allowed("DELETE")
    ticket.conversations.remove(one)
    account.touched(ticket, call.agent.id)
    return answer(204)


def _writable(account: Account, call: Call, ticket_id: int, names: Mapping[str, Any]) -> Ticket:
    ticket = account.ticket(ticket_id)
    if ticket.key_of_state:
        raise not_allowed(call.method)
    call.take(names)
    body = call.data.get("body")
    if body is None or body == "":
        raise invalid(missing("body", "Mandatory attribute missing"))
    account.weigh(ticket, call.files)
    return ticket


def _flag(call: Call, name: str, *, default: bool) -> bool:
    value = call.data.get(name, default)
    if call.spelled and value in {"true", "false"}:
        return bool(value == "true")
    if not isinstance(value, bool):
        raise invalid(mismatch(name, value, "Boolean"))
    return value


def _user(account: Account, call: Call) -> int:
    value = call.data.get("user_id", call.agent.id)
    if call.spelled and isinstance(value, str) and value.isdigit():
        value = int(value)
    known = isinstance(value, int) and not isinstance(value, bool)
    if not known or (value not in account.agents and value not in account.contacts):
        raise invalid(wrong("user_id", "There is no contact matching the given user_id"))
    return int(value)


@ROUTES.on("DELETE", "/attachments/{id}")
def remove_file(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    file = account.files.pop(id, None)
    if file is None:
        raise Refusal(status=404)
    for ticket in account.tickets.values():
        holders: list[Ticket | Conversation] = [ticket, *ticket.conversations]
        for holder in holders:
            if file in holder.attachments:
                holder.attachments.remove(file)
    return answer(204)
