"""Tickets: create, show, list, update, delete, restore, merge, archive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer, page_of
from servers.freshdesk.people import Agent, Contact
from servers.freshdesk.records import CLOSED, OPEN, Ticket, stamp
from servers.freshdesk.refusals import (
    Refusal,
    invalid,
    missing,
    not_allowed,
    one_of,
    wrong,
)
from servers.freshdesk.rules import WHO, examined, moment
from servers.freshdesk.table import ROUTES
from servers.weather import Answer

OUTBOUND: Final = 10
MAX_PAGES: Final = 300
MERGE_DATA: Final = {
    "primary_id": int,
    "ticket_ids": [int],
    "note_in_primary": dict,
    "note_in_secondary": dict,
    "convert_recepients_to_cc": bool,
}
LIST_DAYS: Final = 30
FIRST_CONVERSATIONS: Final = 10
INCLUDES: Final = ("conversations", "requester", "company", "stats", "sla_policy")
LIST_INCLUDES: Final = ("requester", "stats", "company", "description")
FILTERS: Final = ("new_and_my_open", "watching", "spam", "deleted")
ORDERS: Final = ("created_at", "due_by", "updated_at", "status")

# attributes that are stored as they come
PLAIN: Final = (
    "subject",
    "description",
    "priority",
    "source",
    "type",
    "responder_id",
    "group_id",
    "company_id",
    "product_id",
    "email_config_id",
    "internal_agent_id",
    "internal_group_id",
)
MOVES_SLA: Final = frozenset({"priority", "type", "group_id", "source", "company_id", "product_id"})


@ROUTES.on("POST", "/tickets")
def create(account: Account, call: Call) -> Answer:
    values = examined(account, call, None)
    account.weigh(None, call.files)
    person = requester_of(account, values)
    ticket = open_ticket(account, values, person.id)
    ticket.attachments = account.attach(call.files)
    account.touched(ticket, call.agent.id, new_ticket=True)
    if account.knobs.notifies_requester:
        account.mail(
            person.email,
            f"Ticket Received - {ticket.subject}",
            f"<p>Ticket #{ticket.id}</p>{ticket.description}",
            "automation",
        )
    location = f"{call.url}/api/v2/tickets/{ticket.id}"
    return answer(201, ticket.shown(account.now), [("Location", location)])


@ROUTES.on("POST", "/tickets/outbound_email")
def write_first(account: Account, call: Call) -> Answer:
    """Mail somebody and open a ticket of it, closed unless told otherwise."""
    if call.data.get("email_config_id") is None:
        raise invalid(missing("email_config_id"))
    values = examined(account, call, None)
    ticket = open_ticket(account, {"status": CLOSED, **values, "source": OUTBOUND}, 0)
    ticket.requester_id = requester_of(account, values).id
    ticket.outbound = True
    account.touched(ticket, call.agent.id, new_ticket=True)
    account.mail(values.get("email"), ticket.subject or "", ticket.description or "", "reply")
    return answer(201, ticket.shown(account.now))


def open_ticket(account: Account, values: dict[str, Any], requester_id: int) -> Ticket:
    """Make a ticket of examined values."""
    person = account.contacts.get(requester_id)
    ticket = Ticket(
        id=next(account.ticket_ids),
        requester_id=requester_id,
        subject=values.get("subject"),
        description=None,
        status=OPEN,
        priority=values.get("priority") or 1,
        source=values.get("source") or 2,
        created_at=account.now,
        updated_at=account.now,
        custom_fields=account.form.blank(),
        cc_emails=list(values.get("cc_emails") or []),
        parent_id=values.get("parent_id"),
        company_id=person.company_id if person else None,
    )
    account.tickets[ticket.id] = ticket
    apply(account, ticket, values)
    account.schedule(ticket)
    return ticket


def apply(account: Account, ticket: Ticket, values: dict[str, Any]) -> dict[str, Any]:
    """Put examined values on a ticket; gives what changed. Tags are replaced as a whole."""
    if values.get("description"):
        values = {**values, "description": account.html(values["description"])}
    changed: dict[str, Any] = {
        name: value
        for name in PLAIN
        if name in values and getattr(ticket, name) != (value := values[name])
    }
    for name, value in changed.items():
        setattr(ticket, name, value)
    if "tags" in values:
        tags = list(dict.fromkeys(values["tags"] or []))
        if tags != ticket.tags:
            changed["tags"] = ticket.tags = tags
    custom = {
        name: value
        for name, value in (values.get("custom_fields") or {}).items()
        if ticket.custom_fields.get(name) != value
    }
    ticket.custom_fields |= custom
    changed |= custom
    if values.get("status") and values["status"] != ticket.status:
        account.set_status(ticket, values["status"])
        changed["status"] = ticket.status
    for name in ("due_by", "fr_due_by"):
        if values.get(name):
            ticket.due.by_hand, ticket.due.coming = True, None
            setattr(ticket.due, name, values[name])
            changed[name] = stamp(values[name])
    return changed


def requester_of(account: Account, values: dict[str, Any]) -> Contact | Agent:
    """Find who it is for, or make a contact of whoever is unknown."""
    if values.get("requester_id"):
        return account.person(values["requester_id"])
    if values.get("email"):
        found = account.with_email(values["email"])
    else:
        found = next((one for one in account.contacts.values() if _same(one, values)), None)
    if found is not None:
        if isinstance(found, Contact) and found.state:
            raise invalid(wrong("email", "The requester should not be blocked or deleted"))
        return found
    known = {name: values[name] for name in (*WHO[1:], "name") if values.get(name)}
    known.setdefault("name", next(iter(known.values())).partition("@")[0])
    return account.add_contact(**known)


def _same(contact: Contact, values: dict[str, Any]) -> bool:
    if contact.state == "deleted":
        return False
    if values.get("unique_external_id"):
        return bool(contact.unique_external_id == values["unique_external_id"])
    if values.get("phone"):
        return values["phone"] in {contact.phone, contact.mobile}
    return any(
        values.get(name) and getattr(contact, name) == values[name]
        for name in ("twitter_id", "facebook_id")
    )


def includes(call: Call, known: tuple[str, ...]) -> list[str]:
    wanted = [name for name in call.query.get("include", "").split(",") if name]
    if any(name not in known for name in wanted):
        raise invalid(one_of("include", known))
    return wanted


@ROUTES.on("GET", "/tickets/{id}")
def show(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    call.allow("include")
    wanted = includes(call, INCLUDES)
    ticket = account.tickets.get(id)
    if ticket is None or (ticket.archived and not account.knobs.archive_visible):
        raise Refusal(status=404)
    shown = ticket.shown(account.now) | _extra(account, ticket, wanted)
    if "conversations" in wanted:
        shown["conversations"] = [one.shown() for one in ticket.conversations[:FIRST_CONVERSATIONS]]
    return answer(200, shown)


def _extra(account: Account, ticket: Ticket, wanted: list[str]) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if "stats" in wanted:
        extra["stats"] = ticket.shown_stats()
    if "requester" in wanted:
        person = account.contacts.get(ticket.requester_id)
        extra["requester"] = person.as_requester() if person else {"id": ticket.requester_id}
    if "company" in wanted:
        company = account.companies.get(ticket.company_id or 0)
        extra["company"] = {"id": ticket.company_id, **company} if company else {}
    if "description" in wanted:
        shown = ticket.shown(account.now)
        extra |= {name: shown[name] for name in ("description", "description_text")}
    if "sla_policy" in wanted:
        policy = next(one for one in account.policies if one.applies(ticket))
        extra["sla_policy"] = {"id": policy.id, "name": policy.name}
    return extra


@ROUTES.on("GET", "/tickets")
def index(account: Account, call: Call) -> Answer:
    call.allow(
        *("filter", "requester_id", "email", "unique_external_id", "company_id"),
        *("updated_since", "order_by", "order_type", "include", "page", "per_page"),
    )
    wanted = includes(call, LIST_INCLUDES)
    fits = _in_view(account, call)
    rows = [one for one in account.tickets.values() if fits(one) and _of_whom(account, call, one)]
    order = call.query.get("order_by", "created_at")
    if order not in ORDERS:
        raise invalid(one_of("order_by", ORDERS))
    direction = call.query.get("order_type", "desc")
    if direction not in {"asc", "desc"}:
        raise invalid(one_of("order_type", ("asc", "desc")))
    rows.sort(key=lambda one: (_sorted_by(one, order), one.id), reverse=direction == "desc")
    page, link = page_of(call, rows, most_pages=MAX_PAGES)
    shown = [one.listed(account.now) | _extra(account, one, wanted) for one in page]
    return answer(200, shown, link)


def _sorted_by(ticket: Ticket, order: str) -> Any:
    value = ticket.due.due_by if order == "due_by" else getattr(ticket, order)
    return (value is not None, value) if order == "due_by" else value


def _in_view(account: Account, call: Call) -> Callable[[Ticket], bool]:
    """Make the test of the list that was asked for.

    Spam and deleted ones only by their own filter; of the last 30 days, unless
    updated_since says otherwise.
    """
    view = call.query.get("filter")
    if view is not None and view not in FILTERS:
        raise invalid(one_of("filter", FILTERS))
    state = view if view in {"spam", "deleted"} else ""
    text = call.query.get("updated_since")
    since = moment(text.replace(" ", "+")) if text is not None else None
    if text is not None and since is None:
        raise invalid(wrong("updated_since", "It should be in the 'ISO8601' format"))
    oldest = account.now - timedelta(days=LIST_DAYS)
    mine = {None, call.agent.id}

    def fits(ticket: Ticket) -> bool:
        if ticket.archived or ticket.key_of_state != state or view == "watching":
            return False
        if view == "new_and_my_open" and (ticket.status != OPEN or ticket.responder_id not in mine):
            return False
        if since is None:
            return ticket.created_at >= oldest
        return ticket.updated_at.replace(microsecond=0) >= since

    return fits


def _of_whom(account: Account, call: Call, ticket: Ticket) -> bool:
    query = call.query
    person = account.contacts.get(ticket.requester_id)
    return (
        ("requester_id" not in query or str(ticket.requester_id) == query["requester_id"])
        and ("company_id" not in query or str(ticket.company_id) == query["company_id"])
        and ("email" not in query or account.address_of(ticket.requester_id) == query["email"])
        and (
            "unique_external_id" not in query
            or (person is not None and person.unique_external_id == query["unique_external_id"])
        )
    )


@ROUTES.on("PUT", "/tickets/merge")
def merge(account: Account, call: Call) -> Answer:
    data = call.take(MERGE_DATA)
    primary_id, ids = data.get("primary_id"), data.get("ticket_ids")
    faults = [missing(name) for name in ("primary_id", "ticket_ids") if not data.get(name)]
    if primary_id is None or not ids or faults:
        raise invalid(*faults)
    primary = account.tickets.get(primary_id)
    others = [account.tickets.get(one) for one in ids]
    if primary is None or primary.key_of_state or primary.archived:
        raise invalid(wrong("primary_id", "There is no ticket matching the given primary_id"))
    if any(one is None or one.key_of_state or one.archived or one is primary for one in others):
        raise invalid(wrong("ticket_ids", "There are no records matching the ids"))
    for one in others:
        if one is not None:
            merge_into(account, one, primary, call.agent.id)
    return answer(204)


def merge_into(account: Account, ticket: Ticket, primary: Ticket, who: int) -> None:
    """Close the second ticket with a note; nothing else says where it went."""
    text = f"This ticket is closed and merged into ticket {primary.id}"
    account.converse(ticket, f"<div>{text}</div>", who, private=False)
    account.set_status(ticket, CLOSED)
    account.touched(ticket, who, status=CLOSED)
    told = f"<div>Ticket {ticket.id} {ticket.subject} is merged into this ticket.</div>"
    account.converse(primary, told + (ticket.description or ""), who, private=False)
    account.touched(primary, who, merged=ticket.id)


@ROUTES.on("PUT", "/tickets/{id}")
def update(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    if ticket.key_of_state:
        raise not_allowed("PUT", "GET")
    if not call.data and not call.files:
        raise Refusal(status=400, data={"code": "missing_params", "message": "Params missing"})
    if ticket.outbound and {"subject", "description"} & set(call.data):
        raise invalid(wrong("subject", "It cannot be changed on an outbound e-mail"))
    values = examined(account, call, ticket)
    account.weigh(ticket, call.files)
    who = {name: values[name] for name in WHO if values.get(name)}
    if who:
        ticket.requester_id = requester_of(account, values).id
    changed = apply(account, ticket, values)
    ticket.attachments += account.attach(call.files)
    if MOVES_SLA & set(changed):
        account.schedule(ticket)
    account.touched(ticket, call.agent.id, **changed)
    return answer(200, ticket.shown(account.now))


@ROUTES.on("DELETE", "/tickets/{id}")
def delete(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    if ticket.key_of_state:
        raise not_allowed("DELETE", "GET")
    ticket.deleted = True
    account.touched(ticket, call.agent.id, deleted=True)
    return answer(204)


@ROUTES.on("PUT", "/tickets/{id}/restore")
def restore(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    ticket = account.ticket(id)
    if not ticket.deleted:
        raise Refusal(status=404)
    ticket.deleted = False
    account.touched(ticket, call.agent.id, deleted=False)
    return answer(204)


def archived(account: Account, ticket_id: int) -> Ticket:
    ticket = account.tickets.get(ticket_id)
    if ticket is None or not ticket.archived:
        raise Refusal(status=404)
    return ticket


@ROUTES.on("GET", "/tickets/archived/{id}")
def show_archived(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    call.allow("include")
    wanted = includes(call, INCLUDES)
    ticket = archived(account, id)
    shown = ticket.shown(account.now) | {"archived": True} | _extra(account, ticket, wanted)
    if "conversations" in wanted:
        shown["conversations"] = [one.shown() for one in ticket.conversations[:FIRST_CONVERSATIONS]]
    return answer(200, shown)


@ROUTES.on("GET", "/tickets/archived/{id}/conversations")
def archived_conversations(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    call.allow("page", "per_page")
    page, link = page_of(call, archived(account, id).conversations)
    return answer(200, [one.shown() for one in page], link)
