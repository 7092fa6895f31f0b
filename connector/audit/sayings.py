"""The words of the timeline for codes of the ledger; a code that is not here is told as it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.domain.ledger import LedgerEntry

JOINED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "thread": "it answers an earlier message of the case",
        "case_id": "its subject names the case",
        "ticket": "its subject names the ticket of the case",
        "subject": "it answers the subject of an earlier message from the same address",
        "copy": "it is the same mail, found in another mailbox",
        "returned_mail": "a mail of the practice came back",
        "edited": "the person changed an answer of the case",
        "withdrawn": "an answer of the case is gone from the export of the survey tool",
        "person": "same address or number, compatible name",
        "number": "unanswered calls from the same number",
        "pattern": "many callers reached nobody on the same line within the hour",
        "day": "more callers reached nobody than the day has tickets for",
        "withheld": "callers without a number who reached nobody on the same day",
        "shared_contact": "both came through a number or address that several people share",
        "same_contact_other_name": "same number or address, another name",
        "same_contact_no_name": "same number or address, but no name to be sure",
        "other_matter": "the same person, in a matter that is kept apart",
        "earlier_case": "the same person had an earlier case",
        "by_a_person": "somebody of the practice says so",
        "small_things": "small failures of one kind that repeat",
        "repeat": "the same person was let down in the same way within 90 days",
        "recovery_failed": "this had been put right for the same person, and happened again",
        "tickets_merged": "agents merged their tickets",
        "reopened_beside": "its ticket was opened again while the person has another open case",
    }
)
"""Why a signal joined a case, or two cases were linked."""

CLOSED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "judged_wrong": "a person said that it is no failure",
        "ticket_closed": "its ticket was closed in the helpdesk",
        "ticket_deleted": "its ticket was deleted in the helpdesk",
        "ticket_spam": "its ticket was marked as spam in the helpdesk",
        "ticket_archived": "its ticket was archived in the helpdesk",
        "dropped": "its ticket was given up by a person",
    }
)
"""Why a case was closed."""

REOPENED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaints": "further complaints came that nobody can have read before it was closed",
        "contact_failed": "a mail to the patient came back, which nobody knew when it was closed",
        "answer_changed": "the person changed the answer, which nobody knew when it was closed",
    }
)
"""Why a ticket is opened again; the first is for all other codes."""

MISSING: Final[Mapping[str, str]] = MappingProxyType(
    {
        "incomplete": "the helpdesk tells only a part of it",
        "too_many_events": "it has more events than are kept",
        "ticket_deleted": "the ticket is deleted",
        "ticket_merged": "the ticket was merged into another",
        "ticket_spam": "the ticket was marked as spam",
    }
)
"""Why the history of a ticket is not whole."""

CLOCKS: Final[Mapping[str, str]] = MappingProxyType(
    {"contact": "the first contact", "resolution": "all four steps"}
)
"""What a clock is for."""

PAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "critical": "a case of severity 4 began",
        "silence": "nobody acted on a case of severity 4",
        "contact_beyond": "twice the time for the first contact had passed",
        "resolution_beyond": "twice the time for all four steps had passed",
    }
)
"""Why somebody outside the helpdesk is told."""

EVENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "created": "Ticket created",
        "note": "Private note written",
        "public_reply": "Reply to the patient written",
        "patient_reply": "Words of the patient",
        "call": "Call with the patient logged",
        "status": "Status changed",
        "field": "Fields changed",
        "attachment": "File attached",
    }
)
"""What happened in the helpdesk."""

CHANGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "change.owed": "{0} written down, to be sent",
        "change.intended": "{0}: attempt {attempt} begins",
        "change.confirmed": "{0} is in the helpdesk (ticket {ticket})",
        "change.doubted": "{0}: the answer was lost; it may have worked",
        "change.deferred": "{0}: not possible now, to be tried again",
        "change.set_aside": "{0} set aside for a person",
        "change.retried": "{0} to be tried again, a person said",
        "change.dropped": "{0} given up",
    }
)
"""What became of a change; the first place is for its kind."""


def spoken_with(entry: LedgerEntry) -> tuple[str, str]:
    """Tell that somebody spoke with a caller whose call had failed."""
    return "Somebody spoke with the caller", "in time" if entry.body.get("in_time") else ""
