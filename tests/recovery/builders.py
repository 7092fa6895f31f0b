"""Cases and what was heard about them, as the pipeline would make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.assessment import Assessment, Lane, Reason
from connector.domain.case import Case, CaseState
from connector.domain.practice import Practice
from connector.domain.signal import Channel, Contact, Signal
from connector.domain.taxonomy import group_of
from connector.recovery.plan import Heard
from connector.recovery.policy import clocks
from connector.recovery.settings import RecoverySettings

ZONE = ZoneInfo("America/New_York")
PRACTICE = Practice(tenant="practice", name="Family Practice", zone=ZONE)
USUAL = RecoverySettings()
DETECTED = datetime(2025, 6, 6, 20, 0, tzinfo=UTC)
"""Friday, 16:00 in New York."""
SEED = "0123456789abcdef0123456789abcdef"
JANE = Contact(name="Jane Doe", email="jane@example.org", phone="+15555550123")
WORDS = "I called five times.\n\n\nNobody answered!"


def signal(text=WORDS, **changes):
    values = {
        "tenant": "practice",
        "source": "feedback",
        "natural_key": "key",
        "locator": "INBOX;1",
        "channel": Channel.MAIL,
        "event_time": DETECTED - timedelta(minutes=10),
        "contact": JANE,
        "subject": "Complaint",
        "text": text,
    }
    return Signal(**(values | changes))


def assessment(*categories, lane=Lane.TICKET, severity=2, reasons=None):
    found = reasons or (
        Reason(
            rule="words.access.unreached",
            category="access.unreached",
            severity=1,
            evidence="nobody answered",
        ),
        Reason(rule="risk.leaving", category="", severity=3, evidence="another doctor"),
    )
    return Assessment(
        lane=lane,
        severity=severity,
        categories=categories or ("access.unreached",),
        reasons=found,
        model="rules-abc",
    )


def heard(said=None, judged=None, detected_at=DETECTED):
    return Heard(
        signal=said or signal(),
        assessment=judged or assessment(),
        detected_at=detected_at,
        seed=SEED,
    )


def case(*categories, severity=2, second_look=False, settings=USUAL):
    known = categories or ("access.unreached",)
    due = None if second_look else clocks(severity, DETECTED, None, settings, ZONE)
    return Case(
        id="C-ABCDE-12345",
        tenant="practice",
        group=group_of(known),
        state=CaseState.OPEN,
        severity=severity,
        categories=known,
        second_look=second_look,
        opened_at=DETECTED,
        event_time=None,
        clocks=due,
        ticket_id="",
        ticket_url="",
    )
