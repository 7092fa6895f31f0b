"""Configuration of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field, SecretStr, field_validator

from connector.domain.ticket import TicketStatus
from connector.helpdesks.base import HelpdeskSettings
from connector.http.config import BaseUrl

FieldName: TypeAlias = Annotated[str, Field(pattern=r"^[^{}'\"\\\x00-\x1f]{1,200}$")]
"""Name of a custom field: what a search can hold between braces."""

Severity: TypeAlias = Annotated[int, Field(ge=1, le=4)]

SEVERITIES: Final = (1, 2, 3, 4)


class InstanceSettings(HelpdeskSettings):
    """A Request Tracker, version 5."""

    kind: Literal["request_tracker"] = Field(
        default="request_tracker", description="The plugin for Request Tracker."
    )
    url: BaseUrl = Field(
        description="Where RT begins: the address of its home page; /REST/2.0 is put behind it."
    )
    token: SecretStr = Field(
        min_length=1,
        description="Authentication token of a user that is there for amends alone.",
    )
    queue: str = Field(
        min_length=1, max_length=200, description="Queue for new tickets: its exact name."
    )
    key_field: FieldName = Field(
        default="Amends Key",
        description="Custom field (one value of free text, unique values) by which tickets are "
        "recognised.",
    )
    tags_field: FieldName = Field(
        default="Tags",
        description="Custom field (several values of free text) that holds the tags.",
    )
    fields: Mapping[str, str] = Field(
        default_factory=dict,
        description="Other names of custom fields: ours = theirs. Without it a field of ours goes "
        "to the one that `amends provision` names (Recovery: ...) where the queue has it; an "
        "empty name leaves it out.",
    )
    priorities: Mapping[Severity, int] = Field(
        default_factory=lambda: {1: 10, 2: 50, 3: 75, 4: 100},
        description="Severity = priority in RT, a number; rising with the severity.",
    )
    sla: Mapping[Severity, str] = Field(
        default_factory=dict,
        description="Severity = service level (a name of %ServiceAgreements in RT's "
        "configuration). Left out: the queue's own default. The due date is amends' either way.",
    )
    statuses: Mapping[str, TicketStatus] = Field(
        default_factory=dict,
        description="What statuses of your own lifecycle mean: name = open, pending, resolved or "
        "closed. The first of each meaning is also the one that amends sets; others count as open.",
    )
    quiet_queue: bool = Field(
        default=False,
        description="True when the scrips 'On Create Autoreply To Requestors' and 'On Resolve "
        "Notify Requestors' are disabled for the queue: saves requests. If they are not, patients "
        "are mailed.",
    )
    public_text: str = Field(
        default="Thank you for telling us. We are looking into it.\n\n"
        "(Staff: what happened and what to do stands in the comment below.)",
        min_length=1,
        max_length=2_000,
        description="First message of every ticket; RT's self-service shows it to the patient.",
    )
    max_attachment_bytes: int = Field(
        default=5_000_000,
        ge=0,
        le=20_000_000,
        description="Larger files are left out with a word in the comment; keep it below RT's "
        "own $MaxAttachmentSize.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities to trust beside those of the machine.",
    )
    allow_private: bool = Field(
        default=False,
        description="True when RT stands in your own network (10.x, 192.168.x ...).",
    )

    max_subject: ClassVar[int] = 200
    """The product cuts a longer one, without a word."""
    known_fields: ClassVar[tuple[str, ...]] = ("category", "contact_due", "resolution_due")
    """Fields of ours that `check` looks for; others are kept where the queue has them."""

    @field_validator("priorities", mode="after")
    @classmethod
    def _rising(cls, priorities: Mapping[int, int]) -> Mapping[int, int]:
        values = [priorities[one] for one in SEVERITIES if one in priorities]
        if len(values) < len(SEVERITIES) or values != sorted(set(values)):
            raise ValueError("names a number for each severity from 1 to 4, rising")
        return priorities
