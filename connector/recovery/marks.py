"""What a ticket carries beside its text: tags and fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from connector.domain.assessment import Assessment
from connector.domain.case import Case
from connector.domain.signal import Signal
from connector.domain.taxonomy import OTHER
from connector.domain.ticket import UpdateTicket
from connector.recovery import tags
from connector.recovery.drafts.book import Book, builtin
from connector.recovery.playbook import play_for
from connector.recovery.render import version
from connector.recovery.settings import RecoverySettings

FIELDS: Final = frozenset(
    {
        "case",
        "category",
        "categories",
        "severity",
        "group",
        "lane",
        "source",
        "channel",
        "event_time",
        "detected_at",
        "contact_due",
        "resolution_due",
        "template",
        "model",
        "day",
        "held",
        "site",
    }
)
"""Every custom field there is; times are RFC 3339 in UTC."""

_RISKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "risk.leaving": tags.LEAVING,
        "risk.public": tags.PUBLIC,
        "phone.transfers": tags.TRANSFERS,
        "phone.recording": tags.RECORDING,
        "phone.lost_prospect": tags.LOST_PROSPECT,
    }
)


def primary(case: Case) -> str:
    """Give the leading category; a notice of our own has none and counts as unclassified."""
    return case.categories[0] if case.categories else OTHER


def case_tags(case: Case) -> tuple[str, ...]:
    """Give the tags that say what the case is."""
    kept = (tags.CONFLICT,) if case.conflict else ()
    if case.second_look:
        return (tags.OURS, tags.SECOND_LOOK, *tags.category_tags(case.categories), *kept)
    running = (tags.SLA_RUNNING,) if case.clocks else ()
    return (
        tags.OURS,
        tags.severity_tag(case.severity),
        *tags.category_tags(case.categories),
        *running,
        *kept,
    )


def heard_tags(signal: Signal, assessment: Assessment, *, late: bool) -> tuple[str, ...]:
    """Give the tags that one signal adds: risks, lateness, the wish not to be contacted."""
    rules = {reason.rule for reason in assessment.reasons}
    found = [tag for rule, tag in _RISKS.items() if rule in rules]
    if late:
        found.append(tags.LATE_DETECTED)
    if signal.facts.get("wants_contact") is False:
        found.append(tags.NO_CONTACT)
    return tuple(found)


def case_fields(case: Case, settings: RecoverySettings, book: Book | None = None) -> dict[str, str]:
    """Give the fields that say what the case is and when it is due."""
    fields = {
        "case": case.id,
        "category": primary(case),
        "categories": ",".join(case.categories),
        "severity": str(case.severity),
        "group": case.group.value,
        "template": _template_version(case, settings, book or builtin()),
    }
    if case.site:
        fields["site"] = case.site
    if case.clocks:
        fields["contact_due"] = rfc3339(case.clocks.contact_due)
        fields["resolution_due"] = rfc3339(case.clocks.resolution_due)
    return fields


def heard_fields(signal: Signal, assessment: Assessment, detected_at: datetime) -> dict[str, str]:
    """Give the fields that say from where and when the founding signal came."""
    fields = {
        "lane": assessment.lane.value,
        "source": signal.source,
        "channel": signal.channel.value,
        "detected_at": rfc3339(detected_at),
        "model": assessment.model,
    }
    if signal.event_time is not None:
        fields["event_time"] = rfc3339(signal.event_time)
    return fields


def _template_version(case: Case, settings: RecoverySettings, book: Book) -> str:
    if case.second_look:
        return version(("second_look", "heard"))
    key = primary(case)
    play = play_for(key)
    shown = (*play.review, *settings.empowerment.get(key, play.fix), *play.document)
    return version(("ticket", "heard", "plan"), play.title, book.version(key), *shown)


def rfc3339(at: datetime) -> str:
    """Print an aware instant in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def follow(
    case: Case,
    key: str,
    settings: RecoverySettings,
    *,
    raised_from: int,
    book: Book | None = None,
    begins: bool = False,
) -> UpdateTicket:
    """Let the ticket's own tags and fields follow the case; `begins`: its clocks start now.

    Of clocks that run already the tags tell by themselves how the first contact stands.
    """
    told = () if begins else (tags.SLA_RUNNING,)
    now = tags.severity_tag(case.severity)
    old = tuple(tag for tag in tags.SEVERITIES if tag != now)
    second = () if case.second_look else (tags.SECOND_LOOK,)
    return UpdateTicket(
        key=key,
        case_id=case.id,
        severity=case.severity if case.severity != raised_from else None,
        add_tags=tuple(tag for tag in case_tags(case) if tag not in told),
        remove_tags=() if case.second_look else (*old, *second),
        fields=case_fields(case, settings, book),
        due_at=case.clocks.contact_due if case.clocks else None,
    )
