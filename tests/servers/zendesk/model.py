"""What an account holds: users, tickets with their audits, knobs that a test may turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from servers.weather import Answer

ID_BASE: Final = 360_000_000_000
"""Ids of everything but tickets look like the real ones: too long for 32 bits."""

Role = Literal["admin", "agent", "end-user"]
Place = Literal["live", "archived", "deleted", "scrubbed"]

WORKING: Final = ("new", "open", "pending", "hold", "solved", "closed", "deleted")
"""Statuses in the order in which `less_than` compares them."""
PRIORITIES: Final = ("low", "normal", "high", "urgent")
TYPES: Final = ("problem", "incident", "question", "task")


def stamp(at: datetime | None) -> str | None:
    """A time as every answer shows it: whole seconds, Z."""
    return at and at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(kw_only=True)
class User:
    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    phone: str | None = None
    role: Role = "end-user"
    external_id: str | None = None
    suspended: bool = False
    verified: bool = False
    tags: list[str] = field(default_factory=list)
    group_id: int | None = None
    organization_id: int | None = None
    shared_phone_number: bool | None = None
    identities: list[dict[str, Any]] = field(default_factory=list)
    deleted: bool = False

    @property
    def is_agent(self) -> bool:
        return self.role in {"admin", "agent"}


@dataclass(kw_only=True)
class Attachment:
    id: int
    file_name: str
    content_type: str
    content: bytes
    created_at: datetime
    inline: bool = False


@dataclass(kw_only=True)
class Upload:
    token: str
    made_at: datetime
    files: list[Attachment]
    used: bool = False


@dataclass(kw_only=True)
class Audit:
    id: int
    ticket_id: int
    created_at: datetime
    author_id: int
    metadata: dict[str, Any]
    via: dict[str, Any]
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass(kw_only=True)
class Ticket:
    id: int
    created_at: datetime
    updated_at: datetime
    generated_at: datetime
    requester_id: int
    submitter_id: int
    brand_id: int
    ticket_form_id: int
    subject: str = ""
    status: str = "new"
    custom_status_id: int | None = None
    priority: str | None = None
    type: str | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    organization_id: int | None = None
    external_id: str | None = None
    problem_id: int | None = None
    recipient: str | None = None
    due_at: str | None = None
    tags: list[str] = field(default_factory=list)
    custom_fields: dict[int, Any] = field(default_factory=dict)
    collaborator_ids: list[int] = field(default_factory=list)
    email_cc_ids: list[int] = field(default_factory=list)
    follower_ids: list[int] = field(default_factory=list)
    via: dict[str, Any] = field(default_factory=dict)
    followup_ids: list[int] = field(default_factory=list)
    public_by_default: bool = True
    """The privacy of the first comment; what a later comment has that says nothing."""
    audits: list[Audit] = field(default_factory=list)
    place: Place = "live"
    restored_status: str = "open"

    def comments(self) -> list[dict[str, Any]]:
        """The Comment events, oldest first."""
        return [
            event for audit in self.audits for event in audit.events if event["type"] == "Comment"
        ]

    @property
    def is_public(self) -> bool:
        return any(comment["public"] for comment in self.comments())

    @property
    def description(self) -> str:
        comments = self.comments()
        return comments[0]["plain_body"] if comments else ""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What an Idempotency-Key stands for."""

    digest: str
    answer: Answer
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What a trigger or a verification sends; recorded, never delivered."""

    to: str
    subject: str
    text: str
    ticket_id: int | None
    rule: str
    """The trigger's title."""
    deliverable: bool
    """False for reserved domains such as example.com, which the product spares."""


@dataclass(kw_only=True)
class Knobs:
    """How the account is, and how it behaves today; a test may turn all of it at any time."""

    subdomain: str = "elmstreet"
    client_id: str = "amends"
    client_secret: str = "s3cret-of-the-client"
    api_token: str = "t0ken-of-the-api"
    basic_allowed: bool = True
    """False: API tokens have been switched off, as for every account after 2027-04-30."""
    allowed_scopes: frozenset[str] | None = None
    """What the client may ask for; None: anything."""
    token_life_s: int = 1_800
    anonymous_bearer: bool = False
    """True: an invalid bearer token is Anonymous at /users/me as wrong Basic credentials are."""
    list_lag_s: int = 0
    """Tickets younger than this are missing from lists, also from the list by external_id."""
    search_lag_s: int = 120
    welcomes: bool = False
    """True: a person who is new is mailed a welcome when an agent's ticket makes them."""
    has_slas: bool = True
    no_slas_status: int = 403
    has_forms: bool = True
    limits: bool = True
    """False: nothing is ever refused with 429 (headers are still sent)."""
    requests_per_minute: int = 700
    updates_per_minute: int = 100
    retry_after: int | None = None
    """What 429 says instead of the truth."""
    plain_429: bool = False
    """True: 429 comes as text/plain."""
    idempotency_life_s: int = 7_200
    keys_keep_errors: bool = False
    """Whether a refusal is kept under an Idempotency-Key; not known of the real product."""
    repeats: bool = False
    """True: each page of an incremental export begins with the last ticket of the one before."""
    conflicts: list[tuple[str, bool]] = field(default_factory=list)
    """Database errors that await the next ticket writes, as (name, was it applied)."""
    drops: set[str] = field(default_factory=set)
    """Ticket properties that are dropped without a word today."""
