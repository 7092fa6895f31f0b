import os

import pytest
from servers.house import a_house, quiet_afterwards
from servers.kinds import register

from connector.cli import main


@pytest.fixture(autouse=True)
def standins(monkeypatch):
    register(monkeypatch)
    for name in list(os.environ):
        if name.startswith("AMENDS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def amends(capfd):
    """Run the command line; give (exit code, standard output, standard error)."""

    def amends(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return amends


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A practice with mail in a folder and a helpdesk in memory."""
    undo = quiet_afterwards(monkeypatch)
    yield a_house(tmp_path, monkeypatch)
    for restore in undo:
        restore()
