"""Small pieces of a ticket's text: times, people, quotations, reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from connector.domain.assessment import Reason
from connector.domain.plain import one_line, printable
from connector.domain.rules import meaning
from connector.domain.signal import Attachment, Channel, Contact, Signal
from connector.recovery.render import cut_bytes
from connector.recovery.settings import BodyPolicy

SUMMARY_CHARS: Final = 800
"""Of the person's words a ticket shows so many under the policy `summary`."""

FULL_BYTES: Final = 40_000
"""And so many bytes under the policy `full`; the whole original is in the store."""

MAX_QUOTED_LINES: Final = 400
"""A text of very many short lines is cut here."""

LINK_CHARS: Final = 500
"""A web address is cut to this length."""

EVIDENCE_CHARS: Final = 240
"""The words behind one reason are cut to this length."""

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_CHANNELS: Final[Mapping[Channel, str]] = MappingProxyType(
    {
        Channel.MAIL: "Mail",
        Channel.PHONE: "Phone call",
        Channel.SURVEY: "Survey answer",
        Channel.REVIEW: "Public review",
    }
)
# Evidence of these rules is a figure or a field's name, no person's words: always shown.
_FIGURES: Final = ("phone.", "score.", "notification.", "export.")


def local_day(day: date) -> str:
    """Print a day as people say it: `Mon 9 Jun 2025`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """Print an instant in the practice's zone: `Mon 9 Jun 2025, 17:00 EDT`."""
    local = at.astimezone(zone)
    return f"{local_day(local.date())}, {local.hour:02}:{local.minute:02} {local.tzname()}"


def todo(contact: Contact, *, by: str, include_contact: bool, wants_contact: bool) -> str:
    """Say in one line what to do and until when."""
    if not wants_contact:
        return f"Put this right by {by}, without contacting the person: they asked us not to."
    if contact.anonymous:
        return f"Look into this by {by}: there is no way to reach the person."
    if not include_contact:
        return f"Contact the person (the requester of this ticket) by {by}"
    return f"{reach(contact)} by {by}"


def reach(contact: Contact) -> str:
    """Say how a person is reached: `Call Jane Doe at +15555550123`; empty when there is no way."""
    name = one_line(contact.name, 80)
    if contact.phone:
        return f"Call {name or 'the caller'} at {one_line(contact.phone, 40)}"
    if contact.email:
        return f"Write to {name or 'the person'} at {one_line(contact.email, 254)}"
    return ""


def quoted(signal: Signal, policy: BodyPolicy) -> tuple[list[str], bool]:
    """Give the person's words line by line as the policy allows, and whether they were cut."""
    words = printable(signal.reply_text or signal.text)
    if policy == "minimal":
        return [], False
    # what a phone system saw is nobody's words: its steps are of use only as a whole
    ours = signal.channel is Channel.PHONE and signal.facts.get("transcript") is not True
    brief = policy == "summary" and not ours
    shown = words[:SUMMARY_CHARS] if brief else cut_bytes(words, FULL_BYTES)
    lines = [" ".join(line.split()) for line in shown.strip().split("\n")]
    kept = [line for line, after in zip(lines, [*lines[1:], ""], strict=True) if line or after]
    cut = len(shown) < len(words) or len(kept) > MAX_QUOTED_LINES
    return [line for line in kept[:MAX_QUOTED_LINES] if line or shown.strip()], cut


def seen(
    signal: Signal,
    *,
    detected_at: datetime,
    zone: ZoneInfo,
    late: bool,
    show_subject: bool,
) -> list[str]:
    """Say from where and when a signal came."""
    lines = [f"{_CHANNELS[signal.channel]} (source {signal.source})"]
    if reporter := signal.facts.get("reporter_name"):
        lines.append(f"Reported by staff: {one_line(str(reporter), 80)}")
    if signal.event_time is not None:
        lines.append(f"Happened: {local_time(signal.event_time, zone)}")
    noticed = f"Noticed by amends: {local_time(detected_at, zone)}"
    lines.append(f"{noticed} - late; clocks run from here" if late else noticed)
    if signal.subject and show_subject:
        lines.append(f"Subject: {one_line(signal.subject, 200)}")
    if show_subject and (link := signal.facts.get("link")):
        lines.append(f"See it at: {one_line(str(link), LINK_CHARS)}")
    size = signal.facts.get("oversize")
    if isinstance(size, int) and size:
        told = f"{max(1, round(size / 1_000_000))} MB"
        lines.append(f"Cut: of {told} only the beginning was read; the rest is in the mailbox")
    if signal.attachments:
        lines.append(f"Attachments: {len(signal.attachments)} (see the next note)")
    return lines


def why(reasons: Sequence[Reason], *, show_words: bool) -> list[str]:
    """Say in plain words which rules matched; those that ask for most come first."""
    ordered = sorted(reasons, key=lambda reason: -reason.severity)
    return [_sentence(reason, show_words=show_words) for reason in ordered]


def _sentence(reason: Reason, *, show_words: bool) -> str:
    evidence = one_line(reason.evidence, EVIDENCE_CHARS)
    shown = show_words or reason.rule.startswith(_FIGURES)
    tail = f": {evidence}" if evidence and shown else ""
    grave = f" (severity {reason.severity})" if reason.severity > 1 else ""
    return f"{meaning(reason.rule)}{tail}{grave}"


def file_line(attachment: Attachment) -> str:
    """Name an attachment, its size, and why it is missing if it is."""
    name = one_line(attachment.name, 150) or "without a name"
    if attachment.withheld:
        return f"{name}: not passed on ({one_line(attachment.withheld, 60)})"
    return f"{name} ({len(attachment.content)} bytes)"
