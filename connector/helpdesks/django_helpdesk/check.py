"""What may be wrong with a site, in plain words with a cure; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from connector.domain.errors import AuthenticationFailed, EdgeError, Rejected
from connector.helpdesks.base import Problem, clock_problems
from connector.helpdesks.django_helpdesk.settings import SiteSettings
from connector.helpdesks.django_helpdesk.site import FOLLOWUPS, TICKETS, Site
from connector.helpdesks.django_helpdesk.tables import field_name
from connector.http import Answer

KEY_CHARS: Final = 64
"""Longest key of a ticket."""

NEEDED: Final = frozenset({"ticket", "comment", "public", "date", "followupattachment_set"})
"""What the API must say of follow-ups; older versions lack some of it."""

_RIGHTS: Final = (
    "Give the token's user staff status (admin page: Users), and access to the queue if the "
    "site limits queues to users."
)
_FIELD: Final = "Add it in the admin page (Custom fields): text of one line, not required."


def problems(site: Site, settings: SiteSettings, now: datetime) -> list[Problem]:
    """Examine address, token, rights, version, queue, custom fields and clock.

    What keeps the examination from going on is the last problem.
    """
    found: list[Problem] = []
    try:
        tickets = site.options(TICKETS)
        found += clock_problems(tickets.date, now)
        found += _version(takes(site.options(FOLLOWUPS)))
        found += _fields(takes(tickets), settings)
        found += _queue(site, settings)
    except AuthenticationFailed:
        what = "The helpdesk refuses the token, or its user is not staff."
        found.append(Problem(what=what, cure=f"Make a new token, or: {_RIGHTS}"))
    except EdgeError as error:
        cure = "Look at the address (url) and whether the site runs; then check again."
        what = f"The helpdesk cannot be used: {error.problem}"
        found.append(Problem(what=what.rstrip("?.") + ".", cure=cure))
    return found


def takes(answer: Answer) -> dict[str, Any]:
    """Give what an address takes for a new thing, by field; empty without the right to write."""
    value = answer.json()
    actions = value.get("actions") if isinstance(value, dict) else None
    post = actions.get("POST") if isinstance(actions, dict) else None
    return post if isinstance(post, dict) else {}


def _version(followup: dict[str, Any]) -> Iterator[Problem]:
    if not followup:
        yield Problem(what="The token's user may not write to the helpdesk.", cure=_RIGHTS)
    elif lacking := sorted(NEEDED - set(followup)):
        yield Problem(
            what=f"The helpdesk's API lacks {', '.join(lacking)}; it is older than 2.6.",
            cure="Upgrade django-helpdesk to 2.6.1 or later.",
        )


def _fields(ticket: dict[str, Any], settings: SiteSettings) -> Iterator[Problem]:
    if not ticket:
        return
    for name, what, length, fatal in (
        (settings.key_field, "by which tickets are found again", KEY_CHARS, True),
        (settings.tags_field, "that holds the tags", 200, True),
        *(
            (field_name(settings, ours).removeprefix("custom_"), f"for {ours}", 0, False)
            for ours in settings.known_fields
            if field_name(settings, ours)
        ),
    ):
        yield from _field(ticket.get(f"custom_{name}"), name, what, length, fatal=fatal)


def _field(
    found: dict[str, Any] | None, name: str, what: str, length: int, *, fatal: bool
) -> Iterator[Problem]:
    if found is None:
        yield Problem(
            what=f"The custom field {name} {what} is missing.",
            cure=f"{_FIELD} At least {max(length, 100)} characters.",
            fatal=fatal,
        )
    elif found.get("type") != "string":
        yield Problem(what=f"The custom field {name} is no text.", cure=_FIELD, fatal=fatal)
    elif (limit := found.get("max_length")) is not None and int(limit) < length:
        yield Problem(
            what=f"The custom field {name} takes only {limit} characters.",
            cure=f"Raise its maximum length to {length} or more (admin page: Custom fields).",
            fatal=fatal,
        )


def _queue(site: Site, settings: SiteSettings) -> Iterator[Problem]:
    try:
        needed = site.probe(site.queue())
    except Rejected:
        needed = ("queue",)
    if "queue" in needed:
        there = ", ".join(f"{title} ({number})" for title, number in site.queues().items())
        yield Problem(
            what=f"The queue {settings.queue} is not there, or not open to the token's user.",
            cure=f"Set queue to one of: {there}." if there else "Set queue to a queue's number.",
        )
    for name in sorted(set(needed) - {"queue"}):
        yield Problem(
            what=f"The site demands {name.removeprefix('custom_')} for every ticket.",
            cure="Make that custom field optional; amends cannot fill it.",
        )
