"""Rules that demand more than the practice promises."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from connector.recovery import evidence
from connector.recovery.blueprint import blueprint
from connector.recovery.overlays import OVERLAYS, document_lines
from connector.recovery.policy import clocks
from connector.recovery.settings import RecoverySettings, SlaRow, SlaSettings

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2025, 6, 9, 13, tzinfo=UTC)
LAX = SlaSettings(
    severity_1=SlaRow(
        contact_minutes=4_800,
        contact_ceiling_minutes=50_000,
        update_business_days=0,
        resolution_business_days=200,
        resolution_ceiling_days=300,
    )
)


def due(severity: int, *overlays: str, sla: SlaSettings | None = None) -> tuple[datetime, datetime]:
    settings = RecoverySettings(overlays=frozenset(overlays), sla=sla or SlaSettings())
    found = clocks(severity, MONDAY, None, settings, NEW_YORK)
    return found.contact_due, found.resolution_due


def test_a_grievance_is_answered_within_seven_days_whatever_the_practice_promises() -> None:
    assert due(1, "us_hospital_cop", sla=LAX)[1] == datetime(2025, 6, 16, 13, tzinfo=UTC)


def test_an_acknowledgement_is_due_within_three_working_days() -> None:
    assert due(1, "nhs_england", sla=LAX)[0] == datetime(2025, 6, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("severity", [1, 2, 3, 4])
@pytest.mark.parametrize("name", [*OVERLAYS])
def test_an_overlay_only_tightens(severity: int, name: str) -> None:
    for one, other in zip(due(severity), due(severity, name), strict=True):
        assert other <= one


def test_the_order_of_overlays_does_not_matter() -> None:
    assert document_lines(["nhs_england", "us_hospital_cop"]) == document_lines(
        ["us_hospital_cop", "nhs_england"]
    )


def test_the_letter_is_asked_for_only_where_a_rule_demands_it() -> None:
    with_letter = RecoverySettings(overlays=frozenset({"us_hospital_cop"}))

    def names(settings: RecoverySettings) -> set[str]:
        return {field.name for field in blueprint(settings).fields}

    assert names(with_letter) - names(RecoverySettings()) == {"letter_sent"}
    lacking = evidence.missing({}, 1, contacted=True, required=("letter_sent",))
    assert "letter_sent" in lacking
    assert evidence.MISSING["letter_sent"]


def test_an_unknown_overlay_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="nhs_england, us_hospital_cop"):
        RecoverySettings(overlays=frozenset({"gdpr"}))
