"""The tags that amends puts on tickets: a closed set; times live in fields, never in tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connector.domain.taxonomy import TAXONOMY

OURS: Final = "amends"
"""On every ticket that amends opened."""

SECOND_LOOK: Final = "amends_second_look"
"""A person has to say whether this is a failure."""

RIGHT: Final = "amends_right"
"""Set by an agent on a second look: it is a failure, start the clocks."""

WRONG: Final = "amends_wrong"
"""Set by an agent: it is no failure, close the case."""

LATE_DETECTED: Final = "amends_late_detected"
"""The failure was heard long after it happened."""

SLA_RUNNING: Final = "amends_sla_running"
"""The first human contact is owed and not yet late."""

SLA_MET: Final = "amends_sla_contact_met"
"""A human reached the person in time."""

SLA_LATE: Final = "amends_sla_contact_late"
"""The first human contact is late."""

UPDATE_DUE: Final = "amends_update_due"
"""The person should be told how it stands; gone once somebody spoke with them."""

INCOMPLETE: Final = "amends_recovery_incomplete"
"""Closed without evidence of all four steps."""

REPEAT: Final = "amends_repeat"
"""The same person was let down in the same way within 90 days."""

RECOVERY_FAILED: Final = "amends_recovery_failed"
"""It happened again although it had been put right."""

NO_CONTACT: Final = "amends_no_contact"
"""The person said that they do not want to be contacted."""

LEAVING: Final = "amends_risk_leaving"
"""The person may leave the practice."""

PUBLIC: Final = "amends_risk_public"
"""The person speaks of telling it in public."""

TRANSFERS: Final = "amends_phone_transfers"
"""The caller was passed on three times or more."""

RECORDING: Final = "amends_phone_recording"
"""The caller heard the same recording again and again."""

LOST_PROSPECT: Final = "amends_lost_prospect"
"""The caller hung up right after reaching the right person at last."""

CONFLICT: Final = "amends_conflict"
"""It seems to be about the manager; agents may set and remove it, and somebody else is asked."""

STORM: Final = "amends_storm"
"""The summary of many cases held back at once."""

PATTERN: Final = "amends_pattern"
"""On the ticket about small failures of one kind that repeat."""

DAILY: Final = "amends_daily"
"""The rolling summary of a day's parked, unreadable and held items."""

SELFTEST: Final = "amends_selftest"
"""On the ticket by which amends tries the helpdesk; no patient is behind it."""

SEVERITIES: Final = ("amends_sev_1", "amends_sev_2", "amends_sev_3", "amends_sev_4")


def severity_tag(severity: int) -> str:
    """Give the tag of a severity; below 1 counts as 1, above 4 as 4."""
    return SEVERITIES[min(max(severity, 1), len(SEVERITIES)) - 1]


def category_tag(key: str) -> str:
    """Give the tag of a category (`amends_cat_access_phone_maze`)."""
    return "amends_cat_" + key.replace(".", "_")


def category_tags(categories: Sequence[str]) -> tuple[str, ...]:
    """Give the tags of the categories that the taxonomy knows, in order."""
    return tuple(category_tag(key) for key in categories if key in TAXONOMY)


ALL: Final = frozenset(
    {
        OURS,
        SECOND_LOOK,
        RIGHT,
        WRONG,
        LATE_DETECTED,
        SLA_RUNNING,
        SLA_MET,
        SLA_LATE,
        UPDATE_DUE,
        INCOMPLETE,
        REPEAT,
        RECOVERY_FAILED,
        NO_CONTACT,
        LEAVING,
        PUBLIC,
        TRANSFERS,
        RECORDING,
        LOST_PROSPECT,
        CONFLICT,
        STORM,
        PATTERN,
        DAILY,
        SELFTEST,
        *SEVERITIES,
        *(category_tag(key) for key in TAXONOMY),
    }
)
"""Every tag there is."""
