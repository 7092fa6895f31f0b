"""Records as the API shows them; every key that was present in the recorded answers."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from servers.zendesk.model import Attachment, Audit, Ticket, User, stamp


def secret_of(one: Attachment) -> str:
    """Whoever knows it may read the file."""
    return hashlib.sha256(f"{one.id}".encode()).hexdigest()[:24]


def attachment(one: Attachment, base: str) -> dict[str, Any]:
    where = f"{base}/attachments/token/{secret_of(one)}/?name={quote(one.file_name)}"
    return {
        "url": f"{base}/api/v2/attachments/{one.id}.json",
        "id": one.id,
        "file_name": one.file_name,
        "content_url": where,
        "mapped_content_url": where,
        "content_type": one.content_type,
        "size": len(one.content),
        "width": None,
        "height": None,
        "inline": one.inline,
        "deleted": False,
        "malware_access_override": False,
        "malware_scan_result": "not_scanned",
        "thumbnails": [],
    }


def comment(event: dict[str, Any], audit: Audit) -> dict[str, Any]:
    """One entry of /tickets/{id}/comments."""
    return {
        **{key: event[key] for key in ("id", "type", "author_id", "body", "html_body")},
        **{key: event[key] for key in ("plain_body", "public", "attachments", "audit_id")},
        "via": audit.via,
        "created_at": stamp(audit.created_at),
        "metadata": audit.metadata,
    }


def audit(one: Audit) -> dict[str, Any]:
    return {
        "id": one.id,
        "ticket_id": one.ticket_id,
        "created_at": stamp(one.created_at),
        "author_id": one.author_id,
        "metadata": one.metadata,
        "events": one.events,
        "via": one.via,
    }


def ticket(one: Ticket, base: str, *, generated: bool = False) -> dict[str, Any]:
    """`generated`: as the incremental export shows it."""
    scrubbed = one.place == "scrubbed"
    fields = [{"id": key, "value": value} for key, value in one.custom_fields.items()]
    subject = "SCRUBBED" if scrubbed else one.subject
    return {
        "url": f"{base}/api/v2/tickets/{one.id}.json",
        "id": one.id,
        "external_id": None if scrubbed else one.external_id,
        "via": one.via,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        **({"generated_timestamp": int(one.generated_at.timestamp())} if generated else {}),
        "type": one.type,
        "subject": subject,
        "raw_subject": subject,
        "description": "X" if scrubbed else one.description,
        "priority": one.priority,
        "status": "deleted" if one.place in {"deleted", "scrubbed"} else one.status,
        "recipient": one.recipient,
        "requester_id": one.requester_id,
        "submitter_id": one.submitter_id,
        "assignee_id": one.assignee_id,
        "organization_id": one.organization_id,
        "group_id": one.group_id,
        "collaborator_ids": one.collaborator_ids,
        "follower_ids": one.follower_ids,
        "email_cc_ids": one.email_cc_ids,
        "forum_topic_id": None,
        "problem_id": one.problem_id,
        "has_incidents": False,
        "is_public": one.is_public,
        "due_at": one.due_at,
        "tags": [] if scrubbed else sorted(one.tags),
        "custom_fields": [] if scrubbed else fields,
        "satisfaction_rating": {"score": "unoffered"},
        "sharing_agreement_ids": [],
        "custom_status_id": one.custom_status_id,
        "encoded_id": f"ZEN{one.id:06d}",
        "fields": [] if scrubbed else fields,
        "followup_ids": one.followup_ids,
        "ticket_form_id": one.ticket_form_id,
        "brand_id": one.brand_id,
        "allow_channelback": False,
        "allow_attachments": True,
        "from_messaging_channel": False,
    }


def user(one: User, base: str) -> dict[str, Any]:
    return {
        "id": one.id,
        "url": f"{base}/api/v2/users/{one.id}.json",
        "name": one.name,
        "email": one.email,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "time_zone": "Berlin",
        "iana_time_zone": "Europe/Berlin",
        "phone": one.phone,
        "shared_phone_number": one.shared_phone_number,
        "photo": None,
        "locale_id": 1,
        "locale": "en-US",
        "organization_id": one.organization_id,
        "role": one.role,
        "role_type": None,
        "verified": one.verified,
        "external_id": one.external_id,
        "tags": one.tags,
        "alias": "",
        "active": not one.deleted,
        "shared": False,
        "shared_agent": False,
        "last_login_at": None,
        "two_factor_auth_enabled": None,
        "signature": "",
        "details": "",
        "notes": "",
        "custom_role_id": None,
        "moderator": one.is_agent,
        "ticket_restriction": None if one.is_agent else "requested",
        "only_private_comments": False,
        "restricted_agent": one.role != "admin",
        "suspended": one.suspended,
        "default_group_id": one.group_id,
        "report_csv": one.role == "admin",
        "user_fields": {},
    }


ANONYMOUS: dict[str, Any] = {
    "id": None,
    "url": None,
    "name": "Anonymous user",
    "email": "invalid@example.com",
    "role": "end-user",
    "active": None,
    "verified": False,
    "locale_id": 1,
    "locale": "en-US",
    "time_zone": "Berlin",
    "tags": [],
    "user_fields": {},
    "authenticity_token": None,
}
