"""Who is told, and when, while a clock runs out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.recovery.hours import Span, Week
from connector.recovery.ladder import (
    RUNGS,
    Clock,
    Rung,
    Running,
    climb,
    instant,
    next_at,
    unacknowledged,
)

NEW_YORK = ZoneInfo("America/New_York")
_DAY = (Span(start_minute=540, end_minute=1020),)
WEEK = Week(days=(_DAY, _DAY, _DAY, _DAY, _DAY, (), ()))


def _running(start: str, due: str, fired: int = 0) -> Running:
    return Running(
        clock=Clock.CONTACT,
        started_at=datetime.fromisoformat(start).astimezone(UTC),
        due_at=datetime.fromisoformat(due).astimezone(UTC),
        fired=fired,
    )


@pytest.mark.parametrize(
    ("rung", "at"),
    [
        (Rung.OWNER, "2025-06-09T11:00-04:00"),
        (Rung.MANAGER, "2025-06-09T12:12-04:00"),
        (Rung.LATE, "2025-06-09T13:00-04:00"),
        (Rung.BEYOND, "2025-06-09T17:00-04:00"),
    ],
)
def test_the_shares_of_a_clock_over_the_weekend_are_counted_in_opening_hours(
    rung: Rung, at: str
) -> None:
    """Heard on Saturday, four business hours: due on Monday at one, half of it at eleven."""
    running = _running("2025-06-07T10:00-04:00", "2025-06-09T13:00-04:00")

    assert instant(running, rung, WEEK, NEW_YORK) == datetime.fromisoformat(at)


def test_a_clock_without_opening_hours_is_counted_by_calendar() -> None:
    running = _running("2025-06-07T10:00-04:00", "2025-06-07T11:00-04:00")

    found = [instant(running, rung, WEEK, NEW_YORK) for rung in RUNGS]

    start = datetime.fromisoformat("2025-06-07T10:00-04:00")
    assert found == [start + timedelta(minutes=minutes) for minutes in (30, 48, 60, 120)]


def test_after_an_outage_only_the_highest_step_is_taken_and_names_the_others() -> None:
    running = _running("2025-06-06T16:00-04:00", "2025-06-09T12:00-04:00")

    found = climb(running, datetime.fromisoformat("2025-06-09T12:30-04:00"), WEEK, NEW_YORK)

    assert found is not None
    assert (found.rung, tuple(found.passed_over)) == (Rung.LATE, (Rung.OWNER, Rung.MANAGER))


def test_each_step_is_taken_once() -> None:
    running = _running("2025-06-06T16:00-04:00", "2025-06-09T12:00-04:00", fired=100)

    assert climb(running, running.due_at + timedelta(minutes=1), WEEK, NEW_YORK) is None
    assert next_at(running, WEEK, NEW_YORK) == instant(running, Rung.BEYOND, WEEK, NEW_YORK)


def test_a_ladder_that_was_climbed_asks_for_nothing_more() -> None:
    running = _running("2025-06-06T16:00-04:00", "2025-06-09T12:00-04:00", fired=200)

    assert next_at(running, WEEK, NEW_YORK) is None
    assert climb(running, running.due_at + timedelta(days=90), WEEK, NEW_YORK) is None


def test_silence_about_a_critical_case_is_escalated_until_somebody_acts() -> None:
    start = datetime(2025, 6, 6, 16, tzinfo=UTC)

    assert unacknowledged(4, start, None, 30) == start + timedelta(minutes=30)
    assert unacknowledged(4, start, start, 30) is None
    assert unacknowledged(3, start, None, 30) is None


@given(
    start=st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2026, 12, 31)),  # noqa: DTZ001 - made aware below
    minutes=st.integers(min_value=1, max_value=20_000),
)
def test_the_rungs_of_any_clock_come_in_order_and_never_before_its_start(
    start: datetime, minutes: int
) -> None:
    aware = start.replace(tzinfo=UTC)
    running = Running(
        clock=Clock.RESOLUTION,
        started_at=aware,
        due_at=aware + timedelta(minutes=minutes),
        fired=0,
    )

    found = [instant(running, rung, WEEK, NEW_YORK) for rung in RUNGS]

    assert found == sorted(found)
    assert found[0] >= running.started_at
    assert found[1] <= running.due_at == found[2]


@given(
    minutes=st.integers(min_value=1, max_value=20_000),
    looks=st.lists(st.integers(min_value=0, max_value=60_000), max_size=12),
)
def test_however_often_one_looks_every_rung_is_taken_or_passed_over_once(
    minutes: int, looks: list[int]
) -> None:
    start = datetime(2025, 6, 6, 20, tzinfo=UTC)
    running = Running(
        clock=Clock.CONTACT, started_at=start, due_at=start + timedelta(minutes=minutes), fired=0
    )
    told: list[Rung] = []
    for after in sorted(looks):
        found = climb(running, start + timedelta(minutes=after), WEEK, NEW_YORK)
        if found is None:
            continue
        told += [*found.passed_over, found.rung]
        running = Running(
            clock=running.clock,
            started_at=running.started_at,
            due_at=running.due_at,
            fired=int(found.rung),
        )

    assert told == list(RUNGS[: len(told)])
