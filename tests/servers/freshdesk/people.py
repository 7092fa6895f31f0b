"""Who writes and who answers: contacts and agents, as the product shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from servers.freshdesk.records import stamp


@dataclass(kw_only=True)
class Contact:
    """Somebody who writes; agents are people of their own kind."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    unique_external_id: str | None = None
    twitter_id: str | None = None
    facebook_id: str | None = None
    company_id: int | None = None
    description: str | None = None
    address: str | None = None
    job_title: str | None = None
    language: str | None = "en"
    time_zone: str | None = "Eastern Time (US & Canada)"
    tags: list[str] = field(default_factory=list)
    other_emails: list[str] = field(default_factory=list)
    custom_fields: dict[str, Any] = field(default_factory=dict)
    active: bool = False
    view_all_tickets: bool = False
    state: str = ""
    """Empty, `blocked` or `deleted`."""

    def listed(self) -> dict[str, Any]:
        return {
            "active": self.active,
            "address": self.address,
            "description": self.description,
            "email": self.email,
            "id": self.id,
            "job_title": self.job_title,
            "language": self.language,
            "mobile": self.mobile,
            "name": self.name,
            "phone": self.phone,
            "time_zone": self.time_zone,
            "twitter_id": self.twitter_id,
            "custom_fields": dict(self.custom_fields),
            "facebook_id": self.facebook_id,
            "created_at": stamp(self.created_at),
            "updated_at": stamp(self.updated_at),
            "csat_rating": None,
            "preferred_source": None,
            "company_id": self.company_id,
            "unique_external_id": self.unique_external_id,
        } | ({"deleted": True} if self.state == "deleted" else {})

    def shown(self) -> dict[str, Any]:
        return self.listed() | {
            "view_all_tickets": self.view_all_tickets,
            "tags": list(self.tags),
            "other_emails": list(self.other_emails),
            "other_companies": [],
            "avatar": None,
        }

    def as_requester(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "mobile": self.mobile,
            "phone": self.phone,
        }


@dataclass(kw_only=True)
class Agent:
    """Somebody who works on tickets, with a key of their own."""

    id: int
    name: str
    email: str
    api_key: str
    created_at: datetime
    admin: bool = True
    read_only: bool = False
    """Writes are refused, as for a role that may view only."""
    group_ids: list[int] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        at = stamp(self.created_at)
        return {
            "available": False,
            "occasional": False,
            "id": self.id,
            "ticket_scope": 1,
            "signature": None,
            "group_ids": list(self.group_ids),
            "role_ids": [80000198826 if self.admin else 80000198827],
            "skill_ids": [],
            "available_since": None,
            "contact": {
                "active": True,
                "email": self.email,
                "job_title": None,
                "language": "en",
                "mobile": None,
                "name": self.name,
                "phone": None,
                "time_zone": "Eastern Time (US & Canada)",
                "created_at": at,
                "updated_at": at,
                "last_login_at": None,
            },
            "created_at": at,
            "updated_at": at,
            "type": "support_agent",
        }
