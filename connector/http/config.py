"""Where to speak and within which bounds; which addresses may be spoken to at all."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""Decoded size above which an answer is given up."""

MAX_URL_CHARS: Final = 2_000
"""A longer base_url is a mistake."""

LOOPBACK_NAMES: Final = frozenset({"localhost", "ip6-localhost"})
"""Names that mean this machine without asking the resolver."""

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA: Final[Mapping[str, str]] = {
    "fd00:ec2::254": "cloud metadata",
    "100.100.100.200": "cloud metadata",
    "168.63.129.16": "cloud platform",
}
"""Addresses outside 169.254.0.0/16 at which clouds hand out credentials."""


def checked_base_url(url: str) -> str:
    """Give the URL without a trailing slash, or raise ValueError with a sentence for the admin.

    https only, except for this machine itself; no user name or password, no query, no
    fragment; no literal address at which clouds hand out credentials (THREATS.md row 9).
    """
    if len(url) > MAX_URL_CHARS or any(ord(c) < 0x21 or ord(c) == 0x7F for c in url):  # noqa: PLR2004 - first printable character and DEL
        raise ValueError("is no URL (too long, or with spaces or control characters)")
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host:
        raise ValueError("must look like https://helpdesk.example.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; credentials have their own keys")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError("must not hold a query or fragment")
    _ = parts.port  # raises ValueError when it is no port
    address = literal_address(host)
    if parts.scheme == "http" and not is_loopback_host(host):
        raise ValueError("must begin with https:// (http is for this machine only)")
    if address is not None and (why := never_allowed(address)):
        raise ValueError(f"points to a {why} address, which is never a helpdesk")
    return url.rstrip("/")


BaseUrl: TypeAlias = Annotated[str, AfterValidator(checked_base_url)]


def checked_account_url(url: str) -> str:
    """Like `checked_base_url`, for products that answer at the root of their host only."""
    checked = checked_base_url(url)
    if urlsplit(checked).path:
        raise ValueError("must end with the name of the host, without a path")
    return checked


AccountUrl: TypeAlias = Annotated[str, AfterValidator(checked_account_url)]


def literal_address(host: str) -> IPAddress | None:
    """Read a host that is itself an address (IPv4 in IPv6 unwrapped), else None."""
    try:
        return plain_address(host)
    except ValueError:
        return None


def plain_address(text: str) -> IPAddress:
    """Read an address as the resolver prints it; raises ValueError for anything else."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_loopback_host(host: str) -> bool:
    """Say whether a host, as written in the URL, is this machine."""
    address = literal_address(host)
    return host.lower() in LOOPBACK_NAMES or (address is not None and address.is_loopback)


def never_allowed(address: IPAddress) -> str:
    """Say why no configuration may reach this address; empty when it may be reached."""
    if address.is_link_local or str(address) in METADATA:
        return "link-local or cloud metadata"
    if address.is_multicast or address.is_unspecified:
        return "multicast or unspecified"
    return ""


def refused(address: IPAddress, *, host: str, allow_private: bool) -> str:
    """Say why a resolved address must not be connected to; empty when it may.

    The URL's name was checked when the configuration was read, but names can be made
    to point elsewhere later: so every resolved address is judged again, each time.
    """
    if why := never_allowed(address):
        return f"the name leads to a {why} address"
    if address.is_loopback:
        if is_loopback_host(host) or allow_private:
            return ""
        return "the name leads to this machine itself; set allow_private if that is meant"
    if not address.is_global and not allow_private:
        return "the name leads to a private address; set allow_private if that is meant"
    return ""


class HttpConfig(BaseModel):
    """How to reach one system over HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    base_url: BaseUrl = Field(description="Where the system answers; paths are put behind it.")
    deadline_seconds: float = Field(
        default=30, gt=0, le=300, description="No request takes longer than this in all."
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file with certificate authorities to trust beside those of the machine.",
    )
    allow_private: bool = Field(
        default=False,
        description="True when the system stands in your own network (10.x, 192.168.x ...).",
    )
    max_answer_bytes: int = Field(
        default=MAX_ANSWER_BYTES,
        ge=1,
        le=256 * 1024 * 1024,
        description="An answer larger than this, decompressed, is given up.",
    )
