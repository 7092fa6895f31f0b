"""The shapes of answers, as far as they are relied on; anything else in them is ignored.

Checked once at the border, so that nothing behind it meets a surprise. Values are used
as they came; the models only say whether they can be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict


def _a_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Time: TypeAlias = Annotated[str, AfterValidator(_a_time)]
"""A time as the API prints it."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class _Value(_Shape):
    id: int
    value: Any = None


class _Ticket(_Shape):
    id: int
    status: str
    subject: str | None = None
    description: str | None = None
    priority: str | None = None
    external_id: str | None = None
    updated_at: Time
    created_at: Time
    tags: list[str]
    custom_fields: list[_Value] = []
    requester_id: int | None = None
    submitter_id: int | None = None
    assignee_id: int | None = None
    group_id: int | None = None
    due_at: Time | None = None


class _User(_Shape):
    id: int | None = None
    name: str | None = None
    email: str | None = None
    role: str | None = None


class _File(_Shape):
    file_name: str
    size: int | None = None


class _Event(_Shape):
    id: int
    type: str
    author_id: int | None = None
    field_name: str | None = None
    public: bool | None = None
    body: str | None = None
    html_body: str | None = None
    plain_body: str | None = None
    attachments: list[_File] = []


class _Audit(_Shape):
    id: int
    created_at: Time
    author_id: int
    metadata: dict[str, Any] = {}
    events: list[_Event]


class TicketShape(_Shape):
    """One ticket, with users beside it."""

    ticket: _Ticket
    users: list[_User] | None = None


class TicketsShape(_Shape):
    """Several tickets."""

    tickets: list[_Ticket]


class WrittenShape(_Shape):
    """What a create or change answers: the ticket, and the audit that it made (None: no change)."""

    ticket: _Ticket
    audit: _Audit | None = None


class AuditsShape(_Shape):
    """A page of audits."""

    audits: list[_Audit]
    users: list[_User] | None = None
    count: int | None = None


class UsersShape(_Shape):
    """Several users."""

    users: list[_User]


class MeShape(_Shape):
    """Who we are."""

    user: _User


class _Upload(_Shape):
    token: str


class UploadShape(_Shape):
    """What an upload answers."""

    upload: _Upload


class _Fed(_Shape):
    id: int


class FeedShape(_Shape):
    """A page of the feed of changed tickets."""

    tickets: list[_Fed]
    end_of_stream: bool
    after_cursor: str | None = None
