"""Configuration of the plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from connector.helpdesks.base import HelpdeskSettings
from connector.http.config import AccountUrl

MIN_LIFE_S = 301
MAX_LIFE_S = 172_799
"""The product gives no token a shorter or longer life."""


class AccountSettings(HelpdeskSettings):
    """A Zendesk account (Support or Suite)."""

    kind: Literal["zendesk"] = Field(default="zendesk", description="The plugin for Zendesk.")
    url: AccountUrl = Field(
        description="Address of the account, as https://yourpractice.zendesk.com, without a path."
    )
    client_id: str = Field(
        default="",
        max_length=255,
        description="Unique identifier of a confidential OAuth client (Admin Center, Apps and "
        "integrations, APIs, OAuth clients).",
    )
    client_secret: SecretStr | None = Field(
        default=None, min_length=1, description="Secret of the OAuth client."
    )
    scope: str = Field(
        default="read write",
        max_length=500,
        pattern=r"^[a-z_:. ]*$",
        description="Scopes to ask for, separated by spaces; empty asks for none. Reading "
        "histories needs `read`, set-up over the API needs `read write`.",
    )
    token_seconds: int = Field(
        default=1_800,
        ge=MIN_LIFE_S,
        le=MAX_LIFE_S,
        description="How long a token lives that is asked for; it is renewed before its end.",
    )
    email: str = Field(
        default="",
        max_length=320,
        description="Only with an API token: address of the user who speaks with it.",
    )
    token: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="API token, instead of the OAuth client. Zendesk ends all of them on "
        "2027-04-30.",
    )
    group: int | str = Field(
        default="", description="Group for new tickets, number or exact name; empty: by your rules."
    )
    brand: int | str = Field(
        default="", description="Brand of new tickets, number or exact name; empty: the default."
    )
    form: int | str = Field(
        default="",
        description="Ticket form of new tickets, number or exact name; empty: the default.",
    )
    fields: Mapping[str, int | str] = Field(
        default_factory=dict,
        description="Other ticket fields than those that amends made: ours = number or exact "
        "title. An empty title leaves a field out.",
    )
    max_attachment_bytes: int = Field(
        default=20_000_000,
        ge=0,
        le=50_000_000,
        description="Larger files are left out with a word in the note; the product takes 50 MB.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities to trust beside those of the machine.",
    )

    max_subject: ClassVar[int] = 150
    """A longer subject is cut; the product shows no more in lists."""

    @field_validator("group", "brand", "form", mode="after")
    @classmethod
    def _a_number_or_name(cls, value: int | str) -> int | str:
        return _number_or_name(value)

    @field_validator("fields", mode="after")
    @classmethod
    def _numbers_or_titles(cls, value: Mapping[str, int | str]) -> Mapping[str, int | str]:
        return {ours: _number_or_name(theirs) for ours, theirs in value.items()}

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        client = (bool(self.client_id), self.client_secret is not None)
        user = (bool(self.email), self.token is not None)
        if (client, user) not in {
            ((True, True), (False, False)),
            ((False, False), (True, True)),
        }:
            raise ValueError(
                "needs either client_id and client_secret (best), or email and token, not both"
            )
        return self


def _number_or_name(value: int | str) -> int | str:
    text = str(value).strip()
    if text.isascii() and text.isdecimal():
        return int(text)
    if isinstance(value, int):
        raise ValueError("is no number of a record")  # noqa: TRY004 - pydantic takes ValueError
    return text
