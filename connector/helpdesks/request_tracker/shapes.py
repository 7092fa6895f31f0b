"""The shapes of answers, as far as they are relied on; anything else in them is ignored.

Checked once at the border, so that nothing behind it meets a surprise. Values are used
as they came; the models only say whether they can be. Numbers come as text as often as not.
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

Text: TypeAlias = Annotated[str, Field(coerce_numbers_to_str=True)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class RefShape(_Shape):
    """What stands for another thing."""

    id: Text


class FieldShape(_Shape):
    """A custom field with its values on a ticket, or with its name in a queue."""

    id: int
    name: str
    values: list[object] = Field(default_factory=list)


class LinkShape(_Shape):
    """What may be done with a thing; rights are told by what is missing."""

    ref: str
    url: str = Field(default="", alias="_url")


class TicketShape(_Shape):
    """A ticket."""

    id: int
    EffectiveId: RefShape
    Status: str
    Priority: int
    CustomFields: list[FieldShape]
    Requestor: list[RefShape]
    Owner: RefShape
    Creator: RefShape
    Queue: RefShape
    Subject: str | None = None
    Due: Time | None = None
    SLA: str | None = None
    hyperlinks: list[LinkShape] = Field(default_factory=list, alias="_hyperlinks")


class QueueShape(_Shape):
    """A queue with the custom fields of its tickets, as far as the account may see them."""

    id: int
    Name: str
    TicketCustomFields: list[FieldShape]
    hyperlinks: list[LinkShape] = Field(alias="_hyperlinks")


class ChangedShape(_Shape):
    """One line of the feed of changes: when something happened to which ticket."""

    id: int
    Created: Time
    ObjectId: int


class TransactionShape(_Shape):
    """One line of a history, with the fields that are asked for."""

    id: int
    Type: str
    Created: Time
    Creator: RefShape
    Field: str | None = None
    OldValue: Text | None = None
    NewValue: Text | None = None
    Data: str | None = None
    ObjectId: Text | None = None


class AttachmentShape(_Shape):
    """A part of a message."""

    id: int
    TransactionId: int
    Filename: str | None = None
    ContentType: str | None = None
    Content: str | None = None
    Headers: str | None = None


class PageShape(_Shape):
    """A page of a list; its items are checked by their own shape."""

    items: list[dict[str, object]]
    total: int | None = None


class MadeShape(_Shape):
    """What stands for a thing that was just made."""

    id: int
