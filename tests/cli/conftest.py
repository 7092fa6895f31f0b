import os

import pytest
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
