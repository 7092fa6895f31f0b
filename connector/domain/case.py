"""One person, one failure, all channels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Group(StrEnum):
    """What may be told in one ticket: cases of different groups never join."""

    SAFETY = "safety"
    CONFIDENTIAL = "confidential"
    SERVICE = "service"


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    HELD = "held"
    """The storm guard keeps it until a person releases it; no ticket yet."""
    CLOSED = "closed"


class Step(StrEnum):
    """The four steps of service recovery."""

    APOLOGIZE = "apologize"
    REVIEW = "review"
    FIX = "fix"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """When things are due, UTC; they run from detection, the event time is kept beside."""

    contact_due: datetime
    """First contact by a human."""
    resolution_due: datetime
    """All four steps done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The unit that a person in the practice puts right."""

    id: str
    """`C-XXXXX-XXXXX`, made from the founding signal, so that a restored or repeated run gives
    the same; printed on the ticket, in the log and in the ledger."""
    tenant: str
    group: Group
    state: CaseState
    severity: int
    """1 to 4; raised by the machine, lowered only by a person."""
    categories: tuple[str, ...]
    """Primary first."""
    second_look: bool
    """True while a person still has to say whether this is a failure; no clocks run."""
    opened_at: datetime
    event_time: datetime | None
    """When the first failure happened, as far as the world said; UTC."""
    clocks: Clocks | None
    """None for a second look."""
    ticket_id: str
    """The helpdesk's id, or empty while the ticket is still owed."""
    ticket_url: str
    site: str = ""
    """Configured name of the place that it is about; empty: the practice as a whole."""
    conflict: bool = False
    """It seems to be about whoever would be asked to see to it: somebody else is."""
