"""A small trial of the campaign; `make campaign` runs thousands of kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaign.behaviour import DEATHS, OTHER, WEATHER
from campaign.bite import catch
from campaign.report import render
from campaign.trial import Trial
from campaign.weather import FATES
from connector import crash

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(400)
def test_kills_and_bad_weather_neither_lose_nor_double_anything():
    result = Trial(5, kills=10, people=16, fault_rate=0.3, rain_s=10).run()
    assert result.verdict.kept, result.verdict.line()
    assert sum(result.kills.values()) >= 10
    assert sum(result.faults.values()) > 0
    assert result.verdict.tickets == result.verdict.expected > 0


@pytest.mark.timeout(400)
def test_the_naive_client_is_caught_with_duplicates():
    caught = catch(3, kills=10, people=20, fault_rate=0.4)
    assert caught.doubled > 0


def test_every_fault_of_the_campaign_has_its_line():
    assert set(WEATHER) == {fate.__name__ for fate in FATES}
    assert set(DEATHS) == {*crash.POINTS, "random"}


@pytest.mark.parametrize(
    "promise", [*WEATHER.values(), *DEATHS.values(), *OTHER.values()], ids=lambda p: p.fault
)
def test_every_test_that_the_table_names_is_there(promise):
    if promise.test != "campaign":
        assert (ROOT / promise.test).exists()


def test_the_page_is_printed_from_figures():
    figures = {
        "kills": 2_000,
        "faulty_answers": 5_000,
        "requests": 20_000,
        "trials": 20,
        "minutes": 30.0,
        "expected": 1_900,
        "naive_client": {"kills": 20, "faults": 30, "mails": 50, "doubled": 12, "lost": 2},
        "kills_by_place": {"random": 900, "delivery.sent": 300},
        "faults_by_kind": {"late": 300},
        "other": {"sigterm": 9},
        "books": [],
    } | dict.fromkeys(("lost", "double_tickets", "double_notes", "out_of_order"), 0)
    page = render(figures | dict.fromkeys(("leaked", "exposed", "unaddressed", "mails_sent"), 0))
    assert "2,000 kills and 5,000 faulty answers" in page
    assert "**12 second tickets" in page
    assert "| SIGKILL between POST and commit |" in page
