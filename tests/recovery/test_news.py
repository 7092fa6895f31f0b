"""When the person is to be told how it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from recovery.builders import PRACTICE, USUAL, ZONE, case

from connector.recovery import tags
from connector.recovery.news import BEYOND, DUE, NONE, changes, rung

MONDAY = datetime(2025, 6, 9, 10, 0, tzinfo=ZONE)
"""Ten in the morning, in New York; open from nine to five."""


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(hours=1), NONE),
        (timedelta(days=1), NONE),
        (timedelta(days=2), DUE),  # two business days for severity 3
        (timedelta(days=3), DUE),
        (timedelta(days=4), BEYOND),
    ],
)
def test_the_time_is_counted_in_opening_hours(after: timedelta, expected: int) -> None:
    assert rung(3, MONDAY, MONDAY + after, USUAL, ZONE)[0] == expected


def test_a_weekend_does_not_count() -> None:
    friday = MONDAY + timedelta(days=4)

    assert rung(4, friday, friday + timedelta(days=2), USUAL, ZONE)[0] == NONE
    assert rung(4, friday, friday + timedelta(days=3), USUAL, ZONE)[0] == DUE


def test_the_next_look_is_at_the_next_rung() -> None:
    first = rung(3, MONDAY, MONDAY, USUAL, ZONE)[1]
    assert first == MONDAY + timedelta(days=2)
    assert rung(3, MONDAY, first, USUAL, ZONE) == (DUE, MONDAY + timedelta(days=4))
    assert rung(3, MONDAY, MONDAY + timedelta(days=9), USUAL, ZONE) == (BEYOND, None)


def test_nothing_is_promised_before_the_first_contact_or_for_small_things() -> None:
    late = MONDAY + timedelta(days=30)

    assert rung(3, None, late, USUAL, ZONE) == (NONE, None)
    assert rung(1, MONDAY, late, USUAL, ZONE) == (NONE, None)


def test_the_manager_is_named_when_twice_the_time_has_passed() -> None:
    (note,) = changes(case(severity=3), 1, MONDAY, (DUE, BEYOND), PRACTICE, USUAL)

    assert "For the practice manager" in note.text
    assert "Mon 9 Jun 2025, 10:00" in note.text


def test_the_tag_comes_with_the_first_rung_and_goes_with_the_conversation() -> None:
    _, there = changes(case(severity=3), 1, MONDAY, (NONE, DUE), PRACTICE, USUAL)
    (gone,) = changes(case(severity=3), 1, MONDAY, (BEYOND, NONE), PRACTICE, USUAL)

    assert there.add_tags == gone.remove_tags == (tags.UPDATE_DUE,)
