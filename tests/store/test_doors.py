"""Opening a state: who may, when not, and what the sentence says."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from connector.domain.errors import StateError, StateFull, StateLocked
from connector.store import lock
from connector.store.engine import DATABASE
from connector.store.store import Store
from connector.testing.builders import Clock, a_store


@contextmanager
def small_volume(where: Path, size: str) -> Iterator[Path]:
    """Mount a little memory disk, if this machine lets us."""
    where.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(where)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("mounting needs root and CAP_SYS_ADMIN")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def _fill(path: Path) -> None:
    """Leave not a byte on the volume."""
    with path.open("wb", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2


def _note(store: Store, action: str, size: int = 0) -> None:
    def work(tx: object) -> None:
        tx.put("raw", b"x" * size)  # type: ignore[attr-defined]
        tx.record(action)  # type: ignore[attr-defined]

    store.write(work)


def _actions(store: Store) -> list[str]:
    with store.read() as connection:
        rows = connection.execute(sa.text("SELECT action FROM ledger ORDER BY chain_id, seq"))
        return [row[0] for row in rows]


def test_a_state_is_made_for_its_owner_alone(store: Store, state: Path) -> None:
    assert store.secret
    assert state.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in state.iterdir()} == {0}


def test_a_second_daemon_is_refused_and_told_who_holds_the_state(
    store: Store, state: Path, clock: Clock
) -> None:
    with pytest.raises(StateLocked, match=rf"held by pid {os.getpid()} on host .+; only one") as e:
        a_store(state, clock)
    assert e.value.exit_code == 75
    _note(store, "still.works")


def test_the_lock_goes_with_the_process_however_it_ends(state: Path, clock: Clock) -> None:
    program = (
        "import os, pathlib; from connector.store.store import Store; "
        f"Store(pathlib.Path({str(state)!r}), role='daemon', actor='d'); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == -9
    assert lock.holder(state) is None
    a_store(state, clock).close()


def test_a_status_that_looks_at_the_lock_does_not_keep_a_daemon_from_starting(
    state: Path, clock: Clock
) -> None:
    a_store(state, clock).close()
    look = (state / lock.LOCK).open("r", encoding="utf-8")
    fcntl.flock(look, fcntl.LOCK_SH)
    letting_go = threading.Timer(0.2, look.close)
    letting_go.start()
    daemon = a_store(state, clock)
    daemon.close()
    letting_go.join()


def test_a_reader_sees_what_the_daemon_wrote_and_cannot_write(
    store: Store, state: Path, clock: Clock
) -> None:
    _note(store, "by.daemon")
    reader = a_store(state, clock, role="reader")
    assert _actions(reader) == ["by.daemon"]
    _note(store, "meanwhile")
    assert _actions(reader) == ["by.daemon", "meanwhile"]
    with pytest.raises(StateError, match="reading only"):
        _note(reader, "forbidden")
    with pytest.raises(StateError, match="cannot be written"), reader.read() as connection:
        connection.execute(sa.text("DELETE FROM ledger"))
    reader.close()
    assert _actions(store) == ["by.daemon", "meanwhile"]


def test_a_command_writes_beside_the_daemon_in_a_chain_of_its_own(
    store: Store, state: Path, clock: Clock
) -> None:
    command = a_store(state, clock, role="command")
    for number in range(3):
        _note(store, f"daemon.{number}")
        _note(command, f"command.{number}")
    command.close()
    _note(store, "daemon.3")
    assert _actions(store) == [
        *(f"command.{n}" for n in range(3)),
        *(f"daemon.{n}" for n in range(4)),
    ]


def test_a_missing_database_beside_a_lock_is_not_replaced_by_an_empty_one(
    store: Store, state: Path, clock: Clock
) -> None:
    store.close()
    for path in state.glob(f"{DATABASE}*"):
        path.unlink()
    with pytest.raises(StateError, match="restore it from a backup"):
        a_store(state, clock)
    assert not (state / DATABASE).exists()


def test_an_emptied_database_beside_a_lock_is_not_filled_anew(
    store: Store, state: Path, clock: Clock
) -> None:
    store.close()
    (state / DATABASE).write_bytes(b"")
    with pytest.raises(StateError, match="restore it from a backup"):
        a_store(state, clock)
    assert (state / DATABASE).read_bytes() == b""


def test_a_first_start_that_was_killed_does_not_stand_in_the_way(state: Path, clock: Clock) -> None:
    state.mkdir()
    (state / DATABASE).touch()
    a_store(state, clock).close()


def test_a_reader_needs_a_state(state: Path, clock: Clock) -> None:
    with pytest.raises(StateError, match="start the daemon once"):
        a_store(state, clock, role="reader")
    assert not state.exists()


def test_a_flipped_page_is_found_at_the_door(store: Store, state: Path, clock: Clock) -> None:
    for number in range(200):
        _note(store, f"entry.{number}")
    store.close()
    path = state / DATABASE
    image = bytearray(path.read_bytes())
    page = 4096
    pages = len(image) // page
    for number in range(2, pages, 3):
        image[number * page : number * page + 200] = os.urandom(200)
    path.write_bytes(bytes(image))
    with pytest.raises(StateError, match="damaged; stop, keep the files, restore a backup") as e:
        a_store(state, clock)
    assert e.value.exit_code == 74
    assert path.read_bytes() == bytes(image)


def test_a_file_that_is_no_database_is_kept(state: Path, clock: Clock) -> None:
    state.mkdir()
    (state / DATABASE).write_bytes(b"Dear Sir or Madam, " * 500)
    with pytest.raises(StateError, match=r"damaged|no database"):
        a_store(state, clock)
    assert (state / DATABASE).read_bytes().startswith(b"Dear Sir")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match=r"file/state: cannot be written"):
        a_store(tmp_path / "file" / "state", clock)


def test_a_volume_that_became_read_only_is_named_and_can_still_be_read(
    tmp_path: Path, clock: Clock
) -> None:
    with small_volume(tmp_path / "disk", "8m") as disk:
        store = a_store(disk / "state", clock)
        _note(store, "before")
        store.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StateError, match=r"ead-only|cannot be (written|opened)") as e:
            a_store(disk / "state", clock)
        assert e.value.exit_code == 74
        reader = a_store(disk / "state", clock, role="reader")
        assert _actions(reader) == ["before"]
        reader.close()


def test_a_full_disk_refuses_loses_nothing_and_goes_on_when_there_is_room(
    tmp_path: Path, clock: Clock
) -> None:
    with small_volume(tmp_path / "disk", "4m") as disk:
        store = a_store(disk / "state", clock)
        assert not store.roomy()
        _note(store, "before")
        _fill(disk / "ballast")
        for _ in range(3):
            with pytest.raises(StateFull, match="the disk is full") as e:
                _note(store, "refused", 200_000)
            assert e.value.exit_code == 74
        assert store.broken is None
        assert _actions(store) == ["before"]
        (disk / "ballast").unlink()
        _note(store, "after", 200_000)
        assert _actions(store) == ["before", "after"]
        store.close()
        again = a_store(disk / "state", clock)
        assert _actions(again) == ["before", "after"]
        again.close()


def test_a_full_disk_at_start_is_told_in_a_sentence(tmp_path: Path, clock: Clock) -> None:
    with small_volume(tmp_path / "disk", "4m") as disk:
        a_store(disk / "state", clock).close()
        _fill(disk / "ballast")
        with pytest.raises(StateError) as e:
            a_store(disk / "state", clock)
        assert e.value.exit_code == 74


def test_a_lock_held_by_another_program_is_waited_out_and_nothing_is_lost(
    store: Store, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del monkeypatch
    store.write(lambda tx: tx.connection.exec_driver_sql("PRAGMA busy_timeout=50") and None)
    shell = sqlite3.connect(state / DATABASE, isolation_level=None)
    shell.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StateFull, match="another program holds a write lock"):
        _note(store, "too.early")
    assert store.broken is None
    shell.execute("ROLLBACK")
    shell.close()
    _note(store, "afterwards")
    assert _actions(store) == ["afterwards"]


def test_the_disk_is_flushed_at_each_commit_and_the_log_is_written_ahead(store: Store) -> None:
    def ask(tx: object) -> dict[str, object]:
        names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete", "busy_timeout")
        execute = tx.connection.exec_driver_sql  # type: ignore[attr-defined]
        return {name: execute(f"PRAGMA {name}").scalar() for name in names}

    assert store.write(ask) == {
        "synchronous": 2,
        "journal_mode": "wal",
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


def test_only_the_daemon_moves_the_log_into_the_database(
    store: Store, state: Path, clock: Clock
) -> None:
    command = a_store(state, clock, role="command")
    query = "PRAGMA wal_autocheckpoint"
    assert store.write(lambda tx: tx.connection.exec_driver_sql(query).scalar()) == 1000
    assert command.write(lambda tx: tx.connection.exec_driver_sql(query).scalar()) == 0
    command.close()
