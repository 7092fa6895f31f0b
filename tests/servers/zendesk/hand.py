"""What people and the clock do to tickets beside the connector: no rules of the API here."""

from __future__ import annotations

from servers.zendesk import writing
from servers.zendesk.account import Account
from servers.zendesk.model import Ticket, User
from servers.zendesk.writing import Writer, via


def as_agent(user: User) -> Writer:
    """Whoever works in the product's own pages."""
    system = {"client": "Mozilla/5.0", "ip_address": "203.0.113.7", "location": "Berlin, Germany"}
    return Writer(actor=user, system=system, via=via("web"))


def delete(account: Account, ticket: Ticket) -> None:
    ticket.restored_status = ticket.status
    ticket.place = "deleted"
    account.touched(ticket)


def restore(account: Account, ticket: Ticket) -> None:
    ticket.place = "live"
    account.touched(ticket)


def scrub(account: Account, ticket: Ticket) -> None:
    """Delete for good; the export goes on to name it."""
    ticket.place = "scrubbed"
    ticket.audits.clear()
    account.touched(ticket)


def mark_as_spam(account: Account, ticket: Ticket) -> None:
    """Delete the ticket and suspend its requester."""
    requester = account.users[ticket.requester_id]
    if not requester.is_agent:
        requester.suspended = True
    delete(account, ticket)


def close(account: Account, ticket: Ticket) -> None:
    """As the automation does four days after a ticket was solved."""
    for status in ("solved", "closed"):
        if ticket.status != "closed":
            writer = Writer(actor=account.agent, via=via("rule"))
            writing.update(account, writer, ticket, {"status": status})


def archive(account: Account, ticket: Ticket) -> None:
    """As happens about 120 days after closing: gone from lists, still shown by id."""
    close(account, ticket)
    ticket.place = "archived"
    ticket.generated_at = account.now()


def merge(
    account: Account,
    user: User,
    source: Ticket,
    target: Ticket,
    *,
    source_says: str | None = None,
    target_says: str | None = None,
    public: bool = False,
) -> None:
    """Close the source with a comment and a tag; tell the target of it."""
    told = source_says or (
        f'This request was closed and merged into request #{target.id} "{target.subject}".'
    )
    heard = target_says or (
        f'Request #{source.id} "{source.subject}" was closed and merged into this request. '
        f"Last comment in request #{source.id}:\n\n{source.comments()[-1]['plain_body']}"
    )
    writing.update(
        account,
        as_agent(user),
        source,
        {
            "status": "closed",
            "tags": [*source.tags, "closed_by_merge"],
            "comment": {"body": told, "public": False},
        },
    )
    said = {"comment": {"body": heard, "public": public}}
    writing.update(account, as_agent(user), target, said)
