"""What makes a bare ticket whole: the words for agents first, and only then the patient.

The description is the first message of the conversation: whoever is the requester reads it in
the portal and in quoted replies. So it is neutral, and what happened and what to do stands in
a private note. Each step looks before it writes; the whole may be cut anywhere and run again.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.errors import AuthenticationFailed, Conflict, Gone, Rejected
from connector.domain.ticket import TicketRef
from connector.helpdesks.freshdesk import bodies, notes, reading
from connector.helpdesks.freshdesk.account import Account
from connector.helpdesks.freshdesk.people import found_requester
from connector.helpdesks.freshdesk.tables import Json


def complete(
    account: Account, ref: TicketRef, made: Json, talk: Sequence[Json], body: Json
) -> list[str]:
    """Write the words for agents, then put the patient in; names what the account refused.

    `made` is the ticket as it was made or read, with all its conversations. Nobody is put in
    who would then read words for agents: a note that is not private, or, where people were
    at work before us, what they wrote while the ticket was nobody's.
    """
    missing = list(_words(account, ref, made, talk, body))
    if body["who"]:
        hidden = reading.neutral(body["create"]["description"], made, talk)
        if "private" in missing or not hidden or not _put_in(account, ref, made, body["who"]):
            missing.append("requester")
    return missing


def _words(
    account: Account, ref: TicketRef, made: Json, talk: Sequence[Json], body: Json
) -> tuple[str, ...]:
    try:
        return notes.written(account, ref, [made, *talk], body["opening"], body[bodies.KEY])
    except (Rejected, Gone):
        return ("text",)  # too long for it, or the ticket was put away meanwhile


def _put_in(account: Account, ref: TicketRef, made: Json, who: Json) -> bool:
    """Make the patient the requester, who gets no mail of it; False when that is refused."""
    try:
        patch = found_requester(account, who)
        if not patch:
            return False
        account.change(ref.id, {**patch, **account.form().fill(made)})
    except (Rejected, Conflict, Gone, AuthenticationFailed):
        return False  # blocked, deleted, an address it does not like, no right to contacts
    return True
