"""A further signal may raise its case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.domain.assessment import Lane
from connector.domain.case import Case, Clocks
from connector.recovery import plan, policy
from connector.recovery.settings import RecoverySettings
from connector.recovery.severity import final_severity


def raised(
    now: datetime, before: Case, heard: plan.Heard, settings: RecoverySettings, zone: ZoneInfo
) -> Case:
    """Give the case as it stands after a further signal: raised, never lowered; pure."""
    assessment = heard.assessment
    if assessment.lane is not Lane.TICKET:
        return before
    added = tuple(key for key in assessment.categories if key not in before.categories)
    severity = final_severity(assessment, current=before.severity)
    if severity == before.severity and not added and not before.second_look:
        return before
    fresh = policy.clocks(severity, now, heard.signal.event_time, settings, zone)
    clocks = fresh
    if before.clocks is not None:
        clocks = Clocks(
            contact_due=min(before.clocks.contact_due, fresh.contact_due),
            resolution_due=min(before.clocks.resolution_due, fresh.resolution_due),
        )
    first = assessment.categories if before.second_look else before.categories
    rest = before.categories if before.second_look else added
    categories = first + tuple(key for key in rest if key not in first)
    return replace(
        before, severity=severity, categories=categories, second_look=False, clocks=clocks
    )
