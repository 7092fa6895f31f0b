"""What may be wrong with an RT, in plain words with a cure; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from connector.domain.errors import AuthenticationFailed, EdgeError, Rejected
from connector.helpdesks.base import Problem, clock_problems
from connector.helpdesks.request_tracker.api import Api, Queue, may
from connector.helpdesks.request_tracker.fields import name_of, number_of
from connector.helpdesks.request_tracker.levels import NewTicket, new_ticket
from connector.helpdesks.request_tracker.settings import InstanceSettings
from connector.http import Answer

MAJOR: Final = "5"

RIGHTS: Final = (
    "SeeQueue CreateTicket ShowTicket ShowTicketComments ModifyTicket CommentOnTicket "
    "SeeCustomField ModifyCustomField SetInitialCustomField"
)
"""What the account needs in the queue."""

_GRANT: Final = f"Grant its user in the queue (Admin, Queues, User Rights): {RIGHTS}."
_ADD: Final = "Run `amends provision` with an admin's token, or add it (Admin, Custom Fields)"


def problems(api: Api, settings: InstanceSettings, now: datetime) -> list[Problem]:
    """Examine address, token, version, queue, rights, custom fields, levels and clock.

    What keeps the examination from going on is the last problem.
    """
    found: list[Problem] = []
    try:
        answer = api.version()
        found += _version(answer)
        found += clock_problems(answer.date, now)
        queue = api.queue(fresh=True)
        page = new_ticket(api) if queue.may_create else None
        found += _rights(api, queue)
        found += _fields(settings, queue, page)
        found += _levels(settings, page)
    except Rejected:
        what = f"The queue {settings.queue} is not there, or not open to the token's user."
        found.append(Problem(what=what, cure=f"Set queue to a queue's exact name. {_GRANT}"))
    except AuthenticationFailed:
        what = "RT refuses the token, or its user may not see the queue."
        cure = f"Make a new token (Settings, Auth Tokens), or mend rights. {_GRANT}"
        found.append(Problem(what=what, cure=cure))
    except EdgeError as error:
        cure = "Look at the address (url) and whether RT runs; then check again."
        what = f"The helpdesk cannot be used: {error.problem}"
        found.append(Problem(what=what.rstrip("?.") + ".", cure=cure))
    return found


def _version(answer: Answer) -> Iterator[Problem]:
    value = answer.json()
    version = str(value.get("Version") or "") if isinstance(value, dict) else ""
    if not version:
        yield Problem(
            what="What answers at the address (url) does not say that it is RT.",
            cure="Set url to where RT begins, its address without /Ticket/...; RT 5.0.3 or later "
            "answers there under /REST/2.0.",
        )
    elif version.partition(".")[0] != MAJOR:
        yield Problem(
            what=f"This is RT {version}; amends was tried with RT 5.",
            cure="Upgrade RT to 5.0.3 or later.",
            fatal=False,
        )


def _rights(api: Api, queue: Queue) -> Iterator[Problem]:
    if not queue.may_create:
        yield Problem(what="The token's user may not make tickets in the queue.", cure=_GRANT)
    newest = api.newest(f"Queue = {queue.id}")
    if newest is None:
        return
    ticket = api.ticket(str(newest))
    if not may(ticket, "comment"):
        yield Problem(what="The token's user may not comment on tickets.", cure=_GRANT)
    if not may(ticket, "lifecycle") and queue.may_create:
        yield Problem(what="The token's user may not change tickets.", cure=_GRANT)


def _fields(settings: InstanceSettings, queue: Queue, page: NewTicket | None) -> Iterator[Problem]:
    for ours, what, fatal in (
        ("key", "by which tickets are found again", True),
        ("tags", "that holds the tags", True),
        *((one, f"for {one}", False) for one in settings.known_fields),
    ):
        name, number = name_of(settings, ours), number_of(settings, queue, ours)
        if not name:
            continue
        if number is None:
            yield Problem(
                what=f"The queue shows no custom field {name} {what}.",
                cure=f"{_ADD}, apply it to the queue, and grant SeeCustomField.",
                fatal=fatal,
            )
        elif page is not None and number not in page.fields:
            yield Problem(
                what=f"The token's user may not fill the custom field {name}.",
                cure="Grant its user ModifyCustomField and SetInitialCustomField in the queue.",
                fatal=fatal,
            )


def _levels(settings: InstanceSettings, page: NewTicket | None) -> Iterator[Problem]:
    wanted = sorted(set(settings.sla.values()) - {""})
    if not wanted:
        return
    if page is None:
        yield Problem(
            what="Whether RT knows the service levels in sla cannot be seen.",
            cure="Compare them with %ServiceAgreements in RT's configuration.",
            fatal=False,
        )
        return
    for level in wanted:
        if level not in page.levels:
            yield Problem(
                what=f"RT has no service level {level} in this queue.",
                cure=f"Set sla to names among: {', '.join(sorted(page.levels)) or 'none'}.",
            )
