"""The product's words and ours, as tables, and what both directions share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

from connector.domain.ticket import TicketStatus

Json: TypeAlias = dict[str, Any]
"""An object as the API prints it."""

API_TOKENS_END: Final = date(2027, 4, 30)
"""The day on which the product refuses every API token."""

PRIORITY: Final[Mapping[int, str]] = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
"""Severity to priority; every ticket gets one, because without it no service level counts."""

SEVERITY: Final[Mapping[str, int]] = {name: level for level, name in PRIORITY.items()}

STATUS: Final[Mapping[str, TicketStatus]] = {
    "new": TicketStatus.OPEN,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.PENDING,
    "solved": TicketStatus.RESOLVED,
    "closed": TicketStatus.CLOSED,
}
"""A custom status comes with the one of these to which it belongs."""

STATUS_SENT: Final[Mapping[str, str]] = {
    "open": "open",
    "pending": "pending",
    "resolved": "solved",
    "closed": "closed",
}
"""Ours to theirs."""

CLOSED: Final = "closed"
DELETED: Final = "deleted"

MARK: Final = "amends_key"
"""Name in `ticket.metadata`, which comes back in `audit.metadata.custom`: by it a note or an
update is recognised. People do not see it, and nobody can change it."""

MERGE_TAG: Final = "closed_by_merge"
"""What the product puts on a ticket that was merged into another (seen, not documented)."""

OPTION: Final = "amends_f_"
"""Options of our drop-down fields begin with it: an option is also a tag of the ticket, and
must be shared with no other field and no plain tag."""

FIELD_MARK: Final = re.compile(r"\[amends ([a-z0-9_]{1,60})\]")
"""Stands in the description of whatever was set up for us: people may change titles."""

SYSTEM: Final = -1
"""The author of what the product's own rules did."""


STAFF: Final = frozenset({"agent", "admin"})
"""Roles of those who work on tickets."""


def canonical(value: Json) -> bytes:
    """Print a body in its one form."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def field_mark(name: str) -> str:
    """Give the mark of what was set up under one of our names."""
    return f"[amends {name}]"


def marked_as(record: Json) -> str:
    """Give our name of a record that was set up for us; empty when it is none."""
    for key in ("agent_description", "description"):
        found = FIELD_MARK.search(str(record.get(key) or ""))
        if found:
            return found[1]
    return ""


def option_tag(name: str, value: str) -> str:
    """Give the tag of a choice: lower case, dots as two underscores."""
    plain = value.strip().lower().replace(".", "__")
    return f"{OPTION}{name}_{re.sub(r'[^a-z0-9_]', '-', plain)}"


def option_value(name: str, tag: str) -> str:
    """Give the choice of a tag; a tag that is none of ours comes back as it is."""
    head = f"{OPTION}{name}_"
    return tag.removeprefix(head).replace("__", ".") if tag.startswith(head) else tag


def moment(text: object) -> datetime | None:
    """Read a time of the API, in UTC; None for anything else."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def when(at: datetime) -> str:
    """Print a time as the API does."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
