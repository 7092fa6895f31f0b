"""Configuration of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal, TypeAlias

from pydantic import Field, SecretStr, field_validator

from connector.domain.ticket import TicketStatus
from connector.helpdesks.base import HelpdeskSettings
from connector.http.config import AccountUrl

Default: TypeAlias = bool | int | float | str
"""A value for a field of the account's form."""

MAX_TICKET_BYTES: Final = 20 * 1024 * 1024
"""The product's limit for all files of a ticket together."""


class AccountSettings(HelpdeskSettings):
    """An account of Freshdesk."""

    kind: Literal["freshdesk"] = Field(default="freshdesk", description="The plugin for Freshdesk.")
    url: AccountUrl = Field(
        description="The account's own address, https://<name>.freshdesk.com; no other host name "
        "has the API."
    )
    api_key: SecretStr = Field(
        min_length=1, description="API key of an agent that is there for amends alone."
    )
    group: int | str = Field(
        default="", description="Group for new tickets: its exact name or its number; empty: none."
    )
    type: str = Field(
        default="", description="Type of new tickets, as agents choose it; empty: none."
    )
    source: int | str = Field(
        default="",
        description="Source of new tickets, as the account names it, or its number; empty: the "
        "product's own default (Portal).",
    )
    defaults: Mapping[str, Default] = Field(
        default_factory=dict,
        description="Values for fields that the account's form demands and amends does not know: "
        "name in the API = value, such as company_id = 42 or cf_location = 'Elm Street'.",
    )
    key_field: str = Field(
        default="cf_amends_key",
        pattern=r"^cf_[a-z0-9_]{1,100}$",
        description="Custom field (single-line text) by which tickets are recognised.",
    )
    fields: Mapping[str, str] = Field(
        default_factory=dict,
        description="Other names of custom fields: ours = theirs (cf_...). Without it a field of "
        "ours goes to cf_amends_<ours> where the form has it; an empty name leaves it out.",
    )
    statuses: Mapping[str, TicketStatus] = Field(
        default_factory=dict,
        description="What statuses mean that your account added: label = open, pending, resolved "
        "or closed. Others count as open, those that wait for somebody else as pending.",
    )
    public_description: str = Field(
        default="Thank you for telling us. We are looking into it.\n\n"
        "(Staff: what happened and what to do stands in the first private note below.)",
        min_length=1,
        max_length=2_000,
        description="Description of every ticket. It is the first message of the conversation: "
        "the product shows it to the patient in the portal and quotes it in mails.",
    )
    service_contact: str = Field(
        default="amends-service",
        min_length=1,
        max_length=200,
        description="External id of the contact for whom tickets are opened before the patient is "
        "put in, and for whom anonymous ones stay; made on first use, without an address.",
    )
    service_name: str = Field(
        default="Patient (see the ticket)",
        min_length=1,
        max_length=100,
        description="Name of that contact.",
    )
    patients_as_contacts: bool = Field(
        default=True,
        description="Put the patient in as requester, so that agents answer from the ticket. "
        "False: no patient's address is stored as a contact; it stands in the first note only.",
    )
    max_attachment_bytes: int = Field(
        default=10_000_000,
        ge=0,
        le=MAX_TICKET_BYTES,
        description="Larger files are left out with a word in the note. All files of a ticket "
        "together may have 20 MB.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities to trust beside those of the machine.",
    )

    max_subject: ClassVar[int] = 255
    """The product's limit of a subject."""
    known_fields: ClassVar[tuple[str, ...]] = ("category", "contact_due", "resolution_due")
    """Fields of ours that `check` looks for; others are kept where the form has them."""

    @field_validator("fields", mode="after")
    @classmethod
    def _names(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        if any(name and not name.startswith("cf_") for name in fields.values()):
            raise ValueError("the API's names of custom fields begin with cf_")
        return fields
