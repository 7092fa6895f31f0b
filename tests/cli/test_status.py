"""`amends status` says by one screen and its code whether all is well."""

import json

from servers.house import WORDS

from connector.testing.memory_desk import Weather

KEYS = {
    *("level", "reasons", "daemon", "sources", "helpdesk", "breaker", "breaker_reason"),
    *("outbox", "oldest_change_at", "accounting", "heard", "imbalance"),
    *("open_cases", "held_cases", "overdue_cases"),
}


def test_without_a_daemon_it_is_down_and_says_how_to_start_one(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    code, out, err = amends("status", "-c", house.config)
    assert (code, err) == (2, "")
    assert out.startswith("down: no daemon\n  - no daemon runs on this state; start it")
    assert "heard: 1 = 1 opened\n" in out
    assert "helpdesk memory: in use; changes: 1 done\n" in out
    assert [word for word in WORDS if word in out] == []


def test_json_has_every_figure(amends, house):
    house.complain(1)
    amends("once", "-c", house.config)
    code, out, _ = amends("status", "--json", "-c", house.config)
    found = json.loads(out)
    assert code == 2
    assert set(found) >= KEYS
    assert found["level"] == "down"
    assert [source["name"] for source in found["sources"]] == ["feedback"]
    assert found["accounting"]["opened"] == found["heard"] == 1
    assert found["outbox"] == {"done": 1}
    assert found["imbalance"] == 0


def test_a_helpdesk_that_refuses_us_is_told_with_what_waits(amends, house):
    house.complain(1)
    house.desk.standing = Weather.LOCKED_OUT
    amends("once", "-c", house.config)
    code, out, _ = amends("status", "-c", house.config)
    assert code == 2
    assert "calls are paused (AuthenticationFailed); run `amends check`" in out
    assert "changes: 1 ready" in out


def test_held_cases_and_changes_set_aside_are_told_with_the_command(amends, house):
    house.configure(storm=1)
    house.complain(1, 2)
    amends("once", "-c", house.config)
    house.ask("UPDATE outbox SET state = 'aside' WHERE state = 'done'")
    _, out, _ = amends("status", "-c", house.config)
    assert "1 cases held by the storm guard; see `amends cases list`" in out
    assert "changes set aside; see `amends outbox list`" in out


def test_a_running_daemon_is_ok(house, started):
    daemon = started("run")
    house.wait_for("SELECT 1 FROM source WHERE last_read_at IS NOT NULL")
    status = house.start("status", "--json")
    out, err = status.communicate(timeout=60)
    assert (status.returncode, err) == (0, "")
    found = json.loads(out)
    assert (found["level"], found["reasons"]) == ("ok", [])
    assert str(daemon.pid) in found["daemon"]


def test_before_the_first_start_it_says_so(amends, house):
    code, out, err = amends("status", "-c", house.config)
    assert (code, out) == (74, "")
    assert err == f"amends: {house.state}: there is no state yet; start the daemon once\n"


def test_a_faulty_configuration_is_78(amends, house):
    house.config.write_text("x = [", "utf-8")
    assert amends("status", "-c", house.config)[0] == 78
