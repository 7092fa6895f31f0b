"""One outreach for a person and window: a ticket says when they were spoken with already; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.practice import Practice
from connector.recovery.contexts import local
from connector.recovery.playbook import play_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A conversation with the same person about another case."""

    case_id: str
    category: str
    """The leading one of that case; empty where it is kept apart from this one."""
    at: datetime


def lines(earlier: Sequence[Earlier], practice: Practice) -> list[str]:
    """Say when the person was spoken with, and for what."""
    return [
        f"Already contacted on {local(one.at, practice)} for {one.case_id} "
        f"({play_for(one.category).title.lower() if one.category else 'another matter'})"
        for one in earlier
    ]
