"""What is told on the case of a caller whom somebody spoke with afterwards."""

from __future__ import annotations

from datetime import datetime

from connector.domain.case import Case
from connector.domain.practice import Practice
from connector.domain.ticket import AddNote, Change, TicketStatus, UpdateTicket
from connector.recovery.contexts import local
from connector.recovery.render import Value, render


def changes(
    case: Case, *, seed: str, at: datetime, called_back: bool, in_time: bool, practice: Practice
) -> tuple[Change, ...]:
    """Give the note about the conversation; in time, the ticket is resolved too.

    `called_back` says that the practice called; otherwise the caller tried again.
    """
    context: dict[str, Value] = {
        "when": local(at, practice),
        "called_back": called_back,
        "in_time": in_time,
        "case": case.id,
    }
    key = f"{seed}.{case.id}"
    note = AddNote(key=f"{key}.reached", case_id=case.id, text=render("reached", context))
    if not in_time:
        return (note,)
    done = UpdateTicket(key=f"{key}.repaired", case_id=case.id, status=TicketStatus.RESOLVED)
    return (note, done)
