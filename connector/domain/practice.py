"""The practice that a daemon works for: what every room may need to know about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """Facts about the practice; no secrets."""

    tenant: str
    """Short id, part of every key; never changes once signals are stored."""
    name: str
    """As patients know it; may itself disclose a specialty."""
    zone: ZoneInfo
    """Local times in files are read in it, due times are shown in it."""
    region: str = "US"
    """ISO 3166 code for numbers written without a country."""
    phone: str = ""
    """The number patients may call back."""
    own_addresses: frozenset[str] = field(default_factory=frozenset)
    """Addresses of the practice and its helpdesk, lower case: mail from them is a loop."""
