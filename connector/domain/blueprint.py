"""What a helpdesk should have so that people can work with amends' tickets, and how it differs.

A blueprint is wanted once for a practice; each product's plugin compares it with what the
account has and tells the difference as steps, which are printed (the plan) or carried out.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class FieldType(StrEnum):
    """What a custom field of a ticket takes."""

    TEXT = "text"
    CHOICE = "choice"
    CHECKBOX = "checkbox"
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedField:
    """A custom field of tickets."""

    name: str
    """Ours (`category`, `contact_due`, `step_apologize` ...), as in `OpenTicket.fields`."""
    title: str
    """What agents read beside it; begins with `Recovery:` so that ours stand together."""
    type: FieldType
    choices: Mapping[str, str] = field(default_factory=dict)
    """Value to label, in order; only for a choice."""
    description: str = ""
    """One sentence for the admin."""
    filled_by: str = "amends"
    """amends | agents: who writes it; what agents write is never overwritten."""
    max_chars: int = 0
    """Longest value that it has to take; 0: does not matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedView:
    """A list of open tickets for agents."""

    name: str
    title: str
    tags: tuple[str, ...]
    """Tickets that carry any of these."""
    without_tags: tuple[str, ...] = ()
    """And none of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """By when, for one severity."""

    severity: int
    contact_minutes: int
    """First human contact; business minutes where `business_hours`, else of the clock."""
    resolution_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedSla:
    """The helpdesk's own service-level policy for our tickets."""

    name: str
    title: str
    tag: str
    """Tickets that carry it are measured."""
    targets: tuple[Target, ...]
    business_hours: bool


REFERENCE: Final = "{reference}"
"""In the text of an answer: the number of the ticket, which the plugin puts in its own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAnswer:
    """Ready words that agents may pick for a patient: a macro, a canned response."""

    name: str
    title: str
    text: str
    """Plain text of several lines; nothing in it acts but REFERENCE."""

    @property
    def mark(self) -> str:
        """Twelve hex digits that change with the words."""
        return fingerprint(self.text)


def fingerprint(text: str) -> str:
    """Give twelve hex digits of what a person reads of a text; white space does not matter."""
    read = "".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(read.encode("utf-8", "replace")).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """Everything that is wanted, and nothing else may be touched."""

    fields: tuple[WantedField, ...]
    views: tuple[WantedView, ...]
    slas: tuple[WantedSla, ...]
    answers: tuple[WantedAnswer, ...] = ()


class Action(StrEnum):
    """What a step does."""

    KEEP = "keep"
    """Already as wanted."""
    CREATE = "create"
    CHANGE = "change"
    REMOVE = "remove"
    MANUAL = "manual"
    """The API or the account's plan does not allow it: a person has to do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One difference between what is wanted and what is there."""

    action: Action
    kind: str
    """field | view | sla | answer ... in the product's word."""
    name: str
    """Ours, from the blueprint."""
    title: str
    """Theirs, as people see it."""
    changes: tuple[str, ...] = ()
    """Lines of the difference (`+ option "Billing"`, `target 60 -> 30 minutes`)."""
    manual: str = ""
    """What a person has to do, step by step; for MANUAL only."""
    id: str = ""
    """The product's id of what is there; empty when it is not."""
