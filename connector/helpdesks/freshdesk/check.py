"""What may be wrong with an account, in plain words with a cure; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from connector.domain.errors import AuthenticationFailed, EdgeError
from connector.helpdesks.base import Problem, clock_problems
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.form import TEXTS, Form, FormField
from connector.helpdesks.freshdesk.settings import AccountSettings
from connector.helpdesks.freshdesk.walk import VIEWS
from connector.http.config import is_loopback_host

GLOBAL_SCOPE: Final = 1
"""An agent of this scope sees all tickets."""

HOST: Final = ".freshdesk.com"

_PROVISION: Final = (
    "Run `amends provision` with an admin's key, or add it under Admin, Ticket Fields"
)


def problems(account: Account, settings: AccountSettings, now: datetime) -> list[Problem]:
    """Examine address, key, rights, form, our fields, choices and clock.

    What keeps the examination from going on is the last problem.
    """
    found: list[Problem] = list(_address(settings))
    try:
        agent, theirs = account.me()
        found += _scope(agent.get("ticket_scope"))
        found += clock_problems(theirs, now)
        found += _form(account.form(fresh=True))
        for view in VIEWS:
            account.listing(view, now, 1)
        account.probe()
        account.people(unique_external_id=settings.service_contact)
    except AuthenticationFailed:
        found.append(
            Problem(
                what="The helpdesk refuses the API key, or its agent lacks a right.",
                cure="Take the key from the profile of an active agent who may view, create and "
                "edit tickets and notes; a key that was refused often is locked for a while.",
            )
        )
    except EdgeError as error:
        cure = "Look at the address (url) and whether Freshdesk is up; then check again."
        what = f"The helpdesk cannot be used: {error.problem}"
        found.append(Problem(what=what.rstrip("?.") + ".", cure=cure))
    return found


def _address(settings: AccountSettings) -> Iterator[Problem]:
    host = urlsplit(settings.url).hostname or ""
    if not host.endswith(HOST) and not is_loopback_host(host):
        yield Problem(
            what=f"The address {host} is not one of Freshdesk's own (<name>{HOST}).",
            cure="Set url to the account's own address: the API answers at no other host name.",
            fatal=False,
        )


def _scope(scope: int | None) -> Iterator[Problem]:
    if scope is not None and scope != GLOBAL_SCOPE:
        yield Problem(
            what="The agent of the API key sees only tickets of its groups or its own. A ticket "
            "that is moved to others would not be found, and might be opened again.",
            cure="Give that agent the scope Global Access (Admin, Agents).",
        )


def _form(form: Form) -> Iterator[Problem]:
    yield from _key(form)
    yield from _ours(form)
    yield from _shown(form)
    yield from _demands(form)
    yield from _places(form)
    yield from _defaults(form)
    yield from _statuses(form)


def _key(form: Form) -> Iterator[Problem]:
    name = form.settings.key_field
    found = form.named(name)
    if found is None:
        yield Problem(
            what=f"The form has no field {name}, by which tickets are found again.",
            cure=f"{_PROVISION}: single-line text, labelled so that its name becomes {name}, not "
            "required, not shown to customers. Or set key_field to the name that it got.",
        )
    elif found.type not in TEXTS:
        yield Problem(
            what=f"The field {found.name} is no text field: no key can be kept in it.",
            cure="Set key_field to a single-line text field that is there for amends alone.",
        )


def _ours(form: Form) -> Iterator[Problem]:
    for ours in form.settings.known_fields:
        meant = form.settings.fields.get(ours, f"cf_amends_{ours}")
        if meant and form.of(ours) is None:
            yield Problem(
                what=f"The form has no field {meant} for {ours}.",
                cure=f'{_PROVISION}; or leave it out: fields = {{ {ours} = "" }}.',
                fatal=False,
            )


def _shown(form: Form) -> Iterator[Problem]:
    own = {form.settings.key_field, *form.settings.fields.values()} - {""}
    named = {found.name for name in own if (found := form.named(name)) is not None}
    for field in form.fields:
        if field.shown and (field.name in named or field.name.startswith("cf_amends_")):
            yield Problem(
                what=f"Patients see the field {_called(field)} in the portal.",
                cure="Admin, Ticket Fields: switch off that it is displayed to customers; what "
                "amends writes there is for staff.",
                fatal=False,
            )


def _demands(form: Form) -> Iterator[Problem]:
    for field in form.unfilled():
        yield Problem(
            what=f"The form demands {_called(field)} for every ticket, and nothing fills it.",
            cure=f"Set it in the configuration: {_example(field)}. Or make it optional for "
            "agents (Admin, Ticket Fields).",
        )
    known = {field.name for field in form.unfilled()}
    for field in form.unfilled(closing=True):
        if field.name not in known:
            yield Problem(
                what=f"The form demands {_called(field)} before a ticket may be closed.",
                cure="Agents fill it in. For tickets that amends closes by itself, set it in the "
                f"configuration: {_example(field)}.",
                fatal=False,
            )


def _places(form: Form) -> Iterator[Problem]:
    settings = form.settings
    for name, wanted in (("group", settings.group), ("source", settings.source)):
        if wanted and form.number(name, wanted) is None:
            field = form.named(name)
            yield Problem(
                what=f"The account has no {name} as configured.",
                cure=f"Set {name} to one of: {', '.join(field.labels if field else ())}.",
            )
    types = form.named("ticket_type")
    if settings.type and (types is None or settings.type not in types.labels):
        yield Problem(
            what="The account has no ticket type as configured.",
            cure=f"Set type to one of: {', '.join(types.labels if types else ())}.",
        )


def _defaults(form: Form) -> Iterator[Problem]:
    for name in form.settings.defaults:
        field = form.named(name)
        if field is None and name.startswith("cf_"):
            yield Problem(
                what=f"The form has no field {name}, for which there is a default.",
                cure=f"Remove {name} from defaults, or correct its name.",
                fatal=False,
            )
        elif field is not None and form.default(field) is None:
            yield Problem(
                what=f"The field {name} does not take the default that is configured for it.",
                cure=f"Set defaults.{name} to one of: {', '.join(field.labels) or field.type}.",
            )


def _statuses(form: Form) -> Iterator[Problem]:
    field = form.named("status")
    choices = field.choices if field is not None else None
    if not isinstance(choices, dict):
        return
    known = {str(word) for words in choices.values() for word in words[:1]}
    for label in form.settings.statuses:
        if label not in known:
            yield Problem(
                what="The account has no status as configured in statuses.",
                cure=f"Known are: {', '.join(sorted(known))}.",
                fatal=False,
            )


def _called(field: FormField) -> str:
    return field.name if field.label == field.name else f"{field.name} ({field.label})"


def _example(field: FormField) -> str:
    value = f'"{field.labels[0]}"' if field.labels else "..."
    return f"defaults = {{ {field.attribute} = {value} }}"
