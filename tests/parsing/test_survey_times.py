"""Times in survey exports, as tools print them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from connector.parsing.survey_times import DateOrder, time_of

NEW_YORK = ZoneInfo("America/New_York")
MDY, DMY = DateOrder.MONTH_FIRST, DateOrder.DAY_FIRST


@pytest.mark.parametrize(
    ("text", "order", "utc"),
    [
        ("2025-03-04 09:12:05", MDY, "2025-03-04T14:12:05"),
        ("2025-03-04T09:12:05.123Z", MDY, "2025-03-04T09:12:05"),
        ("2025-03-04T09:12:05+01:00", MDY, "2025-03-04T08:12:05"),
        ("2025/03/04 9:12:05 AM GMT-5", MDY, "2025-03-04T14:12:05"),
        ("2022/06/22 11:07:29 AM AST", MDY, "2022-06-22T15:07:29"),
        ("03/02/2025 09:03:00 PM", MDY, "2025-03-03T02:03:00"),
        ("03/02/2025 12:03:00 AM", MDY, "2025-03-02T05:03:00"),
        ("04/03/2025 09:12:05", DMY, "2025-03-04T14:12:05"),
        ("5/10/18 4:01", MDY, "2018-05-10T08:01:00"),
        ("04.03.2025 09:12", MDY, "2025-03-04T14:12:00"),
        ("2025-03-04", MDY, "2025-03-04T17:00:00"),
        ("Mar 4, 2025", MDY, "2025-03-04T17:00:00"),
        ("March 4th, 2025 9:12 AM", MDY, "2025-03-04T14:12:00"),
        ("Tue, 4 Mar 2025 09:12:05 +0000", MDY, "2025-03-04T09:12:05"),
        ("Tuesday, March 4, 2025 at 9:12 PM", DMY, "2025-03-05T02:12:00"),
        ("4. M\u00e4rz 2025 09:12", DMY, "2025-03-04T14:12:00"),
        ("4 de marzo de 2025", DMY, "2025-03-04T17:00:00"),
        ("04/03/2025 9:12:05 p. m.", DMY, "2025-03-05T02:12:05"),
        ("2025/03/04 9:12:05\u202fAM UTC\u22127", MDY, "2025-03-04T16:12:05"),
        ("2025-03-04 09:12:05 EST", MDY, "2025-03-04T14:12:05"),
        ("1741079525", MDY, "2025-03-04T09:12:05"),
        ("1741079525000", MDY, "2025-03-04T09:12:05"),
        ("2025-11-02 01:30:00", MDY, "2025-11-02T05:30:00"),
    ],
)
def test_times_as_tools_print_them(text, order, utc):
    assert time_of(text, NEW_YORK, order) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_zone_s_name_that_many_places_share_is_read_where_it_is_the_practice_s():
    text = "2025-03-04 09:12:05 CST"
    assert time_of(text, ZoneInfo("America/Chicago"), MDY).hour == 15
    assert time_of(text, ZoneInfo("Asia/Shanghai"), MDY).hour == 1
    assert time_of(text, NEW_YORK, MDY) is None


@pytest.mark.parametrize(
    "text",
    ["", "13/03/2025 09:12", "2025-02-30", "25:00", "[not completed]", "2025-03-04 09:12 XYZ",
     "2025-03-04 13:12 PM", "soon", "9" * 100, "2025-03-04 99:99", "0/0/0000"],
)  # fmt: skip
def test_a_text_that_is_no_time_is_none(text):
    assert time_of(text, NEW_YORK, MDY) is None
