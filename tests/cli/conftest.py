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


@pytest.fixture
def started(house):
    """Start daemons as processes of their own, beside a helpdesk that is down."""
    processes = []

    def started(command):
        house.without_helpdesk()
        processes.append(house.start(command))
        house.wait_for("SELECT 1 FROM ledger WHERE action = 'daemon.started'")
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate(timeout=60)
