"""How the phone is answered: figures that anybody can count again."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from servers.asterisk import LINE, Pbx

from connector.domain.practice import Practice
from connector.report.calls import CallJudge
from connector.report.phone import DEFINITIONS, count
from connector.sources.asterisk_cel import AsteriskCelSettings
from connector.triage.settings import TriageSettings

PRACTICE = Practice(tenant="clinic", name="Clinic", zone=ZoneInfo("America/Denver"))
TRIAGE = TriageSettings()


@pytest.fixture
def rows(tmp_path):
    pbx = Pbx()
    pbx.talk("7205550111", ring=5)
    pbx.talk("7205550112", ring=40)
    pbx.maze("7205550113", ["2001", "2002", "2003", "2004"])
    pbx.abandons("7205550114", wait=45)
    pbx.abandons("7205550115", wait=3)
    pbx.misses("7205550116")
    pbx.calls_out("17205550114")
    path = tmp_path / "Master.csv"
    path.write_bytes(pbx.cel_bytes())
    source = AsteriskCelSettings(name="phones", path=path).open(PRACTICE)
    judged = CallJudge(TRIAGE).judge(source.calls())
    return {row.hour: row.plain() for row in count(judged, PRACTICE.zone, TRIAGE.phone, 20)}


def test_every_call_from_outside_is_in_one_place(rows):
    whole = rows["all"]
    assert whole["line"] == LINE
    assert whole["offered"] == 6
    assert (whole["answered"], whole["abandoned"], whole["short_abandoned"]) == (3, 1, 1)
    assert whole["missed"] == 1
    assert sum(row["offered"] for hour, row in rows.items() if hour != "all") == 6


def test_rates_are_what_their_definitions_say(rows):
    whole = rows["all"]
    assert whole["service_level_percent"] == 50.0  # 2 of 3 answered and 1 abandoned
    assert whole["abandonment_percent"] == 25.0
    assert whole["transfer_percent"] == 33.3
    assert whole["wait_max_s"] == 45
    assert any(text.startswith("service level") for text in DEFINITIONS)


def test_a_call_back_is_no_failure_and_no_call_of_the_line(rows):
    assert rows["all"]["failures"] == 2  # the maze and the call that nobody took
