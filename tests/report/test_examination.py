"""What `amends check` finds out about the state."""

import os

import pytest

from connector.report.examination import examine_state
from connector.store import engine

AS_USER = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


def worst(state):
    found = list(examine_state(state))
    assert {finding.part for finding in found} == {"state"}
    return [finding for finding in found if finding.level != "ok"]


def test_a_state_of_our_own_is_well(tmp_path):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    assert worst(state) == []


def test_a_state_that_is_not_there_yet_is_well_and_not_made(tmp_path):
    assert worst(tmp_path / "a" / "state") == []
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_a_file_is_a_problem(tmp_path):
    state = tmp_path / "state"
    state.touch()
    [finding] = worst(state)
    assert (finding.level, finding.what) == ("problem", f"{state} is no directory")
    assert finding.cure == "name another state_dir"


def test_a_state_that_others_can_read_is_a_warning_with_the_command_that_mends_it(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(0o755)
    [finding] = worst(state)
    assert (finding.level, finding.cure) == ("warning", f"chmod 700 {state}")


@pytest.mark.parametrize("there", [True, False])
def test_a_crowded_disk_is_a_problem_even_before_the_state_is_made(tmp_path, monkeypatch, there):
    monkeypatch.setattr(engine, "free_bytes", lambda _: 1_000)
    state = tmp_path / "state"
    if there:
        state.mkdir(mode=0o700)
    [finding] = worst(state)
    assert finding.level == "problem"
    assert "64 MiB" in finding.what
    assert str(tmp_path) in finding.cure


@AS_USER
def test_a_state_that_cannot_be_made_is_a_problem(tmp_path):
    tmp_path.chmod(0o500)
    [finding] = worst(tmp_path / "state")
    assert "cannot be made by this user" in finding.what
