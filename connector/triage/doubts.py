"""What a parser says about a mail that tells of somebody: who vouches for it, what stays unread.

Facts: `doubt` (why a person has to look, `code` or `code: names`), `sender_proof` (verified,
unverified, failed), `exported` (files that went into another source's folder).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Reason
from connector.domain.plain import one_line
from connector.domain.signal import Fact
from connector.triage.opinion import plain

_DOUBTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "forged": "sender.forged",
        "staff": "sender.staff_unproven",
        "subject": "notification.unknown_subject",
        "fields": "notification.unread_fields",
        "export": "export.refused",
    }
)


def doubt_reason(facts: Mapping[str, Fact]) -> Reason | None:
    """Give why a person has to look before this counts; None when there is no doubt."""
    doubt = facts.get("doubt")
    if not isinstance(doubt, str) or not doubt:
        return None
    code, _, names = doubt.partition(":")
    return plain(_DOUBTS.get(code, "notification.unread_fields"), one_line(names.strip(), 120))


def proof_reasons(facts: Mapping[str, Fact]) -> list[Reason]:
    """Say on the ticket that nobody vouches for the sender."""
    return [plain("sender.unverified")] if facts.get("sender_proof") == "unverified" else []


def exported_reason(facts: Mapping[str, Fact]) -> Reason | None:
    """Give why a mail that only brought files for another source owes nothing."""
    files = facts.get("exported")
    if not isinstance(files, tuple) or not files or facts.get("doubt"):
        return None
    return plain("export.delivered", f"{len(files)} file{'' if len(files) == 1 else 's'}")
