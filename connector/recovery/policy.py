"""By when a case is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.case import Clocks
from connector.recovery.hours import due
from connector.recovery.settings import RecoverySettings


def clocks(
    severity: int,
    detected_at: datetime,
    event_time: datetime | None,
    settings: RecoverySettings,
    zone: ZoneInfo,
) -> Clocks:
    """Give both due times: the earlier of business hours and calendar ceiling, from detection.

    The event time moves no clock (an old mail found today must not be late on arrival); it is
    taken so that a caller cannot forget it, and lateness is told by `late_detected`.
    """
    del event_time
    row, week = settings.sla.row(severity), settings.hours.week
    start = detected_at.astimezone(UTC)
    contact_ceiling = start + timedelta(minutes=row.contact_ceiling_minutes)
    resolution_ceiling = start + timedelta(days=row.resolution_ceiling_days)
    resolution_minutes = row.resolution_business_days * settings.hours.business_day_minutes
    contact = due(start, row.contact_minutes, week, zone) or contact_ceiling
    resolution = due(start, resolution_minutes, week, zone) or resolution_ceiling
    return Clocks(
        contact_due=min(contact, contact_ceiling),
        resolution_due=min(resolution, resolution_ceiling),
    )


def late_detected(
    detected_at: datetime, event_time: datetime | None, settings: RecoverySettings
) -> bool:
    """Tell whether a failure was heard long after it happened; an unknown time is not late."""
    if event_time is None:
        return False
    return detected_at - event_time > timedelta(minutes=settings.late_after_minutes)
