"""The product's words and ours, as tables, and what several parts share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from connector.domain.ticket import TicketStatus

Json: TypeAlias = dict[str, Any]
"""An object as the API prints it."""

PRIORITY: Final[Mapping[int, int]] = {1: 1, 2: 2, 3: 3, 4: 4}
"""Severity to priority (1 Low, 2 Medium, 3 High, 4 Urgent); no account can change these."""

SEVERITY: Final[Mapping[int, int]] = {theirs: ours for ours, theirs in PRIORITY.items()}

OPEN, PENDING, RESOLVED, CLOSED = 2, 3, 4, 5

STATUS: Final[Mapping[int, TicketStatus]] = {
    OPEN: TicketStatus.OPEN,
    PENDING: TicketStatus.PENDING,
    RESOLVED: TicketStatus.RESOLVED,
    CLOSED: TicketStatus.CLOSED,
    6: TicketStatus.PENDING,  # Waiting on Customer
    7: TicketStatus.PENDING,  # Waiting on Third Party
}
"""Statuses that every account begins with. Those that it added count as open unless the settings
say otherwise: then nobody forgets the patient."""

STATUS_ID: Final[Mapping[str, int]] = {
    "open": OPEN,
    "pending": PENDING,
    "resolved": RESOLVED,
    "closed": CLOSED,
}
"""The statuses that no account can remove."""

NOTE_SOURCE: Final = 2
"""What a conversation says it is when it is a note."""

SOURCES: Final[Mapping[int, str]] = {
    0: "reply",
    2: "note",
    5: "tweet",
    6: "survey",
    7: "facebook",
    8: "forwarded",
    9: "phone",
    11: "e-commerce",
}
"""Kinds of conversations, as far as the product documents them."""

ATTRIBUTE: Final[Mapping[str, str]] = {
    "requester": "requester_id",
    "ticket_type": "type",
    "group": "group_id",
    "agent": "responder_id",
    "product": "product_id",
    "company": "company_id",
}
"""Names in the form to names in a ticket, where they differ and the field is no custom one."""


def canonical(value: Json) -> bytes:
    """Print a body in its one form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def when(at: datetime) -> str:
    """Print a time as the API takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str | None) -> datetime | None:
    """Read a time of the API, in UTC."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
