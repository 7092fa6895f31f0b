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
from connector.recovery.drafts.book import Book, builtin
from connector.recovery.drafts.offer import language_of
from connector.recovery.drafts.values import values
from connector.recovery.marks import primary
from connector.recovery.plan import Heard
from connector.recovery.render import render
from connector.recovery.settings import RecoverySettings

MAX_DRAFT_CHARS: Final = 4_000


def notes(
    case: Case,
    heard: Heard,
    practice: Practice,
    settings: RecoverySettings,
    book: Book | None = None,
) -> tuple[AddNote, ...]:
    """Give the note with the draft; none for what was not said in public, or answered there."""
    signal = heard.signal
    if signal.channel is not Channel.REVIEW or signal.facts.get("answered") is True:
        return ()
    language = language_of(signal, settings.drafts.language)
    words = draft(practice, settings, language, primary(case), book)
    text = render("public_reply", {"draft": words, "case": case.id})
    return (AddNote(key=f"{heard.seed}.reply", case_id=case.id, text=text),)


def draft(
    practice: Practice,
    settings: RecoverySettings,
    language: str,
    category: str,
    book: Book | None = None,
) -> str:
    """Give the words for the public on one line; `lint.public_faults` finds nothing in them."""
    given = values(practice, settings, language, due=None, case="")
    return one_line((book or builtin()).text(language, "public", category, given), MAX_DRAFT_CHARS)
