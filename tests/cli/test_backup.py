"""Copies of the state, and putting one back."""

import json
import os
import sqlite3
from contextlib import closing

import pytest
from servers.lived_state import a_complaint, live
from servers.tampering import tamper

from connector.store import lock
from connector.store.store import Store

CONFIG = """
state_dir = "{home}/state"
[practice]
name = "Practice at the Park"
zone = "Europe/Berlin"
[[sources]]
kind = "lines"
name = "lines"
path = "{home}/lines"
[helpdesk]
kind = "desk"
url = "https://desk.example"
token = "t"
"""


@pytest.fixture
def home(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG.format(home=tmp_path), encoding="utf-8")
    return tmp_path


@pytest.fixture
def lived(home):
    found = live(home / "state")
    yield found
    found.store.close()


def _rows(path, table):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours


def test_a_backup_beside_the_daemon_is_verified_on_record_and_for_its_owner(home, lived, amends):
    code, out, err = amends("backup", home / "copy.db", "-c", home / "config.toml", "--json")
    assert (code, err.count("Error")) == (0, 0)
    told = json.loads(out)
    assert told["verification"]["ok"]
    assert told["bytes"] == (home / "copy.db").stat().st_size > 0
    assert (home / "copy.db").stat().st_mode & 0o777 == 0o600
    assert _rows(home / "copy.db", "signal") == 4
    assert not list((home / "state").glob("*.part"))
    with lived.store.read() as connection:
        made = connection.exec_driver_sql("SELECT actor FROM ledger WHERE action = 'backup.made'")
        assert made.scalar().startswith("cli:")


def test_a_backup_overwrites_nothing(home, lived, amends):
    del lived
    (home / "copy.db").write_text("precious")
    code, _, err = amends("backup", home / "copy.db", "-c", home / "config.toml")
    assert (code, "File exists" in err) == (74, True)
    assert (home / "copy.db").read_text() == "precious"


def test_a_backup_of_a_record_that_was_changed_is_refused_and_not_left(home, lived, amends):
    lived.store.close()
    tamper(home / "state", "UPDATE ledger SET actor = 'nobody' WHERE seq = 2")
    code, _, err = amends("backup", home / "copy.db", "-c", home / "config.toml")
    assert (code, "faults in the record" in err) == (74, True)
    assert not (home / "copy.db").exists()


def test_a_restore_keeps_what_was_there_and_the_next_start_recovers(home, lived, amends):
    assert amends("backup", home / "copy.db", "-c", home / "config.toml")[0] == 0
    lived.hear(a_complaint(5, natural_key="<5@mail.example>"))
    lived.store.close()
    code, out, _ = amends("restore", home / "copy.db", "-c", home / "config.toml", "--json")
    assert code == 0
    kept = json.loads(out.splitlines()[-1])["kept"]
    assert _rows(kept, "signal") == 5
    store = Store(home / "state", role="daemon", actor="daemon")
    assert store.recovery.why == "restored"
    store.close()
    assert _rows(home / "state" / "amends.db", "signal") == 4
    assert not list((home / "state").glob("*.part*"))


@pytest.mark.usefixtures("lived")
def test_no_restore_while_a_daemon_runs(home, amends):
    assert amends("backup", home / "copy.db", "-c", home / "config.toml")[0] == 0
    code, _, err = amends("restore", home / "copy.db", "-c", home / "config.toml")
    assert code == 75
    assert f"held by pid {os.getpid()}" in err
    assert lock.holder(home / "state")


@pytest.mark.parametrize("content", [b"", b"Dear Sir or Madam, " * 500])
def test_what_is_no_backup_is_refused_and_all_stays(home, lived, amends, content):
    lived.store.close()
    before = (home / "state" / "amends.db").read_bytes()
    (home / "copy.db").write_bytes(content)
    code, _, err = amends("restore", home / "copy.db", "-c", home / "config.toml")
    assert code == 74, err
    assert (home / "state" / "amends.db").read_bytes() == before
    assert not list((home / "state").glob("*.part*"))


def test_a_snapshot_of_the_whole_machine_is_noted(home, lived, amends):
    lived.store.close()
    assert amends("restore", "-c", home / "config.toml")[0] == 0
    store = Store(home / "state", role="daemon", actor="daemon")
    assert store.recovery.why == "restored"
    store.close()
    code, out, _ = amends("status", "-c", home / "config.toml")
    assert code == 2
    assert "the database was put back" in out
