"""By when a case is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.case import Clocks
from connector.recovery.hours import due
from connector.recovery.overlays import chosen
from connector.recovery.settings import RecoverySettings, SlaRow


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
    row, week = promised(severity, settings), settings.hours.week
    start = detected_at.astimezone(UTC)
    latest = ceilings(severity, start, settings)
    resolution_minutes = row.resolution_business_days * settings.hours.business_day_minutes
    contact = due(start, row.contact_minutes, week, zone) or latest.contact_due
    resolution = due(start, resolution_minutes, week, zone) or latest.resolution_due
    return Clocks(
        contact_due=min(contact, latest.contact_due),
        resolution_due=min(resolution, latest.resolution_due),
    )


def promised(severity: int, settings: RecoverySettings) -> SlaRow:
    """Give the promises for a severity, as tight as the overlays in force make them."""
    row, day = settings.sla.row(severity), settings.hours.business_day_minutes
    for overlay in chosen(settings.overlays):
        tighter: dict[str, int] = {}
        if overlay.contact_business_days is not None:
            limit = overlay.contact_business_days * day
            tighter["contact_minutes"] = min(row.contact_minutes, limit)
        if overlay.resolution_ceiling_days is not None:
            limit = overlay.resolution_ceiling_days
            tighter["resolution_ceiling_days"] = min(row.resolution_ceiling_days, limit)
        if overlay.update_business_days is not None:
            often = row.update_business_days or overlay.update_business_days
            tighter["update_business_days"] = min(often, overlay.update_business_days)
        row = row.model_copy(update=tighter)
    return row


def ceilings(severity: int, start: datetime, settings: RecoverySettings) -> Clocks:
    """Give the latest of both due times, which counts nights and weekends."""
    row, began = promised(severity, settings), start.astimezone(UTC)
    return Clocks(
        contact_due=began + timedelta(minutes=row.contact_ceiling_minutes),
        resolution_due=began + timedelta(days=row.resolution_ceiling_days),
    )


def late_detected(
    detected_at: datetime, event_time: datetime | None, settings: RecoverySettings
) -> bool:
    """Tell whether a failure was heard long after it happened; an unknown time is not late."""
    if event_time is None:
        return False
    return detected_at - event_time > timedelta(minutes=settings.late_after_minutes)
