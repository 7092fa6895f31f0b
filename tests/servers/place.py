"""A practice in a folder whose daemon runs as a process."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from servers.helpdesk import SiteWorld, running_site

PATIENCE_S = 60.0

CONFIG = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Family Clinic"
zone = "America/New_York"
[[sources]]
kind = "mail_file"
name = "feedback"
path = "{mail}"
settle_seconds = 0
poll_seconds = 1
[helpdesk]
kind = "django_helpdesk"
url = "http://127.0.0.1:{port}"
token = "{token}"
queue = "Patient Recovery"
settle_seconds = 1
[log]
format = "json"
"""

MAIL = """\
From: Philippa Quillfeather <pq.quill{number}@mail.example>
Subject: My bill
Message-ID: <{number}@mail.example>

I was charged twice and nobody called me back.
"""


def until(what: Callable[[], object], told: str = "it did not happen") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, told
        time.sleep(0.02)  # another process has no event to wait for


class Place:
    """A practice in a folder, its daemon as a process, and a helpdesk."""

    def __init__(self, home: Path, port: int = 9, state: Path | None = None) -> None:
        self.home = home
        self.mail = home / "mail"
        self.mail.mkdir()
        self.state = (state or home) / "state"
        self.log = home / "log"
        token = running_site().token if port != 9 else "t"
        self.config = home / "config.toml"
        text = CONFIG.format(home=state or home, mail=self.mail, port=port, token=token)
        self.config.write_text(text, "utf-8")
        self.config.chmod(0o600)

    def complain(self, number: int) -> None:
        part = self.home / "part.eml"
        part.write_text(MAIL.format(number=number), "utf-8")
        part.rename(self.mail / f"{number}.eml")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "connector", *arguments, "-c", str(self.config)]

    @contextmanager
    def daemon(self, *prefix: str) -> Iterator[subprocess.Popen[bytes]]:
        with self.log.open("ab") as log:
            process = subprocess.Popen([*prefix, *self.command("run")], stderr=log, stdout=log)
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()
                process.wait(PATIENCE_S)

    def started(self, times: int = 1) -> None:
        until(lambda: self.logged("started") >= times, self.log.read_text("utf-8"))

    def logged(self, event: str) -> int:
        return self.log.read_text("utf-8").count(f'"event": "{event}"')

    def run_to_its_end(self) -> tuple[int, str]:
        done = subprocess.run(
            self.command("run"), capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
        return done.returncode, done.stderr

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.state / "amends.db", timeout=10)) as connection:
            return connection.execute(statement).fetchall()

    def states(self) -> list[str]:
        with suppress(sqlite3.OperationalError):
            return [row[0] for row in self.rows("SELECT state FROM outbox ORDER BY id")]
        return []


def tickets(world: SiteWorld) -> int:
    return int(world.api("GET", "/api/tickets/").json()["count"])


def lived(place: Place) -> None:
    """Let the daemon run once, so that there is a state."""
    before = place.logged("started") if place.log.exists() else 0
    with place.daemon() as process:
        place.started(before + 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
