"""By when a case is due, and how grave it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from recovery.builders import DETECTED, USUAL, ZONE, assessment

from connector.domain.assessment import Reason
from connector.recovery.policy import clocks, late_detected
from connector.recovery.settings import HoursSettings, RecoverySettings
from connector.recovery.severity import final_severity


def local(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("severity", "contact", "resolution"),
    [
        (4, "2025-06-06T17:00-04:00", "2025-06-10T16:00-04:00"),
        (3, "2025-06-07T16:00-04:00", "2025-06-11T16:00-04:00"),
        (2, "2025-06-09T16:00-04:00", "2025-06-13T16:00-04:00"),
        (1, "2025-06-10T16:00-04:00", "2025-06-20T16:00-04:00"),
    ],
)
def test_friday_afternoon_each_severity_has_its_due_times(severity, contact, resolution):
    due = clocks(severity, DETECTED, None, USUAL, ZONE)
    assert due.contact_due == local(contact)
    assert due.resolution_due == local(resolution)


def test_on_a_monday_business_hours_come_before_the_ceiling():
    monday = local("2025-06-09T09:00-04:00")
    assert clocks(3, monday, None, USUAL, ZONE).contact_due == local("2025-06-09T13:00-04:00")


def test_one_hour_for_severity_four_counts_at_night_too():
    night = local("2025-06-08T03:00-04:00")
    assert clocks(4, night, None, USUAL, ZONE).contact_due == local("2025-06-08T04:00-04:00")


def test_clocks_run_from_detection_and_not_from_the_event():
    old = DETECTED - timedelta(days=30)
    assert clocks(2, DETECTED, old, USUAL, ZONE) == clocks(2, DETECTED, None, USUAL, ZONE)


def test_a_long_holiday_does_not_move_the_ceiling():
    closed = frozenset(DETECTED.date() + timedelta(days=n) for n in range(1, 300))
    away = RecoverySettings(hours=HoursSettings(holidays=closed))
    due = clocks(1, DETECTED, None, away, ZONE)
    assert due.contact_due == DETECTED + timedelta(minutes=96 * 60)
    assert due.resolution_due == DETECTED + timedelta(days=30)


@pytest.mark.parametrize(
    ("ago", "late"), [(59, False), (60, False), (61, True), (-10, False), (100_000, True)]
)
def test_a_failure_heard_after_more_than_an_hour_is_late(ago, late):
    assert late_detected(DETECTED, DETECTED - timedelta(minutes=ago), USUAL) is late


def test_an_event_without_a_time_is_not_late():
    assert late_detected(DETECTED, None, USUAL) is False


@given(
    st.integers(-3, 9),
    st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
)
def test_graver_cases_are_never_due_later(severity, detected):
    graver, milder = (clocks(one, detected, None, USUAL, ZONE) for one in (severity + 1, severity))
    assert detected < graver.contact_due <= milder.contact_due
    assert detected < graver.resolution_due <= milder.resolution_due


def test_severity_is_the_highest_of_floor_rule_and_case():
    assert final_severity(assessment("visit.wait", severity=1, reasons=(calm(0),))) == 1
    assert final_severity(assessment("people.rights", severity=1, reasons=(calm(0),))) == 3
    assert final_severity(assessment("visit.wait", severity=1, reasons=(calm(3),))) == 3
    assert final_severity(assessment("visit.wait", severity=2, reasons=(calm(0),))) == 2
    assert final_severity(assessment("visit.wait", reasons=(calm(0),)), current=4) == 4


def test_a_repeat_a_missed_contact_and_several_weighty_kinds_raise_it_by_one_each():
    mild = assessment("visit.wait", severity=1, reasons=(calm(0),))
    assert final_severity(mild, repeated=True) == 2
    assert final_severity(mild, repeated=True, contact_missed=True) == 3
    weighty = assessment("people.courtesy", "comm.not_heard", reasons=(calm(0),))
    assert final_severity(weighty) == 3
    assert final_severity(weighty, repeated=True, contact_missed=True) == 4


def test_a_long_complaint_of_many_kinds_is_not_critical_for_that_alone():
    high = assessment("clinical.quality", "people.courtesy", "comm.not_heard", reasons=(calm(0),))
    assert final_severity(high) == 3
    assert final_severity(high, repeated=True) == 4


def test_unknown_categories_are_no_reason_to_fail():
    assert final_severity(assessment("brand.new", severity=1, reasons=(calm(0),))) == 1


def calm(severity):
    return Reason(rule="words.blame", category="", severity=severity, evidence="")


@pytest.mark.parametrize("table", ["owners", "empowerment"])
def test_a_category_that_does_not_exist_is_refused(table):
    value = "someone" if table == "owners" else ("coffee",)
    with pytest.raises(ValidationError, match=r"no such category: visit\.typo"):
        RecoverySettings(**{table: {"visit.typo": value}})
