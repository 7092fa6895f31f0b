"""One ticket about small failures of one kind that repeat, kept up to date; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from connector.domain.case import Case
from connector.domain.practice import Practice
from connector.domain.signal import Contact
from connector.domain.ticket import AddNote, OpenTicket
from connector.recovery import tags
from connector.recovery.contexts import local, owner_of
from connector.recovery.playbook import play_for
from connector.recovery.render import Value, render, version
from connector.recovery.settings import RecoverySettings

MAX_LINES: Final = 100
"""So many cases are named; the rest is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A case that belongs to a pattern."""

    case_id: str
    opened_at: datetime


def opening(
    case: Case,
    category: str,
    members: Sequence[Member],
    days: int,
    practice: Practice,
    settings: RecoverySettings,
    seed: str,
) -> OpenTicket:
    """Give the ticket of a pattern; it names cases and no person."""
    where = f" at {case.site}" if case.site else ""
    title = play_for(category).title
    context = _context(case, category, members, practice, settings) | {
        "days": days,
        "where": where,
        "title": title,
        "review": play_for(category).review,
    }
    return OpenTicket(
        key=f"{seed}.open",
        case_id=case.id,
        subject=f"Again and again{where}: {title} ({len(members)} cases in {days} days) {case.id}",
        text=render("pattern", context),
        requester=Contact(),
        severity=case.severity,
        tags=(tags.OURS, tags.PATTERN, *tags.category_tags((category,))),
        fields={
            "case": case.id,
            "category": category,
            "held": str(len(members)),
            "template": version(("pattern",)),
            **({"site": case.site} if case.site else {}),
        },
    )


def more(
    case: Case,
    category: str,
    members: Sequence[Member],
    total: int,
    practice: Practice,
    settings: RecoverySettings,
    seed: str,
) -> AddNote:
    """Give the note about cases that came in addition."""
    context = _context(case, category, members, practice, settings) | {"total": total}
    return AddNote(key=seed, case_id=case.id, text=render("pattern_more", context))


def _context(
    case: Case,
    category: str,
    members: Sequence[Member],
    practice: Practice,
    settings: RecoverySettings,
) -> dict[str, Value]:
    return {
        "count": len(members),
        "lines": [
            f"{one.case_id}, {local(one.opened_at, practice)}" for one in members[:MAX_LINES]
        ],
        "further": max(len(members) - MAX_LINES, 0),
        "owner": owner_of(category, settings),
        "category": category,
        "case": case.id,
    }
