"""The shapes of answers, as far as they are relied on; anything else in them is ignored.

Checked once at the border, so that nothing behind it meets a surprise. Values are used
as they came; the models only say whether they can be. Blank values are null, lists too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter


def _a_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Time: TypeAlias = Annotated[str, AfterValidator(_a_time)]
"""A time as the API prints it."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class FileShape(_Shape):
    """A file of a ticket or conversation; some pages of the reference print `file_size`."""

    name: str | None = None
    size: int | None = None
    file_size: int | None = None


class PersonShape(_Shape):
    """The requester of a ticket, or a contact."""

    id: int
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None
    unique_external_id: str | None = None


class ListedShape(_Shape):
    """A ticket in a list."""

    id: int
    created_at: Time
    updated_at: Time
    custom_fields: dict[str, Any]


class WrittenShape(_Shape):
    """The answer to a write: only what is relied on before the ticket is read back."""

    id: int
    requester_id: int
    updated_at: Time


class TicketShape(ListedShape):
    """A ticket by itself."""

    subject: str | None
    description: str | None
    status: int
    priority: int
    requester_id: int
    responder_id: int | None = None
    tags: list[str] | None
    spam: bool | None = None
    deleted: bool | None = None
    due_by: Time | None = None
    fr_due_by: Time | None = None
    attachments: list[FileShape] | None = None
    requester: PersonShape | None = None
    stats: dict[str, Any] | None = None


class ConversationShape(_Shape):
    """A note, a reply, or what came in."""

    id: int
    body: str | None
    source: int | None = None
    """Missing in the answer to a new note, as far as the reference shows."""
    private: bool
    incoming: bool | None = None
    user_id: int | None = None
    created_at: Time
    last_edited_at: Time | None = None
    attachments: list[FileShape] | None = None


class FieldShape(_Shape):
    """A field of the form."""

    id: int
    name: str
    label: str | None = None
    type: str | None = None
    required_for_agents: bool | None = None
    required_for_closure: bool | None = None
    choices: Any = None


class RatingShape(_Shape):
    """A satisfaction rating."""

    id: int
    created_at: Time
    ratings: dict[str, Any] | None = None
    feedback: str | None = None
    user_id: int | None = None


class AgentShape(_Shape):
    """An agent."""

    id: int
    ticket_scope: int | None = None
    contact: dict[str, Any] | None = None


class FolderShape(_Shape):
    """A folder of canned responses."""

    id: int
    name: str


class CannedShape(_Shape):
    """A canned response with its words."""

    id: int
    title: str
    content_html: str | None = None


class PolicyShape(_Shape):
    """A service-level policy."""

    id: int
    name: str
    sla_target: dict[str, Any] | None = None
    applicable_to: dict[str, Any] | None = None


WRITTEN: TypeAdapter[Any] = TypeAdapter(WrittenShape)
TICKET: TypeAdapter[Any] = TypeAdapter(TicketShape)
LISTED: TypeAdapter[Any] = TypeAdapter(list[ListedShape])
CONVERSATION: TypeAdapter[Any] = TypeAdapter(ConversationShape)
CONVERSATIONS: TypeAdapter[Any] = TypeAdapter(list[ConversationShape])
FIELD: TypeAdapter[Any] = TypeAdapter(FieldShape)
FIELDS: TypeAdapter[Any] = TypeAdapter(list[FieldShape])
PEOPLE: TypeAdapter[Any] = TypeAdapter(list[PersonShape])
RATINGS: TypeAdapter[Any] = TypeAdapter(list[RatingShape])
AGENT: TypeAdapter[Any] = TypeAdapter(AgentShape)
FOLDERS: TypeAdapter[Any] = TypeAdapter(list[FolderShape])
CANNED: TypeAdapter[Any] = TypeAdapter(list[CannedShape])
AGENTS: TypeAdapter[Any] = TypeAdapter(list[AgentShape])
POLICY: TypeAdapter[Any] = TypeAdapter(PolicyShape)
POLICIES: TypeAdapter[Any] = TypeAdapter(list[PolicyShape])
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
