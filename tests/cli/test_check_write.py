"""`amends check --write` tries the helpdesk with one marked ticket and tells how it went."""

from __future__ import annotations

import json

import pytest

from connector.cli import trial
from connector.domain.errors import Rejected
from connector.testing.memory_desk import Weather
from connector.testing.memory_helpdesk import MemoryHelpdesk


@pytest.fixture
def check(amends, house, monkeypatch):
    monkeypatch.setattr(trial.time, "sleep", lambda _: None)
    house.state.mkdir(mode=0o700)
    return lambda *arguments: amends("check", *arguments, "-c", house.config)


def test_people_read_one_line_for_each_point(check, house):
    code, out, err = check("--write")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert any(line.startswith("ok") and "helpdesk memory" in line for line in lines)
    [found] = [line for line in lines if line.startswith("2 ")]
    assert found.rstrip().split("  ")[-1].strip() == "passed: in doubt, found, adopted"
    [parallel] = [line for line in lines if line.startswith("5 ")]
    assert "cannot: would leave several tickets" in parallel
    assert lines[-1] == "the ticket was memory:1"
    assert len(house.desk.tickets) == 1


def test_json_has_findings_and_points(check):
    told = json.loads(check("--write", "--json")[1])
    assert set(told) == {"findings", "trial"}
    trial = told["trial"]
    assert set(trial) == {"key", "ticket", "url", "level", "points"}
    assert {frozenset(point) for point in trial["points"]} == {
        frozenset({"point", "what", "outcome", "reason"})
    }
    assert {point["outcome"] for point in trial["points"]} == {"passed", "cannot"}


def test_who_tried_it_is_on_record_also_before_the_first_start(check, amends, house):
    check("--write")
    assert [actor for actor, _, _ in house.on_record("selftest.began")] == ["cli:alice"]
    [(_, _, ended)] = house.on_record("selftest.ended")
    assert (ended["ticket"], ended["failed"]) == ("1", "")
    house.complain(1)
    assert amends("once", "-c", house.config)[0] == 0
    assert len(house.desk.tickets) == 2
    assert amends("audit", "verify", "-c", house.config)[0] == 0


@pytest.mark.parametrize(("method", "code"), [("find", 2), ("update", 1)])
def test_a_point_that_fails_is_told_by_the_exit_code(check, monkeypatch, method, code):
    monkeypatch.setattr(MemoryHelpdesk, method, lambda *_: [] if method == "find" else _no_update())
    found, out, _ = check("--write")
    assert found == code
    assert "failed: " in out


def _no_update():
    raise Rejected("memory", "may not be changed")


def test_a_helpdesk_that_is_not_well_is_not_written_to(check, house):
    house.desk.reading = Weather.LOCKED_OUT
    code, out, _ = check("--write")
    assert code == 2
    assert out.splitlines()[-1] == "the helpdesk was not tried: mend it first"
    assert house.desk.tickets == {}
    assert json.loads(check("--write", "--json")[1])["trial"] is None


def test_without_write_nothing_is_written(check, house):
    assert check()[0] == 0
    assert house.desk.tickets == {}
    assert not (house.state / "amends.db").exists()
