"""A draft of the practice's public answer to a review, for a person to use or not.

Whoever answers in public must not let anybody guess that the writer is a patient: practices were
fined for thanking for a visit. So the draft knows nothing of the review, and is the same for all.
"""

from __future__ import annotations

from typing import Final

from connector.domain.case import Case
from connector.domain.plain import one_line
from connector.domain.practice import Practice
from connector.domain.signal import Channel
from connector.domain.ticket import AddNote
from connector.recovery.plan import Heard
from connector.recovery.render import render

MAX_REACH_CHARS: Final = 40


def notes(case: Case, heard: Heard, practice: Practice) -> tuple[AddNote, ...]:
    """Give the note with the draft; none for what was not said in public, or answered there."""
    signal = heard.signal
    if signal.channel is not Channel.REVIEW or signal.facts.get("answered") is True:
        return ()
    text = render("public_reply", {"draft": draft(practice), "case": case.id})
    return (AddNote(key=f"{heard.seed}.reply", case_id=case.id, text=text),)


def draft(practice: Practice) -> str:
    """Give the words for the public; `lint.public_faults` finds nothing in them."""
    phone = one_line(practice.phone, MAX_REACH_CHARS)
    reach = f"Please call {phone}" if phone else "Please call our front desk"
    return (
        "Thank you for taking the time to write. Privacy rules keep us from saying anything about "
        "anybody here, even whether somebody has ever been with us. We take what we read "
        f"seriously and would like to hear more. {reach}: somebody who can help will answer."
    )
