"""Who is told outside the helpdesk, about what, and by which way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from connector.domain.taxonomy import TAXONOMY
from connector.http.config import BaseUrl, is_loopback_host

PORTS: Final = {"tls": 465, "starttls": 587, "none": 25}


def _address(text: str) -> str:
    name, at, domain = text.strip().rpartition("@")
    plain = text.strip().isascii() and not any(char.isspace() or char in ',;<>"' for char in text)
    if not (name and at and domain and plain):
        message = "is no plain mail address such as oncall@practice.example"
        raise ValueError(message)
    return text.strip()


MailAddress: TypeAlias = Annotated[str, AfterValidator(_address), Field(max_length=254)]
Reason: TypeAlias = Literal["critical", "silence", "contact_beyond", "resolution_beyond"]


class PageRoute(BaseModel):
    """What every route has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="Your name for it in status and log."
    )
    min_severity: int = Field(
        default=4, ge=1, le=4, description="Cases below this severity do not go this way."
    )
    reasons: frozenset[Reason] = Field(
        default=frozenset({"critical", "silence", "contact_beyond", "resolution_beyond"}),
        min_length=1,
        description="critical: a case of severity 4 began; silence: nobody acted on it; "
        "contact_beyond and resolution_beyond: twice the time has passed.",
    )
    categories: frozenset[str] = Field(
        default=frozenset(), description="Only cases of these categories; empty: of all."
    )
    sites: frozenset[str] = Field(
        default=frozenset(), description="Only cases of these sites; empty: of all."
    )
    hours: Literal["always", "open", "closed"] = Field(
        default="always",
        description="When this way is used: always, while the practice is open, or only while "
        "it is closed (somebody on call).",
    )
    conflict: Literal["any", "only", "never"] = Field(
        default="any",
        description="Cases that seem to be about the manager (tag amends_conflict): any goes this "
        "way too; never, for a way that ends with the manager; only, for one to somebody else.",
    )
    per_day: int = Field(
        default=20,
        ge=1,
        le=1_000,
        description="After so many in a day only severity 4 goes this way: alerts that are "
        "muted because there are too many help nobody.",
    )
    deadline_seconds: int = Field(
        default=20, ge=1, le=120, description="No attempt takes longer than this."
    )

    @model_validator(mode="after")
    def _known_categories(self) -> Self:
        unknown = sorted(self.categories - set(TAXONOMY))
        if unknown:
            message = f"no such category: {', '.join(unknown)}"
            raise ValueError(message)
        return self


class MailRoute(PageRoute):
    """By mail through a mail server, which may be a gateway to text messages."""

    host: str = Field(min_length=1, max_length=253, description="Name of the mail server (SMTP).")
    port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Left out: 465 for tls, 587 for starttls, 25 for none.",
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="starttls",
        description="tls from the first byte, starttls, or none (only to this same machine).",
    )
    username: str = Field(default="", max_length=320, description="Login name; empty: no login.")
    password: SecretStr | None = Field(default=None, description="Password of the login.")
    ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) to trust instead of the system's."
    )
    sender: MailAddress = Field(description="From whom the mail is.")
    to: tuple[MailAddress, ...] = Field(
        min_length=1, max_length=20, description="Who gets it; staff, never a patient."
    )

    @model_validator(mode="after")
    def _never_in_the_clear(self) -> Self:
        if self.security == "none" and not is_loopback_host(self.host):
            message = "security = none is for a mail server on this same machine only"
            raise ValueError(message)
        if self.username and self.password is None:
            message = "give password or password_file for the login"
            raise ValueError(message)
        return self

    @property
    def port_number(self) -> int:
        """The port, chosen or usual."""
        return self.port or PORTS[self.security]


class WebhookRoute(PageRoute):
    """By a request to an address that is yours: a chat, a pager service, your own program."""

    url: BaseUrl = Field(description="Where to; the request is a POST of JSON.")
    token: SecretStr | None = Field(
        default=None, description="Sent as `Authorization: Bearer ...`; left out: nothing."
    )
    secret: SecretStr | None = Field(
        default=None,
        description="Signs the body: the header X-Amends-Signature is `sha256=` and the hex "
        "HMAC-SHA256 of the body with this key.",
    )
    ca_file: Path | None = Field(
        default=None, description="Certificates (PEM) to trust instead of the system's."
    )


class PagingSettings(BaseModel):
    """Ways to people outside the helpdesk; without one nobody is told there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mail: tuple[MailRoute, ...] = Field(
        default=(), max_length=50, description="Routes by mail; the first key of each is `name`."
    )
    webhook: tuple[WebhookRoute, ...] = Field(
        default=(), max_length=50, description="Routes by webhook."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [route.name for route in self.routes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"two routes have the name {twice[0]}; choose another"
            raise ValueError(message)
        return self

    @property
    def routes(self) -> tuple[MailRoute | WebhookRoute, ...]:
        """All of them."""
        return (*self.mail, *self.webhook)
