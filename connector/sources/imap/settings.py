"""Configuration of an IMAP mailbox."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from connector.domain.signal import Cursor
from connector.parsing.mail_signal import MailOptions
from connector.sources.base import Comparison, SourceSettings
from connector.sources.imap.place import read_cursor

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class MicrosoftSettings(BaseModel):
    """How tokens for Microsoft 365 are got."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$",
        description="Directory (tenant) id, or one of its domains.",
    )
    client_id: str = Field(
        pattern=r"^[0-9A-Fa-f-]{36}$", description="Application (client) id of the registration."
    )
    client_secret: SecretStr | None = Field(
        default=None,
        description="Secret of the application, which then logs in by itself; left out: a person "
        "logs in once by `amends login`.",
    )
    authority: str = Field(
        default="https://login.microsoftonline.com",
        pattern=r"^https://[^/?#\s]+$",
        description="Login server; another one for national clouds.",
    )
    resource: str = Field(
        default="https://outlook.office365.com",
        pattern=r"^https://[^/?#\s]+$",
        description="What the token is for; https://outlook.office365.us for the US government.",
    )

    @property
    def authority_url(self) -> str:
        """The tenant's login server."""
        return f"{self.authority}/{self.tenant_id}"


class GoogleSettings(BaseModel):
    """How tokens for Google Workspace and Gmail are got."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service_account: SecretStr | None = Field(
        default=None,
        description="Key of a service account with domain-wide delegation, the JSON that Google "
        "made; best as service_account_file. It comes before client.",
    )
    client: SecretStr | None = Field(
        default=None,
        description="Client file (JSON) of a desktop application, for `amends login`; best as "
        "client_file.",
    )
    consent_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port on this machine to which the browser returns at `amends login`; "
        "0: any free one.",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.service_account is None and self.client is None:
            message = "give service_account or client"
            raise ValueError(message)
        return self


class MailboxSettings(SourceSettings):
    """One mailbox, or some folders of it."""

    kind: Literal["imap"] = "imap"
    host: str = Field(min_length=1, max_length=253, description="Name of the IMAP server.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Left out: 993 for tls, 143 for starttls."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        description="tls from the first byte, starttls, or none (only to this same machine).",
    )
    username: str = Field(
        min_length=1,
        max_length=320,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Login name, often the whole address; with microsoft or google the address "
        "of the mailbox that is opened, a shared one too.",
    )
    login: Literal["password", "microsoft", "google"] = Field(
        default="password",
        description="Log in with the password, or with tokens of Microsoft 365 or Google.",
    )
    password: SecretStr | None = Field(default=None, description="Password or app password.")
    microsoft: MicrosoftSettings | None = Field(
        default=None, description="How tokens are got for login = microsoft."
    )
    google: GoogleSettings | None = Field(
        default=None, description="How tokens are got for login = google."
    )
    folder: str = Field(
        default="INBOX", min_length=1, max_length=400, description="The folder to read."
    )
    folders: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Several folders instead: names, or patterns in which * stands for anything "
        "within one level and ** for anything. / parts the levels, whatever the server uses.",
    )
    exclude_folders: tuple[str, ...] = Field(
        default=(),
        max_length=100,
        description="Folders that patterns do not mean. Sent, drafts, trash, junk and virtual "
        "folders never are.",
    )
    start_from: Literal["now", "everything"] | date = Field(
        default="now",
        description='What is read of the mail that is there already at the very first start: "now" '
        'none of it, a date what arrived that day or later, "everything" all of it.',
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of a certificate authority to trust besides the system's.",
    )
    timeout_seconds: int = Field(
        default=30, ge=1, le=300, description="No single answer of the server takes longer."
    )
    idle_seconds: int = Field(
        default=120,
        ge=1,
        le=120,
        description="How long to wait for news before asking whether the server is still there.",
    )
    after: Literal["leave", "flag", "move"] = Field(
        default="leave",
        description="What happens to a message once it is safely stored: leave it as it is, set "
        "the flag, or move it to processed_folder.",
    )
    flag: str = Field(
        default="\\Seen",
        pattern=r"^\\?[A-Za-z][A-Za-z0-9_$-]{0,39}$",
        description="The flag or keyword for after = flag.",
    )
    processed_folder: str = Field(
        default="Processed", min_length=1, description="Where after = move puts messages."
    )
    mail: MailOptions = Field(default_factory=MailOptions, description="How messages are read.")

    _home: Path | None = PrivateAttr(default=None)

    @property
    def home(self) -> Path | None:
        """Where files of our own may be kept; None where no state directory is known."""
        return self._home

    @property
    def alone(self) -> str:
        """Why nobody has to log in; empty where a person does, once."""
        if self.login == "password":
            return "has a password"
        if self.microsoft is not None and self.login == "microsoft":
            alone = self.microsoft.client_secret is not None
            return "has a client_secret and logs in by itself" if alone else ""
        alone = self.google is not None and self.google.service_account is not None
        return "has a service account and logs in by itself" if alone else ""

    def at_home(self, state_dir: Path) -> Self:
        """Give the same settings, which know where tokens are kept."""
        if self.login != "password":
            self._home = state_dir
        return self

    def compared(self, cursor: Cursor) -> Comparison | None:
        """Say what the last comparison of all message numbers found."""
        position = read_cursor(cursor)
        return None if position is None else position.compared()

    @model_validator(mode="after")
    def _way_in(self) -> Self:
        if getattr(self, self.login) is None:
            message = f"login = {self.login} needs {self.login}"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.security == "none" and not _is_loopback(self.host):
            message = "security = none sends the password in clear; use tls or starttls"
            raise ValueError(message)
        if self.password is not None and _CONTROL.search(self.password.get_secret_value()):
            message = "password holds a line break or another control character"
            raise ValueError(message)
        if self.after == "move" and self.processed_folder in (self.folders or (self.folder,)):
            message = "processed_folder must be another folder than folder"
            raise ValueError(message)
        return self

    @property
    def effective_port(self) -> int:
        """The port that will be used."""
        return self.port or _PORTS[self.security]


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
