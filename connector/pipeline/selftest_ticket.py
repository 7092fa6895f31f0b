"""What the self-test sends: a ticket that everybody recognises as one to ignore; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from connector.domain.signal import Attachment, Contact
from connector.domain.taxonomy import OTHER
from connector.domain.ticket import AddNote, OpenTicket
from connector.recovery import tags
from connector.recovery.marks import rfc3339

SUBJECT: Final = "amends self-test, please ignore"
REQUESTER: Final = "amends-self-test@example.com"
"""example.com is reserved and takes no mail."""
CASE: Final = "C-SELFT-EST00"
"""Stands where a case's number would; no case has it."""
TEXT: Final = (
    "This ticket was made by amends to try this helpdesk. Nobody is waiting for anything, "
    "and no patient is behind it. It closes by itself within minutes; if it is still open "
    "after an hour, close it."
)
HOSTILE: Final = "{{ 7*7 }} {% if x %} <b>bold</b> *2*3* a_b #12 100%} \u00e9\u4e2d &amp;"
FOREIGN_TAG: Final = "selftest_of_others"
FILE: Final = Attachment(
    name="self-test.txt", media_type="text/plain", content=b"amends self-test\r\n"
)


def key(token: str, what: str) -> str:
    """Give the key of one thing that a run sends."""
    return f"selftest-{token}.{what}"


def ticket(token: str, began: datetime) -> OpenTicket:
    """Make the ticket of a run; the same run gives the same."""
    due = began.replace(microsecond=0) + timedelta(days=1)
    return OpenTicket(
        key=key(token, "open"),
        case_id=CASE,
        subject=SUBJECT,
        text=TEXT,
        requester=Contact(name="amends self-test", email=REQUESTER),
        severity=1,
        tags=(tags.OURS, tags.SELFTEST, tags.LATE_DETECTED),
        fields={"category": OTHER, "contact_due": rfc3339(due), "resolution_due": rfc3339(due)},
        due_at=due,
    )


def note(token: str, *, files: bool) -> AddNote:
    """Make the note of a run, with words that careless products act on."""
    return AddNote(
        key=key(token, "note"),
        case_id=CASE,
        text=f"A note of the self-test.\n{HOSTILE}\nend",
        attachments=(FILE,) if files else (),
    )
