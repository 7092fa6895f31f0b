"""What is owed to the helpdesk for what was heard: decided here, done elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from connector.domain.assessment import Assessment
from connector.domain.case import Case
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.domain.ticket import AddNote, Change, OpenTicket
from connector.recovery.settings import RecoverySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A signal that was judged and belongs to a case."""

    signal: Signal
    assessment: Assessment
    detected_at: datetime
    """When the daemon heard it, UTC."""
    seed: str
    """The signal's id as 32 hex digits; every change key begins with it."""


def opening(
    case: Case, heard: Heard, practice: Practice, settings: RecoverySettings
) -> tuple[Change, ...]:
    """Give the changes that open a case's ticket: the ticket, then a note with attachments."""
    raise NotImplementedError


def joining(
    case: Case,
    heard: Heard,
    *,
    raised_from: int | None,
    practice: Practice,
    settings: RecoverySettings,
) -> tuple[Change, ...]:
    """Give the changes for a further signal of an open case, which is the case after the raise.

    A note says what was heard again. With `raised_from` (the severity before; the same as now
    when only categories came in addition) the ticket's own tags and fields follow.
    """
    raise NotImplementedError


def storm_summary(
    *,
    source: str,
    held: int,
    since: datetime,
    seed: str,
    case: Case,
    practice: Practice,
    settings: RecoverySettings,
) -> OpenTicket:
    """Give the one ticket that tells of many cases held back since `since`."""
    raise NotImplementedError


def daily_summary(
    *,
    day: date,
    counts: Mapping[str, int],
    lines: Sequence[str],
    seed: str,
    case: Case,
    practice: Practice,
    settings: RecoverySettings,
) -> OpenTicket:
    """Give the rolling ticket of one day about parked, unreadable and held items."""
    raise NotImplementedError


def link_note(case: Case, other_case_id: str, why: str, seed: str) -> AddNote:
    """Give the note that points from one case to another without joining them."""
    raise NotImplementedError
