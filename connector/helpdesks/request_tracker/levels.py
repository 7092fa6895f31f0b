"""Service levels and fields as the product's own page for a new ticket shows them.

The API tells neither which service levels there are (it takes any word, and wipes the due date
for one that is unknown), nor which custom fields the account may fill. The page does, and the
same token opens it. Where it cannot be read, nothing is known, and read-back has to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from selectolax.lexbor import LexborHTMLParser

from connector.domain.errors import EdgeError
from connector.helpdesks.request_tracker.api import Api

PAGE: Final = "/Ticket/Create.html"
_FIELD: Final = re.compile(r"Object-RT::Ticket--CustomField(?::[^-]*)?-(\d+)-Values?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """What the page for a new ticket offers."""

    levels: frozenset[str]
    """Service levels; empty when the queue has none."""
    fields: frozenset[int]
    """Custom fields that the account may fill, by number."""


def new_ticket(api: Api) -> NewTicket | None:
    """Read the page; None when it cannot be read as what it is."""
    try:
        body = api.web_page(PAGE, {"Queue": str(api.queue().id)})
    except EdgeError:
        return None
    page = LexborHTMLParser(body)
    if page.css_first("form[name=TicketCreate]") is None:
        return None  # a login page, a portal
    levels = (node.attributes.get("value") for node in page.css("select[name=SLA] option"))
    names = (node.attributes.get("name") or "" for node in page.css("[name]"))
    numbers = (found[1] for name in names if (found := _FIELD.fullmatch(name)))
    return NewTicket(
        levels=frozenset(level for level in levels if level),
        fields=frozenset(int(number) for number in numbers),
    )


def known_levels(api: Api) -> frozenset[str] | None:
    """Give the service levels of the queue, read once; None when nobody knows."""
    if api.levels is None:
        page = new_ticket(api)
        api.levels = None if page is None else page.levels
    return api.levels
