"""The product's words and ours, as tables, and what both directions share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from connector.domain.ticket import TicketStatus
from connector.helpdesks.django_helpdesk.settings import SiteSettings

Json: TypeAlias = dict[str, Any]
"""An object as the API prints it."""

PRIORITY: Final[Mapping[int, int]] = {4: 1, 3: 2, 2: 3, 1: 4}
"""Severity to priority (1. Critical, 2. High, 3. Normal, 4. Low)."""

SEVERITY: Final[Mapping[int, int]] = {1: 4, 2: 3, 3: 2, 4: 1, 5: 1}
"""Priority to severity; 5 is Very Low."""

OPEN, REOPENED, RESOLVED, CLOSED, DUPLICATE = 1, 2, 3, 4, 5

STATUS: Final[Mapping[int, TicketStatus]] = {
    OPEN: TicketStatus.OPEN,
    REOPENED: TicketStatus.OPEN,
    RESOLVED: TicketStatus.RESOLVED,
    CLOSED: TicketStatus.CLOSED,
    DUPLICATE: TicketStatus.CLOSED,
}
"""Statuses that an installation added count as open: then nobody forgets the patient."""

NOTE_MARK: Final = "amends note"
TICKET_MARK: Final = "amends ticket"

NO_TAGS: Final = "-"
"""The API refuses to empty a custom field; this stands for no tags."""

_PRINTER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
"""Made once: `json.dumps` would make one for each body."""


def canonical(value: Json) -> bytes:
    """Print a body in its one form."""
    return _PRINTER.encode(value).encode()


def marked(text: str, mark: str, key: str) -> str:
    """Put the line below a text by which it is recognised."""
    return f"{text}\n\n[{mark} {key}]"


def unmarked(text: str, mark: str) -> tuple[str, str]:
    """Give text and key of what `marked` made; the key is empty for any other text."""
    words, _, last = text.rpartition("\n\n")
    if not (last.startswith(f"[{mark} ") and last.endswith("]")):
        return text, ""
    return words, last[len(mark) + 2 : -1]


def field_name(settings: SiteSettings, ours: str) -> str:
    """Give the API's name of the custom field for a field of ours; empty: not kept here."""
    default = f"amends_{ours}" if ours in settings.known_fields else ""
    name = settings.fields.get(ours, default)
    return f"custom_{name}" if name else ""


def when(at: datetime) -> str:
    """Print a time as the API takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def split_tags(value: str | None) -> tuple[str, ...]:
    """Read the tags field: words between commas, in their order, each once."""
    words = (word.strip() for word in (value or "").split(","))
    return tuple(dict.fromkeys(word for word in words if word and word != NO_TAGS))


def join_tags(tags: Iterable[str]) -> str:
    """Print tags for the field; never empty."""
    return ", ".join(tags) or NO_TAGS


def merge_tags(value: str | None, add: Sequence[str], remove: Sequence[str]) -> str:
    """Put ours in and take ours out; everything else stays in its place."""
    kept = [tag for tag in split_tags(value) if tag not in remove]
    return join_tags(dict.fromkeys([*kept, *add]))
