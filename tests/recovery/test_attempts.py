"""What a note tells of an attempt to reach somebody, and when attempts are enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from connector.recovery.attempts import Try, enough, seen, tried

ZONE = ZoneInfo("America/New_York")
MONDAY = datetime(2025, 6, 9, 14, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("tried: phone", ("phone",)),
        ("Tried: e-mail", ("mail",)),
        ("* Attempt 2: SMS, no reaction", ("text",)),
        ("intento: carta", ("letter",)),
        ("Called at 10, left a voicemail.", ("phone",)),
        ("LVM for pt", ("phone",)),
        ("2nd call - no answer", ("phone",)),
        ("Couldn't reach her", ("phone",)),
        ("Went straight to voicemail, so I sent her a text", ("phone", "text")),
        ("E-mailed today as well", ("mail",)),
        ("mailed a letter to the address on file", ("letter",)),
        ("Llam\u00e9 a las 10, dej\u00e9 mensaje.", ("phone",)),
        ("No contesta.", ("phone",)),
    ],
)
def test_a_note_tells_of_an_attempt(text: str, ways: tuple[str, ...]) -> None:
    assert tried(text) == ways


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Looked into the schedule.",
        "Spoke with her; she says nobody answered last week.",
        "Patient left a voicemail for us on Monday.",
        "She left a message, please call her.",
        "Will call tomorrow; if no answer send a letter.",
        "The complaint: no call back. They called twice.",
        "Please leave a voicemail.",
        "I talked to him and e-mailed the form.",
    ],
)
def test_a_plan_the_patients_own_call_or_a_conversation_is_none(text: str) -> None:
    assert tried(text) == ()


def test_three_attempts_on_two_days_by_two_ways_are_enough() -> None:
    phone, again = Try(at=MONDAY, way="phone"), Try(at=MONDAY + DAY, way="phone")
    text = Try(at=MONDAY + DAY, way="text")

    assert enough([phone, again, text], ZONE)
    assert not enough([phone, text], ZONE)
    assert not enough([phone, again, again], ZONE)
    assert not enough([again, again, text], ZONE)


def test_a_day_is_one_of_the_practice() -> None:
    late = datetime(2025, 6, 10, 2, 0, tzinfo=UTC)  # Monday evening in New York
    tries = [Try(at=MONDAY, way="phone"), Try(at=late, way="phone"), Try(at=late, way="text")]

    assert not enough(tries, ZONE)
    assert seen(tries, ZONE) == "seen: 3 attempts on 1 day by phone, text"
    assert seen([], ZONE) == "none was seen"
