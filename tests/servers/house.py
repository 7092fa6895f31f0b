"""A practice for tests of commands: a configuration, mail in a folder, a helpdesk in memory."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from servers.kinds import register

from connector.cli import run_cmd
from connector.plugins import HELPDESKS, SOURCES
from connector.testing.memory_desk import MemoryDesk
from connector.testing.memory_helpdesk import MemoryHelpdesk, MemoryHelpdeskSettings

WORDS = ("Quillfeather", "pq.quill", "4417-88-zebra", "charged")
"""Parts of every mail; none may be in a log, a status or a list."""

NOWHERE = '[helpdesk]\nkind = "django_helpdesk"\nurl = "http://127.0.0.1:9"\nqueue = 1\n'
"""A helpdesk that is down for as long as the test lasts; wants a token."""

PATIENCE_S = 60
"""Another process shows what is waited for within this time, on a busy machine too."""

TEXT = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "mail_file"
name = "feedback"
path = "{home}/mail"
settle_seconds = 0
poll_seconds = 1
[pipeline]
storm_cases_per_hour = {storm}
"""

MAIL = """\
From: Philippa Quillfeather {number} <pq.quill{number}@mail.example>
Subject: My bill
Message-ID: <{number}@mail.example>

I was charged twice and nobody called me back. My file is 4417-88-zebra.
"""


class House:
    """The place and its parts."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.desk = MemoryDesk()
        self.state = home / "state"
        self.mail = home / "mail"
        self.mail.mkdir()
        self.config = home / "config.toml"
        self.configure()

    def configure(
        self, *, storm: int = 50, helpdesk: str = '[helpdesk]\nkind = "memory"\n'
    ) -> None:
        self.config.write_text(TEXT.format(home=self.home, storm=storm) + helpdesk, "utf-8")
        self.config.chmod(0o600)

    def complain(self, *numbers: int) -> None:
        """Let people write to the practice, each for the first time."""
        for number in numbers:
            self.mail.joinpath(f"{number}.eml").write_text(MAIL.format(number=number), "utf-8")

    def ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database behind everybody's back."""
        with closing(sqlite3.connect(self.state / "amends.db")) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def on_record(self, action: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Actor, case and body of all entries of an action, in order."""
        found = self.ask(
            "SELECT actor, case_id, body FROM ledger WHERE action = ? ORDER BY chain_id, seq",
            action,
        )
        return [(actor, case_id, json.loads(body)) for actor, case_id, body in found]

    def wait_for(self, statement: str) -> None:
        """Ask until there is an answer; a database that is only being made has none."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(sqlite3.OperationalError):
                if (self.state / "amends.db").exists() and self.ask(statement):
                    return
            time.sleep(0.05)
        raise AssertionError(f"in vain: {statement}")

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command as a process of its own, with the kinds that are installed."""
        return subprocess.Popen(
            [sys.executable, "-m", "connector", *map(str, arguments), "-c", str(self.config)],
            env={name: value for name, value in os.environ.items() if name[:7] != "AMENDS_"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def without_helpdesk(self) -> None:
        """Configure the real plugin of a helpdesk that is down."""
        token = self.home / "token"
        token.write_text("tok-9f8e7d6c", "utf-8")
        token.chmod(0o600)
        self.configure(helpdesk=f'{NOWHERE}token_file = "{token}"\n')


def a_house(home: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Make one; in this process its helpdesk is `house.desk`."""
    house = House(home)
    register(
        monkeypatch,
        {
            SOURCES: [("mail_file", "connector.sources.mail_file:MailFileSettings")],
            HELPDESKS: [("memory", "connector.testing.memory_helpdesk:MemoryHelpdeskSettings")],
        },
    )
    monkeypatch.setattr(
        MemoryHelpdeskSettings,
        "open",
        lambda settings, _practice: MemoryHelpdesk(house.desk, name=settings.name),
    )
    monkeypatch.setenv("SUDO_USER", "alice")
    return house


def quiet_afterwards(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Keep what undoes the set-up of logging that a command makes."""
    undo: list[Any] = []
    configure = run_cmd.configure
    monkeypatch.setattr(run_cmd, "configure", lambda log: undo.append(configure(log)))
    return undo
