"""What may be wrong with an account, in plain words with a cure; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

from connector.domain.errors import AuthenticationFailed, Conflict, EdgeError, Gone, Rejected
from connector.domain.taxonomy import TAXONOMY
from connector.helpdesks.base import Problem, clock_problems
from connector.helpdesks.zendesk import mailing
from connector.helpdesks.zendesk.api import BASE, ME, TICKETS, Api
from connector.helpdesks.zendesk.names import Known, Names
from connector.helpdesks.zendesk.settings import AccountSettings
from connector.helpdesks.zendesk.tables import API_TOKENS_END, STAFF, Json, option_tag

NO_TICKET: Final = "999999999999"
"""A number that no account has reached."""

EXPECTED: Final = ("category", "contact_due", "resolution_due")
"""Fields without which agents lack what they need; they are left out by an empty name."""

PROVISION: Final = "Run `amends provision` to see what is missing, and with --apply to set it up."


def problems(api: Api, names: Names, settings: AccountSettings, now: datetime) -> list[Problem]:
    """Examine address, credentials, rights, names, fields, options, priority and clock.

    What keeps the examination from going on is the last problem.
    """
    found: list[Problem] = list(_token(settings, now))
    try:
        me = api.me(fresh=True)
        found += clock_problems(api.request("GET", ME, write=False).date, now)
        found += _rights(me)
        if any(problem.fatal for problem in found):
            return found
        found += _reading(api)
        found += _writing(api)
        names.forget()
        fields = list(api.listed(f"{BASE}/ticket_fields", "ticket_fields"))
        found += _names(names.known(), settings)
        found += _options(names.known())
        found += _priority(fields)
        found += mailing.problems(api)
    except AuthenticationFailed as error:
        found.append(_refused(settings, error))
    except EdgeError as error:
        cure = "Look at the address (url) and whether the account is reachable; then check again."
        what = f"The helpdesk cannot be used: {error.problem}"
        found.append(Problem(what=what.rstrip("?.") + ".", cure=cure))
    return found


def _token(settings: AccountSettings, now: datetime) -> Iterator[Problem]:
    if settings.token is None:
        return
    left = (API_TOKENS_END - now.date()).days
    if left < 0:
        what = f"Zendesk has ended all API tokens on {API_TOKENS_END}."
    else:
        what = f"Zendesk ends all API tokens on {API_TOKENS_END}, in {left} days."
    yield Problem(
        what=what,
        cure="Make a confidential OAuth client and give client_id and client_secret instead of "
        "email and token.",
        fatal=False,
    )


def _refused(settings: AccountSettings, error: AuthenticationFailed) -> Problem:
    if error.status == HTTPStatus.FORBIDDEN:
        return Problem(
            what="Zendesk knows us but forbids what we need (403).",
            cure='Look at the scope of the OAuth client (best "read write"; a misspelt scope '
            "forbids everything) and at the role of the user to whom it belongs.",
        )
    if settings.token is not None:
        cure = "Make a new API token, or better an OAuth client; look at email too."
    else:
        cure = "Look at client_id, client_secret and scope; is the client confidential?"
    return Problem(what="Zendesk refuses the credentials.", cure=cure)


def _rights(me: Json) -> Iterator[Problem]:
    role = me.get("role")
    if role not in STAFF or me.get("suspended"):
        yield Problem(
            what="The user to whom the credentials belong is no agent, or is suspended.",
            cure="Let the OAuth client belong to an active agent, best one made for amends.",
        )
        return
    if role != "admin":
        yield Problem(
            what="We are no administrator, so the feed of changed tickets is not open to us.",
            cure="Nothing is lost: open tickets are looked at in turn, which costs more requests. "
            "For the feed let the OAuth client belong to an administrator.",
            fatal=False,
        )
    if me.get("ticket_restriction") is not None:
        yield Problem(
            what="The user to whom the credentials belong does not see all tickets.",
            cure="Give it access to all tickets, or at least to all of the group for new ones.",
            fatal=False,
        )


def _reading(api: Api) -> Iterator[Problem]:
    """Try what delivery relies on: the list by key, and the audits of some ticket."""
    api.by_key("amends-check")
    value = api.get(TICKETS, **{"page[size]": "1"})
    tickets = value.get("tickets")
    if not isinstance(tickets, list) or not tickets:
        return
    try:
        api.get(f"{TICKETS}/{int(tickets[0]['id'])}/audits", **{"page[size]": "1"})
    except AuthenticationFailed as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        yield Problem(
            what="We may not read the audits of tickets, by which notes are recognised.",
            cure='They take the scope "read"; "tickets:read" does not do.',
        )


def _writing(api: Api) -> Iterator[Problem]:
    """Try to change nothing about a ticket that is not there: only the right to do so is told."""
    try:
        api.change(NO_TICKET, {})
    except AuthenticationFailed as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        yield Problem(
            what="We may read tickets, but not write them (403).",
            cure='Give the OAuth client the scope "read write", and its user the role of an agent '
            "who may edit tickets.",
        )
    except (Gone, Rejected, Conflict):
        return  # there is no such ticket, and we would have been allowed


def _names(known: Known, settings: AccountSettings) -> Iterator[Problem]:
    for what in known.lacking:
        field = what.removeprefix("field:")
        if what.startswith("field:"):
            yield Problem(
                what=f"The account has no active ticket field as the settings name it for {field}.",
                cure=f"Mend fields.{field}, or leave it out. {PROVISION}",
                fatal=False,
            )
        else:
            yield Problem(
                what=f"The account has no {what} as the settings name it.",
                cure=f"Mend {what}: its number, or its name exactly as in Admin Center.",
            )
    missing = [
        name
        for name in EXPECTED
        if name not in known.fields
        and settings.fields.get(name) != ""
        and f"field:{name}" not in known.lacking
    ]
    if missing:
        yield Problem(
            what=f"The account has no ticket field for {', '.join(missing)}.",
            cure=f'{PROVISION} An empty name (fields = {{ {missing[0]} = "" }}) leaves one out.',
            fatal=False,
        )


def _options(known: Known) -> Iterator[Problem]:
    field = known.fields.get("category")
    if field is None or field.type != "tagger":
        return
    missing = [
        key
        for key in TAXONOMY
        if option_tag("category", key) not in field.options and key not in field.options
    ]
    if missing:
        yield Problem(
            what=f"The field for category lacks {len(missing)} options, {missing[0]} among them.",
            cure=PROVISION,
            fatal=False,
        )


def _priority(fields: Sequence[Json]) -> Iterator[Problem]:
    """Look at the product's own field: without four priorities no service level fits."""
    for field in fields:
        kind = str(field.get("type"))
        if kind == "basic_priority" and field.get("active") is not False:
            yield Problem(
                what="The account knows two priorities only, so severities 1 and 4 are lost.",
                cure="Admin Center, Objects and rules, Tickets, Fields, Priority: show all four.",
                fatal=False,
            )
        if kind == "priority" and field.get("active") is False:
            yield Problem(
                what="The field for the priority is switched off: service levels count nothing.",
                cure="Switch it on in Admin Center (Objects and rules, Tickets, Fields).",
                fatal=False,
            )
