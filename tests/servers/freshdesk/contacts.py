"""Contacts and their companies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from servers.freshdesk.account import Account
from servers.freshdesk.calls import Call, answer, page_of
from servers.freshdesk.people import Contact
from servers.freshdesk.records import stamp
from servers.freshdesk.refusals import (
    Fault,
    Refusal,
    duplicate,
    invalid,
    missing,
    not_allowed,
    one_of,
    wrong,
)
from servers.freshdesk.rules import moment
from servers.freshdesk.table import ROUTES
from servers.weather import Answer

STRINGS: Final = frozenset(
    {
        "name",
        "email",
        "phone",
        "mobile",
        "twitter_id",
        "unique_external_id",
        "description",
        "address",
        "job_title",
        "language",
        "time_zone",
    }
)
DATA: Final = dict.fromkeys(sorted(STRINGS), str) | {
    "company_id": int,
    "view_all_tickets": bool,
    "other_emails": [str],
    "other_companies": [dict],
    "custom_fields": dict,
    "tags": [str],
    "avatar": str,
}
REACHED_BY: Final = ("email", "phone", "mobile", "twitter_id", "unique_external_id")
UNIQUE: Final = ("unique_external_id", "twitter_id")
"""A phone is not unique; `mobile` may be, by the admins' choice."""
STATES: Final = ("blocked", "deleted", "unverified", "verified")


@ROUTES.on("GET", "/contacts")
def index(account: Account, call: Call) -> Answer:
    lookups = ("email", "mobile", "phone", "company_id", "unique_external_id")
    call.allow(*lookups, "state", "_updated_since", "updated_since", "page", "per_page")
    state = call.query.get("state", "")
    if state and state not in STATES:
        raise invalid(one_of("state", STATES))
    rows = [one for one in account.contacts.values() if _in_list(one, call, state, lookups)]
    rows.sort(key=lambda one: one.name.lower())
    page, link = page_of(call, rows)
    return answer(200, [one.listed() for one in page], link)


def _in_list(one: Contact, call: Call, state: str, lookups: tuple[str, ...]) -> bool:
    shown = state if state in {"blocked", "deleted"} else ""
    if one.state != shown or (state == "verified") > one.active:
        return False
    since = call.query.get("_updated_since", call.query.get("updated_since"))
    if since is not None:
        at = moment(since)
        if at is None:
            raise invalid(wrong("_updated_since", "It should be in the 'ISO8601' format"))
        if one.updated_at < at:
            return False
    for name in lookups:
        wanted = call.query.get(name)
        has = getattr(one, name)
        if wanted is not None and str(has or "").lower() != wanted.lower():
            return False
    return True


def _contact(account: Account, contact_id: int) -> Contact:
    one = account.contacts.get(contact_id)
    if one is None:
        raise Refusal(status=404)
    return one


@ROUTES.on("GET", "/contacts/{id}")
def show(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    return answer(200, _contact(account, id).shown())


@ROUTES.on("POST", "/contacts")
def create(account: Account, call: Call) -> Answer:
    faults = list(_shapes(account, call))
    if not call.data.get("name"):
        faults.append(missing("name"))
    if not any(call.data.get(name) for name in REACHED_BY):
        names = ", ".join(REACHED_BY)
        faults.append(missing("email", f"Please fill at least 1 of the {names} fields"))
    if faults:
        raise invalid(*faults)
    _unique(account, call.data, None)
    one = account.add_contact(**_stored(call.data))
    return answer(201, one.shown(), [("Location", f"{call.url}/api/v2/contacts/{one.id}")])


@ROUTES.on("PUT", "/contacts/{id}")
def update(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    one = _contact(account, id)
    if one.state:
        raise not_allowed("PUT", "GET")
    faults = list(_shapes(account, call))
    if not call.data.get("name", one.name):
        faults.append(missing("name"))
    if faults:
        raise invalid(*faults)
    _unique(account, call.data, one)
    for name, value in _stored(call.data).items():
        setattr(one, name, value)
    one.updated_at = account.now
    return answer(200, one.shown())


@ROUTES.on("DELETE", "/contacts/{id}")
def remove(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    one = _contact(account, id)
    if one.state:
        raise not_allowed("DELETE", "GET")
    one.state, one.updated_at = "deleted", account.now
    return answer(204)


@ROUTES.on("PUT", "/contacts/{id}/restore")
def restore(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    one = _contact(account, id)
    if one.state != "deleted":
        raise Refusal(status=404)
    one.state = ""
    return answer(204)


@ROUTES.on("DELETE", "/contacts/{id}/hard_delete")
def destroy(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    """Delete for good, with all tickets of the contact."""
    one = _contact(account, id)
    if one.state != "deleted" and call.query.get("force", "").lower() != "true":
        raise not_allowed("DELETE", "GET")
    account.destroy_contact(one.id)
    return answer(204)


def _shapes(account: Account, call: Call) -> Iterator[Fault]:
    call.take(DATA)
    email = call.data.get("email")
    if email is not None and "@" not in email:
        yield wrong("email", "It should be in the 'valid email address' format")
    company = call.data.get("company_id")
    if company is not None and company not in account.companies:
        yield wrong("company_id", "There is no company matching the given company_id")


def _unique(account: Account, data: dict[str, Any], own: Contact | None) -> None:
    for email in (data.get("email"), *(data.get("other_emails") or [])):
        found = account.with_email(email) if email else None
        if found is not None and found is not own:
            raise duplicate("email", found.id)
    for name in UNIQUE:
        for one in account.contacts.values():
            if data.get(name) and getattr(one, name) == data[name] and one is not own:
                raise duplicate(name, one.id)


def _stored(data: dict[str, Any]) -> dict[str, Any]:
    """Give what is kept; a null in place of a list or object is an empty one."""
    empty = {"tags": [], "other_emails": [], "custom_fields": {}, "view_all_tickets": False}
    return {
        name: empty.get(name) if value is None else value
        for name, value in data.items()
        if name not in {"avatar", "other_companies"}
    }


@ROUTES.on("GET", "/companies")
def companies(account: Account, call: Call) -> Answer:
    page, link = page_of(call, [shown_company(account, id_) for id_ in account.companies])
    return answer(200, page, link)


@ROUTES.on("GET", "/companies/{id}")
def company(account: Account, call: Call, id: int) -> Answer:  # noqa: A002 - the path's name
    del call
    if id not in account.companies:
        raise Refusal(status=404)
    return answer(200, shown_company(account, id))


@ROUTES.on("POST", "/companies")
def add_company(account: Account, call: Call) -> Answer:
    call.take(
        {"name": str, "description": str, "domains": [str], "note": str, "custom_fields": dict}
    )
    name = call.data.get("name")
    if not name:
        raise invalid(missing("name"))
    if any(one["name"] == name for one in account.companies.values()):
        raise invalid(wrong("name", "It should be a unique value", "duplicate_value"), status=409)
    id_ = next(account.ids)
    account.companies[id_] = {**call.data, "created_at": account.now}
    return answer(201, shown_company(account, id_))


def shown_company(account: Account, id_: int) -> dict[str, Any]:
    one = account.companies[id_]
    at = stamp(one["created_at"])
    return {
        "id": id_,
        "name": one["name"],
        "description": one.get("description"),
        "note": one.get("note"),
        "domains": one.get("domains") or [],
        "created_at": at,
        "updated_at": at,
        "custom_fields": one.get("custom_fields") or {},
        "health_score": None,
        "account_tier": "Basic",
        "renewal_date": None,
        "industry": None,
    }
