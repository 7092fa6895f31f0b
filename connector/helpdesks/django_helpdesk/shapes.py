"""The shapes of answers, as far as they are relied on; anything else in them is ignored.

Checked once at the border, so that nothing behind it meets a surprise. Values are used
as they came; the models only say whether they can be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _a_time(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Time: TypeAlias = Annotated[str, AfterValidator(_a_time)]
"""A time as the API prints it."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)


class AttachmentShape(_Shape):
    """A file of a follow-up."""

    id: int
    filename: str
    size: int


class FollowUpShape(_Shape):
    """A follow-up: a comment, a change of status, or what the product noted itself."""

    id: int
    ticket: int
    date: Time
    comment: str | None
    public: bool
    title: str | None = None
    user: int | None = None
    new_status: int | None = None
    followupattachment_set: list[AttachmentShape] = Field(default_factory=list)
    email_recipients: list[str] | None = None


class TicketShape(_Shape):
    """A ticket with all its follow-ups."""

    id: int
    title: str
    description: str | None
    status: int
    priority: int
    on_hold: bool = False
    due_date: Time | None = None
    merged_to: int | None = None
    assigned_to: int | None = None
    submitter_email: str | None = None
    resolution: str | None = None
    followup_set: list[FollowUpShape]


class PageShape(_Shape):
    """A page of follow-ups."""

    count: int
    results: list[FollowUpShape]
