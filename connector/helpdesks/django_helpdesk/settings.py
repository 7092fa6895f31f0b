"""Configuration of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connector.helpdesks.base import HelpdeskSettings
from connector.http.config import BaseUrl

_SLUG = r"^[A-Za-z0-9_-]{1,50}$"


class SiteSettings(HelpdeskSettings):
    """A django-helpdesk site, 2.6 or later."""

    kind: Literal["django_helpdesk"] = Field(
        default="django_helpdesk", description="The plugin for django-helpdesk."
    )
    url: BaseUrl = Field(
        description="Where the helpdesk begins: the address of its ticket list without /tickets/."
    )
    token: SecretStr = Field(
        min_length=1, description="API token of a user with staff status; best one of its own."
    )
    queue: int | str = Field(
        description="Queue for new tickets: its number (best) or its exact title."
    )
    key_field: str = Field(
        default="amends_key",
        pattern=_SLUG,
        description="Custom field (text, 64 or more characters) by which tickets are recognised.",
    )
    tags_field: str = Field(
        default="tags",
        pattern=_SLUG,
        description="Custom field (text, best 1000 characters) that holds tags between commas.",
    )
    fields: Mapping[str, str] = Field(
        default_factory=dict,
        description="Other names of custom fields: ours = theirs. Without it category, "
        "contact_due and resolution_due go to amends_<ours>, other findings (source, channel, "
        "severity ...) to none; an empty name leaves a field out.",
    )
    public_description: str = Field(
        default="Thank you for telling us. We are looking into it.\n\n"
        "(Staff: what happened and what to do stands in the first follow-up below.)",
        min_length=1,
        max_length=2_000,
        description="Description of every ticket; the product shows it to the patient as soon "
        "as an agent answers from the ticket.",
    )
    attachment_types: tuple[str, ...] = Field(
        default=(".txt", ".asc", ".pdf", ".doc", ".docx", ".odt", ".jpg", ".png", ".eml"),
        description="Endings that the site accepts (HELPDESK_VALID_EXTENSIONS); other files "
        "are attached as .txt.",
    )
    max_attachment_bytes: int = Field(
        default=5_000_000,
        ge=0,
        le=50_000_000,
        description="Larger files are left out with a word in the note; keep it below the "
        "limit of the web server in front.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities to trust beside those of the machine.",
    )
    allow_private: bool = Field(
        default=False,
        description="True when the site stands in your own network (10.x, 192.168.x ...).",
    )

    max_subject: ClassVar[int] = 200
    """The product's limit of a title."""
    known_fields: ClassVar[tuple[str, ...]] = (
        "category",
        "contact_due",
        "resolution_due",
    )
    """Fields of ours that are kept unless the settings leave them out; `check` looks for them."""

    @field_validator("queue", mode="after")
    @classmethod
    def _a_queue(cls, queue: int | str) -> int | str:
        if isinstance(queue, str) and queue.strip().isdecimal():
            return int(queue)
        if not queue or (isinstance(queue, int) and queue < 0):
            raise ValueError("names no queue")
        return queue

    @field_validator("attachment_types", mode="after")
    @classmethod
    def _endings(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if ".txt" not in types or any(not ending.startswith(".") for ending in types):
            raise ValueError("each begins with a dot, and .txt is among them")
        return tuple(ending.lower() for ending in types)

    @model_validator(mode="after")
    def _each_field_once(self) -> Self:
        taken = [self.key_field, self.tags_field, *filter(None, self.fields.values())]
        twice = sorted({name for name in taken if taken.count(name) > 1})
        if twice:
            raise ValueError(
                f"custom field {', '.join(twice)} would hold two things; key_field, tags_field "
                "and fields each need their own"
            )
        return self
