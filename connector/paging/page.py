"""What a page says: codes, times and where the ticket is; never a word about or of a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SAID: Final[Mapping[str, str]] = MappingProxyType(
    {
        "critical": "A case of severity 4 needs somebody now.",
        "silence": "Nobody has acted on a case of severity 4.",
        "contact_beyond": "Twice the time for the first contact of a case has passed.",
        "resolution_beyond": "Twice the time for putting a case right has passed.",
        "test": "This is a test of the way by which you are told. Nothing has happened.",
    }
)
"""Sentence by reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One message to a person outside the helpdesk."""

    key: str
    """Ours, unique for ever; the same page sent twice after a crash carries it twice."""
    why: str
    """One of SAID."""
    case_id: str
    severity: int
    category: str
    """Key of the leading category."""
    due: str
    """What is due and by when, in the practice's time; empty: nothing."""
    url: str
    """Of the ticket; empty while there is none."""

    @property
    def subject(self) -> str:
        """One line."""
        return f"amends: case {self.case_id}, severity {self.severity}"

    @property
    def text(self) -> str:
        """The whole message; short enough for a pager (about 300 characters)."""
        where = self.url or "The helpdesk has no ticket yet: it may be down."
        lines = (SAID[self.why], f"Case {self.case_id}, {self.category}.", self.due, where)
        return "\n".join(line for line in lines if line) + "\n"

    @property
    def data(self) -> Mapping[str, str | int]:
        """For machines."""
        return {
            "key": self.key,
            "why": self.why,
            "text": self.text,
            "case": self.case_id,
            "severity": self.severity,
            "category": self.category,
            "due": self.due,
            "url": self.url,
        }
