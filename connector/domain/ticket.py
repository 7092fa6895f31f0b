"""What is owed to the helpdesk (changes) and what the helpdesk tells (refs, snapshots, events)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from connector.domain.signal import Attachment, Contact


class TicketStatus(StrEnum):
    """A helpdesk's status in our words; each plugin maps its own."""

    OPEN = "open"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A ticket that has to exist exactly once."""

    key: str
    """Ours, unique for ever, found again by `Helpdesk.find`; at most 64 ASCII characters."""
    case_id: str
    subject: str
    """One line; the plugin cuts it to the product's limit."""
    text: str
    """Plain text for agents; the plugin escapes what its product would render."""
    requester: Contact
    """The patient; opening the ticket must not send them anything."""
    severity: int
    """1 (low) to 4 (critical); the plugin maps it to the product's priorities."""
    tags: tuple[str, ...] = ()
    """Only `amends` and `amends_*`."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Our own custom fields by our names (`category`, `contact_due` ...)."""
    due_at: datetime | None = None
    """First human contact due, UTC."""
    body: bytes = b""
    """The exact bytes made by `Helpdesk.prepare`; empty before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """A private note that has to appear exactly once on the ticket of a case."""

    key: str
    """Ours, unique for ever; the plugin leaves a trace of it to recognise the note again."""
    case_id: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTicket:
    """A change of what is ours on the ticket; applying it twice is harmless."""

    key: str
    case_id: str
    severity: int | None = None
    """New severity, or None to leave the priority alone."""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    status: TicketStatus | None = None
    assignee: str = ""
    """Account of a person in the helpdesk who gets the ticket if nobody has it; or empty."""
    body: bytes = b""


Change: TypeAlias = OpenTicket | AddNote | UpdateTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRef:
    """Where a ticket is in the helpdesk."""

    id: str
    url: str = ""
    """For people; empty when the product has no stable address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A ticket as the helpdesk shows it now, in our words."""

    ref: TicketRef
    key: str
    """Our key as found on the ticket; empty when it carries none."""
    status: TicketStatus
    subject: str
    text: str
    severity: int
    """Mapped back from the product's priority; 0 when it has none."""
    tags: frozenset[str]
    fields: Mapping[str, str]
    due_at: datetime | None
    assignee: str
    """The product's user name or id; empty when unassigned."""
    requester_email: str
    version: str = ""
    """Changes whenever the ticket changes, where the product tells; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketEvent:
    """One thing that happened to a ticket, as the helpdesk tells it."""

    id: str
    """The helpdesk's own id of the event."""
    at: datetime
    actor: str
    """User name or id in the helpdesk; empty for the system itself (rules, autoresponders)."""
    kind: str
    """One of EVENT_KINDS."""
    text: str = ""
    """Words of the event, if any; never logged."""
    data: Mapping[str, str] = field(default_factory=dict)
    """Further findings: `from` and `to` (old and new values; for a field also its `name`),
    `files`, `note_key` (ours), and `automatic` = `true` for what no person did although an
    actor stands there."""


EVENT_KINDS: Final = frozenset(
    {
        "created",
        "note",  # private words
        "public_reply",  # an agent's words to the patient: the first one by a person is contact
        "patient_reply",  # the patient's own words, also where the product calls them public
        "call",  # a call with the patient that an agent logged
        "status",
        "field",
        "attachment",
        "other",
    }
)
"""What can happen to a ticket; a kind that is not here counts as `other`."""
