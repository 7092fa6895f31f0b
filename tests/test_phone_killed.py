"""The real daemon is killed several times while a phone system writes its logs and rotates them."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from servers.hearing import work_off
from servers.phone_logs import Growing, busy_day, script
from servers.place import PATIENCE_S, until

from campaign import daemons
from connector.pipeline.casework import Casework
from connector.pipeline.intake import Intake
from connector.settings.load import load
from connector.store.store import Store
from connector.testing.builders import some_rules

CONFIG = """\
state_dir = "{home}/state"
[practice]
name = "Harbor Family Clinic"
zone = "America/Denver"
[triage.phone]
callback_minutes = 0
voicemail_minutes = 0
[[sources]]
kind = "asterisk_cel"
name = "phones"
path = "{logs}/Master.csv"
queue_log = "{logs}/queue_log"
cdr = "{logs}/cdr.csv"
poll_seconds = 1
[helpdesk]
kind = "django_helpdesk"
url = "http://127.0.0.1:9"
token = "t"
queue = "Patient Recovery"
[log]
format = "json"
"""
ROWS = """\
SELECT cases.categories, cases.severity, count(*) FROM signal JOIN cases
ON cases.id = signal.case_id GROUP BY cases.id
"""
OWED = "SELECT op, count(*) FROM outbox GROUP BY op"
OUTCOMES = "SELECT outcome, count(*) FROM signal GROUP BY outcome"


def found(state: Path) -> tuple[list[Any], ...]:
    """What was heard, which cases it made, and what is owed to the helpdesk."""
    connection = sqlite3.connect(state / "amends.db", timeout=10)
    try:
        return tuple(
            sorted(connection.execute(query).fetchall()) for query in (ROWS, OWED, OUTCOMES)
        )
    finally:
        connection.close()


def read_at_once(config: Path, state: Path) -> tuple[list[Any], ...]:
    settings = load(config)
    practice = settings.practice.build()
    store = Store(state, role="daemon", actor="test")
    try:
        source = settings.sources[0].open(practice)
        intake = Intake(
            store,
            source,
            tenant=practice.tenant,
            kind="asterisk_cel",
            pause=lambda: "",
            heartbeat=lambda: None,
        )
        rules = replace(some_rules(), practice=practice, triage=settings.triage)
        for _ in range(2):
            intake.pull()
            work_off(Casework(store, rules))
        return found(state)
    finally:
        store.close()


def test_kills_while_a_log_is_written_and_rotated_change_no_ticket(tmp_path: Path) -> None:
    logs, whole, state = tmp_path / "logs", tmp_path / "whole", tmp_path / "state"
    logs.mkdir()
    whole.mkdir()
    pbx = busy_day(at=time.time() - 7_200)
    lines = script(("Master.csv", pbx.cel), ("queue_log", pbx.queue), ("cdr.csv", pbx.cdr))
    live, once = Growing(logs, lines), Growing(whole, lines)
    once.write_all()
    expected = read_at_once(configured(tmp_path, whole, "whole.toml"), tmp_path / "at-once")
    config, made = configured(tmp_path, logs, "config.toml"), daemons.context()

    @contextmanager
    def daemon(crash_at: str = "") -> Iterator[ForkServerProcess]:
        process = daemons.start(made, config, crash_at, tmp_path / "log")
        try:
            yield process
        finally:
            process.kill()
            process.join(PATIENCE_S)

    for deed in ("rename", "copytruncate"):
        before = heard(state)
        with daemon():
            live.grow(len(lines) // 4, 40)
            until(lambda least=before: heard(state) > least)
        live.grow(7, 25)
        live.rotate("Master.csv", deed)
        live.rotate("queue_log", deed)
    for point in ("intake.committed", "casework.committed"):
        with daemon(f"{point}:1") as process:
            live.grow(len(lines) // 5, 0)
            process.join(PATIENCE_S)
            assert process.exitcode == -signal.SIGKILL
    live.write_all()
    with daemon():
        until(lambda: found(state) == expected)


def configured(home: Path, logs: Path, name: str) -> Path:
    config = home / name
    config.write_text(CONFIG.format(home=home, logs=logs), "utf-8")
    config.chmod(0o600)
    return config


def heard(state: Path) -> int:
    with suppress(sqlite3.OperationalError):
        return sum(count for _, count in found(state)[-1])
    return 0
