"""The business clock: published examples (two of them wrong in print) and what must always hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from connector.recovery.hours import HORIZON_DAYS, Span, Week, due, open_minutes
from connector.recovery.settings import HoursSettings

NEW_YORK = ZoneInfo("America/New_York")
WORKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
EVERY_DAY = (*WORKDAYS, "saturday", "sunday")


def week(*spans, days=WORKDAYS, holidays=()):
    closed = {day: () for day in EVERY_DAY if day not in days}
    return HoursSettings(**dict.fromkeys(days, spans), **closed, holidays=frozenset(holidays)).week


NINE_TO_FIVE = week("09:00-17:00")
EIGHT_TO_FIVE = week("08:00-17:00")
INDEPENDENCE_DAY = week("09:00-17:00", holidays=[date(2025, 7, 4)])
SPLIT = week("09:00-12:00", "13:00-17:00")
NIGHT = week("01:00-05:00", days=EVERY_DAY)

VECTORS = [
    ("2025-06-06T17:00-04:00", 480, NINE_TO_FIVE, "2025-06-09T17:00-04:00"),
    ("2025-06-06T16:00-04:00", 480, NINE_TO_FIVE, "2025-06-09T16:00-04:00"),
    ("2025-06-06T16:00-04:00", 240, EIGHT_TO_FIVE, "2025-06-09T11:00-04:00"),
    ("2025-06-06T16:00-04:00", 240, NINE_TO_FIVE, "2025-06-09T12:00-04:00"),
    ("2025-06-07T10:00-04:00", 240, NINE_TO_FIVE, "2025-06-09T13:00-04:00"),
    ("2025-07-03T16:00-04:00", 240, INDEPENDENCE_DAY, "2025-07-07T12:00-04:00"),
    ("2025-06-09T09:00-04:00", 480, NINE_TO_FIVE, "2025-06-09T17:00-04:00"),
    ("2025-06-09T11:30-04:00", 120, SPLIT, "2025-06-09T14:30-04:00"),
    ("2025-03-09T01:00-05:00", 120, NIGHT, "2025-03-09T04:00-04:00"),
    ("2025-11-02T01:00-04:00", 120, NIGHT, "2025-11-02T02:00-05:00"),
]


@pytest.mark.parametrize(("start", "minutes", "hours", "expected"), VECTORS)
def test_the_clock_agrees_with_the_conformance_vectors(start, minutes, hours, expected):
    found = due(datetime.fromisoformat(start), minutes, hours, NEW_YORK)
    assert found == datetime.fromisoformat(expected)
    assert found.tzinfo is UTC


def test_a_calendar_day_over_spring_forward_is_24_hours():
    start = datetime.fromisoformat("2025-03-08T12:00-05:00").astimezone(UTC)
    local = (start + timedelta(minutes=1440)).astimezone(NEW_YORK)
    assert local.isoformat() == "2025-03-09T13:00:00-04:00"


def test_a_practice_that_never_opens_within_the_horizon_has_no_due_time():
    start = datetime(2025, 1, 1, tzinfo=UTC)
    closed = [start.date() + timedelta(days=n) for n in range(-1, HORIZON_DAYS + 2)]
    assert due(start, 1, week("09:00-17:00", holidays=closed), NEW_YORK) is None


def test_round_the_clock_hours_have_no_seam_at_midnight():
    always = week("00:00-24:00", days=EVERY_DAY)
    start = datetime(2025, 3, 8, 12, 34, 56, tzinfo=UTC)
    assert due(start, 10_000, always, NEW_YORK) == start + timedelta(minutes=10_000)


@pytest.mark.parametrize(
    "spans",
    [
        ("9:00-17:00",),
        ("09:00-25:00",),
        ("17:00-09:00",),
        ("09:60-10:00",),
        ("09:00-09:00",),
        ("09:00-24:01",),
        ("09:00-13:00", "12:00-17:00"),
        ("13:00-17:00", "09:00-12:00"),
    ],
)
def test_hours_that_make_no_sense_are_refused(spans):
    with pytest.raises(ValidationError, match="opening hours"):
        HoursSettings(monday=spans)


def test_a_practice_must_open_at_some_time():
    with pytest.raises(ValidationError, match="open at some time"):
        HoursSettings(**dict.fromkeys(EVERY_DAY, ()))


zones = st.sampled_from(
    [
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",  # its clock changes by half an hour
        "Pacific/Apia",  # it skipped a whole day in 2011
        "Asia/Kathmandu",
        "America/St_Johns",
        "UTC",
    ]
).map(ZoneInfo)
starts = st.datetimes(datetime(2011, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone


@st.composite
def weeks(draw):
    days = []
    for _ in range(7):
        marks = draw(st.lists(st.integers(0, 1440), max_size=6, unique=True).map(sorted))
        pairs = zip(marks[::2], marks[1::2], strict=False)
        days.append(tuple(Span(start_minute=one, end_minute=two) for one, two in pairs))
    assume(any(days))
    return Week(days=tuple(days))


minute_counts = st.integers(0, 3_000)


@given(starts, minute_counts, weeks(), zones)
def test_what_is_due_lies_exactly_so_many_open_minutes_ahead(start, minutes, hours, zone):
    found = due(start, minutes, hours, zone)
    assume(found is not None)
    assert found >= start + timedelta(minutes=minutes)
    assert open_minutes(start, found, hours, zone) == minutes


@given(starts, minute_counts, minute_counts, weeks(), zones)
def test_two_stretches_one_after_the_other_are_one_long_stretch(start, one, two, hours, zone):
    middle = due(start, one, hours, zone)
    assume(middle is not None)
    whole, parts = due(start, one + two, hours, zone), due(middle, two, hours, zone)
    assume(whole is not None and parts is not None)
    if two:
        assert parts == whole


@given(starts, starts, st.integers(1, 3_000), weeks(), zones)
def test_who_starts_later_is_never_due_earlier(first, second, minutes, hours, zone):
    early, late = sorted((first, second))
    one, two = due(early, minutes, hours, zone), due(late, minutes, hours, zone)
    assume(one is not None and two is not None)
    assert one <= two


@given(starts, weeks(), zones)
def test_an_open_week_never_counts_more_than_real_time(start, hours, zone):
    end = start + timedelta(days=3)
    assert 0 <= open_minutes(start, end, hours, zone) <= 3 * 1440
