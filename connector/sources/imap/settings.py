"""Configuration of an IMAP mailbox."""

from __future__ import annotations

import ipaddress
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from connector.parsing.mail_signal import MailOptions
from connector.sources.base import SourceSettings

_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class MailboxSettings(SourceSettings):
    """One folder of one mailbox."""

    kind: Literal["imap"] = "imap"
    host: str = Field(min_length=1, max_length=253, description="Name of the IMAP server.")
    port: int | None = Field(
        default=None, ge=1, le=65_535, description="Left out: 993 for tls, 143 for starttls."
    )
    security: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        description="tls from the first byte, starttls, or none (only to this same machine).",
    )
    username: str = Field(min_length=1, description="Login name, often the whole address.")
    password: SecretStr = Field(description="Password or app password.")
    folder: str = Field(default="INBOX", min_length=1, description="The folder to read.")
    start_from: date | None = Field(
        default=None,
        description="At the very first reading, leave out mail that arrived before this day.",
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

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.security == "none" and not _is_loopback(self.host):
            message = "security = none sends the password in clear; use tls or starttls"
            raise ValueError(message)
        if self.after == "move" and self.processed_folder == self.folder:
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
