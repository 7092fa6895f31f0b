"""Exporting one case: JSON lines, which count, and a page for people made from the same record.

Nothing in an export depends on when or by whom it was made, so the same case exported
again gives the same bytes; who exported what, when and why is in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.audit.gather import gather
from connector.audit.jsonl import jsonl
from connector.audit.page import page
from connector.audit.redact import redact
from connector.domain.practice import Practice
from connector.domain.ticket import TicketEvent
from connector.store.store import Store


class Redaction(StrEnum):
    """How much of the words an export shows."""

    NONE = "none"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One case, printed."""

    jsonl: bytes
    html: bytes
    entries: int
    """How many entries of the ledger are in it."""
    faults: tuple[str, ...]
    """What is not as amends wrote it; stands in the export too."""


def export_case(
    store: Store,
    case_id: str,
    practice: Practice,
    *,
    redaction: Redaction = Redaction.NONE,
    purpose: str = "",
    history: Sequence[TicketEvent] = (),
    accesses: bool = False,
) -> Export:
    """Print one case; `history` is what the helpdesk tells, `accesses` adds earlier exports.

    Raises LedgerError when there is no such case.
    """
    with store.read() as connection:
        record = gather(
            connection,
            case_id,
            practice,
            instance=store.instance,
            history=history,
            accesses=accesses,
        )
    if redaction is Redaction.FULL:
        record = redact(record)
    return Export(
        jsonl=jsonl(record, purpose=purpose),
        html=page(record, purpose=purpose),
        entries=len(record.entries),
        faults=record.faults,
    )
