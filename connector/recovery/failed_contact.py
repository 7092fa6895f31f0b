"""The note that a mail of the practice to the patient came back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connector.domain.case import Case
from connector.domain.plain import one_line
from connector.domain.practice import Practice
from connector.domain.signal import Signal
from connector.domain.ticket import AddNote
from connector.recovery.contexts import local
from connector.recovery.plan import Heard
from connector.recovery.render import Value, render
from connector.recovery.settings import RecoverySettings

_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "5.1": "the address does not exist, or is misspelt",
        "5.2": "the mailbox is full, closed or takes no mail",
        "5.3": "the patient's mail system does not take it",
        "5.4": "the patient's mail system cannot be reached",
        "5.7": "the patient's mail system refuses mail of ours",
    }
)
"""Classes of RFC 3463; other codes are told as they are."""


def note(case: Case, heard: Heard, practice: Practice, settings: RecoverySettings) -> AddNote:
    """Give the note about a report that a mail could not be delivered; its words stay outside."""
    signal = heard.signal
    when = local(signal.event_time or heard.detected_at, practice)
    context: dict[str, Value] = {
        "reported": f"A mail system reported it on {when}.",
        "reason": _reason(signal),
        "reach": _recipients(signal) if settings.include_contact else "",
        "case": case.id,
    }
    return AddNote(
        key=f"{heard.seed}.note", case_id=case.id, text=render("failed_contact", context)
    )


def status_of(signal: Signal) -> str:
    """Give the code of RFC 3463 in a report, or an empty text."""
    return str(signal.facts.get("bounced_status", ""))


def _reason(signal: Signal) -> str:
    status = status_of(signal)
    words = _REASONS.get(status[:3], "")
    if not status:
        return "It gave no code."
    return f"Its code is {status}{f': {words}' if words else ''}."


def _recipients(signal: Signal) -> str:
    found = signal.facts.get("bounced_to")
    return one_line(", ".join(found), 300) if isinstance(found, tuple) else ""
