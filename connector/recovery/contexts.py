"""What the templates are filled with: plain values about a signal and about the plan."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from connector.domain.assessment import Assessment, Lane
from connector.domain.case import Case, Group
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Signal
from connector.domain.taxonomy import OTHER, TAXONOMY
from connector.recovery import tags, wording
from connector.recovery.drafts.book import Book, builtin
from connector.recovery.drafts.values import values
from connector.recovery.marks import primary
from connector.recovery.overlays import document_lines
from connector.recovery.playbook import Play, play_for
from connector.recovery.policy import late_detected, promised
from connector.recovery.render import Value
from connector.recovery.routing import taker
from connector.recovery.settings import BodyPolicy, RecoverySettings

_WHY: Final = {Lane.TICKET: "WHY THIS IS A TICKET", Lane.REVIEW: "WHY WE ARE NOT SURE"}
CAUSE_FROM: Final = 2
"""From this severity on a case is closed with its cause."""


def heard_context(
    case: Case,
    signal: Signal,
    assessment: Assessment,
    detected_at: datetime,
    practice: Practice,
    settings: RecoverySettings,
) -> dict[str, Value]:
    """Give what the part about a signal shows, as far as the body policy allows."""
    policy = _policy(case, settings)
    lines, shortened = wording.quoted(signal, policy)
    return {
        "seen": wording.seen(
            signal,
            detected_at=detected_at,
            zone=practice.zone,
            late=late_detected(detected_at, signal.event_time, settings),
            show_subject=policy != "minimal",
        ),
        "quote_title": _quote_title(signal),
        "quoted": lines,
        "shortened": shortened,
        "withheld_words": policy == "minimal",
        "why_title": _WHY.get(assessment.lane, "WHY THIS ALONE WOULD BE NO TICKET"),
        "why": wording.why(assessment.reasons, show_words=policy != "minimal"),
        "right_tag": tags.RIGHT,
        "wrong_tag": tags.WRONG,
        "case": case.id,
        "category": _category_words(case),
    }


def _quote_title(signal: Signal) -> str:
    if signal.channel is not Channel.PHONE:
        return "In their own words"
    if signal.facts.get("transcript") is True:
        return "In their own words, as a machine wrote them down"
    return "What the phone system saw"


def plan_context(
    case: Case, practice: Practice, settings: RecoverySettings, book: Book | None = None
) -> dict[str, Value]:
    """Give what the part about the four steps shows, for the leading category."""
    key = primary(case)
    play = play_for(key)
    days = promised(case.severity, settings).update_business_days
    every = "every business day" if days == 1 else f"every {days} business days"
    return {
        "say": say(key, book or builtin(), practice, settings),
        "review": play.review,
        "fix": settings.empowerment.get(key, play.fix),
        "document": (*_documented(case, play), *document_lines(settings.overlays)),
        "value_chain": ", ".join(settings.value_chain),
        "contact_due": local(case.clocks.contact_due, practice) if case.clocks else "not set",
        "resolution_due": (
            local(case.clocks.resolution_due, practice) if case.clocks else "not set"
        ),
        "update": every if days else "",
        "owner": taker(case, settings).name if case.conflict else owner_of(key, settings),
        "case": case.id,
        "category": _category_words(case),
    }


def say(key: str, book: Book, practice: Practice, settings: RecoverySettings) -> str:
    """Give the apology that the team speaks, in the practice's language."""
    language = settings.drafts.language
    given = values(practice, settings, language, due=None, case="")
    return book.sheet(language, "say", key).fill(given)


def _documented(case: Case, play: Play) -> tuple[str, ...]:
    """From severity 2 on, closing needs the cause; the words are those of the report."""
    if case.severity < CAUSE_FROM:
        return play.document
    cause = (
        "Cause: workflow, equipment, staffing, performance, disposition, information, "
        "third party, policy, or none found"
    )
    return (*play.document, cause)


def owner_of(key: str, settings: RecoverySettings) -> str:
    """Name who puts a category right."""
    default = TAXONOMY[key].owner if key in TAXONOMY else TAXONOMY[OTHER].owner
    return settings.owners.get(key, default)


def _category_words(case: Case) -> str:
    keys = [key for key in case.categories if key in TAXONOMY] or [OTHER]
    return ", ".join(keys)


def _policy(case: Case, settings: RecoverySettings) -> BodyPolicy:
    if case.group is Group.CONFIDENTIAL and settings.confidential_body is not None:
        return settings.confidential_body
    return settings.body


def local(at: datetime, practice: Practice) -> str:
    """Print an instant in the practice's zone."""
    return wording.local_time(at, practice.zone)
