"""Whether the account itself would mail patients about what we do: rules and welcome mails.

Ours is internal, and nothing of it is meant for patients. Not every account tells of these
settings, and an agent may not see all: what cannot be read is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from connector.domain.errors import EdgeError
from connector.domain.plain import one_line
from connector.helpdesks.base import Problem
from connector.helpdesks.zendesk.api import BASE, Api
from connector.helpdesks.zendesk.tables import Json
from connector.recovery.tags import OURS

PATIENTS: Final = frozenset({"requester_id", "requester_and_ccs"})
"""To whom a rule may mail, as far as patients are among them."""

PUBLIC: Final = frozenset({"comment_is_public", "ticket_is_public"})
"""Conditions with which a rule leaves out what is internal."""

MAX_TITLE: Final = 80


def problems(api: Api) -> Iterator[Problem]:
    """Look for triggers that mail on internal words, and for welcome mails."""
    yield from _triggers(api)
    yield from _welcome(api)


def _triggers(api: Api) -> Iterator[Problem]:
    try:
        triggers = list(api.listed(f"{BASE}/triggers", "triggers", active="true"))
    except EdgeError:
        return
    telling = [one for one in triggers if _tells_patients(one)]
    if telling:
        title = one_line(str(telling[0].get("title")), MAX_TITLE)
        yield Problem(
            what=f"{len(telling)} triggers would mail patients about internal words, "
            f'"{title}" among them.',
            cure='Give them the condition "Comment is public" or "Privacy: ticket has public '
            f'comments", or "Tags contain none of: {OURS}" (Admin Center, Objects and rules, '
            "Business rules, Triggers).",
            fatal=False,
        )


def _tells_patients(trigger: Json) -> bool:
    """Tell whether a trigger mails the requester whether or not the words are public."""
    mails = any(
        action.get("field") == "notification_user" and _first(action.get("value")) in PATIENTS
        for action in trigger.get("actions") or ()
    )
    every = (trigger.get("conditions") or {}).get("all") or ()
    return mails and trigger.get("active") is not False and not any(map(_spares_us, every))


def _first(value: object) -> str:
    found = value[0] if isinstance(value, list) and value else value
    return str(found)


def _spares_us(condition: Json) -> bool:
    """Tell whether a condition leaves out internal words, or our tickets."""
    if condition.get("field") in PUBLIC:
        return True
    ours = OURS in str(condition.get("value") or "").split()
    return (
        condition.get("field") == "current_tags"
        and condition.get("operator") == "not_includes"
        and ours
    )


def _welcome(api: Api) -> Iterator[Problem]:
    try:
        value = api.get(f"{BASE}/account/settings")
    except EdgeError:
        return
    settings = value.get("settings")
    user = settings.get("user") if isinstance(settings, dict) else None
    if isinstance(user, dict) and user.get("agent_created_welcome_emails") is True:
        yield Problem(
            what="Zendesk mails a welcome to every person who is new to it, patients included.",
            cure="Admin Center, People, Configuration, End users: switch off the welcome email "
            "for users whom agents create.",
            fatal=False,
        )
