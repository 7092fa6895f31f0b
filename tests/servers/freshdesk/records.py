"""What the account holds, and how each record looks in an answer.

The keys and their order are those of a recording of a live account; a blank is null, never
left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from servers.freshdesk.text import body_text, description_text

REPLY: Final = 0
NOTE: Final = 2
SURVEY: Final = 6
OPEN, PENDING, RESOLVED, CLOSED = 2, 3, 4, 5


def stamp(at: datetime | None) -> str | None:
    """Write a time as the product does."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


@dataclass(kw_only=True)
class Attachment:
    """A file on a ticket or conversation."""

    id: int
    name: str
    content_type: str
    content: bytes
    created_at: datetime
    url: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "content_type": self.content_type,
            "size": len(self.content),
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.created_at),
            "attachment_url": self.url,
        }


@dataclass(kw_only=True)
class Conversation:
    """A note, a reply, or what the patient wrote back."""

    id: int
    ticket_id: int
    body: str
    user_id: int
    private: bool
    source: int
    created_at: datetime
    updated_at: datetime
    incoming: bool = False
    to_emails: list[str] | None = None
    from_email: str | None = None
    cc_emails: list[str] | None = field(default_factory=list)
    bcc_emails: list[str] | None = None
    support_email: str | None = None
    attachments: list[Attachment] = field(default_factory=list)
    last_edited_at: datetime | None = None
    last_edited_user_id: int | None = None
    automation_id: int | None = None

    @property
    def text(self) -> str:
        return body_text(self.body)

    def shown(self) -> dict[str, Any]:
        return {
            "body": self.body,
            "body_text": self.text,
            "id": self.id,
            "incoming": self.incoming,
            "private": self.private,
            "user_id": self.user_id,
            "support_email": self.support_email,
            "source": self.source,
            "category": 1 if self.incoming else 2 if self.source == NOTE else 3,
            "to_emails": self.to_emails,
            "from_email": self.from_email,
            "cc_emails": self.cc_emails,
            "bcc_emails": self.bcc_emails,
            "email_failure_count": None,
            "outgoing_failures": None,
            "thread_id": None,
            "thread_message_id": None,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "last_edited_at": stamp(self.last_edited_at),
            "last_edited_user_id": self.last_edited_user_id,
            "attachments": [file.shown() for file in self.attachments],
            "automation_id": self.automation_id,
            "automation_type_id": None,
            "auto_response": False,
            "ticket_id": self.ticket_id,
            "source_additional_info": None,
        }


@dataclass(kw_only=True)
class Due:
    """The two dates of a ticket, and those that the SLA will put there in a few seconds."""

    due_by: datetime | None = None
    fr_due_by: datetime | None = None
    by_hand: bool = False
    coming: tuple[datetime, datetime, datetime] | None = None
    """From when they show, due_by, fr_due_by."""

    def settle(self, now: datetime) -> None:
        if self.coming and self.coming[0] <= now:
            _, self.due_by, self.fr_due_by = self.coming
            self.coming = None


@dataclass(kw_only=True)
class Ticket:
    """A ticket; `deleted` and `archived` ones are kept here too."""

    id: int
    requester_id: int
    subject: str | None
    description: str | None
    status: int
    priority: int
    source: int
    created_at: datetime
    updated_at: datetime
    type: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    responder_id: int | None = None
    group_id: int | None = None
    company_id: int | None = None
    product_id: int | None = None
    email_config_id: int | None = None
    parent_id: int | None = None
    internal_agent_id: int | None = None
    internal_group_id: int | None = None
    cc_emails: list[str] | None = field(default_factory=list)
    """None on tickets that no API call made: the product shows null then."""
    due: Due = field(default_factory=Due)
    attachments: list[Attachment] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    spam: bool = False
    deleted: bool = False
    archived: bool = False
    outbound: bool = False
    stats: dict[str, datetime | None] = field(default_factory=dict)
    indexed: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    """What the search knew of it, and since when it was so."""

    @property
    def key_of_state(self) -> str:
        return "deleted" if self.deleted else "spam" if self.spam else ""

    def file_bytes(self) -> int:
        files = [
            *self.attachments,
            *(file for one in self.conversations for file in one.attachments),
        ]
        return sum(len(file.content) for file in files)

    def listed(self, now: datetime) -> dict[str, Any]:
        """As in a list: without description and attachments."""
        shown = self._head(now)
        shown |= {
            "custom_fields": dict(self.custom_fields),
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "associated_tickets_count": None,
            "tags": list(self.tags),
        }
        return shown | self._deleted()

    def shown(self, now: datetime) -> dict[str, Any]:
        """As by itself."""
        shown = self._head(now)
        shown |= {
            "description": self.description,
            "description_text": description_text(self.description or ""),
            "custom_fields": dict(self.custom_fields),
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "tags": list(self.tags),
            "attachments": [file.shown() for file in self.attachments],
            "source_additional_info": None,
        }
        return shown | self._deleted()

    def shown_stats(self) -> dict[str, Any]:
        names = (
            "agent_responded_at",
            "requester_responded_at",
            "first_responded_at",
            "status_updated_at",
            "reopened_at",
            "resolved_at",
            "closed_at",
            "pending_since",
        )
        return {name: stamp(self.stats.get(name)) for name in names}

    def _head(self, now: datetime) -> dict[str, Any]:
        self.due.settle(now)
        due_by, fr_due_by = self.due.due_by, self.due.fr_due_by
        over = self.status not in {RESOLVED, CLOSED}
        return {
            "cc_emails": self.cc_emails,
            "fwd_emails": self.cc_emails and [],
            "reply_cc_emails": self.cc_emails,
            "ticket_cc_emails": self.cc_emails,
            "fr_escalated": bool(
                over and fr_due_by and fr_due_by < now and not self.stats.get("first_responded_at")
            ),
            "spam": self.spam,
            "email_config_id": self.email_config_id,
            "group_id": self.group_id,
            "priority": self.priority,
            "requester_id": self.requester_id,
            "responder_id": self.responder_id,
            "source": self.source,
            "company_id": self.company_id,
            "status": self.status,
            "subject": self.subject,
            "association_type": None,
            "support_email": None,
            "to_emails": None,
            "product_id": self.product_id,
            "id": self.id,
            "type": self.type,
            "due_by": stamp(due_by),
            "fr_due_by": stamp(fr_due_by),
            "is_escalated": bool(over and due_by and due_by < now),
        }

    def _deleted(self) -> dict[str, Any]:
        return {"deleted": True} if self.deleted else {}


@dataclass(kw_only=True)
class Mail:
    """What the product sent to somebody."""

    to: str
    subject: str
    text: str
    reason: str
    """`reply` (an agent's, over whatever way) or `automation`."""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """One line of the daily export."""

    at: datetime
    ticket_id: int
    performer_id: int
    performer_type: str
    what: Mapping[str, Any]

    def shown(self) -> dict[str, Any]:
        return {
            "performed_at": self.at.strftime("%d-%m-%Y %H:%M:%S +0000"),
            "ticket_id": self.ticket_id,
            "performer_type": self.performer_type,
            "performer_id": self.performer_id,
            "activity": dict(self.what),
        }
