"""`amends check` tells everything that is wrong at once, and how to mend it."""

import json
import shutil
import stat

import pytest
from servers.house import NOWHERE

from connector.domain.errors import ConfigError
from connector.testing.memory_desk import Weather
from connector.testing.memory_helpdesk import MemoryHelpdeskSettings


def told(out):
    return {finding["part"]: finding for finding in json.loads(out)}


def test_all_is_well_and_nothing_is_made(amends, house):
    code, out, err = amends("check", "-c", house.config)
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == ["ok", "ok", "ok"]
    assert not house.state.exists()
    assert house.desk.visible == []


def test_json_has_part_level_words_and_cure(amends, house):
    code, out, _ = amends("check", "--json", "-c", house.config)
    assert code == 0
    assert {tuple(finding) for finding in json.loads(out)} == {("part", "level", "what", "cure")}
    assert set(told(out)) == {"state", "source feedback", "helpdesk memory"}


def test_two_faults_are_told_at_once(amends, house):
    shutil.rmtree(house.mail)
    house.desk.reading = Weather.LOCKED_OUT
    code, out, _ = amends("check", "--json", "-c", house.config)
    found = told(out)
    assert code == 2
    assert found["source feedback"]["level"] == found["helpdesk memory"]["level"] == "problem"
    assert "no such file" in found["source feedback"]["what"]
    assert found["helpdesk memory"]["cure"] == "Let the agents in again."


def test_people_read_the_cure_below_the_fault(amends, house):
    house.desk.reading = Weather.LOCKED_OUT
    _, out, _ = amends("check", "-c", house.config)
    assert "PROBLEM  helpdesk memory: The credentials are refused.\n    Let the agents in" in out


def test_a_state_that_others_can_read_is_a_warning_and_1(amends, house):
    house.state.mkdir()
    house.state.chmod(stat.S_IRWXU | stat.S_IRGRP)
    code, out, _ = amends("check", "-c", house.config)
    assert code == 1
    assert f"warning  state: {house.state} can be read by others\n    chmod 700 " in out


def test_a_helpdesk_that_cannot_be_opened_is_a_finding_like_others(amends, house, monkeypatch):
    def refuse(*_):
        raise ConfigError(["ca_file: is no certificate"])

    monkeypatch.setattr(MemoryHelpdeskSettings, "open", refuse)
    code, out, _ = amends("check", "--json", "-c", house.config)
    found = told(out)
    assert code == 2
    assert found["source feedback"]["level"] == "ok"
    assert found["helpdesk memory"]["what"] == "ca_file: is no certificate"


@pytest.mark.parametrize(
    ("mode", "name", "fault"),
    [
        (0o644, "token", "others than its owner can use"),
        (0o600, "nosuch", "No such file or directory"),
    ],
)
def test_a_secret_that_cannot_be_used_is_78_with_the_cure(house, mode, name, fault):
    secret = house.home / "token"
    secret.write_text("tok-9f8e7d6c", "utf-8")
    secret.chmod(mode)
    house.configure(helpdesk=f'{NOWHERE}token_file = "{house.home / name}"\n')
    check = house.start("check")
    out, err = check.communicate(timeout=60)
    assert (check.returncode, out) == (78, "")
    [line] = err.splitlines()
    assert "helpdesk.token_file: " in line
    assert fault in line


def test_a_helpdesk_that_is_down_is_told_within_its_deadline(house):
    house.without_helpdesk()
    check = house.start("check")
    out, err = check.communicate(timeout=60)
    assert (check.returncode, err) == (2, "")
    assert "PROBLEM  helpdesk helpdesk: The helpdesk cannot be used: cannot be reached" in out
    assert "Look at the address (url) and whether the site runs" in out


def test_it_runs_beside_the_daemon(house, started):
    started("run")
    check = house.start("check")
    out, err = check.communicate(timeout=60)
    assert (check.returncode, err) == (2, "")  # the helpdesk is down
    assert "source feedback: can be read" in out
