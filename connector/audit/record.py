"""What the state knows about one case, as values; `gather` fills them, `redact` empties them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.domain.assessment import Assessment
from connector.domain.ledger import LedgerEntry
from connector.domain.practice import Practice
from connector.domain.signal import Item
from connector.domain.ticket import Change, TicketEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One content row, or the place where it was."""

    id: int
    kind: str
    """raw | signal | assessment | change | body | file | locator | reason; for an erased one
    the name under which the ledger committed to it."""
    body: bytes | None
    """None when it was erased or is withheld."""
    salt: bytes | None
    commitment: str
    """As the ledger has it, 64 hex digits; empty when no entry commits to it."""
    entry: tuple[str, int] | None
    """Chain and number of the entry that commits to it."""
    state: str
    """intact | altered | erased | gone | uncommitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One signal of the case."""

    id: str
    """32 hex digits."""
    source: str
    channel: str
    event_time: datetime | None
    detected_at: datetime
    outcome: str
    lane: str
    severity: int | None
    problem_code: str
    item: Item | None
    """None when its words were erased or cannot be read."""
    locators: tuple[str, ...]
    """Further places where it was found."""
    assessment: Assessment | None
    parsed_id: int | None
    raw_id: int | None
    assessment_id: int | None
    file_ids: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One change that was owed to the helpdesk."""

    id: int
    seq: int
    key: str
    op: str
    state: str
    created_at: datetime
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    done_at: datetime | None
    attempts: int
    error: str
    change: Change | None
    """None when its words were erased or cannot be read."""
    change_id: int | None
    body_id: int | None
    file_ids: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """The row of the case."""

    id: str
    kind: str
    group: str
    state: str
    severity: int
    categories: tuple[str, ...]
    source: str
    channel: str
    opened_at: datetime
    event_time: datetime | None
    contact_due: datetime | None
    resolution_due: datetime | None
    closed_at: datetime | None
    close_reason: str
    ticket_id: str
    ticket_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRecord:
    """All of it."""

    practice: Practice
    instance: str
    case: CaseFacts
    heard: tuple[Heard, ...]
    sent: tuple[Sent, ...]
    links: tuple[tuple[str, str], ...]
    """Other case and why, by case."""
    entries: tuple[LedgerEntry, ...]
    """Entries about the case and its signals, by time, but in order within each chain."""
    contents: Mapping[int, Words]
    history: tuple[TicketEvent, ...]
    """What the helpdesk itself tells; empty when it was not asked."""
    faults: tuple[str, ...]
    """What is not as amends wrote it."""
    withheld: bool = False
    """True when words and contacts were taken out."""
