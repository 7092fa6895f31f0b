"""Several places of one practice: which one is meant, and what is promised there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from connector.recovery.policy import clocks
from connector.recovery.public_holidays import public_holidays
from connector.recovery.settings import HoursSettings, RecoverySettings
from connector.recovery.sites import SiteSettings, at, choose
from connector.testing.builders import a_practice
from connector.testing.memory_source import a_signal

SITES = {
    "north": SiteSettings(
        places=("North Clinic", "Cardiology"),
        lines=frozenset({"+1 212 555 0101"}),
        zone=ZoneInfo("America/Chicago"),
        hours=HoursSettings(monday=("08:00-12:00",)),
        manager="Ana Diaz",
        owners={"billing.money": "Kim"},
        phone="+1 212 555 0100",
    ),
    "south": SiteSettings(places=("South Clinic",), sources=frozenset({"south-mail"})),
}


def heard(**facts: Any) -> Any:
    return a_signal(1, facts=facts)


@pytest.mark.parametrize(
    ("facts", "site"),
    [
        ({"location": "  north   CLINIC "}, "north"),
        ({"department": "Cardiology"}, "north"),
        ({"did": "12125550101"}, "north"),
        ({"did": "2125550101", "location": "South Clinic"}, "south"),
        ({"location": "Elsewhere"}, ""),
        ({}, ""),
    ],
)
def test_a_site_is_told_by_place_then_line_then_source(facts: dict[str, Any], site: str) -> None:
    assert choose(heard(**facts), SITES) == site


def test_a_place_that_two_sites_share_decides_nothing() -> None:
    both = {**SITES, "east": SiteSettings(places=("Cardiology",))}

    assert choose(heard(department="Cardiology"), both) == ""


def test_a_site_promises_by_its_own_hours_and_zone() -> None:
    practice, settings = at("north", a_practice(), RecoverySettings(), SITES)
    monday = datetime(2025, 6, 9, 11, tzinfo=UTC)  # 06:00 in Chicago

    found = clocks(3, monday, None, settings, practice.zone)

    assert found.contact_due == datetime(2025, 6, 9, 17, tzinfo=UTC)
    assert settings.escalation.manager == "Ana Diaz"
    assert settings.owners == {"billing.money": "Kim"}
    assert practice.phone == "+1 212 555 0100"


def test_what_a_site_does_not_say_is_as_for_the_practice() -> None:
    usual = RecoverySettings()
    practice, settings = at("south", a_practice(), usual, SITES)

    assert (practice, settings) == (a_practice(), usual)
    assert at("gone", a_practice(), usual, SITES) == (a_practice(), usual)


def test_public_holidays_are_closed_days() -> None:
    hours = HoursSettings(public_holidays="US")
    start = datetime(2025, 7, 3, 20, tzinfo=UTC)  # Thursday, an hour before closing

    found = clocks(2, start, None, RecoverySettings(hours=hours), ZoneInfo("America/New_York"))

    # Friday is the fourth of July; the calendar's ceiling of 72 hours would be on Sunday
    assert found.contact_due == datetime(2025, 7, 6, 20, tzinfo=UTC)
    assert public_holidays("GB-ENG", 2025) != public_holidays("GB-SCT", 2025)


@pytest.mark.parametrize("region", ["XX", "US-QQ", "england", "US-NY-1"])
def test_a_region_without_known_holidays_is_refused(region: str) -> None:
    with pytest.raises(ValidationError, match="no public holidays are known"):
        HoursSettings(public_holidays=region)


@pytest.mark.parametrize(
    "hours",
    [
        {"monday": ["17:00-09:00"]},
        {"monday": ["09:00-12:00", "11:00-17:00"]},
        {"monday": ["9-17"]},
        {"monday": [], "tuesday": [], "wednesday": [], "thursday": [], "friday": []},
    ],
)
def test_hours_that_cannot_be_kept_are_refused(hours: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HoursSettings(**hours)
