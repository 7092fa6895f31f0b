"""What is said on the ticket of a case that ended, or is to end, without what it takes; pure."""

from __future__ import annotations

from collections.abc import Sequence

from connector.domain.case import Case
from connector.domain.ticket import AddNote, Change, UpdateTicket
from connector.recovery import evidence as proofs
from connector.recovery import tags
from connector.recovery.render import Value, render


def incomplete(
    case: Case, number: int, lacking: Sequence[str], tries: str = ""
) -> tuple[Change, ...]:
    """Give what is owed to the ticket of a case that was closed without all four steps.

    `tries` says what was seen of attempts.
    """
    told = {**proofs.MISSING, proofs.TRIES: f"{proofs.MISSING[proofs.TRIES]} ({tries})"}
    context: dict[str, Value] = {
        "lacking": [told.get(name, name) for name in lacking],
        "case": case.id,
    }
    seed = f"{case.id}.{number}.incomplete"
    return (
        AddNote(key=f"{seed}.note", case_id=case.id, text=render("incomplete", context)),
        UpdateTicket(key=f"{seed}.update", case_id=case.id, add_tags=(tags.INCOMPLETE,)),
    )


def too_early(case: Case, key: str, tries: str) -> AddNote:
    """Give the note that a case may not end as unable to reach yet; `tries`: what was seen."""
    context: dict[str, Value] = {"tries": tries, "case": case.id}
    return AddNote(key=key, case_id=case.id, text=render("too_early", context))


def completed(case_id: str, number: int, turn: int) -> UpdateTicket:
    """Take back that a case lacks evidence: agents filled it in after the close."""
    return UpdateTicket(
        key=f"{case_id}.{number}.complete.{turn}",
        case_id=case_id,
        remove_tags=(tags.INCOMPLETE,),
    )
