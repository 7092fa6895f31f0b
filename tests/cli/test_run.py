"""`amends run` as a process of its own: how it begins, ends, and is told apart from others."""

import json
import signal

import pytest
from servers.house import WORDS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(house, started, number):
    daemon = started("run")
    house.complain(1)
    house.wait_for("SELECT 1 FROM outbox WHERE attempts > 0")
    daemon.send_signal(number)
    out, err = daemon.communicate(timeout=60)
    assert (daemon.returncode, out) == (0, "")
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert "started" in events
    assert events[-1] == "stopped"
    assert [word for word in WORDS if word in err] == []


def test_it_survives_a_helpdesk_that_is_down_and_keeps_what_is_owed(house, started):
    daemon = started("run")
    house.complain(1, 2)
    house.wait_for("SELECT 1 FROM outbox WHERE attempts > 0 AND state = 'ready'")
    assert daemon.poll() is None
    assert house.ask("SELECT count(*) FROM outbox WHERE state IN ('ready', 'sending')") == [(2,)]


def test_killed_it_starts_again_and_loses_nothing(house, started):
    first = started("run")
    house.complain(1)
    house.wait_for("SELECT 1 FROM outbox")
    first.kill()
    first.wait(timeout=60)
    second = started("run")
    house.wait_for("SELECT 1 FROM ledger WHERE action = 'daemon.started' AND seq > 1")
    second.terminate()
    second.communicate(timeout=60)
    assert second.returncode == 0
    assert house.ask("SELECT count(*) FROM signal") == [(1,)]
    assert house.ask("SELECT count(*) FROM outbox") == [(1,)]


@pytest.mark.parametrize("command", ["run", "once"])
def test_a_second_one_ends_with_75_and_names_the_first(house, started, command):
    daemon = started("run")
    second = house.start(command)
    out, err = second.communicate(timeout=60)
    assert (second.returncode, out) == (75, "")
    assert f"held by pid {daemon.pid} on host " in err
    assert daemon.poll() is None


def test_every_fault_of_the_configuration_is_told_and_the_code_is_78(house):
    house.configure(storm=0, helpdesk='[helpdesk]\nkind = "django_helpdesk"\nurll = "x"\n')
    daemon = house.start("run")
    out, err = daemon.communicate(timeout=60)
    assert (daemon.returncode, out) == (78, "")
    assert "pipeline.storm_cases_per_hour: " in err
    assert "helpdesk.urll: unknown key; did you mean url?" in err
    assert "Traceback" not in err
    assert not house.state.exists()


def test_a_state_that_cannot_be_made_is_74(house):
    house.without_helpdesk()
    house.state.touch()
    daemon = house.start("run")
    out, err = daemon.communicate(timeout=60)
    assert (daemon.returncode, out) == (74, "")
    assert str(house.state) in err
    assert err.count("\n") == 1
