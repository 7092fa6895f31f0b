"""Commands reach the state as its owner and under the caller's name."""

import os
import pwd
import subprocess
import sys

import pytest

from connector.app import open_store
from connector.cli import state
from connector.domain.errors import StateError
from connector.settings import Settings

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop to another user")


@pytest.fixture
def settings(tmp_path):
    return Settings.model_construct(state_dir=tmp_path / "state")


def test_a_command_is_on_record_under_the_name_of_who_called_sudo(settings, monkeypatch):
    open_store(settings, "daemon", "daemon").close()
    monkeypatch.setenv("SUDO_USER", "alice")
    store = state.open_state(settings, "command")
    try:
        assert store.actor == "cli:alice"
    finally:
        store.close()


def test_without_sudo_it_is_the_real_user():
    assert state.invoker({}) == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize("forged", ["", "a b", "x" * 65, "eve\ncli:root", "\u202eeve"])
def test_a_name_that_is_none_is_not_believed(forged):
    assert state.invoker({"SUDO_USER": forged}) == pwd.getpwuid(os.getuid()).pw_name


def test_a_user_without_a_name_goes_by_number():
    assert state.user_name(4_123_456) == "uid-4123456"


@pytest.mark.parametrize("role", ["command", "reader"])
def test_no_command_makes_a_state(settings, role):
    with pytest.raises(StateError, match="start the daemon once"):
        state.open_state(settings, role)
    assert not settings.state_dir.exists()
    settings.state_dir.mkdir()
    with pytest.raises(StateError, match="start the daemon once"):
        state.open_state(settings, role)
    assert list(settings.state_dir.iterdir()) == []


def test_somebody_else_is_refused_and_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 4_123_456)
    with pytest.raises(PermissionError, match="sudo -u") as caught:
        state.become_owner(tmp_path)
    assert caught.value.filename == str(tmp_path)


@AS_ROOT
def test_root_becomes_the_owner_of_the_state(tmp_path):
    tmp_path.chmod(0o755)
    directory = tmp_path / "state"
    directory.mkdir()
    os.chown(directory, 4_123_456, 4_123_457)
    program = (
        "import os, pathlib, sys\n"
        "from connector.cli import state\n"
        "state.become_owner(pathlib.Path(sys.argv[1]))\n"
        "print(os.getresuid(), os.getresgid(), os.getgroups())\n"
        "try:\n"
        "    os.setuid(0)\n"
        "except PermissionError:\n"
        "    print('for good')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, directory], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "(4123456, 4123456, 4123456) (4123457, 4123457, 4123457) [4123457]",
        "for good",
    ]
